"""Along axes: sums, averages, extremes, where these stand, and what has added up so far."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from trivium import ops

from . import dtypes
from .build import FLOATS, NUMBERS, REALS, call, convert_to_tensor, graph_of
from .casting import cast
from .comparison import TRUTH, not_equal
from .conversion import constant_in
from .dtypes import as_dtype
from .operation import Tensor
from .sizing import as_number, as_numbers

__all__ = [
    "reduce_sum", "reduce_mean", "reduce_prod", "reduce_max", "reduce_min", "reduce_all", "reduce_any",
    "reduce_logsumexp", "reduce_euclidean_norm", "count_nonzero", "argmax", "argmin", "arg_max",
    "arg_min", "cumsum", "cumprod",
]  # fmt: skip


def _reduction(
    kind: str, name: str, reduce: Callable[..., Any], only: Collection[str], what: str, default: str | None = None
) -> Callable[..., Tensor]:
    """A function that reduces along some axes, or all of them; it knows the words of 2016, too."""

    def reduction(
        input_tensor: Any, axis: Any = None, keepdims: Any = None, name: str | None = None,
        reduction_indices: Any = None, keep_dims: Any = None,
    ) -> Tensor:  # fmt: skip
        axis = reduction_indices if axis is None else axis
        return _reduced(kind, reduce, only, input_tensor, axis, bool(keepdims or keep_dims), name or default or kind)

    reduction.__name__ = reduction.__qualname__ = name
    reduction.__doc__ = f"{what} along some axes, or all of them."
    return reduction


def _reduced(
    kind: str, reduce: Callable[..., Any], only: Collection[str], x: Any, axis: Any, keepdims: bool, name: str
) -> Tensor:
    graph = graph_of([x])
    with graph.as_default():
        tensor = convert_to_tensor(x, name="input_tensor")
        listed = None
        if axis is None:
            indices = np.arange(tensor.shape.ndims or 0, dtype=np.int32)
            axes, listed = None, constant_in(graph, graph.unique_name("Const"), indices)
        else:
            axes = as_numbers(axis, "axis")
        with graph.name_scope(name) as scope:
            if listed is None:
                listed = constant_in(graph, graph.unique_name("reduction_indices"), _as_given(axis, axes))
            graph.prevent_feeding(listed)
            return call(
                kind, lambda s: reduce(s, axis=axes, keepdims=keepdims), scope, only=only, input_tensor=tensor,
                attributes={"keep_dims": keepdims}, shown=[tensor, listed],
            )  # fmt: skip


def _as_given(axis: Any, axes: tuple[int, ...]) -> np.ndarray:
    """The axes as TensorFlow stores them: a scalar for one that was given as a number."""
    return np.array(axes[0] if isinstance(axis, (int, np.integer)) else axes, np.int32)


def _mean(x: Any, *, axis: Any, keepdims: bool) -> Any:
    """The average; of whole numbers, without its fraction."""
    if x.dtype.kind not in "iu":
        return ops.mean(x, axis=axis, keepdims=keepdims)
    total = ops.sum(x, axis=axis, keepdims=keepdims)
    count = ops.cast(ops.element_count(x, axis=axis), dtype=x.dtype.name)
    return ops.floor_divide(total - ops.fmod(total, count), count)


def _euclidean_norm(x: Any, *, axis: Any, keepdims: bool) -> Any:
    return ops.sqrt(ops.sum(ops.square(x), axis=axis, keepdims=keepdims))


reduce_sum = _reduction("Sum", "reduce_sum", ops.sum, NUMBERS, "The sum")
reduce_mean = _reduction("Mean", "reduce_mean", _mean, NUMBERS, "The average")
reduce_prod = _reduction("Prod", "reduce_prod", ops.prod, NUMBERS, "The product")
reduce_max = _reduction("Max", "reduce_max", ops.max, REALS, "The largest element")
reduce_min = _reduction("Min", "reduce_min", ops.min, REALS, "The smallest element")
reduce_all = _reduction("All", "reduce_all", ops.all, TRUTH, "Whether all elements are true")
reduce_any = _reduction("Any", "reduce_any", ops.any, TRUTH, "Whether some element is true")
reduce_logsumexp = _reduction(
    "LogSumExp", "reduce_logsumexp", ops.logsumexp, FLOATS, "log(sum(exp(x)))", "ReduceLogSumExp"
)
reduce_euclidean_norm = _reduction(
    "EuclideanNorm", "reduce_euclidean_norm", _euclidean_norm, FLOATS, "The length of the elements as a vector"
)


def count_nonzero(
    input_tensor: Any, axis: Any = None, keepdims: Any = None, dtype: Any = dtypes.int64, name: str | None = None,
    reduction_indices: Any = None, keep_dims: Any = None,
) -> Tensor:  # fmt: skip
    """How many elements along some axes, or all of them, are not 0."""
    graph = graph_of([input_tensor])
    with graph.as_default(), graph.name_scope(name or "count_nonzero"):
        tensor = convert_to_tensor(input_tensor, name="input_tensor")
        is_counted = not_equal(tensor, False if tensor.dtype.is_bool else 0)
        return reduce_sum(cast(is_counted, dtype), axis, keepdims, None, reduction_indices, keep_dims)


# -- where extremes stand ------------------------------------------------------------------------------------


def argmax(
    input: Any, axis: Any = None, name: str | None = None, dimension: Any = None, output_type: Any = dtypes.int64
) -> Tensor:
    """Where the largest element along an axis stands; along the first one when nothing is said."""
    return _position("ArgMax", ops.argmax, input, axis, dimension, output_type, name)


def argmin(
    input: Any, axis: Any = None, name: str | None = None, dimension: Any = None, output_type: Any = dtypes.int64
) -> Tensor:
    """Where the smallest element along an axis stands; along the first one when nothing is said."""
    return _position("ArgMin", ops.argmin, input, axis, dimension, output_type, name)


arg_max, arg_min = argmax, argmin


def _position(
    kind: str, find: Callable[..., Any], x: Any, axis: Any, dimension: Any, output_type: Any, name: str | None
) -> Tensor:
    axis = as_number(0 if axis is None and dimension is None else dimension if axis is None else axis, "axis")
    wanted = as_dtype(output_type)

    def position(x: Any) -> Any:
        found = find(x, axis=axis)
        return found if wanted == dtypes.int64 else ops.cast(found, dtype=wanted.name)

    return call(kind, position, name, only=REALS, attributes={"output_type": wanted}, input=x)


# -- so far ----------------------------------------------------------------------------------------------------


def cumsum(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Tensor:
    """The sum up to each element along an axis, it included unless `exclusive`; from the end if `reverse`."""
    at = as_number(axis, "axis")
    return call(
        "Cumsum", lambda x: ops.cumsum(x, axis=at, exclusive=bool(exclusive), reverse=bool(reverse)), name,
        only=NUMBERS, attributes={"exclusive": exclusive, "reverse": reverse}, x=x,
    )  # fmt: skip


def cumprod(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Tensor:
    """The product up to each element along an axis, it included unless `exclusive`; from the end if `reverse`."""
    at = as_number(axis, "axis")

    def product(x: Any) -> Any:
        x = ops.flip(x, axis=at) if reverse else x
        y = ops.cumprod(x, axis=at)
        if exclusive:  # one step later, after a 1
            i = at % x.ndim
            y = ops.slice(y, stop=(None,) * i + (-1,))
            y = ops.pad(y, widths=((0, 0),) * i + ((1, 0),) + ((0, 0),) * (x.ndim - i - 1), value=1)
        return ops.flip(y, axis=at) if reverse else y

    return call(
        "Cumprod", product, name, only=NUMBERS, attributes={"exclusive": exclusive, "reverse": reverse}, x=x
    )  # fmt: skip
