"""Order: sorting, the largest few, what is there at all; and counting.

Equal elements keep their order, also where the largest come first.  NaN counts as largest.
"""

import numpy as np

from ..errors import ShapeError
from ..op import op
from ..spec import Dim, Spec, product, same_size
from .axes import one_axis
from .choice import check_choice
from .creation import zeros_beside
from .indexing import POSITIONS, check_indices, gather, put_along_add
from .shaping import expand, reshape, squeeze
from .shaping import slice as part

__all__ = [
    "sort",
    "argsort",
    "top_k",
    "in_top_k",
    "mode",
    "unique",
    "nonzero",
    "masked_select",
    "searchsorted",
    "bincount",
    "histogram",
]


@op(outputs=("out", "indices"), auxiliary=("indices",))
def sort(x, *, axis=-1, descending=False):
    """The elements in order along `axis`, and int64: where each stood."""
    if descending:
        last = x.shape[axis] - 1
        order = last - np.flip(np.argsort(np.flip(x, axis), axis, kind="stable"), axis)
    else:
        order = np.argsort(x, axis, kind="stable")
    return np.take_along_axis(x, order, axis), order.astype(np.int64)


@sort.shape
def sort_shape(x, *, axis, descending):
    one_axis(axis, x.ndim)
    return x, x.with_dtype(np.int64)


@sort.gradient("x")
def sort_gradient(g, x_spec, indices, axis):
    return put_along_add(zeros_beside(g, x_spec), indices, g, axis=axis)


@sort.samples
def sort_samples(make):
    yield make.distinct(3, 4)
    yield make.distinct(3, 4), {"axis": 0, "descending": True}
    yield make.integers(4, 6, high=3), {"descending": True}
    yield make.integers(4, 6, high=3), {"axis": 0}
    yield make(1)
    yield make(0, 3)
    yield make.distinct(3, 5)


def argsort(x, *, axis=-1, descending=False):
    """Where the elements stand that `sort` puts in order: int64."""
    return sort(x, axis=axis, descending=descending)[1]


@op(outputs=("out", "indices"), auxiliary=("indices",))
def top_k(x, *, k, axis=-1, largest=True):
    """The k largest elements along `axis`, the largest first, or the k smallest; and int64: where each stands.

    The first of equal elements comes first.
    """
    out, order = sort.reference(x, axis=axis, descending=largest)
    first = (slice(None),) * (axis % x.ndim) + (slice(k),)
    return out[first], order[first]


@top_k.shape
def top_k_shape(x, *, k, axis, largest):
    i = one_axis(axis, x.ndim)
    size = x.shape[i]
    if k < 0 or (type(size) is not Dim and k > size):
        raise ShapeError(f"{k} of the {size} elements along axis {axis} of {x}")
    out = x.with_shape((*x.shape[:i], k, *x.shape[i + 1 :]))
    return out, out.with_dtype(np.int64)


@top_k.gradient("x")
def top_k_gradient(g, x_spec, indices, axis):
    return put_along_add(zeros_beside(g, x_spec), indices, g, axis=axis)


@top_k.decomposition
def top_k_composed(x, *, k, axis, largest):
    first = (None,) * one_axis(axis, x.ndim) + (k,)
    return tuple([part(whole, stop=first) for whole in sort(x, axis=axis, descending=largest)])


@top_k.samples
def top_k_samples(make):
    yield make.distinct(3, 5), {"k": 2}
    yield make.distinct(4, 3), {"k": 3, "axis": 0, "largest": False}
    yield make.integers(4, 6, high=3), {"k": 4}
    yield make(2, 3), {"k": 0}
    yield make(0, 3), {"k": 1}
    yield make.distinct(5, 5), {"k": 5, "axis": 0}


@op(free=("labels",))
def in_top_k(scores, labels, *, k):
    """Whether each label is among the k best scores of its row; ties count in its favour.

    scores: (N, classes)
    labels: (N,) whole numbers; false for one outside 0..classes-1
    return: (N,) bool; false where the label's score is not finite
    """
    is_class = (labels >= 0) & (labels < scores.shape[1])
    own = scores[np.arange(len(labels)), np.where(is_class, labels, 0)]
    return is_class & np.isfinite(own) & ((scores > own[:, None]).sum(axis=1) < k)


@in_top_k.shape
def in_top_k_shape(scores, labels, *, k):
    check_indices(labels)
    if scores.ndim != 2 or labels.ndim != 1 or not same_size(scores.shape[0], labels.shape[0]):
        raise ShapeError(f"needs scores (N, classes) and labels (N,), got {scores} and {labels}")
    return labels.with_dtype(bool)


in_top_k.no_gradient("true and false change in steps")


@in_top_k.samples
def in_top_k_samples(make):
    yield make(5, 4), make.integers(5, high=4), {"k": 2}
    yield np.array([[1.0, 1.0, 0.0], [np.inf, 2.0, 1.0]]), np.array([1, 0]), {"k": 1}
    yield make(3, 2), np.array([-1, 2, 1]), {"k": 2}
    yield make(0, 3), make.integers(0), {"k": 1}
    yield np.array([[0, 1, 2]]) + 2**60, np.array([0]), {"k": 2}
    yield np.array([[0.1, 0.2, 0.3, 0.4]] * 4), np.arange(4), {"k": 1}
    yield np.array([[0.1, 0.2, 0.3, 0.4]] * 4), np.arange(4), {"k": 3}


@op(outputs=("out", "indices"), auxiliary=("indices",))
def mode(x, *, axis=-1):
    """The element that occurs most often along `axis`, the smallest of several; int64: where it stands last."""
    rows = np.sort(np.moveaxis(x, axis, -1), axis=-1)
    counts = (rows[..., :, None] == rows[..., None, :]).sum(axis=-1)
    out = np.take_along_axis(rows, counts.argmax(axis=-1)[..., None], -1)
    is_it = np.flip(np.moveaxis(x, axis, -1) == out, axis=-1)
    return out[..., 0], (x.shape[axis] - 1 - is_it.argmax(axis=-1)).astype(np.int64)


@mode.shape
def mode_shape(x, *, axis):
    i = one_axis(axis, x.ndim)
    if type(x.shape[i]) is not Dim and x.shape[i] == 0:
        raise ShapeError(f"{x} has no element along axis {axis}")
    out = x.with_shape((*x.shape[:i], *x.shape[i + 1 :]))
    return out, out.with_dtype(np.int64)


@mode.gradient("x")
def mode_gradient(g, x_spec, indices, axis):
    chosen = [expand(value, axis=one_axis(axis, x_spec.ndim)) for value in (indices, g)]
    return put_along_add(zeros_beside(g, x_spec), *chosen, axis=axis)


@mode.samples
def mode_samples(make):
    yield make.integers(4, 6, high=3)
    yield make.integers(5, 2, 3, high=3), {"axis": 0}
    yield make.distinct(3, 4)
    yield make(0, 3)


# -- results whose size only running tells -------------------------------------------------------


@op(outputs=("out", "inverse", "counts"), auxiliary=("inverse", "counts"))
def unique(x, *, order="sorted", axis=None):
    """Each value once; where each element's value stands there; how often each occurs.

    return: (k,), int64 of the shape of x, int64 (k,)
    order:  "sorted", or "seen": as they first occur
    axis:   compare the parts along an axis instead: (..., k, ...), int64 (n,), int64 (k,)
    """
    out, first, inverse, counts = np.unique(x if axis is not None else x.reshape(-1), True, True, True, axis=axis)
    inverse = inverse.reshape(-1)
    if order == "seen":
        places = np.argsort(first, kind="stable")
        out, counts, inverse = out.take(places, axis or 0), counts[places], np.argsort(places)[inverse]
    inverse = inverse.reshape(x.shape) if axis is None else inverse
    return out, inverse.astype(np.int64), counts.astype(np.int64)


@unique.shape
def unique_shape(x, *, order, axis):
    check_choice("order", order, ("sorted", "seen"))
    count = Spec((Dim(),), np.int64)
    if axis is None:
        return x.with_shape(count.shape), x.with_dtype(np.int64), count
    i = one_axis(axis, x.ndim)
    return x.with_shape((*x.shape[:i], *count.shape, *x.shape[i + 1 :])), Spec((x.shape[i],), np.int64), count


unique.no_gradient("x", "how many values there are changes in steps")


@unique.samples
def unique_samples(make):
    yield make.integers(3, 4, high=6)
    yield np.array([2.5, -1.0, 2.5, 0.0, -1.0]), {"order": "seen"}
    yield make.bools(5)
    yield make.integers(0, 3)
    yield np.array([0.1, 3.3, 0.1])
    yield make.integers(5, high=2) + 2**60
    yield make.integers(6, 2, high=2), {"axis": 0}
    yield make.integers(2, 6, high=2), {"axis": -1, "order": "seen"}


@op
def nonzero(x):
    """Where x is not 0, or true: the position of each such element, row by row.

    return: int64 (k, ndim)
    """
    return np.argwhere(x).astype(np.int64)


@nonzero.shape
def nonzero_shape(x):
    return Spec((Dim(), x.ndim), np.int64)


nonzero.no_gradient("x", POSITIONS)


@nonzero.samples
def nonzero_samples(make):
    yield make.bools(3, 4)
    yield make.integers(2, 3, 2, high=2)
    yield np.array([0.0, 2.5, np.nan])
    yield make.bools(0, 3)


def masked_select(x, mask):
    """The elements of x where the mask is true, row by row.

    mask:   bool, the shape of x
    return: (k,)
    """
    if x.ndim != mask.ndim or not all(map(same_size, x.shape, mask.shape)):
        raise ShapeError(f"masked_select: {mask.spec} does not fit {x.spec}; broadcast it first")
    row = (product(x.shape),)
    return gather(reshape(x, shape=row), squeeze(nonzero(reshape(mask, shape=row)), axis=1))


# -- counting ------------------------------------------------------------------------------------


@op
def searchsorted(edges, x, *, side="left"):
    """How many edges are below each element: where it would stand among them.

    edges:  (n,) in order
    x:      any shape
    return: int64, the shape of x
    side:   "left": edges below the element; "right": those equal to it, too
    """
    return np.asarray(np.searchsorted(edges, x, side=side)).astype(np.int64)


@searchsorted.shape
def searchsorted_shape(edges, x, *, side):
    if edges.ndim != 1:
        raise ShapeError(f"edges are one row of numbers in order, got {edges}")
    check_choice("side", side, ("left", "right"))
    return x.with_dtype(np.int64)


searchsorted.no_gradient(POSITIONS)


@searchsorted.samples
def searchsorted_samples(make):
    edges = np.array([-1.0, 0.0, 0.5, 0.5, 2.0])
    yield edges, np.array([[0.5, -3.0, 0.2], [2.0, 9.0, -1.0]])
    yield edges, np.array([0.5, -3.0, 0.2, 2.0, 9.0]), {"side": "right"}
    yield np.sort(make.integers(6, high=9)), make.integers(4, high=9)
    yield edges, np.array(0.1)
    yield make(0), make(3)
    yield np.arange(5) + 2**60, np.array([1, 3, 9]) + 2**60
    yield edges, np.array([-0.5, 0.2])


@op
def bincount(x, *, length=None):
    """How often each number from 0 on occurs.

    x:      (n,) whole numbers, not negative
    return: (length,) int64
    length: numbers from there on are not counted; one more than the largest in x where it is None

    With weights, it is segment_sum.
    """
    return np.bincount(x if length is None else x[x < length], minlength=length or 0).astype(np.int64)


@bincount.shape
def bincount_shape(x, *, length):
    check_indices(x)
    if x.ndim != 1:
        raise ShapeError(f"needs one row of numbers, got {x}")
    return Spec((Dim() if length is None else length,), np.int64)


bincount.no_gradient("x", "it counts whole numbers")


@bincount.samples
def bincount_samples(make):
    yield make.integers(9, high=5)
    yield make.integers(6, high=5), {"length": 7}
    yield make.integers(6, high=5), {"length": 3}
    yield make.integers(0), {"length": 2}
    yield make.integers(7, high=5)


@op
def histogram(x, *, bins, low, high):
    """How many elements fall into each of `bins` equal parts of low..high, both ends included.

    return: (bins,) in the dtype of x; elements outside count nowhere
    """
    return np.histogram(x, bins, (low, high))[0].astype(x.dtype)


@histogram.shape
def histogram_shape(x, *, bins, low, high):
    if bins < 1 or not low < high:
        raise ShapeError(f"{bins} bins from {low} to {high}: needs one or more, and low below high")
    return x.with_shape((bins,))


histogram.no_gradient("x", "counts change in steps")


@histogram.samples
def histogram_samples(make):
    yield make(3, 4), {"bins": 4, "low": -1.1, "high": 1.3}
    yield np.array([0.0, 0.5, 1.0, 2.0, 0.25]), {"bins": 4, "low": 0.0, "high": 1.0}
    yield make(0), {"bins": 2, "low": 0.0, "high": 1.0}
