"""Layers that move elements, and those that make images larger or smaller."""

import math
from typing import Any

from attrs import define, field

from trivium import ops
from trivium.errors import ShapeError
from trivium.layer import Layer
from trivium.spec import Dim, product

from .convolution import per_axis
from .of_function import layer_of

__all__ = ["Flatten", "Pad", "Resize", "DepthToSpace", "SpaceToDepth", "ShuffleChannels", "Unfold", "Fold"]


@define(slots=False)
class Flatten(Layer):
    """All axes from one on as a single one.

    x:      (batch, ...)
    return: (batch, features)
    """

    start: int = 1

    @classmethod
    def samples(cls, make):
        yield cls(), make(2, 3, 4)
        yield cls(start=2), make(2, 3, 4, 2)

    def forward(self, x):
        return ops.reshape(x, shape=(*x.shape[: self.start], product(x.shape[self.start :])))


@define(slots=False)
class Pad(Layer):
    """A border around the spatial axes.

    x:      (batch, channels, *spatial)
    return: (batch, channels, *spatial)
    widths: one number for all sides, one for each axis, or (before, after) for each axis; below 0 it cuts
    mode:   "constant", "reflect" (a mirror at the last element), "symmetric" (behind it), "edge" (the last element
            again) or "wrap" (the other end)
    value:  of a constant border
    """

    widths: Any
    mode: str = field(default="constant", kw_only=True)
    value: float = field(default=0.0, kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(1), make(2, 3, 2, 3)
        yield cls(((0, 2), (-1, 1)), value=0.5), make(2, 3, 2, 3)
        for mode in ("reflect", "symmetric", "edge", "wrap"):
            yield cls((1, 2), mode=mode), make(2, 3, 2, 3)

    def forward(self, x):
        sides = [pair if isinstance(pair, tuple) else (pair, pair) for pair in per_axis(self.widths, x.ndim - 2)]
        return ops.extend(x, widths=((0, 0), (0, 0), *sides), mode=self.mode, value=self.value)


@define(slots=False)
class Resize(Layer):
    """Images in another size.

    x:         (batch, channels, *spatial)
    return:    (batch, channels, *size)
    size:      one number, or one for each spatial axis
    factors:   instead of a size: what the sizes are multiplied by, then rounded down
    method, corners, sharpness: see ops.resize
    """

    size: Any = None
    factors: Any = field(default=None, kw_only=True)
    method: str = field(default="linear", kw_only=True)
    corners: str = field(default="half_pixel", kw_only=True)
    sharpness: float = field(default=-0.75, kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(4), make(2, 2, 3, 5)
        yield cls((5, 2), method="nearest", corners="asymmetric"), make(2, 2, 3, 4)
        yield cls(factors=(1.5, 0.6), method="cubic", sharpness=-0.5), make(2, 2, 3, 4)

    def forward(self, x):
        settings = {"method": self.method, "corners": self.corners, "sharpness": self.sharpness}
        ndim = x.ndim - 2
        if (self.size is None) == (self.factors is None):
            raise ShapeError("either size or factors says how large the result is")
        if self.size is not None:
            return ops.resize(x, size=per_axis(self.size, ndim), **settings)
        factors = tuple([float(factor) for factor in per_axis(self.factors, ndim)])
        if unknown := [size for size in x.shape[2:] if type(size) is Dim]:
            raise ShapeError(f"factors need sizes that are known, {x.spec} has {unknown[0]}; give a size")
        size = tuple([math.floor(n * factor) for n, factor in zip(x.shape[2:], factors, strict=True)])
        return ops.resize(x, size=size, factors=factors, **settings)


def image(make):
    return (make(2, 4, 4, 2),)


def deep(make):
    return (make(2, 8, 2, 3),)


def columns(make):
    return (make(2, 8, 6),)


BLOCK = {"block": 2, "order": "channel"}

DepthToSpace = layer_of("DepthToSpace", ops.depth_to_space, deep, tried=BLOCK)
SpaceToDepth = layer_of("SpaceToDepth", ops.space_to_depth, image, tried=BLOCK)
ShuffleChannels = layer_of("ShuffleChannels", ops.shuffle_channels, image, tried={"groups": 2})
Unfold = layer_of("Unfold", ops.unfold, image, tried={"kernel": 2, "stride": 2, "padding": 1, "dilation": (2, 1)})
Fold = layer_of(
    "Fold", ops.fold, columns,
    tried={"kernel": 2, "size": (3, 4), "stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)},
)  # fmt: skip
