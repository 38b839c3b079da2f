"""Statistics of batches, and what is scaled by them."""

from __future__ import annotations

from typing import Any

from trivium import ops
from trivium.registry import find_layer

from ..build import FLOATS, call
from ..operation import Tensor
from ..sizing import as_sizes
from ..windows import channels_last, from_core, to_core

__all__ = [
    "batch_normalization", "fused_batch_norm", "l2_normalize", "local_response_normalization", "lrn", "moments",
    "weighted_moments",
]  # fmt: skip


def lrn(
    input: Any, depth_radius: int = 5, bias: float = 1.0, alpha: float = 1.0, beta: float = 0.5, name: str | None = None
) -> Tensor:
    """Divide by (bias + alpha * sum of squares over 2 * depth_radius + 1 channels around) ** beta."""
    layer = find_layer("LocalResponseNorm")(
        2 * depth_radius + 1, alpha=float(alpha), beta=float(beta), k=float(bias), mean=False
    )

    def normalize(x: Any) -> Any:
        return from_core(layer.apply([to_core(x, True)], {})[0], True)

    return call("LRN", normalize, name, input=input)


local_response_normalization = lrn


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None) -> Tensor:
    """x divided by the root of its sum of squares along some axes."""
    along = dim if axis is None else axis
    axes = None if along is None else as_sizes(along, "axis")
    return call(
        "L2Normalize", lambda x: ops.l2_normalize(x, axis=axes, epsilon=epsilon), name, default="l2_normalize",
        only=FLOATS, x=x,
    )  # fmt: skip


def moments(
    x: Any, axes: Any, shift: Any = None, name: str | None = None, keep_dims: Any = None, keepdims: Any = None
) -> tuple[Tensor, Tensor]:
    """The mean and the variance along some axes."""
    along, keep = as_sizes(axes, "axes"), bool(keepdims or keep_dims)

    def compute(x: Any) -> Any:
        mean = ops.mean(x, axis=along, keepdims=True)
        variance = ops.mean(ops.square(x - ops.stop_gradient(mean)), axis=along, keepdims=keep)
        return ops.reshape(mean, shape=variance.shape), variance

    return tuple(call("Moments", compute, name, default="moments", only=FLOATS, x=x))


def weighted_moments(
    x: Any, axes: Any, frequency_weights: Any, name: str | None = None, keep_dims: Any = None, keepdims: Any = None
) -> tuple[Tensor, Tensor]:
    """The mean and the variance along some axes, where each element counts as often as its weight says."""
    along, keep = as_sizes(axes, "axes"), bool(keepdims or keep_dims)

    def compute(x: Any, weights: Any) -> Any:
        def weighed(values: Any, keepdims: bool = True) -> Any:
            return ops.sum(weights * values, axis=along, keepdims=keepdims)

        mean = weighed(x) / weighed(ops.ones_like(x))
        variance = weighed(ops.square(x - mean), keep) / weighed(ops.ones_like(x), keep)
        return ops.reshape(mean, shape=variance.shape), variance

    named = {"x": x, "frequency_weights": frequency_weights}
    return tuple(call("WeightedMoments", compute, name, default="weighted_moments", only=FLOATS, **named))


def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: float, name: str | None = None
) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, with statistics that are given."""
    given = {"mean": mean, "variance": variance, "offset": offset, "scale": scale}
    present = [key for key, value in given.items() if value is not None]

    def normalize(x: Any, *values: Any) -> Any:
        named = dict(zip(present, values, strict=True))
        factor = ops.rsqrt(named["variance"] + variance_epsilon)
        factor = factor * named["scale"] if "scale" in named else factor
        shift = -named["mean"] * factor
        return x * factor + (shift + named["offset"] if "offset" in named else shift)

    return call("BatchNorm", normalize, name, default="batchnorm", only=FLOATS, x=x, **given)


def fused_batch_norm(
    x: Any, scale: Any, offset: Any, mean: Any = None, variance: Any = None, epsilon: float = 0.001,
    data_format: str = "NHWC", is_training: bool = True, name: str | None = None,
) -> list[Tensor]:  # fmt: skip
    """Scale each channel to zero mean and unit variance, over the batch or by statistics that are given.

    x:      (batch, height, width, channels)
    return: the same, and the mean and the variance for a moving average (divided by count - 1 in training)
    """
    is_last, given = channels_last(data_format), {} if is_training else {"mean": mean, "variance": variance}
    if not is_training and (mean is None or variance is None):
        raise ValueError("Both 'mean' and 'variance' must be a 1D tensor when is_training is False.")
    layer = find_layer("BatchNorm")(momentum=0.0, epsilon=float(epsilon))

    def normalize(x: Any, scale: Any, offset: Any, *statistics: Any) -> Any:
        means, variances = statistics or (ops.zeros_like(scale), ops.ones_like(scale))
        owned = {"scale": scale, "shift": offset, "mean": means, "variance": variances}
        y, moved = layer.apply([to_core(x, is_last)], owned, bool(is_training))
        return from_core(y, is_last), moved.get("mean", means), moved.get("variance", variances)

    settings = {"epsilon": epsilon, "data_format": data_format, "is_training": is_training}
    return call("FusedBatchNorm", normalize, name, attributes=settings, x=x, scale=scale, offset=offset, **given)
