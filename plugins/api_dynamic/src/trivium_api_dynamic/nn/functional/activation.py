"""Activations.  With `inplace`, a tensor is overwritten with the result; a symbol never is."""

import warnings

from trivium import ops

from ...dtypes import as_torch_dtype
from ...errors import SizeMismatchError
from ...promotion import cast, floating
from .noise import rrelu
from .parameters import beside
from .writing import applied


def relu(input, inplace=False):
    """max(input, 0)."""
    return applied(ops.relu, input, inplace, reads_input=False)


def relu6(input, inplace=False):
    """min(max(input, 0), 6)."""
    return applied(ops.relu6, input, inplace)


def elu(input, alpha=1.0, inplace=False):
    """input where it is positive, else alpha * (exp(input) - 1)."""
    return applied(lambda x: ops.elu(x, alpha=alpha), input, inplace)


def selu(input, inplace=False):
    """elu, scaled so that layers keep zero mean and unit variance."""
    return applied(ops.selu, input, inplace)


def celu(input, alpha=1.0, inplace=False):
    """input where it is positive, else alpha * (exp(input / alpha) - 1)."""
    return applied(lambda x: ops.celu(x, alpha=alpha), input, inplace)


def leaky_relu(input, negative_slope=0.01, inplace=False):
    """input where it is positive, else negative_slope * input."""
    return applied(lambda x: ops.leaky_relu(x, slope=negative_slope), input, inplace)


def prelu(input, weight):
    """input where it is positive, else weight * input.

    weight: (channels,), or (1,) for all channels, which stand on axis 1
    """
    (weight,) = beside(input, weight)
    channels = input.spec.shape[1] if input.spec.ndim > 1 else 1
    if weight.spec.size not in (1, channels):
        raise SizeMismatchError(
            f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {weight.spec.size} "
            f"and channel size = {channels}."
        )
    return ops.prelu(input, weight)


def gelu(input, approximate="none"):
    """input times the chance that a normal number is below it.

    approximate: "none" or "tanh"
    """
    if approximate not in ("none", "tanh"):
        raise ValueError(f"approximate argument must be either none or tanh, got {approximate!r}")
    return ops.gelu(input, form="exact" if approximate == "none" else "tanh")


def glu(input, dim=-1):
    """The first half along `dim`, gated by the sigmoid of the second."""
    size = input.spec.shape[dim]
    if type(size) is int and size % 2:
        raise SizeMismatchError(f"Halving dimension must be even, but dimension {dim} is size {size}")
    return ops.glu(input, axis=dim)


def silu(input, inplace=False):
    """input * sigmoid(input)."""
    return applied(ops.silu, input, inplace)


def mish(input, inplace=False):
    """input * tanh(softplus(input))."""
    return applied(ops.mish, input, inplace)


def sigmoid(input):
    """1 / (1 + exp(-input))."""
    return ops.sigmoid(floating(input))


def logsigmoid(input):
    """log(sigmoid(input)), without overflow."""
    return ops.log_sigmoid(input)


def hardsigmoid(input, inplace=False):
    """relu6(input + 3) / 6."""
    return applied(ops.hard_sigmoid, input, inplace)


def hardswish(input, inplace=False):
    """input * hardsigmoid(input)."""
    return applied(ops.hard_swish, input, inplace)


def tanh(input):
    """The hyperbolic tangent."""
    return ops.tanh(floating(input))


def tanhshrink(input):
    """input - tanh(input)."""
    return ops.tanh_shrink(input)


def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    """input, but not below min_val and not above max_val."""
    if min_val > max_val:
        raise ValueError(f"min_val cannot be greater than max_val: {min_val} > {max_val}")
    return applied(lambda x: ops.hardtanh(x, low=min_val, high=max_val), input, inplace)


def hardshrink(input, lambd=0.5):
    """input, but 0 from -lambd to lambd."""
    return ops.hard_shrink(input, size=lambd)


def softshrink(input, lambd=0.5):
    """input moved towards 0 by lambd, and 0 where it is nearer than that."""
    if lambd < 0:
        raise ValueError(f"lambda must be greater or equal to 0, but found to be {lambd}.")
    return ops.soft_shrink(input, size=lambd)


def threshold(input, threshold, value, inplace=False):
    """input where it is above the threshold, else the value."""
    return applied(lambda x: ops.threshold(x, at=threshold, value=value), input, inplace)


def softplus(input, beta=1.0, threshold=20.0):
    """log(1 + exp(beta * input)) / beta, without overflow; the input itself where beta * input > threshold."""
    scaled = input * beta
    return ops.where(ops.greater(scaled, threshold), input, ops.softplus(scaled) / beta)


def softsign(input):
    """input / (1 + |input|)."""
    return ops.softsign(input)


def along(name, input, dim, dtype):
    """The axis, and the input in the dtype wanted; without a `dim`, the one that PyTorch used to take."""
    if dim is None:
        warnings.warn(
            f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an "
            "argument.",
            stacklevel=3,
        )
        dim = 0 if input.spec.ndim in (0, 1, 3) else 1
    return input if dtype is None else cast(input, as_torch_dtype(dtype).dtype), dim


def softmax(input, dim=None, _stacklevel=3, dtype=None):
    """exp(input), scaled to add up to 1 along `dim`."""
    input, axis = along("softmax", input, dim, dtype)
    return ops.softmax(input, axis=axis)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    """The logarithm of softmax, without overflow."""
    input, axis = along("log_softmax", input, dim, dtype)
    return ops.log_softmax(input, axis=axis)


def softmin(input, dim=None, _stacklevel=3, dtype=None):
    """softmax of -input."""
    input, axis = along("softmin", input, dim, dtype)
    return ops.softmin(input, axis=axis)


def in_place(function):
    """`function_`: the same, written over its input."""

    def overwrite(input, *args, **settings):
        return function(input, *args, **settings, inplace=True)

    overwrite.__name__ = overwrite.__qualname__ = f"{function.__name__}_"
    overwrite.__doc__ = f"`{function.__name__}`, written over its input."
    return overwrite


relu_, elu_, selu_, celu_, leaky_relu_ = [in_place(f) for f in (relu, elu, selu, celu, leaky_relu)]
rrelu_, hardtanh_, threshold_ = [in_place(f) for f in (rrelu, hardtanh, threshold)]
