"""x[...]: basic indices are views, tensors of positions and masks gather; and assignment to both."""

import math
import warnings
from typing import Any

import numpy as np
from attrs import frozen

from trivium import ops
from trivium.tensor import Tensor as CoreTensor

from .autograd.grad_fn import name_result
from .errors import ArgumentError, AxisError, IndexKindError, SizeMismatchError
from .promotion import cast
from .shaping import select
from .tensors import Tensor, around, on_host, refreshed
from .words import method


@frozen
class Index:
    """An index taken apart.

    view:      the tensor after every basic index
    positions: tensors of whole numbers, and the axes of the view that each takes the place of
    """

    view: Any
    positions: tuple[tuple[int, Any], ...]


def is_advanced(entry):
    return isinstance(entry, (CoreTensor, np.ndarray, list, range, tuple))


def as_entry(entry):
    """A tensor of one position as the position, one of uint8 as the mask that it was before there were bools."""
    if isinstance(entry, CoreTensor) and entry.spec.ndim == 0 and entry.spec.dtype.kind in "iu":
        return int(entry.item())
    if isinstance(entry, CoreTensor) and entry.spec.dtype == np.uint8:
        warnings.warn(
            "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.", stacklevel=4
        )
        return cast(entry, np.dtype(bool))
    return entry


def as_position(entry, input):
    """An advanced index as a tensor."""
    if isinstance(entry, CoreTensor):
        return entry
    array = np.asarray(entry)
    return around(array.astype(np.int64) if array.size == 0 else array, input.device)


def parsed(input, index):
    """Apply the basic part of an index; keep the rest."""
    entries = list(index) if isinstance(index, tuple) else [index]
    entries = [as_entry(as_position(e, input)) if is_advanced(e) else e for e in entries]
    taken = sum([consumed(e) for e in entries])
    dots = [i for i, e in enumerate(entries) if e is Ellipsis]
    if taken > 0 == input.spec.ndim:
        raise AxisError("invalid index of a 0-dim tensor. Use `tensor.item()` to convert a 0-dim tensor to a number")
    if taken > input.spec.ndim:
        raise AxisError(f"too many indices for tensor of dimension {input.spec.ndim}")
    if len(dots) > 1:
        raise AxisError("an index can only have a single ellipsis ('...')")
    if dots:
        entries[dots[0] : dots[0] + 1] = [slice(None)] * (input.spec.ndim - taken)
    return applied(input, entries)


def consumed(entry):
    """How many axes an entry of an index is about."""
    if entry is None or entry is Ellipsis or isinstance(entry, (bool, np.bool_)):
        return 0
    if isinstance(entry, CoreTensor) and entry.spec.dtype == np.bool_:
        return entry.spec.ndim
    return 1


def applied(x, entries):
    axis = 0
    positions: list[tuple[int, Any]] = []
    for entry in entries:
        if entry is None:
            x = ops.expand(x, axis=axis)
            axis += 1
        elif isinstance(entry, (bool, np.bool_)):
            x = ops.expand(x, axis=axis)
            positions.append((axis, around(np.zeros(int(entry), np.int64), x.device)))
            axis += 1
        elif isinstance(entry, slice):
            x = sliced(x, axis, entry)
            axis += 1
        elif isinstance(entry, CoreTensor):
            found, axis = advanced(x, axis, entry)
            positions += found
        elif hasattr(entry, "__index__"):
            x = select(x, axis, entry.__index__())
        else:
            raise IndexKindError(
                "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got "
                f"{type(entry).__name__})"
            )
    return Index(x, tuple(positions))


def sliced(x, axis, cut):
    if cut == slice(None):
        return x
    start, stop, step = [None if part is None else part.__index__() for part in (cut.start, cut.stop, cut.step)]
    if step is not None and step <= 0:
        raise AxisError("step must be greater than zero")
    before = (None,) * axis
    return ops.slice(x, start=(*before, start), stop=(*before, stop), step=(*before, step))


def advanced(x, axis, entry):
    """A tensor of positions for each axis that an entry is about, and the axis after them."""
    dtype = entry.spec.dtype
    if dtype == np.bool_:
        shape = tuple(x.spec.shape[axis : axis + entry.spec.ndim])
        if tuple(entry.spec.shape) != shape:
            wrong = next((i for i, (a, b) in enumerate(zip(entry.spec.shape, shape)) if a != b), 0)
            raise AxisError(
                f"The shape of the mask {list(entry.spec.shape)} at index {wrong} does not match the shape of "
                "the indexed "
                f"tensor {list(x.spec.shape)} at index {wrong + axis}"
            )
        # how many elements there are is known only once the mask is read
        found = np.nonzero(on_host(entry))
        return [(axis + i, around(p, x.device)) for i, p in enumerate(found)], axis + len(found)
    if dtype.kind not in "iu":
        raise AxisError("tensors used as indices must be long, int, byte or bool tensors")
    return [(axis, cast(entry, np.dtype(np.int64)))], axis + 1


def broadcast_positions(positions):
    try:
        shape = np.broadcast_shapes(*[tuple(p.spec.shape) for _, p in positions])
    except ValueError:
        listed = ", ".join([str(list(p.spec.shape)) for _, p in positions])
        raise AxisError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {listed}"
        ) from None
    return shape


def checked(positions, view):
    """Positions counted from the front; one outside its axis is an error."""
    counted = []
    for axis, p in positions:
        size = view.spec.shape[axis]
        if p.spec.size:
            low, high = int(-ops.max(-p).item()), int(ops.max(p).item())
            if low < -size or high >= size:
                wrong = low if low < -size else high
                raise AxisError(f"index {wrong} is out of bounds for dimension {axis} with size {size}")
            if low < 0:
                p = ops.where(ops.less(p, 0), ops.add(p, size), p)
        counted.append((axis, p))
    return counted


@frozen
class Gathering:
    """Rows of a view that tensors of positions name.

    rows:     the view with the indexed axes first, taken together as one
    position: which row each element of the result is
    order:    how the axes of the view were arranged
    front:    where the axes of the positions stand in the result
    """

    rows: Any
    position: Any
    order: tuple[int, ...]
    front: int

    @classmethod
    def of(cls, index: Index) -> "Gathering":
        view, axes = index.view, [axis for axis, _ in index.positions]
        shape = broadcast_positions(index.positions)
        positions = checked(index.positions, view)
        rest = [i for i in range(view.spec.ndim) if i not in axes]
        order = (*axes, *rest)
        sizes = [view.spec.shape[i] for i in axes]
        rows = view if order == tuple(range(len(order))) else ops.transpose(view, axes=order)
        rows = ops.reshape(rows, shape=(math.prod(sizes), *[view.spec.shape[i] for i in rest]))
        linear = None
        for k, (_, p) in enumerate(positions):
            step = math.prod(sizes[k + 1 :])
            part = p if step == 1 else ops.multiply(p, step)
            linear = part if linear is None else ops.add(linear, part)
        if tuple(linear.spec.shape) != shape:
            linear = ops.broadcast_to(linear, shape=shape)
        is_together = axes == list(range(axes[0], axes[-1] + 1))
        return cls(rows, linear, order, axes[0] if is_together else 0)

    def read(self):
        """The rows named, with the axes of the positions where they belong."""
        out = ops.gather(self.rows, self.position, axis=0)
        return self.placed(out)

    def placed(self, out):
        count, front = self.position.spec.ndim, self.front
        if front == 0 or count == 0:
            return out
        ndim = out.spec.ndim
        order = (*range(count, count + front), *range(count), *range(count + front, ndim))
        return ops.transpose(out, axes=order)

    def leading(self, value):
        """`placed`, undone."""
        count, front = self.position.spec.ndim, self.front
        if front == 0 or count == 0:
            return value
        order = (*range(front, front + count), *range(front), *range(front + count, value.spec.ndim))
        return ops.transpose(value, axes=order)


@method(name="__getitem__")
def getitem(self, index):
    """Part of a tensor: a view for basic indices, a copy for tensors of positions and masks."""
    found = parsed(self, index)
    if found.positions:
        part = Gathering.of(found).read()
        name_result("Index0", part)
        return part
    return ops.reshape(self, shape=tuple(self.spec.shape)) if found.view is self else found.view


@method(name="__setitem__")
def setitem(self, index, value):
    """Overwrite part of a tensor."""
    found = parsed(self, index)
    value = as_value(value, self)
    if not found.positions:
        overwrite_part(self, found.view, fitted(value, tuple(found.view.spec.shape)))
        return
    target = found.view
    gathering = Gathering.of(found)
    shape = gathering.placed(ops.gather(gathering.rows.detach(), gathering.position, axis=0)).spec.shape
    value = gathering.leading(fitted(value, tuple(shape)))
    overwrite_part(self, target, scattered(target, gathering, value))


def as_value(value, like):
    """What is assigned, as a tensor of the dtype of what it is assigned to."""
    if isinstance(value, CoreTensor):
        if value.device is not like.device:
            value = around(on_host(value), like.device)
        return cast(value, like.spec.dtype)
    array = np.asarray(value)
    if array.dtype.kind not in "biufcV":
        raise ArgumentError(f"can't assign a {type(value).__name__} to a tensor {like.spec}")
    return around(array.astype(like.spec.dtype), like.device)


def fitted(value, shape):
    """`value` broadcast to a shape; leading axes of size 1 may be left out."""
    own = tuple(value.spec.shape)
    if own == shape:
        return value
    while len(own) > len(shape) and own[0] == 1:
        own = own[1:]
    try:
        if np.broadcast_shapes(own, shape) != shape:
            raise ValueError
    except ValueError:
        raise SizeMismatchError(
            f"shape mismatch: value tensor of shape {list(value.spec.shape)} cannot be broadcast to indexing "
            "result of shape "
            f"{list(shape)}"
        ) from None
    return ops.broadcast_to(ops.reshape(value, shape=own), shape=shape)


def overwrite_part(owner, part, value):
    """Write to a view of `owner`, or to itself, and keep its place on the tape."""
    Tensor.write(part, value)
    refreshed(owner)


def scattered(target, gathering, value):
    """The view `target` with rows replaced; of a row named twice the last one counts."""
    rows, position = gathering.rows, ops.reshape(gathering.position, shape=(-1,))
    value = ops.reshape(value, shape=(position.spec.shape[0], *rows.spec.shape[1:]))
    position, value = last_of_each(position, value)
    nothing = ops.zeros_like(rows)
    if rows.spec.dtype == np.bool_:
        nothing, value = [ops.cast(v, dtype="int64") for v in (nothing, value)]
    placed = ops.cast(ops.scatter_add(nothing, position, value, axis=0), dtype=rows.spec.dtype.name)
    count = ops.zeros(shape=(rows.spec.shape[0],), dtype="int64", place=rows.place)
    hit = ops.greater(ops.scatter_add(count, position, ops.ones_like(position), axis=0), 0)
    hit = ops.reshape(hit, shape=(-1, *[1] * (rows.spec.ndim - 1)))
    sizes = [target.spec.shape[i] for i in gathering.order]
    joined = ops.reshape(ops.where(hit, placed, rows), shape=tuple(sizes))
    back = tuple(np.argsort(gathering.order).tolist())
    return ops.transpose(joined, axes=back)


def last_of_each(position, value):
    """Positions without repetition: of equal ones the last, as if assigned one by one."""
    numbers = on_host(position)
    unique, first = np.unique(numbers[::-1], return_index=True)
    if len(unique) == len(numbers):
        return position, value
    kept = around(np.sort(len(numbers) - 1 - first), value.device)
    return ops.gather(position, kept, axis=0), ops.gather(value, kept, axis=0)
