"""Initializers: what a parameter holds before training.  All draw on the host, so every device starts equal."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from attrs import define

from . import registry
from .errors import ConfigError, ShapeError, unknown_name
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
class TruncatedNormal:
    """Normally distributed, but drawn again where outside [low, high]: two standard deviations if not said."""

    mean: float = 0.0
    std: float = 1.0
    low: float | None = None
    high: float | None = None

    def __call__(self, shape: tuple[int, ...], stream: Stream) -> Array:
        low = self.mean - 2.0 * self.std if self.low is None else self.low
        high = self.mean + 2.0 * self.std if self.high is None else self.high
        if not (low < high and low < self.mean + 5.0 * self.std and high > self.mean - 5.0 * self.std):
            raise ConfigError(
                f"TruncatedNormal: [{low:g}, {high:g}] holds next to nothing of a normal distribution with mean "
                f"{self.mean:g} and standard deviation {self.std:g}; move the limits"
            )
        values = stream.normal(shape, self.mean, self.std)
        while (is_outside := (values < low) | (values > high)).any():
            values[is_outside] = stream.normal((int(is_outside.sum()),), self.mean, self.std)
        return values


@define
class VarianceScaling:
    """Zero mean, and a variance of scale / fan.

    fan:          "in", "out" or "average" of how many inputs and outputs each element connects
    distribution: "uniform" over [-a, a], a = sqrt(3 * variance), "normal", or "truncated_normal" at two standard
                  deviations
    Xavier: scale 1 (Glorot & Bengio, 2010); MSRA or He: scale 2 (He et al., 2015, arXiv:1502.01852).
    """

    scale: float = 1.0
    fan: str = "in"
    distribution: str = "uniform"

    def __call__(self, shape: tuple[int, ...], stream: Stream) -> Array:
        return self.drawn_from(shape)(shape, stream)

    def drawn_from(self, shape: tuple[int, ...]) -> Uniform | Normal | TruncatedNormal:
        """The distribution for a weight (out, in, *kernel)."""
        variance = self.scale / max(1.0, fans(shape)[self.fan])
        if self.distribution == "normal":
            return Normal(0.0, math.sqrt(variance))
        if self.distribution == "truncated_normal":
            return TruncatedNormal(0.0, math.sqrt(variance) / _CUT_DEVIATION)
        bound = math.sqrt(3.0 * variance)
        return Uniform(-bound, bound)


# the standard deviation of a normal distribution that is cut at two of its standard deviations
_CUT_DEVIATION = 0.87962566103423978


@define
class Orthogonal:
    """Rows, or columns where those are fewer, at right angles and of one length (Saxe et al., 2013, 1312.6120)."""

    gain: float = 1.0

    def __call__(self, shape: tuple[int, ...], stream: Stream) -> Array:
        if len(shape) < 2:
            raise ShapeError(f"Orthogonal: shape {shape} has less than two axes; choose another initializer")
        rows, columns = shape[0], math.prod(shape[1:])
        drawn = stream.normal((max(rows, columns), min(rows, columns)))
        return self.turned(drawn, is_wide=rows < columns).reshape(shape)

    def turned(self, drawn: Array, *, is_wide: bool) -> Array:
        """The matrix that a normally distributed tall one becomes, as it lies or turned on its side."""
        q, r = np.linalg.qr(drawn)
        q = q * np.where(np.diag(r) < 0, np.float32(-1), np.float32(1))  # every such matrix as likely as any other
        return np.ascontiguousarray((q.T if is_wide else q) * np.float32(self.gain))


@define
class Identity:
    """What lets the first channels pass unchanged: 1 on the diagonal, at the centre of a kernel.

    groups: of channels, each of which is treated so
    """

    gain: float = 1.0
    groups: int = 1

    def __call__(self, shape: tuple[int, ...], stream: Stream) -> Array:
        if len(shape) < 2 or shape[0] % self.groups:
            raise ShapeError(f"Identity: shape {shape} is no weight (out, in, *kernel) in {self.groups} groups")
        values, share = np.zeros(shape, np.float32), shape[0] // self.groups
        centre = tuple([size // 2 for size in shape[2:]])
        for group in range(self.groups):
            for i in range(min(share, shape[1])):
                values[group * share + i, i, *centre] = self.gain
        return values


def bilinear(shape: tuple[int, ...], stream: Stream) -> Array:
    """Weights (out, in, size, size) that enlarge an image: a tent in each kernel."""
    if len(shape) != 4 or shape[2] != shape[3]:
        raise ShapeError(f"bilinear: shape {shape} has no square kernels; choose another initializer")
    half = math.ceil(shape[3] / 2)
    centre = (2 * half - 1 - half % 2) / (2.0 * half)
    tent = 1 - np.abs(np.arange(shape[3]) / half - centre)
    return np.broadcast_to(np.outer(tent, tent), shape).astype(np.float32)


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
    "orthogonal": Orthogonal(),
    "identity": Identity(),
    "bilinear": bilinear,
    "random_state": random_state,
}


def find_initializer(name: str | Initializer) -> Initializer:
    """The initializer of this name, from here or from a plugin; a function is one already."""
    if callable(name):
        return name
    if name not in INITIALIZERS and name in (brought := registry.names("initializers")):
        return registry.find("initializers", name)  # type: ignore[no-any-return]
    if name not in INITIALIZERS:
        raise unknown_name("initializer", name, [*INITIALIZERS, *brought])
    found: Initializer = INITIALIZERS[name]
    return found


class InitializerWarning(UserWarning):
    """Weights from which training will hardly get anywhere."""


# Xavier's and He's weights have 1 and 1.4 here
_FAR_TOO_LARGE = 10.0


def doubt(weight: Array) -> str | None:
    """What is wrong with a weight (out, in, *kernel) to start from; None for nothing."""
    if weight.size < 2:
        return None
    size = math.sqrt(float(np.vdot(weight, weight)) / weight.size)
    fan = fans(weight.shape)["in"]
    if size == 0.0:
        return "starts at zero everywhere, so what it feeds learns one thing; draw it at random"
    if size * math.sqrt(fan) > _FAR_TOO_LARGE:
        return (
            f"starts far too large: {size:.3g} on average for {fan:.0f} inputs, about {1.0 / math.sqrt(fan):.2g} is "
            'usual; use "xavier" or "msra"'
        )
    return None
