"""Normalizations."""

from attrs import define, field

from trivium import ops
from trivium.layer import Layer, ParamSpec
from trivium.spec import product


@define(slots=False)
class BatchNorm(Layer):
    """Scale each channel to zero mean and unit variance over the batch, then by what is learnt.

    x:        (batch, channels, ...)
    return:   (batch, channels, ...)
    momentum: part of the running statistics that a step keeps, 0..1
    unbiased: whether the running variance is divided by count - 1 (PyTorch, Caffe) rather than count (TensorFlow)
    affine:   whether scale and shift are learnt
    Ioffe & Szegedy, 2015, arXiv:1502.03167.
    """

    momentum: float = field(default=0.9, kw_only=True)
    epsilon: float = field(default=1e-5, kw_only=True)
    unbiased: bool = field(default=True, kw_only=True)
    affine: bool = field(default=True, kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(), make(4, 3)
        yield cls(momentum=0.5, epsilon=0.1, unbiased=False), make(2, 3, 2, 2)
        yield cls(affine=False), make(3, 2, 4)

    def parameters(self, x):
        channels = (x.shape[1],)
        state = {
            "mean": ParamSpec(channels, "zeros", trainable=False),
            "variance": ParamSpec(channels, "ones", trainable=False),
        }
        if not self.affine:
            return state
        return {"scale": ParamSpec(channels, "ones"), "shift": ParamSpec(channels, "zeros"), **state}

    def forward(self, x, *, scale, shift, mean, variance, training):
        if not self.affine:
            scale, shift = ops.ones_like(mean), ops.zeros_like(mean)
        if not training:
            return ops.batch_norm_inference(x, scale, shift, mean, variance, epsilon=self.epsilon)
        y, batch_mean, batch_variance = ops.batch_norm(x, scale, shift, epsilon=self.epsilon)
        if self.unbiased:
            batch_variance = batch_variance * self.correction(x)
        return y, {
            "mean": self.blend(mean, batch_mean),
            "variance": self.blend(variance, batch_variance),
        }

    def correction(self, x):
        """count / (count - 1), where count is known, else computed when it is."""
        count = product(x.shape) // x.shape[1]
        if type(count) is int:
            return count / max(count - 1, 1)
        known = ops.sum(ops.ones(shape=(count,), dtype=x.dtype.name, place=x.place))
        return known / ops.maximum(known - 1.0, 1.0)

    def blend(self, old, new):
        return old * self.momentum + new * (1.0 - self.momentum)


@define(slots=False)
class LocalResponseNorm(Layer):
    """Divide each element by (k + alpha * sum of squares around it) ** beta.

    x:      (batch, channels, height, width)
    return: the same
    size:   how many neighbours are summed, odd
    alpha:  is divided by the number of neighbours where `mean` holds (Caffe), or not (TensorFlow)
    across: neighbours are channels (Krizhevsky et al., 2012), else a square of pixels in the same channel
    """

    size: int = 5
    alpha: float = field(default=1e-4, kw_only=True)
    beta: float = field(default=0.75, kw_only=True)
    k: float = field(default=1.0, kw_only=True)
    across: bool = field(default=True, kw_only=True)
    mean: bool = field(default=True, kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(), make(2, 6, 3, 3)
        yield cls(3, alpha=0.5, beta=0.6, k=2.0, across=False), make(2, 2, 4, 4)
        yield cls(3, alpha=0.5, mean=False), make(2, 4, 3, 2)

    def forward(self, x):
        squares = self.channel_means(x) if self.across else self.pixel_means(x)
        count = self.size if self.across else self.size**2
        alpha = self.alpha if self.mean else self.alpha * count
        return x / ops.power(squares * alpha + self.k, self.beta)

    def channel_means(self, x):
        batch, channels, height, width = x.shape
        rows = ops.reshape(ops.square(x), shape=(batch, 1, channels, height * width))
        half = (self.size - 1) // 2
        means = ops.average_pool(
            rows, kernel=(self.size, 1), stride=1, padding=((half, half), (0, 0)), divisor=self.size
        )
        return ops.reshape(means, shape=x.shape)

    def pixel_means(self, x):
        half = (self.size - 1) // 2
        return ops.average_pool(ops.square(x), kernel=self.size, stride=1, padding=half, divisor=self.size**2)
