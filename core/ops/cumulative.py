"""Running sums and products along an axis, and the product of all."""

import numpy as np

from ..op import op
from ..spec import product
from .axes import all_axes, one_axis
from .creation import arange, ones_like
from .elementwise import equal, less_equal, where
from .linear_algebra import transpose
from .reduction import kept, reduced_shape, reductions, sum
from .shaping import concatenate, flip, reshape, slice

__all__ = ["cumsum", "cumprod", "prod"]


def along_axis(x, *, axis, **_):
    one_axis(axis, x.ndim)
    return x


@op
def cumsum(x, *, axis=0, exclusive=False, reverse=False):
    """At each place along `axis`, the sum of all elements up to there.

    exclusive: without the element itself, so that the first is 0
    reverse:   add up from the end
    """
    x = np.flip(x, axis) if reverse else x
    total = np.cumsum(x, axis, dtype=x.dtype)
    total = total - x if exclusive else total
    return np.flip(total, axis) if reverse else total


cumsum.shape(along_axis)


@cumsum.gradient("x")
def cumsum_gradient(g, axis, exclusive, reverse):
    return cumsum(g, axis=axis, exclusive=exclusive, reverse=not reverse)


@cumsum.samples
def cumsum_samples(make):
    yield make(4, 3)
    yield make(2, 3, 4), {"axis": 1, "reverse": True}
    yield make(2, 3), {"axis": -1, "exclusive": True}
    yield make(2, 4), {"axis": 1, "exclusive": True, "reverse": True}
    yield make(1)
    yield make(0, 3)
    yield make.integers(4)
    yield make(3, 3), {"axis": -1}


@op
def cumprod(x, *, axis=0):
    """At each place along `axis`, the product of all elements up to there.

    The gradient is right where elements are 0, too, at the price of a table of n times n.
    """
    return np.cumprod(x, axis, dtype=x.dtype)


cumprod.shape(along_axis)


@cumprod.gradient("x")
def cumprod_gradient(g, x, axis):
    order = last_in_order(x.ndim, axis)
    rows = transpose(x, axes=order)
    n = rows.shape[-1]
    place = arange(stop=n, place=x.place)
    at = reshape(place, shape=(n, 1))
    others = cumprod(where(equal(at, place), 1.0, beside(rows)), axis=-1)  # row k: products without element k
    slopes = sum(where(less_equal(at, place), others * beside(transpose(g, axes=order)), 0.0), axis=-1)
    return transpose(slopes, axes=inverse(order))


def beside(rows):
    """rows (..., n) as (..., 1, n)."""
    return reshape(rows, shape=(*rows.shape[:-1], 1, rows.shape[-1]))


def last_in_order(ndim, axis):
    """The order of axes that puts `axis`, one or several, last."""
    last = all_axes(axis, ndim)
    return (*[i for i in range(ndim) if i not in last], *last)


def inverse(order):
    return tuple([order.index(i) for i in range(len(order))])


@cumprod.samples
def cumprod_samples(make):
    yield make(4, 3)
    yield make(2, 3, 2), {"axis": 1}
    yield np.array([[1.5, 0.0, -0.5, 2.0], [0.0, 0.0, 0.5, 1.5]]), {"axis": -1}
    yield make(1)
    yield make(0, 3)
    yield make(3, 3), {"axis": -1}


@op
def prod(x, *, axis=None, keepdims=False):
    """The product along `axis`: one axis, several, or all (None)."""
    return np.prod(x, axis=axis, keepdims=keepdims, dtype=x.dtype)


prod.shape(reduced_shape)


@prod.gradient("x")
def prod_gradient(g, x, x_spec, axis):
    return kept(g, x_spec, axis) * product_of_others(x, axis)


def product_of_others(x, axis):
    """For each element, the product of all others along `axis`, without a division."""
    order = last_in_order(x.ndim, axis)
    count = len(all_axes(axis, x.ndim))
    rows = transpose(x, axes=order)
    shape = rows.shape
    rows = reshape(rows, shape=(*shape[: x.ndim - count], product(shape[x.ndim - count :])))
    others = product_before(rows) * flip(product_before(flip(rows, axis=-1)), axis=-1)
    return transpose(reshape(others, shape=shape), axes=inverse(order))


def product_before(rows):
    """For each element, the product of those before it on the last axis."""
    last = rows.ndim - 1
    first, rest = slice(rows, stop=(None,) * last + (1,)), slice(rows, stop=(None,) * last + (-1,))
    return cumprod(concatenate(ones_like(first), rest, axis=-1), axis=-1)


@prod.samples
def prod_samples(make):
    yield from reductions(make)
    yield np.array([[1.5, 0.0, -0.5], [0.0, 0.0, 0.5]]), {"axis": 1}
    yield make(0, 3), {"axis": 0}
