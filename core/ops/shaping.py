"""Ops that arrange elements anew without computing with them; and sum_to, which undoes broadcasting."""

import builtins
import math

import numpy as np

from ..errors import ShapeError
from ..op import op
from ..spec import Dim, product, same_size
from .axes import one_axis

__all__ = [
    "reshape",
    "expand",
    "squeeze",
    "broadcast_to",
    "sum_to",
    "concatenate",
    "split",
    "slice",
    "slice_gradient",
    "flip",
    "pad",
]


# -- reshape -------------------------------------------------------------------------------------


@op
def reshape(x, *, shape):
    """The same elements, row by row, in another shape.

    shape: one size may be -1: whatever the others leave
    """
    return np.reshape(x, shape)


@reshape.shape
def reshape_shape(x, *, shape):
    complete = completed(shape, x)
    before, after = product(x.shape), product(complete)
    if not same_size(before, after):
        raise ShapeError(f"{x} has {before} elements, shape {shape} has {after}")
    return x.with_shape(complete)


def completed(shape, x):
    """`shape` with its -1 replaced by the size that is left over."""
    unknown = [i for i, size in enumerate(shape) if size == -1]
    if not unknown:
        return shape
    if len(unknown) > 1:
        raise ShapeError(f"shape {shape} leaves more than one size open")
    others = product([size for size in shape if size != -1])
    if others == 0:
        raise ShapeError(f"shape {shape} leaves open a size that any number would fit, beside a size of 0")
    i = unknown[0]
    return (*shape[:i], product(x.shape) // others, *shape[i + 1 :])


@reshape.gradient("x")
def reshape_gradient(g, x_spec):
    return reshape(g, shape=x_spec.shape)


@reshape.samples
def reshape_samples(make):
    yield make(2, 3), {"shape": (3, 2)}
    yield make(2, 3, 4), {"shape": (2, -1)}
    yield make(2, 6), {"shape": (2, 1, 3, 2)}
    yield make(1, 1), {"shape": ()}
    yield make(0, 3), {"shape": (3, 0, 2)}
    yield make(3, 3), {"shape": (3, 3)}


@reshape.view
def reshape_view(layout, shape):
    """Walk both shapes from the last axis; a new axis may only divide elements that are evenly spaced."""
    old, strides, offset = layout
    total = math.prod(old)
    shape = tuple([total // -math.prod(shape) if size == -1 else size for size in shape])
    runs = even_runs(old, strides)
    if total == 0 or not runs:
        return shape, row_major(shape), offset
    new_strides = []
    length, stride = runs.pop()
    for size in reversed(shape):
        if length == 1 and runs and size != 1:
            length, stride = runs.pop()
        if length % size:
            return None
        new_strides.append(stride)
        length, stride = length // size, stride * size
    return shape, tuple(reversed(new_strides)), offset


def even_runs(shape, strides):
    """(length, stride) of each group of neighbouring axes whose elements are evenly spaced in memory."""
    runs: list[tuple[int, int]] = []
    for size, stride in zip(shape, strides, strict=True):
        if size == 1:
            continue
        if runs and runs[-1][1] == size * stride:
            runs[-1] = (runs[-1][0] * size, stride)
        else:
            runs.append((size, stride))
    return runs


def row_major(shape):
    return tuple([math.prod(shape[i + 1 :]) for i in range(len(shape))])


def expand(x, *, axis):
    """x with a new axis of size 1 at `axis`."""
    i = one_axis(axis, x.ndim + 1)
    return reshape(x, shape=(*x.shape[:i], 1, *x.shape[i:]))


def squeeze(x, *, axis):
    """x without `axis`, whose size must be 1."""
    i = one_axis(axis, x.ndim)
    if not same_size(x.shape[i], 1):
        raise ShapeError(f"squeeze: axis {axis} of {x.spec} does not have size 1")
    return reshape(x, shape=(*x.shape[:i], *x.shape[i + 1 :]))


# -- broadcasting and its opposite ---------------------------------------------------------------


@op
def broadcast_to(x, *, shape):
    """x repeated to fill `shape`."""
    return np.broadcast_to(x, shape)


@broadcast_to.shape
def broadcast_to_shape(x, *, shape):
    check_broadcast(x.shape, shape, x)
    return x.with_shape(shape)


def check_broadcast(small, large, x):
    extra = len(large) - len(small)
    if extra < 0 or not all(
        size == 1 or same_size(size, wanted) for size, wanted in zip(small, large[extra:], strict=True)
    ):
        raise ShapeError(f"{x}: shape {small} does not broadcast to {large}")


@broadcast_to.gradient("x")
def broadcast_to_gradient(g, x_spec):
    return sum_to(g, shape=x_spec.shape)


@broadcast_to.samples
def broadcast_to_samples(make):
    yield make(3), {"shape": (2, 3)}
    yield make(2, 1), {"shape": (4, 2, 3)}
    yield make(), {"shape": (2, 2)}
    yield make(1), {"shape": (0,)}
    yield make(5, 1), {"shape": (5, 5)}
    yield make(5), {"shape": (5,)}


@broadcast_to.view
def broadcast_to_view(layout, shape):
    old, strides, offset = layout
    extra = len(shape) - len(old)
    kept = [stride if size == wanted else 0 for size, stride, wanted in zip(old, strides, shape[extra:], strict=True)]
    return shape, (0,) * extra + tuple(kept), offset


@op
def sum_to(x, *, shape):
    """The sum over the axes that broadcasting from `shape` to x's shape would have made."""
    extra = x.ndim - len(shape)
    widened = [i for i, size in enumerate(shape, extra) if size == 1 and x.shape[i] != 1]
    axes = (*range(extra), *widened)
    whole = x.sum(axis=axes, keepdims=True, dtype=x.dtype) if axes else x.copy()  # a sum of one -0.0 would be 0.0
    return whole.reshape(shape)


@sum_to.shape
def sum_to_shape(x, *, shape):
    check_broadcast(shape, x.shape, x)
    return x.with_shape(shape)


@sum_to.gradient("x")
def sum_to_gradient(g, x_spec):
    return broadcast_to(g, shape=x_spec.shape)


@sum_to.samples
def sum_to_samples(make):
    yield make(2, 3), {"shape": (3,)}
    yield make(2, 3), {"shape": (2, 1)}
    yield make(4, 2, 3), {"shape": (2, 1)}
    yield make(2, 3), {"shape": ()}
    yield make(2, 3), {"shape": (2, 3)}
    yield make(0, 3), {"shape": (1, 3)}


# -- joining and cutting -------------------------------------------------------------------------


@op
def concatenate(*xs, axis=0):
    """All operands, one after another along `axis`; their other sizes are equal."""
    return np.concatenate(xs, axis=axis)


@concatenate.shape
def concatenate_shape(*xs, axis):
    first = xs[0]
    i = one_axis(axis, first.ndim)
    for x in xs[1:]:
        if x.ndim != first.ndim or not all(
            j == i or same_size(a, b) for j, (a, b) in enumerate(zip(first.shape, x.shape, strict=True))
        ):
            raise ShapeError(f"sizes other than that of axis {axis} differ: {', '.join(map(str, xs))}")
    total = 0
    for x in xs:
        total = total + x.shape[i]
    return first.with_shape((*first.shape[:i], total, *first.shape[i + 1 :]))


@concatenate.gradient("xs")
def concatenate_gradient(g, xs_spec, axis):
    return split(g, sizes=tuple([x.shape[axis] for x in xs_spec]), axis=axis)


@concatenate.samples
def concatenate_samples(make):
    yield make(2, 3), make(4, 3)
    yield make(2, 3), make(2, 1), make(2, 2), {"axis": 1}
    yield make(2, 1, 2), make(2, 1, 2), {"axis": -1}
    yield (make(3),)
    yield make(0, 3), make(2, 3)


@op(outputs="*")
def split(x, *, sizes, axis=0):
    """x cut along `axis` into pieces of these sizes, which add up to the whole."""
    ends = np.cumsum(sizes)
    return tuple([piece.copy() for piece in np.split(x, ends[:-1], axis=axis)])


@split.shape
def split_shape(x, *, sizes, axis):
    i = one_axis(axis, x.ndim)
    total = 0
    for size in sizes:
        total = total + size
    if not sizes or not same_size(total, x.shape[i]):
        raise ShapeError(f"sizes {sizes} add up to {total}, axis {axis} of {x} has {x.shape[i]}")
    return tuple([x.with_shape((*x.shape[:i], size, *x.shape[i + 1 :])) for size in sizes])


@split.gradient("x")
def split_gradient(g, axis):
    return concatenate(*g, axis=axis)


@split.samples
def split_samples(make):
    yield make(6, 3), {"sizes": (1, 3, 2)}
    yield make(2, 4), {"sizes": (2, 2), "axis": 1}
    yield make(2, 1, 3), {"sizes": (3,), "axis": -1}
    yield make(2, 3), {"sizes": (2, 0)}
    yield make(0, 3), {"sizes": (0, 0)}
    yield make(3, 3), {"sizes": (1, 2), "axis": -1}


@op
def slice(x, *, start=None, stop=None, step=None):
    """Part of x, as NumPy cuts it: every `step`-th element from `start` up to, without, `stop`.

    start, stop, step: one entry for each axis, None for NumPy's default; axes that are left out stay whole

    Along an axis of unknown size, `start` and `stop` are taken to lie inside it.
    """
    return x[axis_slices(x.ndim, start, stop, step)]


def axis_slices(ndim, start, stop, step):
    """One built-in slice for each axis."""
    columns = []
    for name, setting in (("start", start), ("stop", stop), ("step", step)):
        entries = () if setting is None else tuple(setting)
        if len(entries) > ndim:
            raise ShapeError(f"{name} {entries} has {len(entries)} entries for {ndim} axes")
        columns.append(entries + (None,) * (ndim - len(entries)))
    return tuple(map(builtins.slice, *columns))


@slice.shape
def slice_shape(x, *, start, stop, step):
    slices = axis_slices(x.ndim, start, stop, step)
    return x.with_shape([slice_size(size, cut) for size, cut in zip(x.shape, slices, strict=True)])


def slice_size(size, cut):
    """How many elements `cut` takes from an axis of this size."""
    step = 1 if cut.step is None else cut.step
    if step == 0:
        raise ShapeError("step is 0; take 1 for every element, -1 for the reverse")
    if not any(type(part) is Dim for part in (size, cut.start, cut.stop)):
        return len(range(*cut.indices(size)))
    if step > 0:
        first, end = from_front(cut.start, size, 0), from_front(cut.stop, size, size)
        count = (end - first + step - 1) // step
    else:
        first, end = from_front(cut.start, size, size - 1), from_front(cut.stop, size, -1)
        count = (first - end - step - 1) // -step
    return count if type(count) is Dim else builtins.max(count, 0)


def from_front(position, size, default):
    if position is None:
        return default
    return position + size if type(position) is not Dim and position < 0 else position


@slice.gradient("x")
def slice_gradient_x(g, x_spec, start, stop, step):
    return slice_gradient(g, shape=x_spec.shape, start=start, stop=stop, step=step)


@slice.samples
def slice_samples(make):
    yield make(5, 4), {"start": (1, 2), "stop": (4, 3)}
    yield make(7, 4), {"start": (1,), "step": (3,)}
    yield make(5, 4), {"start": (None, -3), "stop": (-1, None), "step": (2, None)}
    yield make(5, 4), {"step": (-1, -2)}
    yield make(6, 2), {"start": (4, 1), "stop": (0, None), "step": (-3, -1)}
    yield make(5, 4), {"start": (3,), "stop": (3,)}
    yield make(0, 3), {"start": (0, 1)}
    yield make(3, 1), {}


@slice.view
def slice_view(layout, start, stop, step):
    shape, strides, offset = layout
    sizes, steps = [], []
    for size, stride, cut in zip(shape, strides, axis_slices(len(shape), start, stop, step), strict=True):
        taken = range(*cut.indices(size))
        sizes.append(len(taken))
        steps.append(stride * taken.step)
        offset += stride * taken.start if taken else 0
    return tuple(sizes), tuple(steps), offset


@op
def slice_gradient(g, *, shape, start=None, stop=None, step=None):
    """Zeros of `shape`, with g where slice(..., start, stop, step) would take it from."""
    out = np.zeros(shape, g.dtype)
    out[axis_slices(len(shape), start, stop, step)] = g
    return out


@slice_gradient.shape
def slice_gradient_shape(g, *, shape, start, stop, step):
    expected = slice_shape(g.with_shape(shape), start=start, stop=stop, step=step)
    if g.ndim != expected.ndim or not all(map(same_size, g.shape, expected.shape)):
        raise ShapeError(f"the gradient of a slice {expected} is {g}")
    return g.with_shape(shape)


@slice_gradient.gradient("g")
def slice_gradient_gradient(g, start, stop, step):
    return slice(g, start=start, stop=stop, step=step)


@slice_gradient.samples
def slice_gradient_samples(make):
    yield make(3, 1), {"shape": (5, 4), "start": (1, 2), "stop": (4, 3)}
    yield make(2, 4), {"shape": (7, 4), "start": (1,), "step": (3,), "stop": (6,)}
    yield make(5, 2), {"shape": (5, 4), "step": (-1, -2)}
    yield make(0, 4), {"shape": (5, 4), "start": (3,), "stop": (3,)}
    yield make(3, 3), {"shape": (5, 3), "start": (2,)}
    yield make(3, 3), {"shape": (5, 3), "start": (1,), "stop": (4,)}


def flip(x, *, axis):
    """x with `axis` in reverse."""
    i = one_axis(axis, x.ndim)
    return slice(x, step=(None,) * i + (-1,))


@op
def pad(x, *, widths, value=0.0):
    """x with a border of `value`.

    widths: (before, after) for each axis
    """
    return np.pad(x, widths, constant_values=value)


@pad.shape
def pad_shape(x, *, widths, value):
    if len(widths) != x.ndim or any(len(pair) != 2 for pair in widths):
        raise ShapeError(f"widths {widths} are not a pair (before, after) for each axis of {x}")
    if any(type(width) is not Dim and width < 0 for pair in widths for width in pair):
        raise ShapeError(f"widths {widths} are negative; use slice to cut")
    return x.with_shape([size + low + high for size, (low, high) in zip(x.shape, widths, strict=True)])


@pad.gradient("x")
def pad_gradient(g, widths):
    before, after = zip(*widths, strict=True)
    return slice(g, start=before, stop=tuple([-width if width != 0 else None for width in after]))


@pad.samples
def pad_samples(make):
    yield make(2, 3), {"widths": ((1, 2), (0, 1))}
    yield make(2, 3), {"widths": ((0, 0), (2, 0)), "value": -1.5}
    yield make(1, 0, 2), {"widths": ((0, 0), (1, 1), (0, 0))}
    yield make(3), {"widths": ((0, 0),)}
