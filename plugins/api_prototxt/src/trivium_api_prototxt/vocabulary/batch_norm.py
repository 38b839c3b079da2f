"""BatchNorm: statistics only; a Scale layer after it holds what is learnt."""

from attrs import define, field

from trivium import ops
from trivium.layer import Layer, ParamSpec
from trivium.spec import product
from trivium_api_prototxt.vocabulary.layer_type import layer_type


@layer_type("BatchNorm", blobs=("mean", "variance", "factor"), is_in_place=True)
def batch_norm(declared):
    """batch_norm_param -> fraction, epsilon, use_global_stats (by default, where it does not train)"""
    param = declared.message.batch_norm_param
    is_global = param.use_global_stats if param.HasField("use_global_stats") else not declared.is_training
    return SummedBatchNorm(fraction=param.moving_average_fraction, epsilon=param.eps, use_global_stats=is_global)


@define(slots=False)
class SummedBatchNorm(Layer):
    """Scale each channel to zero mean and unit variance.

    x:        (batch, channels, ...)
    return:   (batch, channels, ...)
    fraction: part of the running sums that a step keeps
    What is stored are running sums of means and of variances, and the number they must be divided by (`factor`).
    """

    fraction: float = field(default=0.999, kw_only=True)
    epsilon: float = field(default=1e-5, kw_only=True)
    use_global_stats: bool = field(default=False, kw_only=True)

    def parameters(self, x):
        channels = (x.shape[1],) if x.ndim > 1 else (1,)
        return {
            "mean": ParamSpec(channels, "zeros", trainable=False),
            "variance": ParamSpec(channels, "zeros", trainable=False),
            "factor": ParamSpec((1,), "zeros", trainable=False),
        }

    def forward(self, x, *, mean, variance, factor):
        one, zero = ops.ones_like(mean), ops.zeros_like(mean)
        if self.use_global_stats:
            share = ops.where(ops.equal(factor, 0.0), 0.0, 1.0 / ops.where(ops.equal(factor, 0.0), 1.0, factor))
            return ops.batch_norm_inference(x, one, zero, mean * share, variance * share, epsilon=self.epsilon)
        y, batch_mean, batch_variance = ops.batch_norm(x, one, zero, epsilon=self.epsilon)
        return y, {
            "mean": mean * self.fraction + batch_mean,
            "variance": variance * self.fraction + batch_variance * self.correction(x),
            "factor": factor * self.fraction + 1.0,
        }

    def correction(self, x):
        """count / (count - 1), which makes the variance of a sample that of what it was taken from."""
        count = product(x.shape) // x.shape[1]
        if type(count) is int:
            return count / max(count - 1, 1)
        known = ops.sum(ops.ones(shape=(count,), dtype=x.dtype.name, place=x.place))
        return known / ops.maximum(known - 1.0, 1.0)
