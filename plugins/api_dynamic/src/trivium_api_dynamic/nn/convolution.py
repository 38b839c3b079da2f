"""Convolutions, and convolutions the other way round."""

import math
from typing import ClassVar

from trivium import ops

from . import functional
from .functional.convolution import check_output_padding, core_padding
from .functional.padding import MODES
from .functional.parameters import batched, per_axis
from .wrapped import Wrapped, within

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]


class _Filters(Wrapped):
    """What both directions have in common."""

    ndim: ClassVar[int]

    def keep(
        self, in_channels, out_channels, kernel_size, stride, padding, output_padding, dilation, groups, padding_mode
    ):
        """The settings as attributes, one number for each axis."""
        for which, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if groups <= 0:
                raise ValueError("groups must be a positive integer")
            if channels % groups:
                raise ValueError(f"{which} must be divisible by groups")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.padding_mode = padding_mode
        self.kernel_size, self.stride, self.dilation, self.output_padding = [
            per_axis(value, self.ndim) for value in (kernel_size, stride, dilation, output_padding)
        ]
        self.padding = padding if isinstance(padding, str) else per_axis(padding, self.ndim)

    def make(self, bias, device, dtype, fan_in, **settings):
        """The core layer and its parameters."""
        settings |= {
            "filters": self.out_channels, "kernel": self.kernel_size, "stride": self.stride, "groups": self.groups,
            "dilation": self.dilation, "has_bias": bias,
            "bias_initializer": within(fan_in * math.prod(self.kernel_size)),
        }  # fmt: skip
        self.wrap(settings, None, self.in_channels, *[None] * self.ndim, device=device, dtype=dtype)
        if not bias:
            self.register_parameter("bias", None)

    def extra_repr(self):
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        for name, usual in (("padding", 0), ("dilation", 1), ("output_padding", 0)):
            if getattr(self, name) != (usual,) * self.ndim:
                text += f", {name}={getattr(self, name)}"
        text += "" if self.groups == 1 else f", groups={self.groups}"
        text += "" if self.bias is not None else ", bias=False"
        return text if self.padding_mode == "zeros" else f"{text}, padding_mode={self.padding_mode}"


class _Conv(_Filters):
    """Filters slid over the spatial axes.

    weight: (out_channels, in_channels / groups, *kernel), bias: (out_channels,)
    """

    core = "Convolution"

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros", device=None, dtype=None,
    ):  # fmt: skip
        super().__init__()
        if padding_mode not in ("zeros", "reflect", "replicate", "circular"):
            raise ValueError(
                "padding_mode must be one of {'zeros', 'reflect', 'replicate', 'circular'}, but got "
                f"padding_mode={padding_mode!r}"
            )
        self.keep(in_channels, out_channels, kernel_size, stride, padding, 0, dilation, groups, padding_mode)
        around = core_padding(self.padding, self.kernel_size, self.dilation, self.stride)
        is_plain = padding_mode == "zeros"
        self.make(bias, device, dtype, in_channels // groups, padding=around if is_plain else 0)
        sides = [pair if isinstance(pair, tuple) else (pair, pair) for pair in per_axis(around, self.ndim)]
        object.__setattr__(self, "border", ((0, 0), (0, 0), *sides))

    def forward(self, input):
        return batched(self.slide, f"conv{self.ndim}d", self.ndim, input)

    def slide(self, input):
        """The convolution of a batch."""
        if self.padding_mode != "zeros":
            input = ops.extend(input, widths=self.border, mode=MODES[self.padding_mode])
        return super().forward(input)


class Conv1d(_Conv):
    """Convolution of (batch, channels, length)."""

    ndim = 1


class Conv2d(_Conv):
    """Convolution of (batch, channels, height, width)."""

    ndim = 2


class Conv3d(_Conv):
    """Convolution of (batch, channels, depth, height, width)."""

    ndim = 3


class _ConvTranspose(_Filters):
    """Filters spread over the spatial axes: a convolution the other way round.

    weight: (in_channels, out_channels / groups, *kernel), bias: (out_channels,)
    """

    core = "ConvolutionTranspose"

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True,
        dilation=1, padding_mode="zeros", device=None, dtype=None,
    ):  # fmt: skip
        super().__init__()
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        self.keep(
            in_channels, out_channels, kernel_size, stride, padding, output_padding, dilation, groups, padding_mode
        )
        settings = {"padding": self.padding, "output_padding": self.output_padding}
        self.make(bias, device, dtype, out_channels // groups, **settings)

    def forward(self, input, output_size=None):
        """output_size: the spatial sizes of the result, where several fit."""
        more = self.output_padding if output_size is None else self.missing(input, output_size)
        check_output_padding({"output_padding": more, "stride": self.stride, "dilation": self.dilation})
        if output_size is None:
            return batched(super().forward, f"conv_transpose{self.ndim}d", self.ndim, input)
        convolve = getattr(functional, f"conv_transpose{self.ndim}d")
        return convolve(input, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation)

    def missing(self, input, output_size):
        """What the smallest result lacks to the size wanted."""
        wanted = tuple(output_size)[-self.ndim :]
        sizes = input.spec.shape[-self.ndim :]
        if len(output_size) not in (self.ndim, input.spec.ndim):
            raise ValueError(
                f"{type(self).__name__}: for {input.spec.ndim}D input, output_size must have {self.ndim} or "
                f"{input.spec.ndim} elements (got {len(output_size)})"
            )
        least = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(sizes, self.stride, self.padding, self.dilation, self.kernel_size)
        ]
        most = [size + s - 1 for size, s in zip(least, self.stride)]
        if any([not low <= size <= high for low, size, high in zip(least, wanted, most)]):
            raise ValueError(
                f"requested an output size of {wanted}, but valid sizes range from {least} to {most} (for an input of "
                f"{list(sizes)})"
            )
        return tuple([size - low for size, low in zip(wanted, least)])


class ConvTranspose1d(_ConvTranspose):
    """Convolution of (batch, channels, length) the other way round."""

    ndim = 1


class ConvTranspose2d(_ConvTranspose):
    """Convolution of (batch, channels, height, width) the other way round."""

    ndim = 2


class ConvTranspose3d(_ConvTranspose):
    """Convolution of (batch, channels, depth, height, width) the other way round."""

    ndim = 3
