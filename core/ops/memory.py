"""Ops on how elements lie in memory: what in-place writes to views turn into on the tape."""

import numpy as np

from ..backend import repeats_elements
from ..errors import ShapeError
from ..op import op
from ..spec import same_size
from .creation import arange, zeros_beside
from .indexing import scatter_add
from .shaping import reshape, row_major

__all__ = ["as_strided", "overwrite"]


@op
def as_strided(x, *, layout):
    """The elements of `x`'s memory that a layout describes.

    x:      any shape, row-major
    layout: (shape, strides in elements, offset)
    return: layout's shape
    """
    shape, strides, offset = layout
    flat = np.ascontiguousarray(x).reshape(-1)[offset:]
    return np.lib.stride_tricks.as_strided(flat, shape, [step * flat.itemsize for step in strides])


@as_strided.shape
def as_strided_shape(x, *, layout):
    shape, strides, offset = layout
    last = offset + sum([(size - 1) * step for size, step in zip(shape, strides, strict=True)])
    if 0 not in shape and x.is_concrete and not 0 <= last < x.size:
        raise ShapeError(f"layout {layout} reaches element {last} of {x}")
    return x.with_shape(shape)


@as_strided.view
def as_strided_view(seen, /, *, layout):
    shape, strides, offset = layout
    return (shape, strides, seen[2] + offset) if row_major(seen[0]) == seen[1] else None


@as_strided.gradient("x")
def as_strided_gradient(g, x_spec, layout):
    zeros = zeros_beside(g, x_spec)
    if not repeats_elements(layout):
        return overwrite(zeros, g, layout=layout)
    places = as_strided(reshape(arange(stop=x_spec.size, place=g.place), shape=x_spec.shape), layout=layout)
    flat = scatter_add(reshape(zeros, shape=(-1,)), reshape(places, shape=(-1,)), reshape(g, shape=(-1,)))
    return reshape(flat, shape=x_spec.shape)


@as_strided.samples
def as_strided_samples(make):
    yield make(4, 3), {"layout": ((2, 3), (6, 1), 3)}
    yield make(4, 3), {"layout": ((3, 2), (1, 3), 0)}
    yield make(5), {"layout": ((5,), (1,), 0)}
    yield make(4, 3), {"layout": ((0, 3), (3, 1), 0)}
    yield make(4, 3), {"layout": ((4, 3, 2), (2, 1, 0), 2)}


@op
def overwrite(x, value, *, layout):
    """`x` with the elements that a layout describes replaced.

    x:      any shape, row-major
    value:  layout's shape
    layout: (shape, strides in elements, offset), no element twice
    return: the shape of x
    """
    out = np.array(x, order="C")
    as_strided.reference(out, layout=layout)[...] = value
    return out


@overwrite.shape
def overwrite_shape(x, value, *, layout):
    expected = as_strided_shape(x, layout=layout)
    if value.ndim != expected.ndim or not all(map(same_size, value.shape, expected.shape)):
        raise ShapeError(f"value {value} does not fit layout {layout[0]}")
    return x


@overwrite.gradient("x")
def overwrite_gradient_x(g, value_spec, layout):
    return overwrite(g, zeros_beside(g, value_spec), layout=layout)


@overwrite.gradient("value")
def overwrite_gradient_value(g, layout):
    return as_strided(g, layout=layout)


@overwrite.samples
def overwrite_samples(make):
    yield make(4, 3), make(2, 3), {"layout": ((2, 3), (6, 1), 3)}
    yield make(4, 3), make(4), {"layout": ((4,), (3,), 1)}
    yield make(3, 3), make(3), {"layout": ((3,), (1,), 6)}
    yield make(4, 3), make(0, 3), {"layout": ((0, 3), (3, 1), 0)}
