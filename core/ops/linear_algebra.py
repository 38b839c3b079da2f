"""Matrix products, the order of axes, and diagonals."""

import numpy as np

from ..errors import ShapeError
from ..op import op
from ..spec import Dim, broadcast, same_size
from .axes import one_axis
from .creation import arange
from .elementwise import cast, equal, greater_equal, less_equal, where
from .reduction import sum
from .shaping import reshape

__all__ = ["matmul", "matrix_transpose", "transpose", "diagonal", "embed_diagonal", "trace", "tril", "triu", "eye"]


@op
def matmul(x, y):
    """The matrix product, for each index of the leading axes.

    x:      (..., n, k)
    y:      (..., k, m)
    return: (..., n, m)   leading axes broadcast
    """
    return np.matmul(x, y)


@matmul.shape
def matmul_shape(x, y):
    if x.ndim < 2 or y.ndim < 2:
        raise ShapeError(f"needs two axes or more on each side: {x} @ {y}")
    if not same_size(x.shape[-1], y.shape[-2]):
        raise ShapeError(f"inner sizes differ: {x} @ {y}")
    leading = broadcast(x.with_shape(x.shape[:-2]), y.with_shape(y.shape[:-2]))
    return x.with_shape((*leading, x.shape[-2], y.shape[-1]))


@matmul.gradient("x")
def matmul_gradient_x(g, y):
    return matmul(g, matrix_transpose(y))


@matmul.gradient("y")
def matmul_gradient_y(g, x):
    return matmul(matrix_transpose(x), g)


def matrix_transpose(x):
    """Each matrix in x, flipped over its diagonal."""
    return transpose(x, axes=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


@matmul.samples
def matmul_samples(make):
    yield make(2, 3), make(3, 4)
    yield make(2, 2, 3), make(3, 4)
    yield make(2, 3), make(5, 3, 1)
    yield make(2, 1, 2, 3), make(4, 3, 2)
    yield make(0, 3), make(3, 4)
    yield make(2, 0), make(0, 4)
    yield make(2, 301), make(301, 2)
    yield make(3, 3), make(3, 3)


@op
def transpose(x, *, axes=None):
    """x with its axes in another order.

    axes: axis i of the result is axis axes[i] of x; None reverses them
    """
    return np.transpose(x, axes)


@transpose.shape
def transpose_shape(x, *, axes):
    return x.with_shape([x.shape[i] for i in axis_order(axes, x.ndim)])


def axis_order(axes, ndim):
    if axes is None:
        return tuple(reversed(range(ndim)))
    order = tuple([one_axis(axis, ndim) for axis in axes])
    if sorted(order) != list(range(ndim)):
        raise ShapeError(f"axes {axes} is not an order of {ndim} axes")
    return order


@transpose.gradient("x")
def transpose_gradient(g, axes):
    if axes is None:
        return transpose(g)
    order = axis_order(axes, len(axes))
    return transpose(g, axes=tuple([order.index(i) for i in range(len(order))]))


@transpose.samples
def transpose_samples(make):
    yield make(2, 3)
    yield make(2, 3, 4), {"axes": (1, 2, 0)}
    yield make(2, 1, 3), {"axes": (0, -1, 1)}
    yield make(0, 3)
    yield make()
    yield make(3, 3, 3), {"axes": (-1, 0, 1)}


@transpose.view
def transpose_view(layout, axes):
    shape, strides, offset = layout
    order = axis_order(axes, len(shape))
    return tuple([shape[i] for i in order]), tuple([strides[i] for i in order]), offset


# -- diagonals -----------------------------------------------------------------------------------


@op
def diagonal(x, *, offset=0):
    """The diagonal of each matrix.

    x:      (..., n, m)
    return: (..., k)
    offset: which diagonal: above the main one, or below where it is negative
    """
    return np.diagonal(x, offset, -2, -1)


@diagonal.shape
def diagonal_shape(x, *, offset):
    if x.ndim < 2:
        raise ShapeError(f"needs matrices, got {x}")
    return x.with_shape((*x.shape[:-2], diagonal_size(x.shape[-2], x.shape[-1], offset)))


def diagonal_size(n, m, offset):
    if n == m:
        size = n - abs(offset)
    elif any([type(side) is Dim and side.is_loose for side in (n, m)]):
        size = Dim()
    elif type(n) is Dim or type(m) is Dim:
        raise ShapeError(f"a matrix of {n} times {m} has a diagonal whose size is known only when the graph runs")
    else:
        size = min(n + min(offset, 0), m - max(offset, 0))
    return size if type(size) is Dim else max(size, 0)


@diagonal.gradient("x")
def diagonal_gradient(g, x_spec, offset):
    return embed_diagonal(g, size=x_spec.shape[-2:], offset=offset)


@diagonal.samples
def diagonal_samples(make):
    yield make(3, 3)
    yield make(2, 3, 4), {"offset": 1}
    yield make(4, 3), {"offset": -2}
    yield make(1, 1)
    yield make(0, 2, 2)
    yield make(5, 5)


@diagonal.view
def diagonal_view(layout, offset):
    shape, strides, start = layout
    *leading, n, m = shape
    *steps, down, right = strides
    size = diagonal_size(n, m, offset)
    start += (offset * right if offset > 0 else -offset * down) if size else 0
    return (*leading, size), (*steps, down + right), start


@op
def embed_diagonal(x, *, size, offset=0):
    """Matrices of zeros but for their diagonal, which is x.

    x:      (..., k)
    return: (..., *size)
    """
    out = np.zeros((*x.shape[:-1], *size), x.dtype)
    i = np.arange(x.shape[-1])
    out[..., i + max(-offset, 0), i + max(offset, 0)] = x
    return out


@embed_diagonal.shape
def embed_diagonal_shape(x, *, size, offset):
    count = diagonal_size(size[0], size[1], offset)
    if x.ndim < 1 or not same_size(x.shape[-1], count):
        raise ShapeError(f"diagonal {offset} of a matrix {size} has {count} elements, got {x}")
    return x.with_shape((*x.shape[:-1], *size))


@embed_diagonal.gradient("x")
def embed_diagonal_gradient(g, offset):
    return diagonal(g, offset=offset)


@embed_diagonal.samples
def embed_diagonal_samples(make):
    yield make(3), {"size": (3, 3)}
    yield make(2, 3), {"size": (3, 4), "offset": 1}
    yield make(2), {"size": (4, 3), "offset": -2}
    yield make(0, 2), {"size": (2, 2)}
    yield make(3), {"size": (3, 5), "offset": 1}


def trace(x):
    """The sum of the diagonal of each matrix: (..., n, m) to (...)."""
    return sum(diagonal(x), axis=-1)


def tril(x, *, offset=0):
    """Each matrix with zeros above the diagonal that `offset` names."""
    return where(less_equal(*diagonals(x, offset)), x, 0.0)


def triu(x, *, offset=0):
    """Each matrix with zeros below the diagonal that `offset` names."""
    return where(greater_equal(*diagonals(x, offset)), x, 0.0)


def diagonals(x, offset):
    """Which diagonal each column is on, seen from each row; and the one asked for."""
    n, m = x.shape[-2:]
    rows, columns = arange(stop=n, place=x.place), arange(stop=m, place=x.place)
    return columns - reshape(rows, shape=(n, 1)), offset


def eye(n, m=None, *, dtype="float32", place):
    """The matrix of n rows and m columns (n if None) with ones on its diagonal."""
    rows, columns = arange(stop=n, place=place), arange(stop=n if m is None else m, place=place)
    return cast(equal(reshape(rows, shape=(n, 1)), columns), dtype=dtype)
