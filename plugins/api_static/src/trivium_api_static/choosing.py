"""Elements chosen by position, by truth, or by order."""

from __future__ import annotations

from typing import Any, NamedTuple

from trivium import ops
from trivium.spec import product

from . import dtypes
from .build import REALS, call, convert_to_tensor
from .dtypes import as_dtype
from .operation import Tensor
from .sizing import as_number, as_sizes

__all__ = [
    "gather", "gather_nd", "scatter_nd", "where", "boolean_mask", "unique", "unique_with_counts", "setdiff1d",
    "invert_permutation", "sort", "argsort", "searchsorted",
]  # fmt: skip


# -- by position ---------------------------------------------------------------------------------------------


def gather(params: Any, indices: Any, validate_indices: Any = None, name: str | None = None, axis: Any = 0) -> Tensor:
    """The rows (or slices along another axis) at some positions."""
    at = as_number(axis, "axis")
    return call(
        "GatherV2", lambda x, at_: ops.gather(x, at_, axis=at), name, free=("indices",), params=params, indices=indices
    )  # fmt: skip


def gather_nd(params: Any, indices: Any, name: str | None = None) -> Tensor:
    """The parts at positions along the first axes.

    indices: (..., k), one number for each of the first k axes
    """
    return call("GatherNd", ops.gather_nd, name, free=("indices",), params=params, indices=indices)


def scatter_nd(indices: Any, updates: Any, shape: Any, name: str | None = None) -> Tensor:
    """Zeros with each update added at its position.

    indices: (..., k), one number for each of the first k axes of `shape`
    """
    sizes = as_sizes(shape)

    def scattered(positions: Any, updates: Any) -> Any:
        empty = ops.zeros(shape=sizes, dtype=updates.dtype.name, place=updates.graph)
        return ops.scatter_nd_add(empty, positions, updates)

    return call("ScatterNd", scattered, name, free=("indices",), indices=indices, updates=updates)


def invert_permutation(x: Any, name: str | None = None) -> Tensor:
    """Where each number from 0 up stands in x."""

    def inverse(x: Any) -> Any:
        places = ops.arange(stop=x.shape[0], dtype=x.dtype.name, place=x.graph)
        return ops.scatter(ops.zeros_like(x), x, places)

    return call("InvertPermutation", inverse, name, only=("int32", "int64"), x=x)


# -- by truth ------------------------------------------------------------------------------------------------


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """x where the condition holds, else y; a condition with one axis chooses rows.

    With neither x nor y, the positions where the condition holds: int64 (count, axes).
    """
    if x is None and y is None:
        return call("Where", ops.nonzero, name, condition=condition)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")

    def select(c: Any, x: Any, y: Any) -> Any:
        if c.ndim == 1 and x.ndim > 1:
            c = ops.reshape(c, shape=(c.shape[0],) + (1,) * (x.ndim - 1))
        return ops.where(c, x, y)

    return call("Select", select, name, free=("condition",), condition=condition, x=x, y=y)


def boolean_mask(tensor: Any, mask: Any, name: str = "boolean_mask", axis: Any = None) -> Tensor:
    """The parts of a tensor where a mask is true.

    mask: of the shape of some neighbouring axes of the tensor, the first one being `axis`
    """
    tensor, mask = convert_to_tensor(tensor, name="tensor"), convert_to_tensor(mask, dtypes.bool, name="mask")
    count, first = mask.shape.ndims, 0 if axis is None else as_number(axis, "axis")
    if count is None:
        raise ValueError("Number of mask dimensions must be specified, even if some dimensions are None.")
    if count == 0:
        raise ValueError("mask cannot be scalar.")
    tensor.shape[first : first + count].assert_is_compatible_with(mask.shape)

    def masked(x: Any, mask: Any) -> Any:
        before, inside, after = x.shape[:first], x.shape[first : first + count], x.shape[first + count :]
        rows = ops.reshape(x, shape=(*before, product(inside), *after))
        return ops.gather(rows, _positions(ops.reshape(mask, shape=(-1,))), axis=first)

    return call("BooleanMask", masked, name, free=("mask",), tensor=tensor, mask=mask)


def _positions(is_chosen: Any) -> Any:
    """Where the elements of one row are true: (count,)."""
    return ops.squeeze(ops.nonzero(is_chosen), axis=1)


# -- by value ------------------------------------------------------------------------------------------------


class Unique(NamedTuple):
    """Each value once, and where that of each element stands among them."""

    y: Tensor
    idx: Tensor


class UniqueWithCounts(NamedTuple):
    """The same, and how often each value occurs."""

    y: Tensor
    idx: Tensor
    count: Tensor


class ListDiff(NamedTuple):
    """The values that only the first of two rows has, and where they stand there."""

    out: Tensor
    idx: Tensor


def unique(x: Any, out_idx: Any = dtypes.int32, name: str | None = None) -> Unique:
    """The values of a row, each once, as they first occur."""
    return Unique(*_unique("Unique", x, out_idx, name, 2))


def unique_with_counts(x: Any, out_idx: Any = dtypes.int32, name: str | None = None) -> UniqueWithCounts:
    """The values of a row, each once, as they first occur, and how often."""
    return UniqueWithCounts(*_unique("UniqueWithCounts", x, out_idx, name, 3))


def _unique(kind: str, x: Any, out_idx: Any, name: str | None, count: int) -> list[Tensor]:
    wanted = as_dtype(out_idx).name

    def found(x: Any) -> Any:
        values, *numbers = ops.unique(x, order="seen")
        return (values, *[ops.cast(n, dtype=wanted) for n in numbers[: count - 1]])

    return call(kind, found, name, x=x)


def setdiff1d(x: Any, y: Any, index_dtype: Any = dtypes.int32, name: str | None = None) -> ListDiff:
    """The elements of a row x that are not in a row y, and where they stand in x."""
    wanted = as_dtype(index_dtype).name

    def difference(x: Any, y: Any) -> Any:
        is_in_both = ops.any(ops.equal(ops.expand(x, axis=1), ops.expand(y, axis=0)), axis=1)
        at = _positions(ops.logical_not(is_in_both))
        return ops.gather(x, at), ops.cast(at, dtype=wanted)

    return ListDiff(*call("ListDiff", difference, name, x=x, y=y))


def sort(values: Any, axis: Any = -1, direction: str = "ASCENDING", name: str | None = None) -> Tensor:
    """The elements in order along an axis."""
    at, falls = as_number(axis, "axis"), _falls(direction)
    return call(
        "Sort", lambda x: ops.sort(x, axis=at, descending=falls)[0], name, default="sort", only=REALS, values=values
    )


def argsort(
    values: Any, axis: Any = -1, direction: str = "ASCENDING", stable: bool = False, name: str | None = None
) -> Tensor:
    """Where the elements stand that `sort` puts in order: int32."""
    at, falls = as_number(axis, "axis"), _falls(direction)

    def order(x: Any) -> Any:
        return ops.cast(ops.argsort(x, axis=at, descending=falls), dtype="int32")

    return call("ArgSort", order, name, default="argsort", only=REALS, values=values)


def _falls(direction: str) -> bool:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError(f"direction should be 'ASCENDING' or 'DESCENDING', got {direction!r}")
    return direction == "DESCENDING"


def searchsorted(
    sorted_sequence: Any, values: Any, side: str = "left", out_type: Any = dtypes.int32, name: str | None = None
) -> Tensor:
    """How many elements of a sorted row are below each value ("right": not above it).

    sorted_sequence, values: (..., n), (..., m)
    """
    if side not in ("left", "right"):
        raise ValueError(f"side must be either 'right' or 'left'.  Saw: {side}.")
    wanted = as_dtype(out_type).name

    def found(row: Any, x: Any) -> Any:
        if row.ndim == 1:
            return ops.cast(ops.searchsorted(row, x, side=side), dtype=wanted)
        row, x = ops.expand(row, axis=row.ndim - 1), ops.expand(x, axis=x.ndim)
        is_before = row < x if side == "left" else row <= x
        return ops.sum(ops.cast(is_before, dtype=wanted), axis=-1)

    return call(
        "LowerBound" if side == "left" else "UpperBound", found, name, default="searchsorted", only=REALS,
        sorted_sequence=sorted_sequence, values=values,
    )  # fmt: skip
