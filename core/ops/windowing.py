"""Windows that slide along an axis, as a view; and elements added up where windows overlap."""

import numpy as np

from ..errors import ShapeError
from ..op import op
from ..spec import Dim, same_size
from .axes import one_axis

__all__ = ["windows", "windows_sum"]


@op
def windows(x, *, axis, size, step=1):
    """Each window of `size` neighbours along `axis`, one every `step` places.

    x:      (..., n, ...)          n along `axis`
    return: (..., count, ..., size)
    """
    one_by_one = np.lib.stride_tricks.sliding_window_view(x, size, axis)
    return one_by_one[along(axis % x.ndim, None, None, step)]


def along(axis, *bounds):
    return (slice(None),) * axis + (slice(*bounds),)


@windows.shape
def windows_shape(x, *, axis, size, step):
    i = one_axis(axis, x.ndim)
    count = window_count(x.shape[i], size, step)
    if type(count) is not Dim and count < 1:
        raise ShapeError(f"a window of {size} is longer than axis {axis} of {x}")
    return x.with_shape((*x.shape[:i], count, *x.shape[i + 1 :], size))


def window_count(total, size, step):
    if size < 1 or step < 1:
        raise ShapeError(f"size {size} and step {step} are 1 or more")
    return (total - size) // step + 1


@windows.view
def windows_view(layout, axis, size, step):
    shape, strides, offset = layout
    i = axis % len(shape)
    count = window_count(shape[i], size, step)
    steps = (*strides[:i], strides[i] * step, *strides[i + 1 :], strides[i])
    return (*shape[:i], count, *shape[i + 1 :], size), steps, offset


@windows.gradient("x")
def windows_gradient(g, x_spec, axis, step):
    return windows_sum(g, total=x_spec.shape[axis], axis=axis, step=step)


@windows.samples
def windows_samples(make):
    yield make(5, 3), {"axis": 0, "size": 2}
    yield make(2, 7), {"axis": -1, "size": 3, "step": 2}
    yield make(2, 6, 2), {"axis": 1, "size": 2, "step": 3}
    yield make(3), {"axis": 0, "size": 3}
    yield make(0, 4), {"axis": 1, "size": 2}


@op
def windows_sum(g, *, total, axis, step=1):
    """Each element where windows(..., axis, size, step) took it from, added up; 0 where no window was.

    g:      (..., count, ..., size)   count along `axis` of what is returned
    return: (..., total, ...)
    """
    i = axis % (g.ndim - 1)
    size, count = g.shape[-1], g.shape[i]
    out = np.zeros((*g.shape[:i], total, *g.shape[i + 1 : -1]), g.dtype)
    for k in range(size):
        out[along(i, k, k + (count - 1) * step + 1, step)] += g[..., k]
    return out


@windows_sum.shape
def windows_sum_shape(g, *, total, axis, step):
    i = one_axis(axis, g.ndim - 1)
    expected = window_count(total, g.shape[-1], step)
    if not same_size(g.shape[i], expected):
        raise ShapeError(f"{total} elements have {expected} windows of {g.shape[-1]}, got {g}")
    return g.with_shape((*g.shape[:i], total, *g.shape[i + 1 : -1]))


@windows_sum.gradient("g")
def windows_sum_gradient(g, g_spec, axis, step):
    return windows(g, axis=axis, size=g_spec.shape[-1], step=step)


@windows_sum.samples
def windows_sum_samples(make):
    yield make(4, 3, 2), {"total": 5, "axis": 0}
    yield make(2, 3, 3), {"total": 7, "axis": -1, "step": 2}
    yield make(2, 2, 2, 2), {"total": 6, "axis": 1, "step": 3}
    yield make(0, 3, 2), {"total": 4, "axis": 1}
