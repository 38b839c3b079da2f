"""Neural-network functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from trivium import ops
from trivium.registry import find_layer
from trivium.spec import Dim

from . import rnn_cell
from .array import gather
from .build import FLOATS, as_sizes, assumed, call
from .dropout import dropout
from .math import sigmoid, tanh
from .operation import Tensor
from .rnn import bidirectional_dynamic_rnn, dynamic_rnn, static_bidirectional_rnn, static_rnn
from .windows import channels_last, filter_to_core, from_core, padding_of, spatial, to_core

__all__ = [
    "relu", "relu6", "leaky_relu", "sigmoid", "tanh", "softplus", "softmax", "log_softmax", "bias_add", "xw_plus_b",
    "conv2d", "max_pool", "avg_pool", "dropout", "lrn", "local_response_normalization", "l2_loss", "l2_normalize",
    "moments", "batch_normalization", "softmax_cross_entropy_with_logits", "softmax_cross_entropy_with_logits_v2",
    "sparse_softmax_cross_entropy_with_logits", "sigmoid_cross_entropy_with_logits", "embedding_lookup",
    "zero_fraction", "bidirectional_dynamic_rnn", "dynamic_rnn", "rnn_cell", "static_bidirectional_rnn", "static_rnn",
]  # fmt: skip


# -- activations -------------------------------------------------------------------------------------


def relu(features: Any, name: str | None = None) -> Tensor:
    """max(x, 0)."""
    return call("Relu", ops.relu, name, features=features)


def relu6(features: Any, name: str | None = None) -> Tensor:
    """min(max(x, 0), 6)."""
    return call("Relu6", lambda x: ops.clip(x, 0, 6), name, features=features)


def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Tensor:
    """x, or alpha * x where x is negative."""
    return call("LeakyRelu", lambda x: ops.where(x > 0.0, x, x * alpha), name, only=FLOATS, features=features)


def softplus(features: Any, name: str | None = None) -> Tensor:
    """log(1 + exp(x)), without overflow."""

    def compute(x: Any) -> Any:
        return ops.maximum(x, 0.0) + ops.log(1.0 + ops.exp(-ops.absolute(x)))

    return call("Softplus", compute, name, only=FLOATS, features=features)


def softmax(logits: Any, axis: int | None = None, name: str | None = None, dim: int | None = None) -> Tensor:
    """exp(x), scaled to add up to 1 along the last axis or another one."""
    at = -1 if axis is None and dim is None else dim if axis is None else axis
    return call("Softmax", lambda x: ops.softmax(x, axis=at), name, only=FLOATS, logits=logits)


def log_softmax(logits: Any, axis: int | None = None, name: str | None = None, dim: int | None = None) -> Tensor:
    """The logarithm of softmax."""
    at = -1 if axis is None and dim is None else dim if axis is None else axis
    return call("LogSoftmax", lambda x: ops.log_softmax(x, axis=at), name, only=FLOATS, logits=logits)


# -- layers' arithmetic ------------------------------------------------------------------------------


def bias_add(value: Any, bias: Any, data_format: str | None = None, name: str | None = None) -> Tensor:
    """One number more for each channel."""
    is_last = channels_last(data_format)

    def added(x: Any, b: Any) -> Any:
        return x + (b if is_last or x.ndim == 2 else ops.reshape(b, shape=(b.shape[0],) + (1,) * (x.ndim - 2)))

    return call("BiasAdd", added, name, value=value, bias=bias)


def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """x @ weights + biases."""
    return call(
        "BiasAdd", lambda x, w, b: ops.matmul(x, w) + b, name, default="xw_plus_b", x=x, weights=weights, biases=biases
    )


def conv2d(
    input: Any, filter: Any = None, strides: Any = None, padding: Any = None, use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC", dilations: Sequence[int] = (1, 1, 1, 1), name: str | None = None, filters: Any = None,
) -> Tensor:  # fmt: skip
    """Slide filters over height and width.

    input:   (batch, height, width, channels), or channels second for NCHW
    filter:  (height, width, in, out)
    strides: one number for each axis of the input
    """
    is_last = channels_last(data_format)
    stride, dilation = spatial(strides, is_last, "strides"), spatial(dilations, is_last, "dilations")

    def convolve(x: Any, weight: Any) -> Any:
        x, weight = to_core(x, is_last), filter_to_core(weight)
        pads = padding_of(padding, x.shape[2:], weight.shape[2:], stride, dilation)
        return from_core(ops.convolution(x, weight, stride=stride, padding=pads, dilation=dilation), is_last)

    settings = {"strides": list(strides), "padding": padding, "data_format": data_format, "dilations": list(dilations)}
    return call(
        "Conv2D", convolve, name, attributes=settings, input=input, filter=filters if filter is None else filter
    )


def max_pool(
    value: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NHWC", name: str | None = None
) -> Tensor:
    """The largest element of each window.

    ksize, strides: one number for each axis of the value
    """
    return _pool(
        "MaxPool", lambda x, **window: ops.max_pool(x, **window)[0], value, ksize, strides, padding, data_format, name
    )


def avg_pool(
    value: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NHWC", name: str | None = None
) -> Tensor:
    """The mean of each window; padding is not counted."""

    def average(x: Any, **window: Any) -> Any:
        return ops.average_pool(x, divisor="valid", **window)

    return _pool("AvgPool", average, value, ksize, strides, padding, data_format, name)


def _pool(
    kind: str, reduce: Callable[..., Any], value: Any, ksize: Any, strides: Any, padding: str, data_format: str,
    name: str | None,
) -> Tensor:  # fmt: skip
    is_last = channels_last(data_format)
    kernel, stride = spatial(ksize, is_last, "ksize"), spatial(strides, is_last, "strides")

    def pooled(x: Any) -> Any:
        x = to_core(x, is_last)
        window = pool_window(padding, x.shape[2:], kernel, stride)
        return from_core(reduce(x, kernel=kernel, stride=stride, **window), is_last)

    settings = {"ksize": list(ksize), "strides": list(strides), "padding": padding, "data_format": data_format}
    return call(kind, pooled, name, attributes=settings, value=value)


def pool_window(padding: str, sizes: Sequence[Any], kernel: Sequence[int], stride: Sequence[int]) -> dict[str, Any]:
    """The padding and rounding of a pool.

    Windows of two, two apart, never have padding in front, so SAME needs no sizes: the last one may hang over the end.
    """
    if padding == "SAME" and any(type(n) is Dim for n in sizes) and tuple(kernel) == tuple(stride) == (2,) * len(sizes):
        return {"padding": 0, "rounding": "ceil"}
    return {"padding": padding_of(padding, sizes, kernel, stride, (1,) * len(sizes))}


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


def l2_loss(t: Any, name: str | None = None) -> Tensor:
    """Half the sum of squares."""
    return call("L2Loss", lambda x: ops.sum(ops.square(x)) * 0.5, name, only=FLOATS, t=t)


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None) -> Tensor:
    """x divided by the root of its sum of squares along some axes."""
    axes = as_sizes(dim if axis is None else axis, "axis")

    def normalize(x: Any) -> Any:
        return x / ops.sqrt(ops.maximum(ops.sum(ops.square(x), axis=axes, keepdims=True), epsilon))

    return call("L2Normalize", normalize, name, default="l2_normalize", x=x)


def zero_fraction(value: Any, name: str | None = None) -> Tensor:
    """The part of the elements that are 0."""
    return call("ZeroFraction", lambda x: ops.mean(ops.cast(ops.equal(x, 0), dtype="float32")), name,
                default="zero_fraction", value=value)  # fmt: skip


# -- normalization ---------------------------------------------------------------------------------------


def moments(
    x: Any, axes: Any, shift: Any = None, name: str | None = None, keep_dims: Any = None, keepdims: Any = None
) -> tuple[Tensor, Tensor]:
    """The mean and the variance along some axes."""
    along, keep = as_sizes(axes, "axes"), bool(keepdims or keep_dims)

    def compute(x: Any) -> Any:
        mean = ops.mean(x, axis=along, keepdims=True)
        variance = ops.mean(ops.square(x - ops.stop_gradient(mean)), axis=along, keepdims=keep)
        return (mean if keep else ops.mean(x, axis=along)), variance

    return tuple(call("Moments", compute, name, default="moments", only=FLOATS, x=x))


def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: float, name: str | None = None
) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, with statistics that are given."""
    given = {"mean": mean, "variance": variance, "offset": offset, "scale": scale}
    present = [key for key, value in given.items() if value is not None]

    def normalize(x: Any, *values: Any) -> Any:
        named = dict(zip(present, values, strict=True))
        factor = 1.0 / ops.sqrt(named["variance"] + variance_epsilon)
        factor = factor * named["scale"] if "scale" in named else factor
        shift = -named["mean"] * factor
        return x * factor + (shift + named["offset"] if "offset" in named else shift)

    return call("BatchNorm", normalize, name, default="batchnorm", x=x, **given)


# -- losses ----------------------------------------------------------------------------------------------


def softmax_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, dim: int = -1, name: str | None = None
) -> Tensor:
    """One loss for each row of logits; labels are probabilities, through which no gradient flows."""
    return _cross_entropy("softmax_cross_entropy_with_logits", _sentinel, labels, logits, dim, name, ops.stop_gradient)


def softmax_cross_entropy_with_logits_v2(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, dim: int | None = None, name: str | None = None,
    axis: int | None = None,
) -> Tensor:  # fmt: skip
    """One loss for each row of logits; labels are probabilities."""
    at = -1 if axis is None and dim is None else dim if axis is None else axis
    return _cross_entropy("softmax_cross_entropy_with_logits", _sentinel, labels, logits, at, name, lambda x: x)


def _cross_entropy(
    who: str, sentinel: Any, labels: Any, logits: Any, axis: int, name: str | None, held: Callable[[Any], Any]
) -> Tensor:
    _named_arguments_only(who, sentinel, labels, logits)

    def loss(logits: Any, labels: Any) -> Any:
        labels = held(assumed(labels, logits.spec.shape))
        return -ops.sum(labels * ops.log_softmax(logits, axis=axis), axis=axis)

    return call("SoftmaxCrossEntropyWithLogits", loss, name, default=who, only=FLOATS, logits=logits, labels=labels)


def sparse_softmax_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """One loss for each row of logits; labels are class numbers."""
    who = "sparse_softmax_cross_entropy_with_logits"
    _named_arguments_only(who, _sentinel, labels, logits)

    def loss(logits: Any, labels: Any) -> Any:
        labels = assumed(labels, logits.spec.shape[:-1])
        return ops.softmax_cross_entropy(logits, labels, axis=logits.ndim - 1, normalization="each")[0]

    return call(
        "SparseSoftmaxCrossEntropyWithLogits", loss, name, default="SparseSoftmaxCrossEntropyWithLogits",
        free=("labels",), logits=logits, labels=labels,
    )  # fmt: skip


def _named_arguments_only(who: str, sentinel: Any, labels: Any, logits: Any) -> None:
    if sentinel is not None:
        raise ValueError(f"Only call `{who}` with named arguments (labels=..., logits=..., ...)")
    if labels is None or logits is None:
        raise ValueError("Both labels and logits must be provided.")


def sigmoid_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """One loss for each element, without overflow."""
    _named_arguments_only("sigmoid_cross_entropy_with_logits", _sentinel, labels, logits)

    def loss(x: Any, z: Any) -> Any:
        return ops.maximum(x, 0.0) - x * z + ops.log(1.0 + ops.exp(-ops.absolute(x)))

    return call("SigmoidCrossEntropyWithLogits", loss, name, default="logistic_loss", logits=logits, labels=labels)


def embedding_lookup(
    params: Any, ids: Any, partition_strategy: str = "mod", name: str | None = None, validate_indices: bool = True,
    max_norm: float | None = None,
) -> Tensor:  # fmt: skip
    """The rows at some positions; with max_norm, each scaled down to that length where it is longer."""
    if isinstance(params, (list, tuple)):
        if len(params) != 1:
            raise NotImplementedError(f"embedding_lookup: a table in {len(params)} parts: concatenate them first")
        (params,) = params
    if max_norm is None:
        return gather(params, ids, name=name or "embedding_lookup")

    def look_up(table: Any, indices: Any) -> Any:
        layer = find_layer("Embedding")(*table.shape, max_norm=float(max_norm))
        return layer.apply([indices], {"weight": table})[0]

    return call("GatherV2", look_up, name, default="embedding_lookup", free=("ids",), params=params, ids=ids)
