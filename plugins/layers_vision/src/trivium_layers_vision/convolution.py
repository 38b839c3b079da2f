"""Convolutions."""

from typing import Any

from attrs import define, field

from trivium import ops
from trivium.errors import ShapeError
from trivium.layer import Layer, ParamSpec

__all__ = ["Convolution", "ConvolutionTranspose", "SeparableConvolution"]


def per_axis(size: Any, ndim: int) -> tuple:
    """One number for every spatial axis, or a number for each."""
    sizes = tuple(size) if isinstance(size, (tuple, list)) else (size,) * ndim
    if len(sizes) != ndim:
        raise ShapeError(f"{size} has {len(sizes)} numbers, the input has {ndim} spatial axes")
    return sizes


@define(slots=False)
class Convolution(Layer):
    """Slide filters over the spatial axes, of which there may be any number.

    x:       (batch, channels, *spatial)
    return:  (batch, filters, *spatial)
    weight:  (filters, channels / groups, *kernel)
    kernel, stride, dilation: one number, or one for each spatial axis
    padding: one number, one for each axis, or (before, after) for each axis
    groups:  channels and filters are split into that many groups which do not see one another
    """

    filters: int
    kernel: Any = field(kw_only=True)
    stride: Any = field(default=1, kw_only=True)
    padding: Any = field(default=0, kw_only=True)
    dilation: Any = field(default=1, kw_only=True)
    groups: int = field(default=1, kw_only=True)
    has_bias: bool = field(default=True, kw_only=True)
    weight_initializer: Any = field(default="kaiming", kw_only=True)
    bias_initializer: Any = field(default="zeros", kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(4, kernel=3), make(2, 3, 5, 5)
        yield cls(4, kernel=(3, 2), stride=2, padding=(1, 0), has_bias=False), make(2, 3, 5, 6)
        yield cls(4, kernel=2, dilation=2, groups=2, padding=((0, 1), (1, 0))), make(2, 2, 5, 5)
        yield cls(2, kernel=3, weight_initializer="xavier", bias_initializer="ones"), make(2, 3, 6)

    def parameters(self, x):
        channels = x.shape[1]
        if type(channels) is int and (channels % self.groups or self.filters % self.groups):
            raise ShapeError(
                f"{self.title}: {channels} channels and {self.filters} filters do not split into {self.groups} groups"
            )
        shape = (*self.ends(channels), *per_axis(self.kernel, x.ndim - 2))
        weight = ParamSpec(shape, self.weight_initializer, is_weight=True)
        if not self.has_bias:
            return {"weight": weight}
        return {"weight": weight, "bias": ParamSpec((self.filters,), self.bias_initializer)}

    def ends(self, channels):
        """The first two sizes of the weight."""
        return self.filters, channels // self.groups

    @property
    def walk(self):
        """How the filters are slid."""
        return {"stride": self.stride, "padding": self.padding, "dilation": self.dilation, "groups": self.groups}

    def forward(self, x, *, weight, bias):
        return ops.convolution(x, weight, bias, **self.walk)


@define(slots=False)
class ConvolutionTranspose(Convolution):
    """A convolution the other way round: each element of the input spreads a filter over the output.

    x:              (batch, channels, *spatial)
    return:         (batch, filters, *spatial)
    weight:         (channels, filters / groups, *kernel)
    output_padding: elements added behind the smallest size that fits: one number, or one for each axis
    padding:        elements cut from the output; the other settings are a Convolution's
    Zeiler et al., 2010; Dumoulin & Visin, 2016, arXiv:1603.07285.
    """

    output_padding: Any = field(default=0, kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(4, kernel=3), make(2, 3, 4, 3)
        yield cls(4, kernel=(3, 2), stride=2, padding=(1, 0), output_padding=1, has_bias=False), make(2, 3, 3, 4)
        yield cls(4, kernel=2, dilation=2, groups=2, padding=((0, 1), (1, 0))), make(2, 2, 4, 4)
        yield cls(2, kernel=3, weight_initializer="xavier", bias_initializer="ones"), make(2, 3, 6)

    def ends(self, channels):
        return channels, self.filters // self.groups

    def forward(self, x, *, weight, bias):
        return ops.convolution_transpose(x, weight, bias, **self.walk, output_padding=self.output_padding)


@define(slots=False)
class SeparableConvolution(Layer):
    """A convolution of each channel by itself, then one across channels with a kernel of 1.

    x:          (batch, channels, *spatial)
    return:     (batch, filters, *spatial)
    depthwise:  (channels * multiplier, 1, *kernel)
    pointwise:  (filters, channels * multiplier, 1, ...)
    multiplier: filters of the first convolution for each channel
    Chollet, 2017, arXiv:1610.02357.
    """

    filters: int
    kernel: Any = field(kw_only=True)
    multiplier: int = field(default=1, kw_only=True)
    stride: Any = field(default=1, kw_only=True)
    padding: Any = field(default=0, kw_only=True)
    dilation: Any = field(default=1, kw_only=True)
    has_bias: bool = field(default=True, kw_only=True)
    weight_initializer: Any = field(default="kaiming", kw_only=True)
    bias_initializer: Any = field(default="zeros", kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(4, kernel=3), make(2, 3, 5, 5)
        yield cls(4, kernel=3, multiplier=2, stride=2, padding=1, has_bias=False), make(2, 2, 5)
        yield cls(2, kernel=2, dilation=2, weight_initializer="xavier", bias_initializer="ones"), make(2, 2, 4, 5)

    def parameters(self, x):
        wide, ndim = x.shape[1] * self.multiplier, x.ndim - 2
        shapes = {
            "depthwise": (wide, 1, *per_axis(self.kernel, ndim)), "pointwise": (self.filters, wide, *(1,) * ndim),
        }  # fmt: skip
        owned = {name: ParamSpec(shape, self.weight_initializer, is_weight=True) for name, shape in shapes.items()}
        return owned | ({"bias": ParamSpec((self.filters,), self.bias_initializer)} if self.has_bias else {})

    def forward(self, x, *, depthwise, pointwise, bias):
        walk = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation, "groups": x.shape[1]}
        return ops.convolution(ops.convolution(x, depthwise, **walk), pointwise, bias)
