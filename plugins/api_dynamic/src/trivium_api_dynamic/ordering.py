"""Order: sorting, the k-th of a row, the middle one, the most frequent one; what there is, and how often."""

import math
from typing import Any

import numpy as np

from trivium import ops

from . import return_types
from .axes import axis_in, whole
from .errors import ArgumentValueError, AxisError, SizeMismatchError, UnsupportedDTypeError
from .promotion import cast, category, matched
from .shaping import select
from .tensors import as_ours
from .words import word


def with_axis(input: Any, dim: Any) -> tuple[Any, int]:
    """The input, of one axis at least, and the axis."""
    axis = axis_in(dim, input.spec.ndim)
    return (input if input.spec.ndim else ops.reshape(input, shape=(1,))), axis


def shaped_like(input: Any, parts: Any) -> list[Any]:
    """Parts of a tensor that was given an axis, without it."""
    return [ops.reshape(part, shape=()) for part in parts] if input.spec.ndim == 0 else list(parts)


@word
def sort(input, dim=-1, descending=False, stable=True):
    """The elements in order along `dim`, and where each stood."""
    x, axis = with_axis(input, dim)
    return return_types.sort(*shaped_like(input, ops.sort(x, axis=axis, descending=bool(descending))))


@word
def argsort(input, dim=-1, descending=False, stable=True):
    """Where the elements stand that `sort` puts in order."""
    return sort(input, dim, descending).indices


@word
def msort(input):
    """The elements in order along the first axis."""
    return sort(input, 0).values


@word
def topk(input, k, dim=-1, largest=True, sorted=True):
    """The k largest elements along `dim`, or the k smallest, and where each stood."""
    x, axis = with_axis(input, dim)
    k = whole(k, "k")
    if not 0 <= k <= x.spec.shape[axis]:
        raise SizeMismatchError(f"selected index k out of range: {k} of {x.spec.shape[axis]} along dim {axis}")
    found = ops.top_k(x, k=k, axis=axis, largest=bool(largest))
    return return_types.topk(*(shaped_like(input, found) if k else found))


def picked(input: Any, parts: Any, position: int, axis: int, keepdim: bool) -> list[Any]:
    """One position of an axis of values and indices."""
    chosen = [select(part, axis, position) for part in parts]
    if keepdim and input.spec.ndim:
        chosen = [ops.expand(part, axis=axis) for part in chosen]
    return [ops.reshape(part, shape=()) for part in chosen] if input.spec.ndim == 0 else chosen


@word
def kthvalue(input, k, dim=-1, keepdim=False):
    """The k-th smallest element along `dim`, counted from 1, and where it stands."""
    x, axis = with_axis(input, dim)
    k = whole(k, "k")
    if not 1 <= k <= x.spec.shape[axis]:
        raise SizeMismatchError(f"kthvalue(): selected number k out of range for dimension {axis}: {k}")
    return return_types.kthvalue(*picked(input, ops.sort(x, axis=axis), k - 1, axis, keepdim))


@word
def median(input, dim=None, keepdim=False):
    """The middle element, the lower of two, or NaN if there is one; along `dim`, also where it stands."""
    if dim is None:
        flat = ops.reshape(input, shape=(-1,))
        if flat.spec.size == 0:
            return as_ours(ops.full(shape=(), dtype=input.spec.dtype.name, value=float("nan"), place=input.place))
        middle = median(ops.stop_gradient(flat), 0).values
        if category(input.spec.dtype) < 2:
            return middle
        # the largest of those that equal it: they share its gradient
        is_it = ops.logical_or(ops.equal(flat, middle), ops.isnan(flat))
        return ops.max(ops.where(is_it, flat, -math.inf))
    x, axis = with_axis(input, dim)
    size = x.spec.shape[axis]
    if size == 0:
        raise AxisError(f"median(): Expected reduction dim {axis} to have non-zero size.")
    parts = ops.sort(x, axis=axis)
    middle = picked(input, parts, (size - 1) // 2, axis, keepdim)
    if category(input.spec.dtype) < 2:
        return return_types.median(*middle)
    last = picked(input, parts, size - 1, axis, keepdim)  # NaN stands last
    is_nan = ops.isnan(last[0])
    return return_types.median(*[ops.where(is_nan, *pair) for pair in zip(last, middle)])


@word
def mode(input, dim=-1, keepdim=False):
    """The most frequent element along `dim`, the smallest of several, and where it stands last."""
    x, axis = with_axis(input, dim)
    parts = ops.mode(x, axis=axis)
    if keepdim and input.spec.ndim:
        parts = [ops.expand(part, axis=axis) for part in parts]
    return return_types.mode(*parts)


@word
def quantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    """The elements below which the part q of a row is, between two of them in proportion."""
    if interpolation != "linear":
        raise ArgumentValueError(f"quantile() interpolation must be linear here, but got {interpolation}")
    x, axis = (ops.reshape(input, shape=(-1,)), 0) if dim is None else with_axis(input, dim)
    ordered = ops.sort(x, axis=axis)[0]
    last = x.spec.shape[axis] - 1
    at = q * last if hasattr(q, "spec") else [v * last for v in q] if isinstance(q, (list, tuple)) else q * last
    single = not isinstance(at, list) and not getattr(getattr(at, "spec", None), "ndim", 0)
    parts = []
    for place in [at] if single else at:
        low = math.floor(float(place))
        a, b = select(ordered, axis, low), select(ordered, axis, min(low + 1, last))
        parts.append(a + (b - a) * (place - low))
    if keepdim:
        shape = [1] * input.spec.ndim if dim is None else [1 if i == axis else n for i, n in enumerate(x.spec.shape)]
        parts = [ops.reshape(part, shape=tuple(shape)) for part in parts]
    return parts[0] if single else ops.stack(*parts)


# -- what there is -------------------------------------------------------------------------------


def chosen(out: Any, inverse: Any, counts: Any, return_inverse: bool, return_counts: bool) -> Any:
    found = (out, *([inverse] if return_inverse else ()), *([counts] if return_counts else ()))
    return found if len(found) > 1 else out


@word
def unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None):
    """Each element once, in order; where each element stands there, and how often each occurs, if asked for.

    dim: compare the parts along an axis instead
    """
    out, inverse, counts = ops.unique(input, axis=None if dim is None else axis_in(dim, input.spec.ndim))
    return chosen(out, inverse, counts, return_inverse, return_counts)


@word
def unique_consecutive(input, return_inverse=False, return_counts=False, dim=None):
    """The elements without those that equal the one before."""
    if dim is not None:
        axis = axis_in(dim, input.spec.ndim)
        others = tuple([i for i in range(input.spec.ndim) if i != axis])
    else:
        axis, others = 0, ()
    x = ops.reshape(input, shape=(-1,)) if dim is None else input
    before = (None,) * axis
    differs = ops.not_equal(ops.slice(x, start=(*before, 1)), ops.slice(x, stop=(*before, -1)))
    differs = ops.any(differs, axis=others) if others else differs
    first = ops.ones(shape=(min(x.spec.shape[axis], 1),), dtype="bool", place=x.place)
    is_new = ops.cast(ops.concatenate(first, differs, axis=0), dtype="int64")
    place = ops.cumsum(is_new, axis=0) - 1
    starts = ops.squeeze(ops.nonzero(is_new), axis=1)
    inverse = ops.reshape(place, shape=input.spec.shape) if dim is None else place
    return chosen(
        ops.gather(x, starts, axis=axis), inverse, ops.bincount(place, length=None), return_inverse, return_counts
    )


@word
def searchsorted(sorted_sequence, input, *, out_int32=False, right=False, side=None):
    """How many elements of a row in order are below each element."""
    edges, x = sorted_sequence, input
    side = side or ("right" if right else "left")
    if not hasattr(x, "spec"):
        x = ops.full(shape=(), dtype=edges.spec.dtype.name, value=x, place=edges.place)
    found = ops.searchsorted(*matched(edges, x), side=side)
    return ops.cast(found, dtype="int32") if out_int32 else found


@word
def bucketize(input, boundaries, *, out_int32=False, right=False):
    """Between which of some boundaries each element lies."""
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


@word
def bincount(input, weights=None, minlength=0):
    """How often each number from 0 on occurs, or the sum of the weights where it does."""
    if category(input.spec.dtype) != 1:
        raise UnsupportedDTypeError(f"bincount: not implemented for {input.dtype}; it counts whole numbers")
    if input.spec.ndim != 1:
        raise SizeMismatchError(f"bincount only supports 1-d non-negative integral inputs; got {input.spec}")
    if input.spec.size and ops.min(input).item() < 0:
        raise ArgumentValueError("bincount only supports 1-d non-negative integral inputs; got a number below 0")
    if minlength < 0:
        raise ArgumentValueError(f"minlength should be >= 0; got {minlength}")
    length = max(int(minlength), int(ops.max(input).item()) + 1 if input.spec.size else 0)
    index = cast(input, np.dtype(np.int64))
    if weights is None:
        return ops.bincount(index, length=length)
    weights = weights if weights.spec.dtype == np.float32 else cast(weights, np.dtype(np.float64))
    return ops.segment_sum(weights, index, count=length)


@word
def histc(input, bins=100, min=0, max=0):
    """How many elements fall into each of `bins` equal parts of min..max, or of what there is if both are equal."""
    low, high = float(min), float(max)
    if low == high and input.spec.size:
        low, high = float(ops.min(input).item()), float(ops.max(input).item())
    if low == high:
        low, high = low - 1.0, high + 1.0
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ArgumentValueError(f"range of [{low}, {high}] is not finite")
    if low > high:
        raise ArgumentValueError("max must be larger than min")
    if whole(bins, "bins") < 1:
        raise ArgumentValueError(f"histc: bins must be > 0, but got {bins}")
    return ops.histogram(ops.reshape(input, shape=(-1,)), bins=bins, low=low, high=high)
