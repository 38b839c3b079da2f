"""Random numbers: a generator is a stream of Philox numbers, the same on every device."""

import os
from typing import Any

import numpy as np

from trivium import ops, randomness
from trivium.errors import ConfigError
from trivium.randomness import Stream, stream_state

from .axes import whole
from .errors import ArgumentValueError
from .tensors import around
from .words import word

# A stream of its own, away from those of layers and of initial weights.
_NUMBER = 0xFFFF_FFFF


def folded(seed: Any) -> int:
    """The seed of 32 bits that a seed of 64 bits stands for: itself where it has no more."""
    number = whole(seed, "seed")
    if not -(1 << 63) <= number < 1 << 64:
        raise ConfigError(f"manual_seed: {number} is out of range; a seed is a number of 64 bits")
    number %= 1 << 64
    return (number & 0xFFFF_FFFF) ^ (number >> 32)


class Generator:
    """A source of random numbers that starts over with `manual_seed`."""

    def __init__(self, device: Any = "cpu", *, number: int = _NUMBER) -> None:
        self.number, self.seed_ = number, randomness.current_seed()
        self.state: np.ndarray[Any, Any] | None = None

    def manual_seed(self, seed: int) -> "Generator":
        """Start over from a seed: any number of 64 bits, of which those that take more than 32 share their streams."""
        self.seed_, self.state = int(seed), stream_state(self.number, folded(seed))
        return self

    def seed(self) -> int:
        """Start over from a seed that nobody knows; the seed."""
        self.manual_seed(int.from_bytes(os.urandom(4), "little"))
        return self.seed_

    def initial_seed(self) -> int:
        """The seed from which it started."""
        return self.seed_

    def get_state(self) -> Any:
        """Where the sequence stands."""
        return around(self._current().astype(np.int64))

    def set_state(self, state: Any) -> "Generator":
        """Go on from where a sequence stood."""
        self.state = np.array(state.numpy()).astype(np.uint64)
        return self

    def _current(self) -> np.ndarray[Any, Any]:
        if self.state is None:
            self.state = stream_state(self.number, folded(self.seed_))
        return self.state

    def draw(self, op: Any, shape: Any, device: Any, **settings: Any) -> Any:
        """What a random op gives on a device; the sequence moves on."""
        shape = tuple(shape)
        state = self._current()
        self.state = ops.advance.reference(state, count=ops.blocks(shape))
        return op(around(state.copy(), device), shape=shape, **settings)

    def uniform(self, shape: Any, dtype: Any, device: Any, low: float = 0.0, high: float = 1.0) -> Any:
        """Numbers evenly distributed over [low, high)."""
        name = np.dtype(dtype).name
        return self.draw(ops.uniform, shape, device, dtype=name, low=float(low), high=float(high))

    def normal(self, shape: Any, dtype: Any, device: Any, mean: float = 0.0, std: float = 1.0) -> Any:
        """Normally distributed numbers."""
        name = np.dtype(dtype).name
        return self.draw(ops.normal, shape, device, dtype=name, mean=float(mean), std=float(std))

    def initialized(self, initializer: Any, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        """float32 on the host: what an initializer draws."""
        stream = Stream(state=self._current())
        drawn: np.ndarray[Any, Any] = initializer(shape, stream)
        self.state = stream.state
        return drawn

    def bits(self, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        """uint32 on the host, every value as likely as any other."""
        state = self._current()
        drawn: np.ndarray[Any, Any] = ops.random_bits.reference(state, shape=shape)
        self.state = ops.advance.reference(state, count=ops.blocks(shape))
        return drawn

    def permutation(self, count: int) -> np.ndarray[Any, Any]:
        """The numbers 0 to count - 1 in random order."""
        return np.argsort(self.bits((count,)), kind="stable")

    def integers(self, low: int, high: int, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        """int64 from low up to, without, high."""
        if high <= low:
            raise ArgumentValueError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
        words = self.bits((*shape, 2)).astype(np.uint64)
        wide = words[..., 0] << np.uint64(32) | words[..., 1]
        return (wide % np.uint64(high - low)).astype(np.int64) + low


default_generator = Generator()


def of(generator: Generator | None) -> Generator:
    """The generator given, or the default one."""
    return default_generator if generator is None else generator


@word(is_method=False)
def manual_seed(seed):
    """Start over: the same initial weights, dropout masks, random tensors and shuffles."""
    randomness.seed(folded(seed))
    return default_generator.manual_seed(seed)


@word(is_method=False)
def seed():
    """Start over from a seed that nobody knows; the seed."""
    chosen = int.from_bytes(os.urandom(4), "little")
    manual_seed(chosen)
    return chosen


@word(is_method=False)
def initial_seed():
    """The seed from which the default generator started."""
    return default_generator.initial_seed()


@word(is_method=False)
def get_rng_state():
    """Where the default generator stands."""
    return default_generator.get_state()


@word(is_method=False)
def set_rng_state(new_state):
    """Let the default generator go on from where it stood."""
    default_generator.set_state(new_state)
