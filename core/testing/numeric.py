"""Gradients by central differences, in float64: what gradient rules are compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .samples import Array

STEP = 1e-5  # the error of the step, and that of rounding, are both near 1e-10
LONG_STEP = 1e-2  # for results that are rounded to float32


def gradient(
    function: Callable[..., float], inputs: Sequence[Array | None], position: int, step: float = STEP
) -> Array:
    """How `function(*inputs)` changes with each element of the operand at a position."""
    at = inputs[position]
    assert at is not None
    result = np.zeros(at.shape)
    for index in np.ndindex(*at.shape):
        direction = np.zeros(at.shape)
        direction[index] = 1.0
        result[index] = slope(function, inputs, position, direction, step)
    return result


def slope(
    function: Callable[..., float], inputs: Sequence[Array | None], position: int, direction: Array, step: float = STEP
) -> float:
    """How `function(*inputs)` changes as the operand at a position moves in a direction."""

    start = inputs[position]
    assert start is not None

    def moved(by: float) -> float:
        given = list(inputs)
        given[position] = np.asarray(start + by * direction)
        return function(*given)

    return (moved(step) - moved(-step)) / (2 * step)
