"""Activations: one line for each function of the core that stands between layers."""

from attrs import define

from trivium import ops
from trivium.initializer import Constant
from trivium.layer import Layer, ParamSpec

from .of_function import layer_of

__all__ = [
    "Relu", "Relu6", "Elu", "Selu", "Celu", "Gelu", "Silu", "Mish", "Softplus", "Softsign", "Sigmoid",
    "LogSigmoid", "HardSigmoid", "HardSwish", "Tanh", "HardTanh", "TanhShrink", "HardShrink", "SoftShrink",
    "Threshold", "Softmax", "LogSoftmax", "Softmin", "Glu", "Crelu", "Prelu",
]  # fmt: skip


def around_zero(make):
    return (make(2, 4, away_from=0.0),)


def channels(make):
    return (make(2, 4, 2),)


def rectified(x, *, slope=0.0):
    """max(x, 0), or x * slope where x is negative.

    slope: of the negative part, 0..1
    """
    return ops.relu(x) if slope == 0.0 else ops.leaky_relu(x, slope=slope)


def smoothly_rectified(x, *, sharpness=1.0):
    """log(1 + exp(sharpness * x)) / sharpness, without overflow."""
    return ops.softplus(x) if sharpness == 1.0 else ops.softplus(x * sharpness) / sharpness


Relu = layer_of("Relu", rectified, around_zero, tried={"slope": 0.1})
Relu6 = layer_of("Relu6", ops.relu6, around_zero)
Elu = layer_of("Elu", ops.elu, around_zero, tried={"alpha": 0.3})
Selu = layer_of("Selu", ops.selu, around_zero)
Celu = layer_of("Celu", ops.celu, around_zero, tried={"alpha": 0.3})
Gelu = layer_of("Gelu", ops.gelu, around_zero, tried={"form": "tanh"})
Silu = layer_of("Silu", ops.silu, around_zero)
Mish = layer_of("Mish", ops.mish, around_zero)
Softplus = layer_of("Softplus", smoothly_rectified, around_zero, tried={"sharpness": 2.0})
Softsign = layer_of("Softsign", ops.softsign, around_zero)

Sigmoid = layer_of("Sigmoid", ops.sigmoid, around_zero)
LogSigmoid = layer_of("LogSigmoid", ops.log_sigmoid, around_zero)
HardSigmoid = layer_of("HardSigmoid", ops.hard_sigmoid, around_zero)
HardSwish = layer_of("HardSwish", ops.hard_swish, around_zero)
Tanh = layer_of("Tanh", ops.tanh, around_zero)
HardTanh = layer_of("HardTanh", ops.hardtanh, around_zero, tried={"low": -0.5, "high": 0.5})
TanhShrink = layer_of("TanhShrink", ops.tanh_shrink, around_zero)
HardShrink = layer_of("HardShrink", ops.hard_shrink, around_zero, tried={"size": 0.2})
SoftShrink = layer_of("SoftShrink", ops.soft_shrink, around_zero, tried={"size": 0.2})
Threshold = layer_of("Threshold", ops.threshold, around_zero, tried={"at": 0.1, "value": -2.0})

Softmax = layer_of("Softmax", ops.softmax, channels, tried={"axis": 2}, defaults={"axis": 1})
LogSoftmax = layer_of("LogSoftmax", ops.log_softmax, channels, tried={"axis": 2}, defaults={"axis": 1})
Softmin = layer_of("Softmin", ops.softmin, channels, tried={"axis": 2}, defaults={"axis": 1})
Glu = layer_of("Glu", ops.glu, channels, tried={"axis": 2}, defaults={"axis": 1})
Crelu = layer_of("Crelu", ops.crelu, channels, tried={"axis": 2})


@define(slots=False)
class Prelu(Layer):
    """x above 0, slope * x below; the slope is learnt.

    x:         (batch, channels, ...)
    return:    (batch, channels, ...)
    is_shared: one slope for all channels instead of one for each
    start:     the first slope
    He et al., 2015, arXiv:1502.01852.
    """

    is_shared: bool = False
    start: float = 0.25

    @classmethod
    def samples(cls, make):
        yield cls(), make(2, 3, 2, away_from=0.0)
        yield cls(is_shared=True, start=0.1), make(2, 3, away_from=0.0)

    def parameters(self, x):
        count = 1 if self.is_shared else x.shape[1]
        return {"slope": ParamSpec((count,), Constant(self.start))}

    def forward(self, x, *, slope):
        return ops.prelu(x, slope)
