"""Seeds and streams: where initial weights and random layers get their numbers from.

Every stream is a key of its own, so what one layer draws never depends on what another one does.
"""

from __future__ import annotations

from threading import local
from typing import Any

import numpy as np

from . import ops, settings
from .errors import ConfigError

# Streams of initial weights are numbered apart from those of layers, so that adding a dropout
# layer does not change the weights.
_WEIGHTS = 1 << 31


class _Numbering(local):
    """The seed of this thread, and how many streams have been given out."""

    def __init__(self) -> None:
        self.seed: int | None = None
        self.layers = self.weights = 0


_numbering = _Numbering()


def seed(value: int) -> None:
    """Start over: the same seed gives the same weights and the same random layers, in the order in which they are made.

    value: 0 to 2**32 - 1
    """
    if not 0 <= value < 1 << 32:
        raise ConfigError(f"seed: {value} is out of range; it is a number from 0 to {(1 << 32) - 1}")
    _numbering.seed, _numbering.layers, _numbering.weights = int(value), 0, 0


def current_seed() -> int:
    """The seed in force in this thread: the last one given, else that of the settings."""
    if _numbering.seed is None:
        return int(settings.get("seed") or 0)
    return _numbering.seed


class Stream:
    """A sequence of random numbers drawn on the host.

    state: go on from there

    >>> Stream(seed=1, number=0).uniform((2,), 0.0, 1.0).dtype
    dtype('float32')
    """

    def __init__(
        self, *, seed: int | None = None, number: int | None = None, state: np.ndarray[Any, Any] | None = None
    ) -> None:
        self._seed, self._number = seed, number
        self._state = state

    @property
    def state(self) -> np.ndarray[Any, Any]:
        """uint64[2].  A stream is numbered when it is first drawn from, so that zeros and the like take none."""
        if self._state is None:
            number = self._number
            if number is None:
                number = _WEIGHTS + _numbering.weights
                _numbering.weights += 1
            self._state = stream_state(number, self._seed)
        return self._state

    def uniform(self, shape: tuple[int, ...], low: float, high: float) -> np.ndarray[Any, Any]:
        """float32 numbers evenly distributed over [low, high)."""
        return self._drawn(ops.uniform, shape, dtype="float32", low=low, high=high)

    def normal(self, shape: tuple[int, ...], mean: float = 0.0, std: float = 1.0) -> np.ndarray[Any, Any]:
        """float32 numbers, normally distributed."""
        return self._drawn(ops.normal, shape, dtype="float32", mean=mean, std=std)

    def bits(self, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        """uint32, every value as likely as any other."""
        return self._drawn(ops.random_bits, shape)

    def permutation(self, size: int) -> np.ndarray[Any, Any]:
        """The numbers 0 to size - 1 in random order."""
        return np.argsort(self.bits((size,)), kind="stable")

    def _drawn(self, op: Any, shape: tuple[int, ...], **settings: Any) -> np.ndarray[Any, Any]:
        drawn: np.ndarray[Any, Any] = op.reference(self.state, shape=shape, **settings)
        self._state = ops.advance.reference(self.state, count=ops.blocks(shape))  # type: ignore[no-untyped-call]
        return drawn


def stream_state(number: int, seed: int | None = None) -> np.ndarray[Any, Any]:
    """The state at the start of a stream: uint64[2], key and counter."""
    key = (current_seed() if seed is None else seed) | number << 32
    return np.array([key, 0], np.uint64)


def next_stream() -> int:
    """The number of the next random layer's stream: how many were made since the seed."""
    number = _numbering.layers
    _numbering.layers += 1
    return number
