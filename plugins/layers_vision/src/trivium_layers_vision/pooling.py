"""Pooling over the spatial axes."""

from typing import Any

from attrs import define, field

from trivium import ops
from trivium.layer import Layer

from .convolution import per_axis
from .of_function import layer_of

__all__ = [
    "MaxPool", "AveragePool", "LpPool", "AdaptiveAveragePool", "AdaptiveMaxPool", "GlobalMaxPool",
    "GlobalAveragePool", "MaxUnpool",
]  # fmt: skip


@define(slots=False)
class Pool(Layer):
    """The base of layers that look at windows.

    kernel, stride, padding: one number, or one for each spatial axis; the stride is the kernel's size when left out
    rounding: "floor"; "ceil" (a window that would start beyond the input is dropped); "ceil_any" (it is not)
    """

    kernel: Any
    stride: Any = field(default=None, kw_only=True)
    padding: Any = field(default=0, kw_only=True)
    rounding: str = field(default="floor", kw_only=True)

    @property
    def walk(self):
        """How the windows lie."""
        return {"kernel": self.kernel, "stride": self.stride, "padding": self.padding, "rounding": self.rounding}


@define(slots=False)
class MaxPool(Pool):
    """The largest element of each window.

    x:            (batch, channels, *spatial)
    return:       (batch, channels, *spatial), and where they stand if wanted
    dilation:     from one element of a window to the next
    with_indices: also return where in the channel, read row by row, each one stood
    """

    dilation: Any = field(default=1, kw_only=True)
    with_indices: bool = field(default=False, kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(2), make.distinct(2, 3, 4, 4)
        yield cls(3, stride=2, padding=1, rounding="ceil"), make.distinct(2, 2, 6, 5)
        yield cls(2, dilation=2, with_indices=True), make.distinct(2, 2, 6)

    def forward(self, x):
        out, indices = ops.max_pool(x, **self.walk, dilation=self.dilation)
        return (out, indices) if self.with_indices else out


@define(slots=False)
class AveragePool(Pool):
    """The mean of each window.

    x:       (batch, channels, *spatial)
    return:  (batch, channels, *spatial)
    divisor: what the sum is divided by: "padded" (elements of the window in the padded input), "valid" (those
             in the input alone), or a number
    """

    divisor: Any = field(default="padded", kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(2), make(2, 3, 4, 4)
        yield cls(3, stride=2, padding=1, rounding="ceil", divisor="valid"), make(2, 2, 6, 5)

    def forward(self, x):
        return ops.average_pool(x, **self.walk, divisor=self.divisor)


@define(slots=False)
class LpPool(Pool):
    """The root of the sum of powers of each window's elements: between a sum (1) and the largest (infinity).

    x:      (batch, channels, *spatial)
    return: (batch, channels, *spatial)
    order:  of the power and the root
    Sermanet et al., 2012, arXiv:1204.3968.
    """

    order: float = field(default=2.0, kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(2), make(2, 3, 4, 4, away_from=0.0)
        yield cls(3, order=3.0, stride=2, padding=1, rounding="ceil"), make(2, 2, 6, 5, away_from=0.0)

    def forward(self, x):
        return ops.lp_pool(x, order=self.order, **self.walk)


@define(slots=False)
class AdaptivePool(Layer):
    """The base of layers whose windows follow from the size wanted.

    size: windows along the spatial axes: one number, or one for each; None leaves an axis as it is
    """

    size: Any

    def counts(self, x):
        """Windows along each spatial axis."""
        sizes = x.shape[2:]
        return tuple([n if m is None else m for m, n in zip(per_axis(self.size, len(sizes)), sizes, strict=True)])


@define(slots=False)
class AdaptiveAveragePool(AdaptivePool):
    """The means of as many windows as wanted, which cover the input.

    x:      (batch, channels, *spatial)
    return: (batch, channels, *size)
    """

    @classmethod
    def samples(cls, make):
        yield cls(2), make(2, 3, 5, 4)
        yield cls((3, None)), make(2, 2, 4, 3)

    def forward(self, x):
        return ops.adaptive_average_pool(x, size=self.counts(x))


@define(slots=False)
class AdaptiveMaxPool(AdaptivePool):
    """The largest elements of as many windows as wanted, which cover the input.

    x:            (batch, channels, *spatial)
    return:       (batch, channels, *size), and where they stand if wanted
    with_indices: also return where in the channel, read row by row, each one stood
    """

    with_indices: bool = field(default=False, kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(2), make.distinct(2, 3, 5, 4)
        yield cls((3, None), with_indices=True), make.distinct(2, 2, 4, 3)

    def forward(self, x):
        out, indices = ops.adaptive_max_pool(x, size=self.counts(x))
        return (out, indices) if self.with_indices else out


def channels(make):
    return (make.distinct(2, 3, 4, 2),)


def pooled(make):
    out, indices = ops.max_pool.reference(make.distinct(2, 3, 4, 4), kernel=2)
    return out, indices


GlobalMaxPool = layer_of("GlobalMaxPool", ops.global_max_pool, channels)
GlobalAveragePool = layer_of("GlobalAveragePool", ops.global_average_pool, channels)
MaxUnpool = layer_of("MaxUnpool", ops.max_unpool, pooled, tried={"size": (4, 4)})
