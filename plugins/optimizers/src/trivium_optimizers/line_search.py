"""A line search for the strong Wolfe conditions (Nocedal & Wright, 2006, algorithms 3.5 and 3.6)."""

import math
from collections.abc import Callable
from typing import Any

from attrs import frozen


@frozen(eq=False)
class Point:
    """A place on a line.

    length: how far from the start;  slope: of the loss along the line
    """

    length: float
    loss: float
    gradient: Any
    slope: float


def strong_wolfe(
    along: Callable[[float], Point],
    start: Point,
    length: float,
    reach: float,
    tolerance: float,
    most: int,
    *,
    decrease: float = 1e-4,
    curvature: float = 0.9,
) -> tuple[Point, int]:
    """A point where the loss has fallen enough and is flat enough; and how many were tried.

    reach:     the largest element of the direction
    tolerance: done when no element moves further
    most:      the first point aside, so many are tried
    """

    def is_high(point: Point) -> bool:
        return point.loss > start.loss + decrease * point.length * start.slope

    def is_flat(point: Point) -> bool:
        return abs(point.slope) <= -curvature * start.slope

    before, now = start, along(length)
    for tried in range(1, most + 1):
        if is_high(now) or (tried > 2 and now.loss >= before.loss):
            break
        if is_flat(now):
            return now, tried
        if now.slope >= 0:
            break
        least = now.length + 0.01 * (now.length - before.length)
        length = between(before, now, (least, now.length * 10))
        before, now = now, along(length)
    else:
        return min(start, now, key=lambda point: point.loss), most + 1
    return narrowed(along, before, now, tried, most, reach, tolerance, is_high, is_flat)


def narrowed(
    along: Callable[[float], Point],
    one: Point,
    other: Point,
    tried: int,
    most: int,
    reach: float,
    tolerance: float,
    is_high: Callable[[Point], bool],
    is_flat: Callable[[Point], bool],
) -> tuple[Point, int]:
    """Move two ends towards a good point that lies between them."""
    low, high = sorted((one, other), key=lambda point: point.loss)
    has_lagged = False
    while tried <= most and abs(high.length - low.length) * reach >= tolerance:
        left, right = sorted((low.length, high.length))
        length, margin = between(low, high), 0.1 * (right - left)
        is_near = min(right - length, length - left) < margin
        if is_near and (has_lagged or not left < length < right):
            length = right - margin if abs(length - right) < abs(length - left) else left + margin
            is_near = False
        has_lagged = is_near
        point = along(length)
        tried += 1
        if is_high(point) or point.loss >= low.loss:
            low, high = sorted((low, point), key=lambda point: point.loss)
        elif is_flat(point):
            return point, tried
        else:
            low, high = point, low if point.slope * (high.length - low.length) >= 0 else high
    return low, tried


def between(one: Point, other: Point, bounds: tuple[float, float] | None = None) -> float:
    """The length at which the cubic through two points is least."""
    low, high = bounds or (min(one.length, other.length), max(one.length, other.length))
    if one.length == other.length:
        return (low + high) / 2
    d = one.slope + other.slope - 3 * (one.loss - other.loss) / (one.length - other.length)
    square = d * d - one.slope * other.slope
    if not square >= 0:  # negative, or not a number
        return (low + high) / 2
    root = math.sqrt(square)
    if one.length <= other.length:
        left, right, steepness = one, other, other.slope - one.slope + 2 * root
    else:
        left, right, steepness = other, one, one.slope - other.slope + 2 * root
    if steepness == 0:
        return (low + high) / 2
    length = right.length - (right.length - left.length) * ((right.slope + root - d) / steepness)
    return min(max(length, low), high)
