"""Pools."""

from typing import ClassVar

from . import functional
from .functional.parameters import per_axis
from .module import Module
from .of_function import OfFunction, check_tensors, module_of

__all__ = [
    "MaxPool1d", "MaxPool2d", "MaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "LPPool1d", "LPPool2d",
    "LPPool3d", "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d", "AdaptiveMaxPool3d", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d",
]  # fmt: skip


class Windowed(OfFunction):
    """The base of pools; no stride is the kernel's size."""

    def settled(self, settings):
        settings = dict(settings)
        if "stride" in settings and settings["stride"] is None:
            settings["stride"] = settings["kernel_size"]
        return settings


class Windowed1d(Windowed):
    """A pool of which PyTorch keeps tuples of one number."""

    def settled(self, settings):
        settings = super().settled(settings)
        for name in ("kernel_size", "stride", "padding"):
            settings[name] = per_axis(settings[name], 1)
        return settings


def pool(name, function, shown="", base=Windowed, **more):
    return module_of(name, function, shown, base=base, **more)


MAX = ("kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode")
MAX_SHOWN = "kernel_size={kernel_size}, stride={stride}, padding={padding}, dilation={dilation}, ceil_mode={ceil_mode}"
MaxPool1d = pool("MaxPool1d", functional.max_pool1d, MAX_SHOWN, order=MAX)
MaxPool2d = pool("MaxPool2d", functional.max_pool2d, MAX_SHOWN, order=MAX)
MaxPool3d = pool("MaxPool3d", functional.max_pool3d, MAX_SHOWN, order=MAX)

AVERAGE_SHOWN = "kernel_size={kernel_size}, stride={stride}, padding={padding}"
AvgPool1d = pool("AvgPool1d", functional.avg_pool1d, AVERAGE_SHOWN, Windowed1d,
                 order=("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad"))  # fmt: skip
AvgPool2d = pool("AvgPool2d", functional.avg_pool2d, AVERAGE_SHOWN)
AvgPool3d = pool("AvgPool3d", functional.avg_pool3d, AVERAGE_SHOWN)

LP_SHOWN = "norm_type={norm_type}, kernel_size={kernel_size}, stride={stride}, ceil_mode={ceil_mode}"
LPPool1d = pool("LPPool1d", functional.lp_pool1d, LP_SHOWN, OfFunction)
LPPool2d = pool("LPPool2d", functional.lp_pool2d, LP_SHOWN, OfFunction)
LPPool3d = pool("LPPool3d", functional.lp_pool3d, LP_SHOWN, OfFunction)

ADAPTIVE_SHOWN = "output_size={output_size}"
AdaptiveAvgPool1d = pool("AdaptiveAvgPool1d", functional.adaptive_avg_pool1d, ADAPTIVE_SHOWN)
AdaptiveAvgPool2d = pool("AdaptiveAvgPool2d", functional.adaptive_avg_pool2d, ADAPTIVE_SHOWN)
AdaptiveAvgPool3d = pool("AdaptiveAvgPool3d", functional.adaptive_avg_pool3d, ADAPTIVE_SHOWN)
AdaptiveMaxPool1d = pool("AdaptiveMaxPool1d", functional.adaptive_max_pool1d, ADAPTIVE_SHOWN)
AdaptiveMaxPool2d = pool("AdaptiveMaxPool2d", functional.adaptive_max_pool2d, ADAPTIVE_SHOWN)
AdaptiveMaxPool3d = pool("AdaptiveMaxPool3d", functional.adaptive_max_pool3d, ADAPTIVE_SHOWN)


class _MaxUnpool(Module):
    """Elements put where a max pool took them from, zeros elsewhere."""

    ndim: ClassVar[int]

    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        self.kernel_size = per_axis(kernel_size, self.ndim)
        self.stride = per_axis(kernel_size if stride is None else stride, self.ndim)
        self.padding = per_axis(padding, self.ndim)

    def forward(self, input, indices, output_size=None):
        unpool = getattr(functional, f"max_unpool{self.ndim}d")
        check_tensors(self, (input, indices))
        return unpool(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self):
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """The elements of MaxPool1d put where they came from, zeros elsewhere."""

    ndim = 1


class MaxUnpool2d(_MaxUnpool):
    """The elements of MaxPool2d put where they came from, zeros elsewhere."""

    ndim = 2


class MaxUnpool3d(_MaxUnpool):
    """The elements of MaxPool3d put where they came from, zeros elsewhere."""

    ndim = 3
