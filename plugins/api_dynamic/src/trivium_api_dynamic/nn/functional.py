"""Layers without parameters of their own, as functions of tensors or symbols."""

from typing import Any

from trivium import ops
from trivium.graph import Symbol
from trivium.layer import kind_of
from trivium.spec import product

from ..creation import one_hot
from ..errors import DTypeMismatchError, SizeMismatchError
from ..generator import default_generator
from ..promotion import cast
from ..reduction import log_softmax, softmax
from .embedding import embedding, embedding_bag
from .layers import core_padding, divisor, per_axis, rounding

__all__ = [
    "avg_pool1d", "avg_pool2d", "avg_pool3d", "binary_cross_entropy", "binary_cross_entropy_with_logits", "conv1d",
    "conv2d", "conv3d", "cross_entropy", "dropout", "elu", "embedding", "embedding_bag", "l1_loss", "leaky_relu",
    "linear", "log_softmax", "logsigmoid", "max_pool1d", "max_pool2d", "max_pool3d", "mse_loss", "nll_loss",
    "normalize", "one_hot", "pad", "relu", "sigmoid", "silu", "smooth_l1_loss", "softmax", "softplus", "tanh",
]  # fmt: skip


def beside(input: Any, *parameters: Any) -> list[Any]:
    """Parameters as they take part beside an input: captured where it is a symbol."""
    kind = kind_of((input,))
    return [None if p is None or isinstance(p, Symbol) else kind.adopt_parameter(p, (input,)) for p in parameters]


def reduced(losses: Any, reduction: str) -> Any:
    """Losses, one for each element, as PyTorch's `reduction` says."""
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if reduction == "none":
        return losses
    return ops.mean(losses) if reduction == "mean" else ops.sum(losses)


# -- layers --------------------------------------------------------------------------------------


def linear(input, weight, bias=None):
    """input @ weight.T + bias."""
    weight, bias = beside(input, weight, bias)
    if input.spec.shape[-1] != weight.spec.shape[-1]:
        raise SizeMismatchError(
            f"mat1 and mat2 shapes cannot be multiplied ({product(input.spec.shape[:-1])}x{input.spec.shape[-1]} and "
            f"{weight.spec.shape[1]}x{weight.spec.shape[0]})"
        )
    out = ops.matmul(input, ops.transpose(weight))
    return out if bias is None else out + bias


def convolve(name, ndim):
    def conv(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
        weight, bias = beside(input, weight, bias)
        stride, dilation = per_axis(stride, ndim), per_axis(dilation, ndim)
        padding = core_padding(padding, weight.spec.shape[2:], dilation, stride)
        padding = tuple(padding) if isinstance(padding, list) else padding
        return ops.convolution(input, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)

    conv.__name__ = conv.__qualname__ = name
    conv.__doc__ = f"Filters slid over {ndim} spatial axes."
    return conv


conv1d, conv2d, conv3d = convolve("conv1d", 1), convolve("conv2d", 2), convolve("conv3d", 3)


def largest(name):
    def max_pool(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
        out, indices = ops.max_pool(
            input, kernel=kernel_size, stride=stride, padding=padding, dilation=dilation, rounding=rounding(ceil_mode)
        )
        return (out, ops.cast(indices, dtype="int64")) if return_indices else out

    max_pool.__name__ = max_pool.__qualname__ = name
    max_pool.__doc__ = "The largest element of each window."
    return max_pool


def average(name):
    def avg_pool(
        input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
    ):
        return ops.average_pool(
            input, kernel=kernel_size, stride=stride, padding=padding, rounding=rounding(ceil_mode),
            divisor=divisor(count_include_pad, divisor_override),
        )  # fmt: skip

    avg_pool.__name__ = avg_pool.__qualname__ = name
    avg_pool.__doc__ = "The mean of each window."
    return avg_pool


max_pool1d, max_pool2d, max_pool3d = largest("max_pool1d"), largest("max_pool2d"), largest("max_pool3d")
avg_pool1d, avg_pool2d, avg_pool3d = average("avg_pool1d"), average("avg_pool2d"), average("avg_pool3d")


def dropout(input, p=0.5, training=True, inplace=False):
    """Zero a random part while training and scale the rest up; the mask comes from the default generator."""
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0.0:
        return input
    if isinstance(input, Symbol):
        raise TypeError("dropout: a graph would repeat one mask for ever; use nn.Dropout, whose state the graph keeps")
    keep = ops.greater_equal(default_generator.uniform(input.spec.shape, "float32", input.device), p)
    return ops.where(keep, input / (1.0 - p), 0.0) if p < 1.0 else input * 0.0


def pad(input, pad, mode="constant", value=None):
    """A border: (before, after) of the last axis, then of the one before it, and so on; negative ones cut."""
    if mode != "constant":
        raise NotImplementedError(f"pad: mode {mode!r}; only 'constant'")
    ndim = input.spec.ndim
    pairs = [(pad[2 * i], pad[2 * i + 1]) for i in range(len(pad) // 2)]
    pairs = [(0, 0)] * (ndim - len(pairs)) + pairs[::-1]
    if any([a < 0 or b < 0 for a, b in pairs]):
        input = ops.slice(
            input,
            start=tuple([-a if a < 0 else None for a, _ in pairs]),
            stop=tuple([b if b < 0 else None for _, b in pairs]),
        )
    widths = tuple([(max(a, 0), max(b, 0)) for a, b in pairs])
    return ops.pad(input, widths=widths, value=0.0 if value is None else value)


def normalize(input, p=2.0, dim=1, eps=1e-12):
    """Each vector along `dim` divided by its p-norm."""
    size = ops.absolute(input) ** float(p)
    length = ops.sum(size, axis=dim, keepdims=True) ** (1.0 / p)
    return input / ops.maximum(length, eps)


# -- activations ---------------------------------------------------------------------------------


def relu(input, inplace=False):
    """max(input, 0)."""
    return ops.relu(input)


def leaky_relu(input, negative_slope=0.01, inplace=False):
    """input where it is positive, else negative_slope * input."""
    return ops.where(ops.greater(input, 0.0), input, input * negative_slope)


def elu(input, alpha=1.0, inplace=False):
    """input where it is positive, else alpha * (exp(input) - 1)."""
    return ops.where(ops.greater(input, 0.0), input, (ops.exp(ops.minimum(input, 0.0)) - 1.0) * alpha)


def sigmoid(input):
    """1 / (1 + exp(-input))."""
    return ops.sigmoid(input)


def tanh(input):
    """The hyperbolic tangent."""
    return ops.tanh(input)


def silu(input, inplace=False):
    """input * sigmoid(input)."""
    return input * ops.sigmoid(input)


def softplus(input, beta=1.0, threshold=20.0):
    """log(1 + exp(beta * input)) / beta, without overflow; the input itself where beta * input > threshold."""
    scaled = input * beta
    smooth = (ops.relu(scaled) + ops.log(ops.exp(-ops.absolute(scaled)) + 1.0)) / beta
    return ops.where(ops.greater(scaled, threshold), input, smooth)


def logsigmoid(input):
    """log(sigmoid(input)), without overflow."""
    return -(ops.relu(-input) + ops.log(ops.exp(-ops.absolute(input)) + 1.0))


# -- losses --------------------------------------------------------------------------------------

NORMALIZATIONS = {"mean": "valid", "sum": "none", "none": "each"}


def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    """-log softmax(input) at each class number; or -sum(target * log softmax(input)) for probabilities.

    input:  (batch, classes, ...), or (classes,)
    target: (batch, ...) int64, or of the shape of the input
    weight: (classes,); the mean is then a weighted one

    The mean over no label at all, where PyTorch has NaN, is 0.
    """
    if reduction not in NORMALIZATIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if input.spec.ndim == 1:
        losses = cross_entropy(
            ops.expand(input, axis=0), ops.expand(target, axis=0), weight, ignore_index, reduction, label_smoothing
        )
        return ops.reshape(losses, shape=())
    if target.spec.dtype.kind in "fV":
        return soft_cross_entropy(input, target, weight, reduction, label_smoothing)
    if weight is None and label_smoothing == 0.0:
        loss, _ = ops.softmax_cross_entropy(
            input, target, axis=1, normalization=NORMALIZATIONS[reduction], ignore=ignore_index
        )
        return loss
    scores = ops.log_softmax(input, axis=1)
    loss = nll_loss(scores, target, weight, ignore_index, reduction)
    if label_smoothing == 0.0:
        return loss
    even = smooth_part(scores, target, weight, ignore_index, reduction)
    return loss * (1.0 - label_smoothing) + even * label_smoothing


def weight_of(weight, scores):
    return ops.reshape(weight, shape=(1, -1, *[1] * (scores.spec.ndim - 2)))


def smooth_part(scores, target, weight, ignore_index, reduction):
    """The loss against a target that is the same for all classes."""
    weighted = scores if weight is None else scores * weight_of(weight, scores)
    counted = ops.not_equal(target, ignore_index)
    losses = ops.where(counted, -ops.sum(weighted, axis=1), 0.0) / float(scores.spec.shape[1])
    if reduction != "mean":
        return reduced(losses, reduction)
    return ops.sum(losses) / ops.sum(counted_weight(scores, target, weight, ignore_index))


def counted_weight(scores, target, weight, ignore_index):
    counted = ops.not_equal(target, ignore_index)
    ones = ops.cast(counted, dtype=scores.spec.dtype.name)
    return ones if weight is None else ones * ops.gather(weight, ops.where(counted, target, 0), axis=0)


def soft_cross_entropy(input, target, weight, reduction, label_smoothing):
    classes = input.spec.shape[1]
    if label_smoothing:
        target = target * (1.0 - label_smoothing) + label_smoothing / classes
    scores = ops.log_softmax(input, axis=1) * target
    losses = -ops.sum(scores if weight is None else scores * weight_of(weight, scores), axis=1)
    return ops.sum(losses) / (product(losses.spec.shape) * 1.0) if reduction == "mean" else reduced(losses, reduction)


def nll_loss(input, target, weight=None, ignore_index=-100, reduction="mean"):
    """-input at each class number; the mean is weighted by the classes' weights."""
    if target.spec.dtype.kind not in "iu":
        raise DTypeMismatchError(f"expected scalar type Long but found {target.spec.dtype}")
    counted = ops.not_equal(target, ignore_index)
    safe = ops.where(counted, target, 0)
    chosen = ops.squeeze(ops.take_along(input, ops.expand(safe, axis=1), axis=1), axis=1)
    share = counted_weight(input, target, weight, ignore_index)
    losses = -ops.where(counted, chosen * share, 0.0)
    return ops.sum(losses) / ops.sum(share) if reduction == "mean" else reduced(losses, reduction)


def same_shape(input, target):
    if tuple(input.spec.shape) != tuple(target.spec.shape):
        raise SizeMismatchError(f"the shapes of input {input.spec} and target {target.spec} differ; they must agree")
    return input, cast(target, input.spec.dtype)


def mse_loss(input, target, reduction="mean"):
    """(input - target)**2."""
    input, target = same_shape(input, target)
    return reduced(ops.square(input - target), reduction)


def l1_loss(input, target, reduction="mean"):
    """|input - target|."""
    input, target = same_shape(input, target)
    return reduced(ops.absolute(input - target), reduction)


def smooth_l1_loss(input, target, reduction="mean", beta=1.0):
    """Squared where the error is below beta, else absolute."""
    input, target = same_shape(input, target)
    error = ops.absolute(input - target)
    if beta == 0.0:
        return reduced(error, reduction)
    return reduced(ops.where(ops.less(error, beta), ops.square(error) * (0.5 / beta), error - 0.5 * beta), reduction)


def binary_cross_entropy(input, target, weight=None, reduction="mean"):
    """-(target * log(input) + (1 - target) * log(1 - input)), each logarithm at least -100."""
    input, target = same_shape(input, target)
    right, wrong = [ops.maximum(ops.log(p), -100.0) for p in (input, 1.0 - input)]
    losses = -(target * right + (1.0 - target) * wrong)
    return reduced(losses if weight is None else losses * weight, reduction)


def binary_cross_entropy_with_logits(input, target, weight=None, reduction="mean", pos_weight=None):
    """binary_cross_entropy of sigmoid(input), without overflow."""
    input, target = same_shape(input, target)
    losses = -((1.0 - target) * logsigmoid(-input))
    right = target * logsigmoid(input)
    losses = losses - (right if pos_weight is None else right * pos_weight)
    return reduced(losses if weight is None else losses * weight, reduction)
