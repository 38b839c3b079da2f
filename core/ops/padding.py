"""How sizes, strides and paddings of sliding windows are written, and how many windows fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from ..errors import ShapeError
from ..spec import Dim, Shape, Size

__all__ = [
    "Numbers",
    "Pairs",
    "numbers",
    "pairs",
    "extent",
    "window_count",
    "window_counts",
    "padded",
    "unpadded",
    "taps",
]

Numbers: TypeAlias = "tuple[int, ...]"
Pairs: TypeAlias = "tuple[tuple[int, int], ...]"

ROUNDINGS = ("floor", "ceil", "ceil_any")


def numbers(setting: int | tuple[int, ...], ndim: int, name: str, least: int = 1) -> Numbers:
    """A setting with one number per spatial axis, or one for all of them.

    >>> numbers(2, 3, "stride")
    (2, 2, 2)
    """
    given = (setting,) * ndim if isinstance(setting, int) else tuple(setting)
    if len(given) != ndim:
        raise ShapeError(f"{name} {setting} has {len(given)} numbers for {ndim} spatial axes")
    if any(number < least for number in given):
        raise ShapeError(f"{name} {setting} has a number below {least}")
    return given


def pairs(padding: Any, ndim: int) -> Pairs:
    """A padding setting as (before, after) per spatial axis.

    >>> pairs(1, 2), pairs((1, 2), 2), pairs(((0, 1), (1, 1)), 2)
    (((1, 1), (1, 1)), ((1, 1), (2, 2)), ((0, 1), (1, 1)))
    """
    given = (padding,) * ndim if isinstance(padding, int) else tuple(padding)
    if len(given) != ndim:
        raise ShapeError(f"padding {padding} has {len(given)} entries for {ndim} spatial axes")
    both = tuple([(entry, entry) if isinstance(entry, int) else tuple(entry) for entry in given])
    if any(len(pair) != 2 or min(pair) < 0 for pair in both):
        raise ShapeError(f"padding {padding} is not a number >= 0, or a pair of them, for each axis")
    return both


def extent(kernel: int, dilation: int = 1) -> int:
    """How many elements a kernel spans when its taps stand `dilation` apart.

    >>> extent(3, dilation=2)
    5
    """
    return dilation * (kernel - 1) + 1


def window_count(
    size: Size, kernel: int, stride: int, pair: tuple[int, int], dilation: int = 1, rounding: str = "floor"
) -> Size:
    """How many windows fit along one axis: the size of the result.

    rounding: "floor":    a window lies inside input and padding
              "ceil":     one more may hang over the end, unless it starts behind the input
              "ceil_any": one more may hang over the end, wherever it starts

    >>> [window_count(5, 1, 3, (0, 0), rounding=how) for how in ("floor", "ceil", "ceil_any")]
    [2, 2, 3]
    """
    if rounding not in ROUNDINGS:
        raise ShapeError(f"rounding is {rounding!r}; it may be {', '.join(map(repr, ROUNDINGS))}")
    low, high = pair
    span = extent(kernel, dilation)
    room = size + low + high - span
    if type(room) is not Dim and room < 0:
        dilated = "" if dilation == 1 else f", dilated to {span},"
        raise ShapeError(f"kernel {kernel}{dilated} does not fit size {size} padded by {pair}")
    if rounding == "floor":
        return room // stride + 1
    if rounding == "ceil_any":
        return (room + stride - 1) // stride + 1
    # the fewer of: windows that start before the input ends, windows up to the first that reaches the end
    overhang = min(high - span + stride, 0)
    return (size + low + overhang + stride - 1) // stride


def window_counts(
    sizes: Shape, kernel: Numbers, stride: Any, padding: Any, dilation: Any = 1, rounding: str = "floor"
) -> Shape:
    """`window_count` for each spatial axis.

    >>> window_counts((28, 28), (5, 5), stride=1, padding=2)
    (28, 28)
    """
    ndim = len(sizes)
    kernel = numbers(kernel, ndim, "kernel")
    strides = numbers(stride, ndim, "stride")
    dilations = numbers(dilation, ndim, "dilation")
    per_axis = zip(sizes, kernel, strides, pairs(padding, ndim), dilations, strict=True)
    return tuple([window_count(*axis, rounding) for axis in per_axis])


def padded(
    x: Any, kernel: Numbers, stride: Numbers, padding: Pairs, dilation: Numbers, counts: Shape, value: Any = 0
) -> Any:
    """x (N, C, *spatial) with its padding, and as much more behind it as the last window needs."""
    widths = [(0, 0), (0, 0)]
    per_axis = zip(x.shape[2:], kernel, stride, padding, dilation, counts, strict=True)
    for size, k, s, (low, high), d, count in per_axis:
        needed = (count - 1) * s + extent(k, d)
        widths.append((low, max(high, needed - low - size)))
    return np.pad(x, widths, constant_values=value)


def unpadded(x: Any, padding: Pairs, size: Numbers) -> Any:
    """What `padded` made x of, in memory of its own."""
    inside = [slice(low, low + n) for n, (low, _) in zip(size, padding, strict=True)]
    return x[(..., *inside)].copy()


def taps(
    kernel: Numbers, stride: Numbers, dilation: Numbers, counts: Shape
) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Each position inside a kernel, and the part of the padded input that it sees, one element per window.

    >>> list(taps((2,), (3,), (1,), (2,)))
    [((Ellipsis, 0), (Ellipsis, slice(0, 4, 3))), ((Ellipsis, 1), (Ellipsis, slice(1, 5, 3)))]
    """
    for tap in np.ndindex(*kernel):
        seen = [
            slice(at * d, at * d + (count - 1) * s + 1, s)
            for at, d, s, count in zip(tap, dilation, stride, counts, strict=True)
        ]
        yield (..., *tap), (..., *seen)
