"""Activations."""

from typing import ClassVar

from . import functional
from .of_function import OfFunction, module_of
from .wrapped import Wrapped

__all__ = [
    "ReLU", "ReLU6", "ELU", "SELU", "CELU", "GELU", "LeakyReLU", "RReLU", "SiLU", "Mish", "GLU", "Sigmoid",
    "LogSigmoid", "Hardsigmoid", "Hardswish", "Tanh", "Tanhshrink", "Hardtanh", "Hardshrink", "Softshrink",
    "Threshold", "Softplus", "Softsign", "Softmax", "LogSoftmax", "Softmin", "Softmax2d", "PReLU",
]  # fmt: skip


class Activation(OfFunction):
    """An activation, which may overwrite its input."""

    def extra_repr(self) -> str:
        """The settings, `inplace` only where it is on."""
        told = [super().extra_repr()] if self.shown else []
        return ", ".join(told + (["inplace=True"] if getattr(self, "inplace", False) else []))


def activation(name, function, shown="", **more):
    return module_of(name, function, shown, base=Activation, **more)


ReLU = activation("ReLU", functional.relu)
ReLU6 = activation("ReLU6", functional.relu6)
ELU = activation("ELU", functional.elu, "alpha={alpha}")
SELU = activation("SELU", functional.selu)
CELU = activation("CELU", functional.celu, "alpha={alpha}")
GELU = activation("GELU", functional.gelu, "approximate={approximate!r}")
LeakyReLU = activation("LeakyReLU", functional.leaky_relu, "negative_slope={negative_slope}")
RReLU = activation("RReLU", functional.rrelu, "lower={lower}, upper={upper}")
SiLU = activation("SiLU", functional.silu)
Mish = activation("Mish", functional.mish)
GLU = activation("GLU", functional.glu, "dim={dim}")
Sigmoid = activation("Sigmoid", functional.sigmoid)
LogSigmoid = activation("LogSigmoid", functional.logsigmoid)
Hardsigmoid = activation("Hardsigmoid", functional.hardsigmoid)
Hardswish = activation("Hardswish", functional.hardswish)
Tanh = activation("Tanh", functional.tanh)
Tanhshrink = activation("Tanhshrink", functional.tanhshrink)
Hardtanh = activation("Hardtanh", functional.hardtanh, "min_val={min_val}, max_val={max_val}")
Hardshrink = activation("Hardshrink", functional.hardshrink, "{lambd}")
Softshrink = activation("Softshrink", functional.softshrink, "{lambd}")
Threshold = activation("Threshold", functional.threshold, "threshold={threshold}, value={value}")
Softplus = activation("Softplus", functional.softplus, "beta={beta}, threshold={threshold}")
Softsign = activation("Softsign", functional.softsign)
Softmax = activation("Softmax", functional.softmax, "dim={dim}")
LogSoftmax = activation("LogSoftmax", functional.log_softmax, "dim={dim}")
Softmin = activation("Softmin", functional.softmin, "dim={dim}")


def softmax2d(input):
    """softmax over the channels of (N, C, H, W) or (C, H, W)."""
    if input.spec.ndim not in (3, 4):
        raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.spec.ndim}D instead")
    return functional.softmax(input, dim=-3)


Softmax2d = activation("Softmax2d", softmax2d)


class PReLU(Wrapped):
    """input where it is positive, else weight * input, with a slope that is learnt.

    num_parameters: 1 for all channels, or the number of channels
    """

    core = "Prelu"
    renamed: ClassVar = {"slope": "weight"}
    shown = ("num_parameters",)

    def __init__(self, num_parameters=1, init=0.25, device=None, dtype=None):
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.wrap({"is_shared": num_parameters == 1, "start": init}, None, num_parameters, device=device, dtype=dtype)

    def forward(self, input):
        return functional.prelu(input, self.weight)
