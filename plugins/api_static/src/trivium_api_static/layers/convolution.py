"""Layers that slide filters.

inputs: (batch, *spatial, channels), or channels second where `data_format` is "channels_first"
"""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define, field

from trivium.registry import find_layer

from ..operation import Tensor
from ..windows import channels_last, depthwise_to_core, filter_to_core, from_core, padding_of, spatial, to_core
from .base import Weighted, functional, known_size, through

__all__ = [
    "Conv1D", "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose", "SeparableConv1D", "SeparableConv2D",
    "Convolution1D", "Convolution2D", "Convolution2DTranspose", "Convolution3D", "Convolution3DTranspose",
    "SeparableConvolution1D", "SeparableConvolution2D", "conv1d", "conv2d", "conv2d_transpose", "conv3d",
    "conv3d_transpose", "separable_conv1d", "separable_conv2d",
]  # fmt: skip


@define(slots=False, eq=False)
class Windowed(Weighted):
    """A layer that slides filters.

    kernel_size, strides: one number, or one for each spatial axis
    padding:              "valid" or "same"
    """

    filters: int
    kernel_size: Any
    strides: Any = 1
    padding: str = "valid"
    data_format: str = "channels_last"

    ndim: ClassVar[int] = 2

    @property
    def is_last(self) -> bool:
        """Whether channels are the last axis."""
        return channels_last(self.data_format)

    def per_axis(self, setting: str) -> tuple[int, ...]:
        """A setting's number for each spatial axis."""
        given = getattr(self, setting)
        numbers = (given,) if isinstance(given, int) else tuple(given)
        if len(numbers) not in (1, self.ndim):
            raise ValueError(f"The `{setting}` argument must be a tuple of {self.ndim} integers. Received: {given}")
        return spatial(numbers, self.is_last, setting, self.ndim)

    def channels_of(self, input_shape: Any) -> int:
        """How many channels come in."""
        if input_shape.ndims != self.ndim + 2:
            raise ValueError(
                f"Input 0 of layer {self.name} is incompatible with the layer: expected ndim={self.ndim + 2}, found "
                f"ndim={input_shape.ndims}. Full shape received: {input_shape}"
            )
        return known_size(input_shape[-1 if self.is_last else 1], "The channel dimension")


@define(slots=False, eq=False)
class Conv(Windowed):
    """activation(filters slid over the spatial axes + bias)."""

    dilation_rate: Any = 1
    activation: Any = None
    use_bias: bool = True

    def build(self, input_shape: Any) -> None:
        channels = self.channels_of(input_shape)
        self.bare_kind = f"Conv{self.ndim}D"
        self.owned([*self.per_axis("kernel_size"), channels, self.filters], self.filters)

    def call(self, inputs: Tensor) -> Tensor:
        is_last = self.is_last
        kernel, stride, dilation = map(self.per_axis, ("kernel_size", "strides", "dilation_rate"))

        def compute(x: Any, weight: Any, bias: Any) -> Any:
            x = to_core(x, is_last)
            pads = padding_of(self.padding.upper(), x.shape[2:], kernel, stride, dilation)
            layer = find_layer("Convolution")(
                int(self.filters), kernel=kernel, stride=stride, padding=pads, dilation=dilation,
                has_bias=bias is not None,
            )  # fmt: skip
            return from_core(through(layer, x, {"weight": filter_to_core(weight), "bias": bias}), is_last)

        return self.computed(compute, inputs, kernel=self.kernel)


class Conv1D(Conv):
    """activation(filters slid over one axis + bias)."""

    ndim = 1


class Conv2D(Conv):
    """activation(filters slid over height and width + bias)."""


class Conv3D(Conv):
    """activation(filters slid over depth, height and width + bias)."""

    ndim = 3


@define(slots=False, eq=False)
class ConvTranspose(Windowed):
    """activation(the input gradient of a convolution + bias): from few positions to many."""

    activation: Any = None
    use_bias: bool = True

    def build(self, input_shape: Any) -> None:
        channels = self.channels_of(input_shape)
        self.bare_kind = f"conv{self.ndim}d_transpose"
        self.owned([*self.per_axis("kernel_size"), self.filters, channels], self.filters)

    def call(self, inputs: Tensor) -> Tensor:
        is_last = self.is_last
        kernel, stride = self.per_axis("kernel_size"), self.per_axis("strides")

        def compute(x: Any, weight: Any, bias: Any) -> Any:
            # a window that is smaller than the stride leaves a gap at the end
            pads = ((0, 0),) * self.ndim if self.is_valid else tuple(map(cut_to_stride, kernel, stride))
            layer = find_layer("ConvolutionTranspose")(
                int(self.filters), kernel=kernel, stride=stride, padding=pads, has_bias=bias is not None,
                output_padding=tuple([max(s - k, 0) for k, s in zip(kernel, stride)]),
            )  # fmt: skip
            values = {"weight": filter_to_core(weight), "bias": bias}
            return from_core(through(layer, to_core(x, is_last), values), is_last)

        return self.computed(compute, inputs, kernel=self.kernel)

    @property
    def is_valid(self) -> bool:
        """Whether nothing is cut off."""
        return self.padding.upper() == "VALID"


def cut_to_stride(kernel: int, stride: int) -> tuple[int, int]:
    """What "SAME" cuts off an axis, so that its size is a multiple of the stride."""
    total = max(kernel - stride, 0)
    return total // 2, total - total // 2


class Conv2DTranspose(ConvTranspose):
    """activation(the input gradient of conv2d + bias)."""


class Conv3DTranspose(ConvTranspose):
    """activation(the input gradient of conv3d + bias)."""

    ndim = 3


@define(slots=False, eq=False)
class SeparableConv(Windowed):
    """Filters over each channel by itself, then a mixture of the results at each position.

    depth_multiplier: filters for each channel
    """

    dilation_rate: Any = 1
    depth_multiplier: int = 1
    activation: Any = None
    use_bias: bool = True
    depthwise_initializer: Any = field(default=None, kw_only=True)
    pointwise_initializer: Any = field(default=None, kw_only=True)
    depthwise_regularizer: Any = field(default=None, kw_only=True)
    pointwise_regularizer: Any = field(default=None, kw_only=True)
    depthwise_constraint: Any = field(default=None, kw_only=True)
    pointwise_constraint: Any = field(default=None, kw_only=True)

    def build(self, input_shape: Any) -> None:
        channels = self.channels_of(input_shape)
        self.bare_kind = f"separable_conv{self.ndim}d"
        self.depthwise_kernel = self.add_variable(
            "depthwise_kernel", [*self.per_axis("kernel_size"), channels, self.depth_multiplier], None,
            self.depthwise_initializer, self.depthwise_regularizer, constraint=self.depthwise_constraint,
        )  # fmt: skip
        self.pointwise_kernel = self.add_variable(
            "pointwise_kernel", [1] * self.ndim + [channels * self.depth_multiplier, self.filters], None,
            self.pointwise_initializer, self.pointwise_regularizer, constraint=self.pointwise_constraint,
        )  # fmt: skip
        self.add_bias(self.filters)

    def call(self, inputs: Tensor) -> Tensor:
        is_last = self.is_last
        kernel, stride, dilation = map(self.per_axis, ("kernel_size", "strides", "dilation_rate"))

        def compute(x: Any, depthwise: Any, pointwise: Any, bias: Any) -> Any:
            x = to_core(x, is_last)
            layer = find_layer("SeparableConvolution")(
                int(self.filters), kernel=kernel, multiplier=int(self.depth_multiplier), stride=stride,
                padding=padding_of(self.padding.upper(), x.shape[2:], kernel, stride, dilation), dilation=dilation,
                has_bias=bias is not None,
            )  # fmt: skip
            values = {"depthwise": depthwise_to_core(depthwise), "pointwise": filter_to_core(pointwise), "bias": bias}
            return from_core(through(layer, x, values), is_last)

        return self.computed(compute, inputs, depthwise=self.depthwise_kernel, pointwise=self.pointwise_kernel)


class SeparableConv1D(SeparableConv):
    """Filters over one axis of each channel by itself, then a mixture of the results at each position."""

    ndim = 1


class SeparableConv2D(SeparableConv):
    """Filters over height and width of each channel by itself, then a mixture of the results at each position."""


Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
Convolution2DTranspose, Convolution3DTranspose = Conv2DTranspose, Conv3DTranspose
SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D

conv1d, conv2d, conv3d = functional(Conv1D), functional(Conv2D), functional(Conv3D)
conv2d_transpose, conv3d_transpose = functional(Conv2DTranspose), functional(Conv3DTranspose)
separable_conv1d, separable_conv2d = functional(SeparableConv1D), functional(SeparableConv2D)
