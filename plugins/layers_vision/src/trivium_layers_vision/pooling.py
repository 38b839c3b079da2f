"""Pooling over the spatial axes."""

from typing import Any

from attrs import define, field

from trivium import ops
from trivium.layer import Layer


@define(slots=False)
class MaxPool(Layer):
    """The largest element of each window.

    x:        (batch, channels, *spatial)
    return:   (batch, channels, *spatial)
    stride:   the kernel's size when left out
    rounding: "floor"; "ceil" (a window that would start beyond the input is dropped); "ceil_any" (it is not)
    """

    kernel: Any
    stride: Any = field(default=None, kw_only=True)
    padding: Any = field(default=0, kw_only=True)
    rounding: str = field(default="floor", kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(2), make.distinct(2, 3, 4, 4)
        yield cls(3, stride=2, padding=1, rounding="ceil"), make.distinct(2, 2, 6, 5)

    def forward(self, x):
        out, _ = ops.max_pool(x, kernel=self.kernel, stride=self.stride, padding=self.padding, rounding=self.rounding)
        return out


@define(slots=False)
class AveragePool(Layer):
    """The mean of each window.

    x:       (batch, channels, *spatial)
    return:  (batch, channels, *spatial)
    divisor: what the sum is divided by: "padded" (elements of the window in the padded input), "valid" (those
             in the input alone), or a number
    """

    kernel: Any
    stride: Any = field(default=None, kw_only=True)
    padding: Any = field(default=0, kw_only=True)
    rounding: str = field(default="floor", kw_only=True)
    divisor: Any = field(default="padded", kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(2), make(2, 3, 4, 4)
        yield cls(3, stride=2, padding=1, rounding="ceil", divisor="valid"), make(2, 2, 6, 5)

    def forward(self, x):
        return ops.average_pool(
            x, kernel=self.kernel, stride=self.stride, padding=self.padding, rounding=self.rounding,
            divisor=self.divisor,
        )  # fmt: skip
