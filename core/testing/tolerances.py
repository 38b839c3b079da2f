"""How far a result may be from the float64 reference: one table, by dtype."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ml_dtypes
import numpy as np
from attrs import evolve, frozen

from ..spec import as_dtype
from .samples import Array


@frozen
class Tolerance:
    """A difference of up to absolute + relative * |expected| is allowed."""

    relative: float
    absolute: float


EXACT = Tolerance(0.0, 0.0)

# A few units in the last place of the longest sum among the samples.
TOLERANCES: Mapping[str, Tolerance] = {
    "float64": Tolerance(1e-12, 1e-12),
    "float32": Tolerance(1e-5, 1e-5),
    "float16": Tolerance(4e-3, 4e-3),
    "bfloat16": Tolerance(3e-2, 3e-2),
}

# Numeric gradients are taken in float64 and carry the error of a finite step besides.
NUMERIC: Mapping[str, Tolerance] = {
    "float64": Tolerance(1e-6, 1e-7),
    "float32": Tolerance(1e-3, 1e-4),
}

# Random numbers whose bits are the same on every device, and numbers that are rounded once.
SAME_BITS = frozenset({"random_bits", "uniform", "random_integers", "cast"})


def tolerance_of(dtype: Any, changed: Mapping[str, Tolerance] | None = None) -> Tolerance:
    """What a dtype allows; whole numbers and bools allow nothing."""
    return {**TOLERANCES, **(changed or {})}.get(as_dtype(dtype).name, EXACT)


def narrowed(expected: Array, dtype: np.dtype[Any]) -> Array:
    """An expected value in a dtype; the lowest and the largest number of float64 become those of the dtype."""
    result = expected.astype(dtype)
    if expected.dtype == np.float64 and dtype.kind in "fV":
        is_end = np.abs(expected) == np.finfo(np.float64).max
        result[is_end] = np.sign(expected[is_end]) * float(ml_dtypes.finfo(dtype).max)  # type: ignore[no-untyped-call]
    return result


def scaled(tolerance: Tolerance, expected: Array) -> Tolerance:
    """A tolerance for terms as large as the largest result, which may cancel one another."""
    sizes = np.abs(expected.astype(np.float64))
    return evolve(tolerance, absolute=tolerance.absolute * float(sizes[np.isfinite(sizes)].max(initial=1.0)))


def assert_close(actual: Array, expected: Array, tolerance: Tolerance, what: str) -> None:
    """Compare with an expected value of any floating dtype; NaN agrees with NaN only."""
    assert actual.shape == expected.shape, f"{what}: shape {actual.shape}, expected {expected.shape}"
    if tolerance is EXACT:
        wrong = np.argwhere(~same_elements(actual, expected))
    else:
        a, e = actual.astype(np.float64), expected.astype(np.float64)
        is_close = np.isclose(a, e, rtol=tolerance.relative, atol=tolerance.absolute, equal_nan=True)
        wrong = np.argwhere(~is_close)
    if len(wrong):
        at = tuple(map(int, wrong[0]))
        raise AssertionError(
            f"{what}: {len(wrong)} of {actual.size} elements differ; first at {at}: "
            f"{actual[at]!r}, expected {expected[at]!r} within {tolerance}"
        )


def same_elements(actual: Array, expected: Array) -> Array:
    """Where elements are equal, NaN and NaN included."""
    return np.asarray((actual == expected) | ((actual != actual) & (expected != expected)))


def assert_same_bits(actual: Array, expected: Array, what: str) -> None:
    """Compare bit for bit."""
    assert actual.dtype == expected.dtype, f"{what}: {actual.dtype}, expected {expected.dtype}"
    assert actual.shape == expected.shape, f"{what}: shape {actual.shape}, expected {expected.shape}"
    if actual.tobytes() != expected.tobytes():
        assert_close(actual, expected, EXACT, what)
        raise AssertionError(f"{what}: equal as numbers, but signs of zero or NaN differ in their bits")
