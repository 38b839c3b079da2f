"""What a parameter holds before training: functions that overwrite a tensor, drawing from the default generator."""

import math
import warnings
from typing import Any

from trivium.initializer import Identity, Orthogonal, TruncatedNormal, VarianceScaling
from trivium.tensor import recording

from .. import generator as generators
from ..creation import tensor
from ..errors import SizeMismatchError

GAINS = {
    "linear": 1.0,
    "conv1d": 1.0,
    "conv2d": 1.0,
    "conv3d": 1.0,
    "conv_transpose1d": 1.0,
    "conv_transpose2d": 1.0,
    "conv_transpose3d": 1.0,
    "sigmoid": 1.0,
    "tanh": 5.0 / 3.0,
    "selu": 0.75,
}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """How much a nonlinearity shrinks what passes through it, to be made up for."""
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        return math.sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in GAINS:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}; there are relu, leaky_relu, {', '.join(GAINS)}")
    return GAINS[nonlinearity]


def filled(tensor: Any, method: str, *args: Any, **settings: Any) -> Any:
    with recording(False):
        return getattr(tensor, method)(*args, **settings)


def initialized(tensor_: Any, initializer: Any, generator: Any = None) -> Any:
    """Overwrite a tensor with what an initializer of the core draws."""
    drawn = generators.of(generator).initialized(initializer, tuple(tensor_.spec.shape))
    return filled(tensor_, "copy_", tensor(drawn))


def uniform_(tensor, a=0.0, b=1.0, generator=None):
    """Evenly distributed over [a, b)."""
    return filled(tensor, "uniform_", a, b, generator=generator)


def normal_(tensor, mean=0.0, std=1.0, generator=None):
    """Normally distributed."""
    return filled(tensor, "normal_", mean, std, generator=generator)


def constant_(tensor, val):
    """One number everywhere."""
    return filled(tensor, "fill_", val)


def ones_(tensor):
    """1 everywhere."""
    return constant_(tensor, 1.0)


def zeros_(tensor):
    """0 everywhere."""
    return constant_(tensor, 0.0)


def eye_(tensor):
    """1 on the diagonal of a matrix."""
    if tensor.spec.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    return initialized(tensor, Identity())


def dirac_(tensor, groups=1):
    """What lets the first channels of a convolution pass unchanged, in each of its groups."""
    if tensor.spec.ndim not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    if tensor.spec.shape[0] % groups:
        raise ValueError("dim 0 must be divisible by groups")
    return initialized(tensor, Identity(groups=groups))


def trunc_normal_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0, generator=None):
    """Normally distributed, within [a, b]."""
    return initialized(tensor, TruncatedNormal(mean, std, a, b), generator)


def scaled(tensor, gain, fan, distribution, generator):
    if tensor.spec.ndim < 2:
        raise SizeMismatchError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    if tensor.numel() == 0:
        return tensor
    return initialized(tensor, VarianceScaling(gain * gain, fan, distribution), generator)


def xavier_uniform_(tensor, gain=1.0, generator=None):
    """Evenly distributed with variance gain**2 * 2 / (inputs + outputs) (Glorot & Bengio, 2010)."""
    return scaled(tensor, gain, "average", "uniform", generator)


def xavier_normal_(tensor, gain=1.0, generator=None):
    """Normally distributed with variance gain**2 * 2 / (inputs + outputs)."""
    return scaled(tensor, gain, "average", "normal", generator)


def fan_of(mode):
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    return mode.removeprefix("fan_")


def kaiming_uniform_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Evenly distributed with variance gain**2 / inputs (He et al., 2015, arXiv:1502.01852)."""
    return scaled(tensor, calculate_gain(nonlinearity, a), fan_of(mode), "uniform", generator)


def kaiming_normal_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Normally distributed with variance gain**2 / inputs."""
    return scaled(tensor, calculate_gain(nonlinearity, a), fan_of(mode), "normal", generator)


def orthogonal_(tensor, gain=1, generator=None):
    """Rows, or columns if there are more rows, at right angles (Saxe et al., 2013, arXiv:1312.6120)."""
    if tensor.spec.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    return initialized(tensor, Orthogonal(gain), generator)


def sparse_(tensor, sparsity, std=0.01, generator=None):
    """Normally distributed, but a part of each column is 0 (Martens, 2010)."""
    if tensor.spec.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")

    def drawn(shape, stream):
        values = stream.normal(shape, 0.0, std)
        for column in range(shape[1]):
            values[stream.permutation(shape[0])[: math.ceil(sparsity * shape[0])], column] = 0.0
        return values

    return initialized(tensor, drawn, generator)


def deprecated(function):
    """The function by its name without an underscore, as it was before PyTorch 0.4."""
    old, new = function.__name__[:-1], function.__name__

    def renamed(*args, **settings):
        warnings.warn(f"`nn.init.{old}` is now deprecated in favor of `nn.init.{new}`.", FutureWarning, stacklevel=2)
        return function(*args, **settings)

    renamed.__name__ = renamed.__qualname__ = old
    renamed.__doc__ = f"`{new}`, by its old name."
    return renamed


uniform, normal, constant, eye, dirac = [deprecated(f) for f in (uniform_, normal_, constant_, eye_, dirac_)]
xavier_uniform, xavier_normal = [deprecated(f) for f in (xavier_uniform_, xavier_normal_)]
kaiming_uniform, kaiming_normal = [deprecated(f) for f in (kaiming_uniform_, kaiming_normal_)]
orthogonal, sparse = [deprecated(f) for f in (orthogonal_, sparse_)]
