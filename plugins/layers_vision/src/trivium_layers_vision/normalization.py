"""Normalizations."""

from typing import Any

from attrs import define, field

from trivium import ops
from trivium.layer import Layer, ParamSpec
from trivium.spec import product

__all__ = ["BatchNorm", "InstanceNorm", "LayerNorm", "GroupNorm", "LocalResponseNorm"]


@define(slots=False)
class Scaled(Layer):
    """The base of normalizations after which what is normalized is scaled and shifted.

    epsilon:   is added to the variance
    has_scale: whether a scale is learnt
    has_shift: whether a shift is learnt
    """

    epsilon: float = field(default=1e-5, kw_only=True)
    has_scale: bool = field(default=True, kw_only=True)
    has_shift: bool = field(default=True, kw_only=True)

    def learnt(self, shape):
        """A scale that starts at 1 and a shift that starts at 0."""
        wanted = {"scale": "ones"} if self.has_scale else {}
        wanted |= {"shift": "zeros"} if self.has_shift else {}
        return {name: ParamSpec(shape, start) for name, start in wanted.items()}


@define(slots=False)
class Tracking(Scaled):
    """The base of normalizations that keep running statistics of each channel.

    momentum: part of the running statistics that a step keeps, 0..1
    unbiased: whether the running variance is divided by count - 1 (PyTorch, Caffe) rather than count (TensorFlow)
    """

    momentum: float = field(default=0.9, kw_only=True)
    unbiased: bool = field(default=True, kw_only=True)

    def statistics(self, channels):
        """Running mean and variance."""
        return {
            "mean": ParamSpec((channels,), "zeros", trainable=False),
            "variance": ParamSpec((channels,), "ones", trainable=False),
        }

    def moved(self, mean, variance, new_mean, new_variance, count, x):
        """The running statistics after statistics over `count` elements of x."""
        if self.unbiased:
            new_variance = new_variance * correction(count, x)
        return {"mean": self.blend(mean, new_mean), "variance": self.blend(variance, new_variance)}

    def blend(self, old, new):
        return old * self.momentum + new * (1.0 - self.momentum)


def correction(count, x):
    """count / (count - 1), where count is known, else computed when it is."""
    if type(count) is int:
        return count / max(count - 1, 1)
    known = ops.sum(ops.ones(shape=(count,), dtype=x.dtype.name, place=x.place))
    return known / ops.maximum(known - 1.0, 1.0)


@define(slots=False)
class BatchNorm(Tracking):
    """Scale each channel to zero mean and unit variance over the batch, then by what is learnt.

    x:      (batch, channels, ...)
    return: (batch, channels, ...)
    Ioffe & Szegedy, 2015, arXiv:1502.03167.
    """

    @classmethod
    def samples(cls, make):
        yield cls(), make(4, 3)
        yield cls(momentum=0.5, epsilon=0.1, unbiased=False), make(2, 3, 2, 2)
        yield cls(has_scale=False, has_shift=False), make(3, 2, 4)
        yield cls(has_scale=False), make(3, 2)

    def parameters(self, x):
        return {**self.learnt((x.shape[1],)), **self.statistics(x.shape[1])}

    def forward(self, x, *, scale, shift, mean, variance, training):
        scale = ops.ones_like(mean) if scale is None else scale
        shift = ops.zeros_like(mean) if shift is None else shift
        if not training:
            return ops.batch_norm_inference(x, scale, shift, mean, variance, epsilon=self.epsilon)
        y, batch_mean, batch_variance = ops.batch_norm(x, scale, shift, epsilon=self.epsilon)
        return y, self.moved(mean, variance, batch_mean, batch_variance, product(x.shape) // x.shape[1], x)


@define(slots=False)
class InstanceNorm(Tracking):
    """Scale each channel of each example to zero mean and unit variance, then by what is learnt.

    x:         (batch, channels, *spatial)
    return:    (batch, channels, *spatial)
    is_tracking: whether running statistics are kept while training, and used otherwise
    Ulyanov et al., 2016, arXiv:1607.08022.
    """

    is_tracking: bool = field(default=False, kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(), make(2, 3, 4)
        yield cls(has_scale=False, has_shift=False, epsilon=0.1), make(2, 3, 2, 2)
        yield cls(is_tracking=True, momentum=0.5), make(2, 3, 4)
        yield cls(is_tracking=True, unbiased=False, has_shift=False), make(3, 2, 2, 2)

    def parameters(self, x):
        return {**self.learnt((x.shape[1],)), **(self.statistics(x.shape[1]) if self.is_tracking else {})}

    def forward(self, x, *, scale, shift, mean, variance, training):
        if self.is_tracking and not training:
            scale = ops.ones_like(mean) if scale is None else scale
            shift = ops.zeros_like(mean) if shift is None else shift
            return ops.batch_norm_inference(x, scale, shift, mean, variance, epsilon=self.epsilon)
        y = ops.instance_norm(x, scale, shift, epsilon=self.epsilon)
        if not self.is_tracking:
            return y
        known = ops.stop_gradient(x)
        means, variances = ops.moments(known, axis=tuple(range(2, x.ndim)))
        average = ops.mean(means, axis=0), ops.mean(variances, axis=0)
        return y, self.moved(mean, variance, *average, product(x.shape[2:]), x)


@define(slots=False)
class LayerNorm(Scaled):
    """Scale each example to zero mean and unit variance over its last axes, then by what is learnt.

    x:      (..., *sizes)
    return: (..., *sizes)
    axes:   how many last axes are taken together
    Ba et al., 2016, arXiv:1607.06450.
    """

    axes: int = 1

    @classmethod
    def samples(cls, make):
        yield cls(), make(2, 4)
        yield cls(axes=2, epsilon=0.1), make(2, 3, 4)
        yield cls(has_scale=False, has_shift=False), make(2, 3, 4)

    def parameters(self, x):
        return self.learnt(tuple(x.shape[x.ndim - self.axes :]))

    def forward(self, x, *, scale, shift):
        return ops.layer_norm(x, scale, shift, axes=self.axes, epsilon=self.epsilon)


@define(slots=False)
class GroupNorm(Scaled):
    """Scale groups of channels of each example to zero mean and unit variance, then by what is learnt.

    x:      (batch, channels, ...)
    return: (batch, channels, ...)
    groups: parts into which channels are divided
    Wu & He, 2018, arXiv:1803.08494.
    """

    groups: int

    @classmethod
    def samples(cls, make):
        yield cls(2), make(2, 4, 3)
        yield cls(1, has_scale=False, epsilon=0.1), make(2, 3, 2, 2)
        yield cls(3, has_shift=False), make(2, 3, 2)

    def parameters(self, x):
        return self.learnt((x.shape[1],))

    def forward(self, x, *, scale, shift):
        return ops.group_norm(x, scale, shift, groups=self.groups, epsilon=self.epsilon)


@define(slots=False)
class LocalResponseNorm(Layer):
    """Divide each element by (k + alpha * sum of squares around it) ** beta.

    x:      (batch, channels, *spatial)
    return: the same
    size:   how many neighbours are summed
    alpha:  is divided by the number of neighbours where `mean` holds (Caffe, PyTorch), or not (TensorFlow)
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
        yield cls(4, alpha=0.5), make(2, 5, 3)

    def forward(self, x):
        settings: dict[str, Any] = {"size": self.size, "beta": self.beta, "k": self.k}
        if not self.across:
            count = self.size ** (x.ndim - 2)
            settings["region"] = "within"
        else:
            count = self.size
        return ops.local_response_norm(x, alpha=self.alpha if self.mean else self.alpha * count, **settings)
