"""Ops that read or add at positions given by another value.

A position outside its axis is an error; negative ones count from the end, as in NumPy.
"""

import numpy as np

from ..errors import DTypeError, ShapeError
from ..op import op
from ..spec import Spec, same_size
from .axes import one_axis
from .creation import arange, ones_like, zeros_beside
from .elementwise import cast, equal, less, maximum, stop_gradient, where
from .shaping import concatenate, reshape

__all__ = [
    "Rows",
    "gather",
    "scatter",
    "scatter_add",
    "embedding",
    "segment_sum",
    "segment_mean",
    "take_along",
    "put_along",
    "put_along_add",
    "gather_nd",
    "scatter_nd",
    "scatter_nd_add",
    "one_hot",
    "sequence_mask",
]

POSITIONS = "positions are whole numbers"


def check_indices(indices):
    if indices.dtype.kind not in "iu":
        raise DTypeError(f"indices are {indices}, not whole numbers; cast them to int64")


# -- whole rows ----------------------------------------------------------------------------------


@op(free=("indices",))
def gather(x, indices, *, axis=0, sparse_gradient=False):
    """The rows of x that the indices name.

    x:       (..., rows, ...)         rows along `axis`
    indices: any shape, whole numbers
    return:  (..., *indices.shape, ...)
    sparse_gradient: let the gradient name rows instead of filling a whole x with zeros
    """
    return np.take(x, indices, axis=axis)


@gather.shape
def gather_shape(x, indices, *, axis, sparse_gradient):
    check_indices(indices)
    i = one_axis(axis, x.ndim)
    return x.with_shape((*x.shape[:i], *indices.shape, *x.shape[i + 1 :]))


gather.no_gradient("indices", POSITIONS)


@gather.gradient("x")
def gather_gradient(g, x_spec, indices, axis, sparse_gradient):
    if sparse_gradient and axis == 0:
        return Rows(reshape(indices, shape=(-1,)), reshape(g, shape=(-1, *x_spec.shape[1:])), x_spec)
    return scatter_add(zeros_beside(g, x_spec), indices, g, axis=axis)


class Rows:
    """The gradient of a table of which few rows were used.

    indices: (count,) which rows; one may stand there twice, then both gradients count
    values:  (count, ...) the gradient of each
    spec:    of the whole table
    """

    def __init__(self, indices, values, spec):
        self.indices, self.values, self.spec = indices, values, spec

    @property
    def shape(self):
        """Of the whole table."""
        return self.spec.shape

    def dense(self):
        """The gradient as an ordinary value of the table's shape."""
        zero = zeros_beside(self.values, self.spec)
        return scatter_add(zero, self.indices, self.values)

    def __add__(self, other):
        if not isinstance(other, Rows):
            return scatter_add(other, self.indices, self.values)
        return Rows(concatenate(self.indices, other.indices), concatenate(self.values, other.values), self.spec)

    __radd__ = __add__

    def __repr__(self):
        return f"<rows {self.indices.spec} of {self.spec}>"


@gather.samples
def gather_samples(make):
    yield make(5, 3), make.integers(4, high=5)
    yield make(5, 3), make.integers(2, 2, high=5), {"sparse_gradient": True}
    yield make(2, 4, 3), make.integers(6, high=4), {"axis": 1}
    yield make(2, 4), np.array([-1, 0, -1]), {"axis": -1}
    yield make(5, 3), np.array(2)
    yield make(5, 3), make.integers(0)
    yield make(3, 3), np.array([2, 0, 1]), {"axis": 1}


@op(free=("indices",))
def scatter_add(x, indices, updates, *, axis=0):
    """x with each update added to the row that its index names; a row may be named again.

    x:       (..., rows, ...)         rows along `axis`
    indices: any shape, whole numbers
    updates: (..., *indices.shape, ...)
    """
    out = x.copy()
    np.add.at(out, (*[slice(None)] * (axis % x.ndim), indices), updates)
    return out


@scatter_add.shape
def scatter_add_shape(x, indices, updates, *, axis):
    expected = gather_shape(x, indices, axis=axis, sparse_gradient=False)
    if not is_same_shape(updates, expected):
        raise ShapeError(f"indices {indices} on axis {axis} of {x} need updates {expected}, got {updates}")
    return x


def is_same_shape(a, b):
    return a.ndim == b.ndim and all(map(same_size, a.shape, b.shape))


scatter_add.no_gradient("indices", POSITIONS)


@scatter_add.gradient("x")
def scatter_add_gradient_x(g):
    return g


@scatter_add.gradient("updates")
def scatter_add_gradient_updates(g, indices, axis):
    return gather(g, indices, axis=axis)


@scatter_add.samples
def scatter_add_samples(make):
    yield make(5, 3), np.array([1, 3, 1, 0]), make(4, 3)
    yield make(2, 4, 3), make.integers(2, 3, high=4), make(2, 2, 3, 3), {"axis": 1}
    yield make(2, 4), np.array([-1, 3]), make(2, 2), {"axis": -1}
    yield make(5, 3), np.array(2), make(3)
    yield make(5, 3), make.integers(0), make(0, 3)
    yield make(3, 3), np.array([-1, 1, -1]), make(3, 3)
    yield make(3, 3), np.array([-1, 1, -1]), make(3, 3), {"axis": -1}


@op(free=("indices",))
def scatter(x, indices, updates, *, axis=0):
    """x with each row that an index names replaced by its update; where one is named again, one of them stays.

    x:       (..., rows, ...)         rows along `axis`
    indices: any shape, whole numbers
    updates: (..., *indices.shape, ...)

    The gradient takes it that no row is named again.
    """
    out = x.copy()
    out[(*[slice(None)] * (axis % x.ndim), indices)] = updates
    return out


scatter.shape(scatter_add_shape)
scatter.no_gradient("indices", POSITIONS)
scatter.gradient("updates")(scatter_add_gradient_updates)


@scatter.gradient("x")
def scatter_gradient_x(g, indices, updates_spec, axis):
    return scatter(g, indices, zeros_beside(g, updates_spec), axis=axis)


@scatter.samples
def scatter_samples(make):
    yield make(5, 3), np.array([4, 3, 0]), make(3, 3)
    yield make(2, 7, 3), np.array([[1, 3], [6, 0]]), make(2, 2, 2, 3), {"axis": 1}
    yield make(2, 4), np.array([-1, 0]), make(2, 2), {"axis": -1}
    yield make(5, 3), np.array(2), make(3)
    yield make(5, 3), make.integers(0), make(0, 3)
    yield make(3, 3), np.array([-1, 0, 1]), make(3, 3)
    yield make(3, 3), np.array([-1, 0, 1]), make(3, 3), {"axis": -1}


def embedding(table, indices, *, padding=None):
    """The rows of a table that the indices name; its gradient names rows instead of filling a whole table.

    table:   (rows, units)
    indices: any shape, whole numbers
    return:  (*indices.shape, units)
    padding: the index whose row does not learn
    """
    rows = gather(table, indices, sparse_gradient=True)
    if padding is None:
        return rows
    is_padding = reshape(equal(indices, padding), shape=(*indices.shape, *[1] * (table.ndim - 1)))
    return where(is_padding, stop_gradient(rows), rows)


def segment_sum(x, segments, *, count):
    """The sums of the rows of x that belong to each segment.

    x:        (n, ...)
    segments: (n,) the segment of each row, 0..count-1, in any order
    return:   (count, ...)
    """
    return scatter_add(zeros_beside(x, x.spec.with_shape((count, *x.shape[1:]))), segments, x)


def segment_mean(x, segments, *, count):
    """The averages of the rows of x that belong to each segment, 0 for a segment without rows; see segment_sum."""
    ones = cast(ones_like(segments), dtype=x.dtype.name)
    sizes = reshape(segment_sum(ones, segments, count=count), shape=(count, *[1] * (x.ndim - 1)))
    return segment_sum(x, segments, count=count) / maximum(sizes, 1.0)


# -- one element for each place ------------------------------------------------------------------


@op(free=("indices",))
def take_along(x, indices, *, axis):
    """For each index, the element that it names along `axis`, at the index's own place on the other axes.

    x:       (..., n, ...)            n along `axis`
    indices: (..., k, ...)            whole numbers; the other sizes are those of x
    return:  (..., k, ...)
    """
    return np.take_along_axis(x, indices, axis=axis)


@take_along.shape
def take_along_shape(x, indices, *, axis):
    check_indices(indices)
    i = one_axis(axis, x.ndim)
    if indices.ndim != x.ndim or not all(
        j == i or same_size(a, b) for j, (a, b) in enumerate(zip(x.shape, indices.shape, strict=True))
    ):
        raise ShapeError(f"sizes other than that of axis {axis} differ: {x} at {indices}")
    return x.with_shape(indices.shape)


take_along.no_gradient("indices", POSITIONS)


@take_along.gradient("x")
def take_along_gradient(g, x_spec, indices, axis):
    return put_along_add(zeros_beside(g, x_spec), indices, g, axis=axis)


@take_along.samples
def take_along_samples(make):
    yield make(3, 5), make.integers(3, 2, high=5), {"axis": 1}
    yield make(3, 5), make.integers(4, 5, high=3), {"axis": 0}
    yield make(2, 3, 4), make.integers(2, 1, 4, high=3), {"axis": -2}
    yield make(3, 5), make.integers(3, 0), {"axis": 1}
    yield make(3, 3), np.array([[0, 1, -1], [1, -1, 0], [-1, 0, 1]]), {"axis": 0}
    yield make(3, 3), np.array([[0, 1, -1], [1, -1, 0], [-1, 0, 1]]), {"axis": -1}


@op(free=("indices",))
def put_along_add(x, indices, updates, *, axis):
    """x with each update added to the element that take_along would read; an element may be named again.

    x:       (..., n, ...)            n along `axis`
    indices: (..., k, ...)            whole numbers; the other sizes are those of x
    updates: (..., k, ...)
    """
    out = x.copy()
    places = list(np.indices(indices.shape, sparse=True))
    places[axis] = indices
    np.add.at(out, tuple(places), updates)
    return out


@put_along_add.shape
def put_along_add_shape(x, indices, updates, *, axis):
    expected = take_along_shape(x, indices, axis=axis)
    if not is_same_shape(updates, expected):
        raise ShapeError(f"indices {indices} need updates {expected}, got {updates}")
    return x


put_along_add.no_gradient("indices", POSITIONS)


@put_along_add.gradient("x")
def put_along_add_gradient_x(g):
    return g


@put_along_add.gradient("updates")
def put_along_add_gradient_updates(g, indices, axis):
    return take_along(g, indices, axis=axis)


@put_along_add.samples
def put_along_add_samples(make):
    yield make(3, 5), make.integers(3, 2, high=5), make(3, 2), {"axis": 1}
    yield make(3, 5), make.integers(4, 5, high=3), make(4, 5), {"axis": 0}
    yield make(2, 3, 4), make.integers(2, 1, 4, high=3), make(2, 1, 4), {"axis": -2}
    yield make(3, 5), make.integers(3, 0), make(3, 0), {"axis": 1}
    yield make(3, 3), np.array([[0, 1, -1], [1, -1, 0], [-1, 0, 1]]), make(3, 3), {"axis": 0}
    yield make(3, 3), np.array([[0, 1, -1], [1, -1, 0], [-1, 0, 1]]), make(3, 3), {"axis": -1}


@op(free=("indices",))
def put_along(x, indices, updates, *, axis):
    """x with each element that take_along would read replaced by its update.

    x:       (..., n, ...)            n along `axis`
    indices: (..., k, ...)            whole numbers; the other sizes are those of x
    updates: (..., k, ...)

    Where an element is named again, one of the updates stays; the gradient takes it that none is.
    """
    out = x.copy()
    np.put_along_axis(out, indices, updates, axis)
    return out


put_along.shape(put_along_add_shape)
put_along.no_gradient("indices", POSITIONS)
put_along.gradient("updates")(put_along_add_gradient_updates)


@put_along.gradient("x")
def put_along_gradient_x(g, indices, updates_spec, axis):
    return put_along(g, indices, zeros_beside(g, updates_spec), axis=axis)


@put_along.samples
def put_along_samples(make):
    yield make(3, 5), np.array([[0, 2], [4, 3], [1, 0]]), make(3, 2), {"axis": 1}
    yield make(3, 2), np.array([[2, 0], [0, -2]]), make(2, 2), {"axis": 0}
    yield make(2, 3, 4), make.integers(2, 1, 4, high=3), make(2, 1, 4), {"axis": -2}
    yield make(3, 5), make.integers(3, 0), make(3, 0), {"axis": 1}
    yield make(3, 3), np.array([[0, 1, -1], [1, -1, 0], [-1, 0, 1]]), make(3, 3), {"axis": 0}
    yield make(3, 3), np.array([[0, 1, -1], [1, -1, 0], [-1, 0, 1]]), make(3, 3), {"axis": -1}


# -- positions along several axes ----------------------------------------------------------------


@op(free=("positions",))
def gather_nd(x, positions):
    """The parts of x at positions along its first axes.

    x:         (*sizes, *rest)
    positions: (..., k)               whole numbers, one for each of the first k axes
    return:    (..., *rest)
    """
    return x[columns(positions)]


def columns(positions):
    """positions (..., k) as a tuple of k, as NumPy's indexing takes them."""
    return tuple(np.moveaxis(positions, -1, 0))


@gather_nd.shape
def gather_nd_shape(x, positions):
    check_indices(positions)
    if positions.ndim < 1 or type(positions.shape[-1]) is not int or positions.shape[-1] > x.ndim:
        raise ShapeError(f"the last axis of {positions} does not count axes of {x}")
    return x.with_shape((*positions.shape[:-1], *x.shape[positions.shape[-1] :]))


gather_nd.no_gradient("positions", POSITIONS)


@gather_nd.gradient("x")
def gather_nd_gradient(g, x_spec, positions):
    return scatter_nd_add(zeros_beside(g, x_spec), positions, g)


@gather_nd.samples
def gather_nd_samples(make):
    yield make(4, 3), np.array([[0, 2], [3, 1], [0, 2]])
    yield make(4, 3, 2), make.integers(2, 5, 2, high=3)
    yield make(4, 3), np.array([[-1], [0]])
    yield make(4, 3), np.array([[2, -2]])
    yield make(4, 3), make.integers(0, 2)
    yield make(3, 3), np.array([[1, 0], [2, 2], [0, -1]])


@op(free=("positions",))
def scatter_nd_add(x, positions, updates):
    """x with each update added to the part that gather_nd would read; a part may be named again.

    x:         (*sizes, *rest)
    positions: (..., k)               whole numbers, one for each of the first k axes
    updates:   (..., *rest)
    """
    out = x.copy()
    np.add.at(out, columns(positions), updates)
    return out


@scatter_nd_add.shape
def scatter_nd_add_shape(x, positions, updates):
    expected = gather_nd_shape(x, positions)
    if not is_same_shape(updates, expected):
        raise ShapeError(f"positions {positions} in {x} need updates {expected}, got {updates}")
    return x


scatter_nd_add.no_gradient("positions", POSITIONS)


@scatter_nd_add.gradient("x")
def scatter_nd_add_gradient_x(g):
    return g


@scatter_nd_add.gradient("updates")
def scatter_nd_add_gradient_updates(g, positions):
    return gather_nd(g, positions)


@scatter_nd_add.samples
def scatter_nd_add_samples(make):
    for x, positions in gather_nd_samples(make):
        yield x, positions, make(*gather_nd.reference(x, positions).shape)


@op(free=("positions",))
def scatter_nd(x, positions, updates):
    """x with each part that gather_nd would read replaced by its update: an assignment to x[positions].

    x:         (*sizes, *rest)
    positions: (..., k)               whole numbers, one for each of the first k axes
    updates:   (..., *rest)

    Where a part is named again, one of the updates stays; the gradient takes it that none is.
    """
    out = x.copy()
    out[columns(positions)] = updates
    return out


scatter_nd.shape(scatter_nd_add_shape)
scatter_nd.no_gradient("positions", POSITIONS)
scatter_nd.gradient("updates")(scatter_nd_add_gradient_updates)


@scatter_nd.gradient("x")
def scatter_nd_gradient_x(g, positions, updates_spec):
    return scatter_nd(g, positions, zeros_beside(g, updates_spec))


@scatter_nd.samples
def scatter_nd_samples(make):
    yield make(4, 3), np.array([[0, 2], [3, 1], [0, 1]]), make(3)
    yield make(4, 3, 2), np.array([[[0, 1], [3, 1]], [[0, 2], [1, 1]]]), make(2, 2, 2)
    yield make(4, 3), np.array([[-1], [0]]), make(2, 3)
    yield make(4, 3), np.array([[2, -2]]), make(1)
    yield make(4, 3), make.integers(0, 2), make(0)
    yield make(3, 3), np.array([[1, 0], [2, 2], [0, -1]]), make(3)


# -- from whole numbers --------------------------------------------------------------------------


def sequence_mask(lengths, *, size):
    """bool: whether each of `size` places lies within a sequence.

    lengths: any shape, whole numbers
    return:  (*lengths.shape, size)
    """
    places = arange(stop=size, dtype=lengths.dtype.name, place=lengths.place)
    return less(places, reshape(lengths, shape=(*lengths.shape, 1)))


@op
def one_hot(indices, *, depth, dtype="float32"):
    """1 at the position that each index names on a new last axis, 0 elsewhere.

    indices: any shape, whole numbers
    return:  (*indices.shape, depth); all 0 for an index outside 0..depth-1
    """
    return np.equal(indices[..., np.newaxis], np.arange(depth)).astype(dtype)


@one_hot.shape
def one_hot_shape(indices, *, depth, dtype):
    check_indices(indices)
    return Spec((*indices.shape, depth), dtype)


one_hot.no_gradient("indices", POSITIONS)


@one_hot.samples
def one_hot_samples(make):
    yield make.integers(4, high=5), {"depth": 5}
    yield make.integers(2, 3, low=-1, high=4), {"depth": 3, "dtype": "float64"}
    yield np.array(1), {"depth": 2, "dtype": "int64"}
    yield make.integers(0), {"depth": 3}
    yield make.integers(3, 3, high=3), {"depth": 3}
