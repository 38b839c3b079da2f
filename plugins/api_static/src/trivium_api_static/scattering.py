"""Rows of a variable changed where indices say; and rows of a tensor that stand for all of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trivium import ops
from trivium.errors import DTypeError

from . import segments
from .build import call, converted, graph_of
from .operation import Tensor
from .sizing import as_sizes

__all__ = [
    "scatter_update", "scatter_add", "scatter_sub", "scatter_mul", "scatter_div", "scatter_min", "scatter_max",
    "scatter_nd_update", "scatter_nd_add", "scatter_nd_sub", "IndexedSlices",
]  # fmt: skip


class IndexedSlices:
    """Some rows of a tensor: what a gradient with respect to a table is where few of its rows were used.

    values:  (count, ...)
    indices: (count,)
    """

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None) -> None:
        self.graph = graph_of([values, indices])
        self.values = converted(values, None, self.graph, "values")
        self.indices = converted(indices, None, self.graph, "indices")
        self.dense_shape = dense_shape
        self.name, self.op, self.dtype, self.device = (
            getattr(self.values, x) for x in ("name", "op", "dtype", "device")
        )

    def as_tensor(self) -> Tensor:
        """The whole tensor, with zeros in all other rows; a row that is named twice is the sum."""
        if self.dense_shape is None:
            raise ValueError(
                "Tensor conversion requested for IndexedSlices without dense_shape: the number of rows is not known"
            )
        sizes = as_sizes(self.dense_shape, "dense_shape")

        def whole(x: Any, indices: Any) -> Any:
            return ops.scatter_add(ops.zeros(shape=sizes, dtype=x.dtype.name, place=x.graph), indices, x)

        return call("UnsortedSegmentSum", whole, None, free=("indices",), values=self.values, indices=self.indices)

    def __neg__(self) -> IndexedSlices:
        return IndexedSlices(-self.values, self.indices, self.dense_shape)

    def __repr__(self) -> str:
        return f"IndexedSlices(indices={self.indices}, values={self.values})"


def _of_rows(word: str, kind: str, change: Callable[..., Any], what: str) -> Callable[..., Tensor]:
    def scatter(ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None) -> Tensor:
        def changed(old: Any, at: Any, updates: Any) -> Any:
            sizes = (*at.shape, *old.shape[1:])
            return change(old, at, ops.broadcast_to(updates, shape=sizes) if updates.ndim == 0 else updates)

        return _variable(ref, word).changed(kind, name, changed, free=("indices",), indices=indices, updates=updates)

    scatter.__name__ = scatter.__qualname__ = word
    scatter.__doc__ = f"The variable once {what}; indices: any shape, updates: (*indices.shape, ...)."
    return scatter


def _at_positions(word: str, kind: str, change: Callable[..., Any], what: str) -> Callable[..., Tensor]:
    def scatter(ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None) -> Tensor:
        return _variable(ref, word).changed(kind, name, change, free=("indices",), indices=indices, updates=updates)

    scatter.__name__ = scatter.__qualname__ = word
    scatter.__doc__ = f"The variable once {what}; indices: (..., k), one number for each of the first k axes."
    return scatter


def _variable(ref: Any, word: str) -> Any:
    if not hasattr(ref, "changed"):
        raise DTypeError(f"{word}: {ref} is no variable; only variables can be changed")
    return ref


def _by_segment(reduced: Callable[..., Any], combine: Callable[..., Any]) -> Callable[..., Any]:
    return lambda old, at, updates: combine(old, reduced(updates, at, old.shape[0]))


scatter_update = _of_rows("scatter_update", "ScatterUpdate", ops.scatter, "some rows are replaced")
scatter_add = _of_rows("scatter_add", "ScatterAdd", ops.scatter_add, "updates are added to some rows")
scatter_sub = _of_rows(
    "scatter_sub", "ScatterSub", lambda x, at, u: ops.scatter_add(x, at, -u), "updates are taken from some rows"
)
scatter_mul = _of_rows(
    "scatter_mul", "ScatterMul", _by_segment(segments.product_of, ops.multiply), "some rows are multiplied"
)
scatter_div = _of_rows(
    "scatter_div", "ScatterDiv", _by_segment(segments.product_of, ops.divide), "some rows are divided"
)
scatter_min = _of_rows(
    "scatter_min", "ScatterMin", _by_segment(segments.smallest_of, ops.minimum), "some rows are at most their updates"
)
scatter_max = _of_rows(
    "scatter_max", "ScatterMax", _by_segment(segments.largest_of, ops.maximum), "some rows are at least their updates"
)
scatter_nd_update = _at_positions("scatter_nd_update", "ScatterNdUpdate", ops.scatter_nd, "some parts are replaced")
scatter_nd_add = _at_positions("scatter_nd_add", "ScatterNdAdd", ops.scatter_nd_add, "updates are added to some parts")
scatter_nd_sub = _at_positions(
    "scatter_nd_sub",
    "ScatterNdSub",
    lambda x, at, u: ops.scatter_nd_add(x, at, -u),
    "updates are taken from some parts",
)
