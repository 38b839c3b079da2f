"""Matrix products, and the order of axes."""

import numpy as np

from ..errors import ShapeError
from ..op import op
from ..spec import broadcast, same_size
from .axes import one_axis

__all__ = ["matmul", "transpose"]


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


@transpose.view
def transpose_view(layout, axes):
    shape, strides, offset = layout
    order = axis_order(axes, len(shape))
    return tuple([shape[i] for i in order]), tuple([strides[i] for i in order]), offset
