"""Ops that make one number of many."""

import builtins

import numpy as np

from ..errors import ShapeError
from ..op import op
from ..spec import same_size
from .axes import one_axis, reduced, reduced_count
from .elementwise import cast, equal, exp, isnan, log, logical_or
from .shaping import broadcast_to, reshape

__all__ = [
    "sum",
    "mean",
    "mean_gradient",
    "element_count",
    "max",
    "min",
    "argmax",
    "argmin",
    "all",
    "any",
    "logsumexp",
    "softmax",
    "log_softmax",
]


def reduced_shape(x, *, axis, keepdims):
    return x.with_shape(reduced(x.shape, axis, keepdims))


def kept(value, x_spec, axis):
    """`value`, a reduction of x, with the reduced axes kept as size 1."""
    return reshape(value, shape=reduced(x_spec.shape, axis, keepdims=True))


def reductions(make):
    yield make(2, 3)
    yield make(2, 3), {"axis": 1}
    yield make(2, 3, 4), {"axis": (0, -1)}
    yield make(2, 3, 4), {"axis": (2, 0), "keepdims": True}
    yield make(2, 3), {"keepdims": True}
    yield make(2, 3), {"axis": ()}
    yield make(1, 1), {"axis": 0}
    yield make()
    yield make(0, 3), {"axis": 1}
    yield make(2, 3), {"axis": -1}


@op
def sum(x, *, axis=None, keepdims=False):
    """The sum along `axis`: one axis, several, or all (None)."""
    return np.sum(x, axis=axis, keepdims=keepdims, dtype=x.dtype)


sum.shape(reduced_shape)


@sum.gradient("x")
def sum_gradient(g, x_spec, axis):
    return broadcast_to(kept(g, x_spec, axis), shape=x_spec.shape)


@sum.samples
def sum_samples(make):
    yield from reductions(make)
    yield make(2, 301), {"axis": 1}
    yield make(0, 3), {"axis": 0}


@op
def mean(x, *, axis=None, keepdims=False):
    """The average along `axis`: one axis, several, or all (None)."""
    return np.mean(x, axis=axis, keepdims=keepdims, dtype=x.dtype)


mean.shape(reduced_shape)


@mean.samples
def mean_samples(make):
    yield from reductions(make)
    yield make(2, 301), {"axis": 1}


@mean.gradient("x")
def mean_gradient_x(g, x_spec, axis, keepdims):
    return mean_gradient(g, shape=x_spec.shape, axis=axis, keepdims=keepdims)


@op
def mean_gradient(g, *, shape, axis=None, keepdims=False):
    """g spread evenly over the elements of `shape` that mean(..., axis, keepdims) averages.

    An op because it divides by a number of elements that a graph may not know yet.
    """
    part = g.reshape(reduced(shape, axis, keepdims=True)) / reduced_count(shape, axis)
    return np.broadcast_to(part, shape).astype(g.dtype)


@mean_gradient.shape
def mean_gradient_shape(g, *, shape, axis, keepdims):
    expected = reduced(shape, axis, keepdims)
    if g.ndim != len(expected) or not builtins.all(map(same_size, g.shape, expected)):
        raise ShapeError(f"the gradient of a mean of shape {expected} is {g}")
    return g.with_shape(shape)


@mean_gradient.gradient("g")
def mean_gradient_gradient(g, axis, keepdims):
    return mean(g, axis=axis, keepdims=keepdims)


@mean_gradient.samples
def mean_gradient_samples(make):
    yield make(), {"shape": (2, 3)}
    yield make(2, 4), {"shape": (2, 3, 4), "axis": 1}
    yield make(1, 3, 1), {"shape": (2, 3, 4), "axis": (0, 2), "keepdims": True}
    yield make(0), {"shape": (0, 3), "axis": 1}
    yield make(3), {"shape": (3, 3), "axis": 0}
    yield make(3), {"shape": (3, 3), "axis": -1}


@op
def element_count(x, *, axis=None):
    """How many elements `axis` reduces to one, in the dtype of x: a value, for what a graph does not know yet.

    return: ()
    """
    return np.array(reduced_count(x.shape, axis), x.dtype)


@element_count.shape
def element_count_shape(x, *, axis):
    reduced(x.shape, axis, keepdims=False)
    return x.with_shape(())


element_count.no_gradient("x", "its elements are not read")


@element_count.samples
def element_count_samples(make):
    yield make(2, 3)
    yield make(2, 3, 4), {"axis": (0, -1)}
    yield make.integers(2, 3), {"axis": 1}
    yield make()
    yield make(0, 3)
    yield make(2, 5), {"axis": -1}


@op
def max(x, *, axis=None, keepdims=False):
    """The largest element along `axis`; NaN where one is.

    Elements that share the maximum receive equal parts of the gradient.
    """
    return np.max(x, axis=axis, keepdims=keepdims)


@max.shape
def max_shape(x, *, axis, keepdims):
    if reduced_count(x.shape, axis) == 0:
        raise ShapeError(f"{x} has no element along axis {axis}")
    return reduced_shape(x, axis=axis, keepdims=keepdims)


@max.gradient("x")
def max_gradient(g, x, x_spec, out, axis):
    is_chosen = logical_or(equal(x, kept(out, x_spec, axis)), isnan(x))  # where one is NaN, so is the result
    is_chosen = cast(is_chosen, dtype=x_spec.dtype.name)
    return kept(g, x_spec, axis) * (is_chosen / sum(is_chosen, axis=axis, keepdims=True))


@op
def min(x, *, axis=None, keepdims=False):
    """The smallest element along `axis`; NaN where one is.

    Elements that share the minimum receive equal parts of the gradient.
    """
    return np.min(x, axis=axis, keepdims=keepdims)


min.shape(max_shape)
min.gradient("x")(max_gradient)


@max.samples
@min.samples
def extreme_samples(make):
    yield make.distinct(2, 3)
    yield make.distinct(2, 3), {"axis": 1}
    yield make.distinct(2, 3, 4), {"axis": (0, -1)}
    yield make.distinct(2, 3, 4), {"axis": 1, "keepdims": True}
    yield make.distinct(1, 1), {"axis": 0}
    yield make(0, 3), {"axis": 1}
    yield make.distinct(4, 3), {"axis": -1}
    yield make.distinct(2, 301), {"axis": 1}


@op
def argmax(x, *, axis=None, keepdims=False):
    """Where the largest element along one `axis` stands, or in all of x read row by row (None).

    return: int64; the first of several; NaN counts as largest
    """
    return np.argmax(x, axis=axis, keepdims=keepdims).astype(np.int64)


@argmax.shape
def argmax_shape(x, *, axis, keepdims):
    if axis is not None:
        one_axis(axis, x.ndim)
    return max_shape(x, axis=axis, keepdims=keepdims).with_dtype(np.int64)


argmax.no_gradient("x", "positions are whole numbers")


@op
def argmin(x, *, axis=None, keepdims=False):
    """Where the smallest element along one `axis` stands, or in all of x read row by row (None).

    return: int64; the first of several; NaN counts as smallest
    """
    return np.argmin(x, axis=axis, keepdims=keepdims).astype(np.int64)


argmin.shape(argmax_shape)
argmin.no_gradient("x", "positions are whole numbers")


@argmax.samples
@argmin.samples
def place_samples(make):
    yield make.distinct(2, 3)
    yield make.distinct(2, 3, 4), {"axis": 1}
    yield make.distinct(2, 3), {"axis": -1, "keepdims": True}
    yield make.integers(4, 6, high=3), {"axis": 1}
    yield make(0, 3), {"axis": 1}
    yield make.integers(2, 301, high=400), {"axis": 1}
    yield np.array([[2, 0, 1], [1, 2, 0]]) + 2**60, {"axis": 1}


# -- truth ---------------------------------------------------------------------------------------


def reduced_to_bool(x, *, axis, keepdims):
    return reduced_shape(x, axis=axis, keepdims=keepdims).with_dtype(bool)


def truths(make):
    yield make.bools(3, 4)
    yield make.bools(3, 4), {"axis": 1}
    yield make.integers(3, 2, 4, high=2), {"axis": (0, -1), "keepdims": True}
    yield make.bools(3, 1), {"axis": -1}
    yield make.bools(0, 3), {"axis": 0}
    yield make.bools(2, 3, 4), {"axis": 1}
    yield np.array([[False, False], [True, False], [True, True]]), {"axis": 1}


@op
def all(x, *, axis=None, keepdims=False):
    """Whether every element along `axis` is true; a number other than 0 is true; true where there is none."""
    return np.all(x, axis=axis, keepdims=keepdims)


all.shape(reduced_to_bool)
all.no_gradient("true and false change in steps")
all.samples(truths)


@op
def any(x, *, axis=None, keepdims=False):
    """Whether some element along `axis` is true; a number other than 0 is true; false where there is none."""
    return np.any(x, axis=axis, keepdims=keepdims)


any.shape(reduced_to_bool)
any.no_gradient("true and false change in steps")
any.samples(truths)


# -- one axis that adds up to 1 ------------------------------------------------------------------


def along_one_axis(x, *, axis):
    one_axis(axis, x.ndim)
    return x


def scores(make):
    yield make(2, 3)
    yield make(2, 3, 4), {"axis": 1}
    yield make(3, 2, low=-50.0, high=50.0), {"axis": 0}
    yield make(2, 1)
    yield make(0, 3)


@op
def logsumexp(x, *, axis=None, keepdims=False):
    """log(sum(exp(x))) along `axis`, without overflow."""
    largest = np.max(x, axis=axis, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0).astype(x.dtype)
    with np.errstate(divide="ignore"):
        total = np.log(np.sum(np.exp(x - largest), axis=axis, keepdims=True)) + largest
    return total.reshape(reduced(x.shape, axis, keepdims))


logsumexp.shape(max_shape)


@logsumexp.gradient("x")
def logsumexp_gradient(g, x, x_spec, out, axis):
    return kept(g, x_spec, axis) * exp(x - kept(out, x_spec, axis))


@logsumexp.samples
def logsumexp_samples(make):
    yield make(2, 3)
    yield make(2, 3, 4), {"axis": (0, -1)}
    yield make(3, 2, low=-50.0, high=50.0) + 1000.0, {"axis": 1, "keepdims": True}
    yield make(1, 1), {"axis": 0}
    yield make(0, 3), {"axis": 1}
    yield make(2, 3, 3), {"axis": -1}


@op
def softmax(x, *, axis=-1):
    """exp(x) divided by its sum along `axis`, without overflow."""
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


softmax.shape(along_one_axis)
softmax.samples(scores)


@softmax.gradient("x")
def softmax_gradient(g, out, axis):
    return out * (g - sum(g * out, axis=axis, keepdims=True))


@softmax.decomposition
def softmax_composed(x, *, axis):
    e = exp(x - max(x, axis=axis, keepdims=True))
    return e / sum(e, axis=axis, keepdims=True)


@op
def log_softmax(x, *, axis=-1):
    """The logarithm of softmax(x), without overflow."""
    shifted = x - np.max(x, axis=axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


log_softmax.shape(along_one_axis)
log_softmax.samples(scores)


@log_softmax.gradient("x")
def log_softmax_gradient(g, out, axis):
    return g - exp(out) * sum(g, axis=axis, keepdims=True)


@log_softmax.decomposition
def log_softmax_composed(x, *, axis):
    shifted = x - max(x, axis=axis, keepdims=True)
    return shifted - log(sum(exp(shifted), axis=axis, keepdims=True))
