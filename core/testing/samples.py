"""Example operands: what an op's `samples` are written with, and the cases that they make."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from attrs import frozen

from ..op import Op
from ..spec import Spec, as_dtype

Array: TypeAlias = "np.ndarray[Any, Any]"

GAP = 0.1  # what "well apart" means: a hundred times the step of a numeric gradient and more


class Make:
    """Draws operands.  The same seed draws the same ones.

    >>> make = Make(seed=1)
    >>> make(2, 3).shape, make.integers(4, high=3).dtype
    ((2, 3), dtype('int64'))
    """

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)

    def __call__(self, *shape: int, low: float = -1.0, high: float = 1.5, away_from: float | None = None) -> Array:
        """float64 between `low` and `high`, none of it near `away_from`."""
        drawn = np.asarray(self._random.uniform(low, high, shape))
        if away_from is None:
            return drawn
        distance = drawn - away_from
        return np.asarray(np.where(distance < 0, drawn - GAP, drawn + GAP))

    def distinct(self, *shape: int) -> Array:
        """float64 of which no two are near each other."""
        count = int(np.prod(shape))
        return np.asarray((self._random.permutation(count) - count / 2 + 0.3) * (1.3 * GAP)).reshape(shape)

    def integers(self, *shape: int, low: int = 0, high: int = 5) -> Array:
        """int64 from `low` up to, without, `high`."""
        return np.asarray(self._random.integers(low, high, shape, dtype=np.int64))

    def bools(self, *shape: int) -> Array:
        """true and false, both where there is room."""
        drawn = np.asarray(self._random.integers(0, 2, shape).astype(bool))
        if drawn.size > 1:
            drawn.reshape(-1)[:2] = True, False
        return drawn

    def stream(self, seed: int = 1, stream: int = 0, counter: int = 0) -> Array:
        """A random state: uint64[2], key and counter."""
        return np.array([seed + (stream << 32), counter], np.uint64)


@frozen(eq=False)
class Case:
    """One example of an op: operands in float64 (or whole numbers, or bools), and settings."""

    op: Op
    number: int
    inputs: tuple[Array | None, ...]
    settings: dict[str, Any]

    @property
    def has_floats(self) -> bool:
        """Whether an operand takes the dtype that the device is tested with."""
        return any(x is not None and x.dtype == np.float64 for x in self.inputs)

    @property
    def complete_settings(self) -> dict[str, Any]:
        """All settings, defaults included."""
        return self.op.complete(self.settings)

    def arrays(self, dtype: Any = "float64") -> tuple[Array | None, ...]:
        """The operands, those of floating point in `dtype`; what is too large for it is infinite."""
        wanted = as_dtype(dtype)
        with np.errstate(over="ignore"):
            return tuple([None if x is None else x.astype(wanted) if x.dtype == np.float64 else x for x in self.inputs])

    def specs(self, dtype: Any = "float64") -> list[Spec | None]:
        """Shapes and dtypes of `arrays`."""
        wanted = as_dtype(dtype)
        return [None if x is None else Spec(x.shape, wanted if x.dtype == np.float64 else x.dtype) for x in self.inputs]

    def expected(self, arrays: tuple[Array | None, ...] | None = None) -> tuple[Array, ...]:
        """What the reference makes of these operands, computed in float64."""
        given = self.inputs if arrays is None else arrays
        result = self.op.reference(*[in_float64(x) for x in given], **self.complete_settings)
        return tuple(map(np.asarray, result if type(result) is tuple else (result,)))

    def __str__(self) -> str:
        return f"{self.op.name}-{self.number}"

    def __repr__(self) -> str:
        operands = ", ".join(["None" if x is None else f"{x.dtype}{list(x.shape)}" for x in self.inputs])
        settings = "".join([f", {name}={value!r}" for name, value in self.settings.items()])
        return f"{self.op.name}({operands}{settings})"


def in_float64(x: Array | None) -> Array | None:
    """Floating point of any width as float64, all else as it is."""
    if x is None or x.dtype.kind in "biu":
        return x
    return x.astype(np.float64)


def cases(op: Op) -> Iterator[Case]:
    """The examples that an op brings.  They depend on its name alone, not on what was drawn before."""
    if op.sample_maker is None:
        return
    for number, drawn in enumerate(op.sample_maker(Make(zlib.crc32(op.name.encode())))):
        given = list(drawn) if type(drawn) is tuple else [drawn]
        settings = given.pop() if given and type(given[-1]) is dict else {}
        yield Case(op, number, tuple([None if x is None else np.asarray(x) for x in given]), settings)
