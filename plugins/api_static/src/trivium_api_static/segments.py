"""Rows that belong together: sums by segment, counts, and tensors taken apart and put together by number."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from trivium import ops
from trivium.spec import product

from . import dtypes
from .build import FLOATS, NUMBERS, REALS, call, convert_to_tensor
from .dtypes import as_dtype
from .operation import Tensor
from .sizing import as_sizes

__all__ = [
    "segment_sum", "segment_mean", "segment_max", "segment_min", "segment_prod", "unsorted_segment_sum",
    "unsorted_segment_mean", "unsorted_segment_max", "unsorted_segment_min", "unsorted_segment_prod",
    "unsorted_segment_sqrt_n", "dynamic_partition", "dynamic_stitch", "bincount", "histogram_fixed_width",
    "histogram_fixed_width_bins", "confusion_matrix",
]  # fmt: skip


def _size_above(numbers: Any) -> Any:
    """One more than the largest of some whole numbers, as a size; the run tells it."""
    return ops.count_up(ops.max(numbers) + 1).shape[0]


# -- reduced by segment --------------------------------------------------------------------------------------


def _sum(x: Any, segments: Any, count: Any) -> Any:
    """Rows with a negative number belong to no segment: they are summed behind the last one, and cut off."""
    places = ops.where(
        segments < 0, ops.full(shape=(), value=count, dtype=segments.dtype.name, place=x.graph), segments
    )
    n = segments.ndim
    rows = ops.reshape(x, shape=(product(x.shape[:n]), *x.shape[n:]))
    total = ops.segment_sum(rows, ops.reshape(places, shape=(-1,)), count=count + 1)
    return ops.slice(total, stop=(count,))


def _sizes(x: Any, segments: Any, count: Any) -> Any:
    ones = ops.ones_like(ops.cast(segments, dtype=x.dtype.name))
    rest = x.ndim - segments.ndim
    return ops.maximum(ops.reshape(_sum(ones, segments, count), shape=(count, *[1] * rest)), 1.0)


def _mean(x: Any, segments: Any, count: Any) -> Any:
    return _sum(x, segments, count) / _sizes(x, segments, count)


def _sum_over_root(x: Any, segments: Any, count: Any) -> Any:
    return _sum(x, segments, count) / ops.sqrt(_sizes(x, segments, count))


def _masked(reduce: Callable[..., Any], nothing: Callable[[Any], Any]) -> Callable[..., Any]:
    """A reduction of each segment's rows; rows of others take part as what changes nothing."""

    def reduced(x: Any, segments: Any, count: Any) -> Any:
        n = segments.ndim
        rows, rest = product(x.shape[:n]), x.shape[n:]
        numbers = ops.reshape(segments, shape=(1, rows, *[1] * len(rest)))
        each = ops.arange(stop=count, dtype=segments.dtype.name, place=x.graph)
        is_mine = ops.equal(numbers, ops.reshape(each, shape=(count, 1, *[1] * len(rest))))
        return reduce(ops.where(is_mine, ops.reshape(x, shape=(1, rows, *rest)), nothing(x.dtype)), axis=1)

    return reduced


largest_of = _masked(ops.max, lambda dtype: np.asarray(as_dtype(dtype).min).item())
smallest_of = _masked(ops.min, lambda dtype: np.asarray(as_dtype(dtype).max).item())
product_of = _masked(ops.prod, lambda dtype: 1)


def _by_segment(kind: str, reduce: Callable[..., Any], only: Collection[str], what: str) -> Callable[..., Tensor]:
    """A function of rows that are in the order of their segments."""

    def segment(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
        ids = convert_to_tensor(segment_ids, name="segment_ids")
        known = None if ids.known is None else max(ids.known) + 1

        def reduced(x: Any, segments: Any) -> Any:
            return reduce(x, segments, _size_above(segments) if known is None else known)

        return call(kind, reduced, name, only=only, free=("segment_ids",), data=data, segment_ids=ids)

    segment.__doc__ = f"{what} of the rows of each segment; `segment_ids` has one for each row, in order."
    return segment


def _by_number(kind: str, reduce: Callable[..., Any], only: Collection[str], what: str) -> Callable[..., Tensor]:
    """A function of rows, or blocks, in any order."""

    def segment(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
        count = as_sizes(num_segments, "num_segments")[0]
        return call(
            kind, lambda x, segments: reduce(x, segments, count), name, only=only, free=("segment_ids",), data=data,
            segment_ids=segment_ids,
        )  # fmt: skip

    segment.__doc__ = f"{what} of the parts of each segment, in any order; those with a negative number are left out."
    return segment


segment_sum = _by_segment("SegmentSum", _sum, NUMBERS, "The sum")
segment_mean = _by_segment("SegmentMean", _mean, FLOATS, "The average")
segment_max = _by_segment("SegmentMax", largest_of, REALS, "The largest")
segment_min = _by_segment("SegmentMin", smallest_of, REALS, "The smallest")
segment_prod = _by_segment("SegmentProd", product_of, NUMBERS, "The product")
unsorted_segment_sum = _by_number("UnsortedSegmentSum", _sum, NUMBERS, "The sum")
unsorted_segment_mean = _by_number("UnsortedSegmentMean", _mean, FLOATS, "The average")
unsorted_segment_max = _by_number("UnsortedSegmentMax", largest_of, REALS, "The largest")
unsorted_segment_min = _by_number("UnsortedSegmentMin", smallest_of, REALS, "The smallest")
unsorted_segment_prod = _by_number("UnsortedSegmentProd", product_of, NUMBERS, "The product")
unsorted_segment_sqrt_n = _by_number(
    "UnsortedSegmentSqrtN", _sum_over_root, FLOATS, "The sum divided by the root of the number"
)


# -- apart and together --------------------------------------------------------------------------------------


def dynamic_partition(data: Any, partitions: Any, num_partitions: int, name: str | None = None) -> list[Tensor]:
    """The parts of a tensor by the number that each has."""

    def parts(x: Any, numbers: Any) -> Any:
        n = numbers.ndim
        rows = ops.reshape(x, shape=(product(x.shape[:n]), *x.shape[n:]))
        numbers = ops.reshape(numbers, shape=(-1,))
        places = [ops.squeeze(ops.nonzero(ops.equal(numbers, i)), axis=1) for i in range(int(num_partitions))]
        return [ops.gather(rows, at) for at in places]

    made = call("DynamicPartition", parts, name, free=("partitions",), data=data, partitions=partitions)
    return made if isinstance(made, list) else [made]


def dynamic_stitch(indices: Sequence[Any], data: Sequence[Any], name: str | None = None) -> Tensor:
    """Tensors put together: each part of `data` stands where its index says."""
    places = [convert_to_tensor(x, name="indices") for x in indices]
    known = None
    if all(x.known is not None for x in places):
        known = max([n for x in places for n in x.known.ravel()], default=-1) + 1
    count = len(places)

    def stitched(*symbols: Any) -> Any:
        at = ops.concatenate(*[ops.reshape(x, shape=(-1,)) for x in symbols[:count]], axis=0)
        parts = zip(symbols[:count], symbols[count:])
        rows = ops.concatenate(
            *[ops.reshape(x, shape=(product(i.shape), *x.shape[i.ndim :])) for i, x in parts], axis=0
        )
        size = _size_above(at) if known is None else known
        return ops.scatter(ops.zeros(shape=(size, *rows.shape[1:]), dtype=rows.dtype.name, place=rows.graph), at, rows)

    named = {f"indices_{i}": x for i, x in enumerate(places)}
    given = {f"data_{i}": x for i, x in enumerate(data)}
    return call("DynamicStitch", stitched, name, free=tuple(named), **named, **given)


# -- counted -------------------------------------------------------------------------------------------------


def bincount(
    arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None, dtype: Any = dtypes.int32
) -> Tensor:
    """How often each number from 0 up occurs; with weights, their sums.

    return: up to the largest number, at least `minlength` and at most `maxlength` counts
    """
    least, wanted = 0 if minlength is None else minlength, as_dtype(dtype)
    tensor = convert_to_tensor(arr, name="arr")
    given = [convert_to_tensor(x, tensor.dtype) for x in (least, maxlength) if x is not None]

    def counted(x: Any, least: Any, *rest: Any) -> Any:
        most = rest[0] if maxlength is not None else None
        x = ops.reshape(x, shape=(-1,))
        length = ops.max(ops.concatenate(x, ops.reshape(least - 1, shape=(1,)), axis=0)) + 1
        length = length if most is None else ops.minimum(length, most)
        size = ops.count_up(length).shape[0]
        if weights is None:
            values = ops.cast(ops.ones_like(x), dtype=wanted.name)
        else:
            values = ops.reshape(rest[-1], shape=(-1,))
        return ops.slice(ops.segment_sum(values, ops.minimum(x, length), count=size + 1), stop=(size,))

    return call(
        "Bincount", counted, default="bincount", free=("weights",), arr=tensor,
        **{f"limit_{i}": x for i, x in enumerate(given)}, weights=weights,
    )  # fmt: skip


def histogram_fixed_width_bins(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = dtypes.int32, name: str | None = None
) -> Tensor:
    """In which of `nbins` equal parts of a range each value is; the first and last take what is beyond."""
    count, wanted = as_sizes(nbins, "nbins")[0], as_dtype(dtype).name
    return call(
        "HistogramFixedWidthBins", lambda x, limits: ops.cast(_bins(x, limits, count), dtype=wanted), name,
        default="histogram_fixed_width_bins", only=REALS, values=values, value_range=value_range,
    )  # fmt: skip


def histogram_fixed_width(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = dtypes.int32, name: str | None = None
) -> Tensor:
    """How many values are in each of `nbins` equal parts of a range; the first and last take what is beyond."""
    count, wanted = as_sizes(nbins, "nbins")[0], as_dtype(dtype).name

    def counted(x: Any, limits: Any) -> Any:
        places = ops.reshape(_bins(x, limits, count), shape=(-1,))
        return ops.segment_sum(ops.cast(ops.ones_like(places), dtype=wanted), places, count=count)

    return call(
        "HistogramFixedWidth", counted, name, default="histogram_fixed_width", only=REALS, values=values,
        value_range=value_range,
    )  # fmt: skip


def _bins(x: Any, limits: Any, count: Any) -> Any:
    x, limits = ops.cast(x, dtype="float64"), ops.cast(limits, dtype="float64")
    low, high = ops.slice(limits, stop=(1,)), ops.slice(limits, start=(1,))
    scaled = (ops.reshape(x, shape=(-1,)) - low) / (high - low)
    number = ops.full(shape=(), value=count, dtype="float64", place=x.graph)
    inside = ops.clip(ops.floor(scaled * number), ops.zeros_like(number), number - 1.0)
    return ops.reshape(ops.cast(inside, dtype="int64"), shape=x.shape)


def confusion_matrix(
    labels: Any, predictions: Any, num_classes: Any = None, dtype: Any = dtypes.int32, name: str | None = None,
    weights: Any = None,
) -> Tensor:  # fmt: skip
    """How often each label (row) was predicted as each class (column), or the sums of weights."""
    count = None if num_classes is None else as_sizes(num_classes, "num_classes")[0]
    wanted = as_dtype(dtype).name

    def counted(labels: Any, predictions: Any, weights: Any = None) -> Any:
        rows = [ops.cast(ops.reshape(x, shape=(-1,)), dtype="int64") for x in (labels, predictions)]
        n = _size_above(ops.concatenate(*rows, axis=0)) if count is None else count
        values = ops.ones_like(rows[0]) if weights is None else ops.reshape(weights, shape=rows[0].shape)
        empty = ops.zeros(shape=(n, n), dtype=wanted, place=labels.graph)
        return ops.scatter_nd_add(empty, ops.stack(*rows, axis=1), ops.cast(values, dtype=wanted))

    return call(
        "ConfusionMatrix", counted, name, default="confusion_matrix", free=("labels", "predictions", "weights"),
        labels=labels, predictions=predictions, weights=weights,
    )  # fmt: skip
