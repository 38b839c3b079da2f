"""Initializers: what a parameter holds before training.  All draw on the host, so every device starts equal."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from attrs import define

from .errors import unknown_name
from .randomness import Stream, next_stream, stream_state

Array: TypeAlias = "np.ndarray[Any, Any]"
Initializer: TypeAlias = "Callable[[tuple[int, ...], Stream], Array]"


def zeros(shape: tuple[int, ...], stream: Stream) -> Array:
    """Nothing but 0."""
    return np.zeros(shape, np.float32)


def ones(shape: tuple[int, ...], stream: Stream) -> Array:
    """Nothing but 1."""
    return np.ones(shape, np.float32)


def random_state(shape: tuple[int, ...], stream: Stream) -> Array:
    """The state of a random layer: the start of the next stream."""
    return stream_state(next_stream())


@define
class Constant:
    """Nothing but one number."""

    value: float = 0.0

    def __call__(self, shape: tuple[int, ...], stream: Stream) -> Array:
        return np.full(shape, self.value, np.float32)


@define
class Uniform:
    """Evenly distributed over [low, high)."""

    low: float = 0.0
    high: float = 1.0

    def __call__(self, shape: tuple[int, ...], stream: Stream) -> Array:
        return stream.uniform(shape, self.low, self.high)


@define
class Normal:
    """Normally distributed."""

    mean: float = 0.0
    std: float = 1.0

    def __call__(self, shape: tuple[int, ...], stream: Stream) -> Array:
        return stream.normal(shape, self.mean, self.std)


@define
class VarianceScaling:
    """Zero mean, and a variance of scale / fan.

    fan:          "in", "out" or "average" of how many inputs and outputs each element connects
    distribution: "uniform" over [-a, a], a = sqrt(3 * variance), or "normal"
    Xavier: scale 1 (Glorot & Bengio, 2010); MSRA or He: scale 2 (He et al., 2015, arXiv:1502.01852).
    """

    scale: float = 1.0
    fan: str = "in"
    distribution: str = "uniform"

    def __call__(self, shape: tuple[int, ...], stream: Stream) -> Array:
        variance = self.scale / max(1.0, fans(shape)[self.fan])
        if self.distribution == "normal":
            return stream.normal(shape, 0.0, math.sqrt(variance))
        bound = math.sqrt(3.0 * variance)
        return stream.uniform(shape, -bound, bound)


def fans(shape: tuple[int, ...]) -> dict[str, float]:
    """How many inputs and outputs a weight (out, in, *kernel) connects.

    >>> fans((20, 1, 5, 5))
    {'in': 25.0, 'out': 500.0, 'average': 262.5}
    """
    if len(shape) < 2:
        count = float(math.prod(shape))
        return {"in": count, "out": count, "average": count}
    kernel = math.prod(shape[2:])
    fan_in, fan_out = float(shape[1] * kernel), float(shape[0] * kernel)
    return {"in": fan_in, "out": fan_out, "average": (fan_in + fan_out) / 2}


INITIALIZERS: dict[str, Any] = {
    "zeros": zeros,
    "ones": ones,
    "xavier": VarianceScaling(),
    "msra": VarianceScaling(scale=2.0, distribution="normal"),
    "glorot": VarianceScaling(fan="average"),
    "kaiming": VarianceScaling(scale=1.0 / 3.0),  # PyTorch's default: He's with a = sqrt(5)
    "random_state": random_state,
}


def find_initializer(name: str | Initializer) -> Initializer:
    """The initializer of this name; a function is one already."""
    if callable(name):
        return name
    if name not in INITIALIZERS:
        raise unknown_name("initializer", name, INITIALIZERS)
    found: Initializer = INITIALIZERS[name]
    return found
