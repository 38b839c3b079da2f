"""Convolutions."""

from typing import Any

from attrs import define, field

from trivium import ops
from trivium.errors import ShapeError
from trivium.layer import Layer, ParamSpec


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
        kernel = per_axis(self.kernel, x.ndim - 2)
        weight = ParamSpec((self.filters, channels // self.groups, *kernel), self.weight_initializer)
        if not self.has_bias:
            return {"weight": weight}
        return {"weight": weight, "bias": ParamSpec((self.filters,), self.bias_initializer)}

    def forward(self, x, *, weight, bias):
        return ops.convolution(
            x, weight, bias, stride=self.stride, padding=self.padding, dilation=self.dilation, groups=self.groups
        )
