"""Parts of tensors: slices, and Python's `tensor[...]`."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trivium import ops
from trivium.errors import ShapeError
from trivium.spec import Dim

from .arranging import unstack
from .build import call
from .conversion import as_tensor
from .graph import get_default_graph
from .operation import Tensor
from .sizing import as_number, as_sizes

__all__ = ["slice", "strided_slice"]


def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """A block of the tensor.

    begin: the first position along each axis
    size:  how many positions; -1 for all that are left
    """
    first, counts = _entries(begin), _entries(size)
    late = [entry for entry in (*first, *counts) if isinstance(entry, Tensor)]

    def block(x: Any, *symbols: Any) -> Any:
        values = dict(zip(late, symbols, strict=True))
        cuts = []
        for axis, (b, count, n) in enumerate(zip(first, counts, x.shape, strict=True)):
            if isinstance(b, Tensor) and type(count) is int and count >= 0:
                positions = values[b] + ops.arange(stop=count, dtype=values[b].dtype.name, place=x.graph)
                x = ops.gather(x, positions, axis=axis)
                cuts.append((None, None))
                continue
            b = _position(b, values)
            end = n if type(count) is int and count == -1 else b + _position(count, values)
            if builtins.all([type(part) is int for part in (b, end, n)]) and end > n:
                raise ShapeError(f"slice: positions {b} to {end} go beyond an axis of {n}")
            cuts.append((b, end))
        starts, stops = zip(*cuts, strict=True) if cuts else ((), ())
        return ops.slice(x, start=starts, stop=stops)

    named = {f"part_{i}": tensor for i, tensor in enumerate(late)}
    return call("Slice", block, name, free=tuple(named), input_=input_, **named)


def strided_slice(
    input_: Any, begin: Any, end: Any, strides: Any = None, begin_mask: int = 0, end_mask: int = 0,
    ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0, var: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Part of the tensor, as Python's slices cut it.

    Bit i of begin_mask or end_mask leaves that end of axis i open; of ellipsis_mask stands for `...`; of new_axis_mask
    for a new axis; of shrink_axis_mask for one position, whose axis is gone then.
    """
    first, last = _entries(begin), _entries(end)
    steps = [1] * len(first) if strides is None else _entries(strides)
    keys: list[Any] = []
    for i, (b, e, step) in enumerate(zip(first, last, steps, strict=True)):
        if ellipsis_mask >> i & 1:
            keys.append(Ellipsis)
        elif new_axis_mask >> i & 1:
            keys.append(None)
        elif shrink_axis_mask >> i & 1:
            keys.append(b)
        else:
            keys.append(builtins.slice(None if begin_mask >> i & 1 else b, None if end_mask >> i & 1 else e, step))
    return indexed(input_, tuple(keys), name or "StridedSlice")


def indexed(tensor: Any, key: Any, name: str = "strided_slice") -> Tensor:
    """`tensor[key]`: numbers, slices, `...` and tf.newaxis, and scalar tensors of whole numbers in place of numbers."""
    keys = tuple([_plain(k) for k in (key if isinstance(key, tuple) else (key,))])
    parts = [p for k in keys for p in ((k.start, k.stop) if isinstance(k, builtins.slice) else (k,))]
    late = list(dict.fromkeys([p for p in parts if isinstance(p, Tensor)]))
    is_static = not late and not any(type(p) is Dim for p in parts)
    named = {f"index_{i}": x for i, x in enumerate(late)}

    def cut(x: Any, *symbols: Any) -> Any:
        return _cut(x, keys, dict(zip(late, symbols, strict=True)))

    known = (lambda x: x[keys]) if is_static else None
    return call("StridedSlice", cut, name, free=tuple(named), known=known, input=tensor, **named)


# -- what stands in a key ------------------------------------------------------------------------------------


def _entries(value: Any) -> list[Any]:
    """Whole numbers, sizes, and scalar tensors that are known only when the graph runs."""
    tensor = as_tensor(value, get_default_graph())
    if tensor is None:
        return [_entry(x, "position") for x in (value if isinstance(value, (list, tuple)) else np.ravel(value))]
    if tensor.known is not None:
        return list(tensor.known.ravel())
    return [_entry(x, "position") for x in (unstack(tensor) if tensor.shape.ndims else [tensor])]


def _entry(value: Any, what: str) -> Any:
    """A number or size; a tensor that is not known stays."""
    tensor = as_tensor(value, get_default_graph())
    if tensor is None:
        return as_sizes(value, what)[0]
    if not tensor.dtype.is_integer or tensor.shape.ndims not in (0, None):
        raise TypeError(f"{what} must be a scalar of whole numbers, got {tensor}")
    return tensor if tensor.known is None else tensor.known.item()


def _plain(key: Any) -> Any:
    """A key with numbers and sizes in place of tensors that are known."""
    if isinstance(key, builtins.slice):
        start, stop = [None if p is None else _entry(p, "slice") for p in (key.start, key.stop)]
        return builtins.slice(start, stop, None if key.step is None else as_number(key.step, "slice step"))
    if key is None or key is Ellipsis:
        return key
    if isinstance(key, (list, np.ndarray)) and np.ndim(key):
        raise TypeError(f"strided_slice: {key!r} is a list of positions; use tf.gather")
    is_tensor = as_tensor(key, get_default_graph()) is not None
    if isinstance(key, (bool, np.bool_)) or not (is_tensor or hasattr(key, "__index__")):
        raise TypeError(
            "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar tf.int32/tf.int64 tensors "
            f"are valid indices, got {key!r}"
        )
    return _entry(key, "index")


# -- cutting -------------------------------------------------------------------------------------------------


def _cut(x: Any, keys: tuple[Any, ...], values: Mapping[Tensor, Any]) -> Any:
    keys = _spread(keys, x.ndim)
    start, stop, step, late = [], [], [], []
    for k in keys:
        axis = len(start)
        if k is None:
            continue
        first = last = by = None
        if isinstance(k, builtins.slice):
            by = k.step
            if isinstance(k.start, Tensor) or isinstance(k.stop, Tensor):
                first, last = [_bound(p, x.shape[axis], by, values, x) for p in (k.start, k.stop)]
            else:
                first, last = k.start, k.stop
        elif isinstance(k, Tensor):
            late.append((axis, values[k]))
        else:
            n = x.shape[axis]
            if type(k) is int and type(n) is int and not -n <= k < n:
                raise ShapeError(f"slice index {k} of dimension {axis} out of bounds")
            first, last, by = k, None if type(k) is int and k == -1 else k + 1, 1
        start.append(first), stop.append(last), step.append(by)
    x = ops.slice(x, start=tuple(start), stop=tuple(stop), step=tuple(step)) if start else x
    for axis, position in late:
        x = ops.gather(x, ops.reshape(position, shape=(1,)), axis=axis)
    return ops.reshape(x, shape=_kept_sizes(x, keys))


def _spread(keys: tuple[Any, ...], ndim: int) -> tuple[Any, ...]:
    """The keys with whole slices in place of `...`, one for each axis."""
    taken = sum([k is not None and k is not Ellipsis for k in keys])
    if taken > ndim:
        raise ShapeError(f"Index out of range using input dim {ndim}; input has only {ndim} dims")
    places = [i for i, k in enumerate(keys) if k is Ellipsis]
    if len(places) > 1:
        raise ValueError("Multiple ellipses in slice spec not allowed")
    at = places[0] if places else len(keys)
    return (*keys[:at], *[builtins.slice(None)] * (ndim - taken), *keys[at + 1 :])


def _kept_sizes(x: Any, keys: Sequence[Any]) -> tuple[Any, ...]:
    """The shape once axes that were chosen by number are gone and new ones are there."""
    sizes, axis = [], 0
    for k in keys:
        if k is None:
            sizes.append(1)
            continue
        if isinstance(k, builtins.slice):
            sizes.append(x.shape[axis])
        axis += 1
    return tuple(sizes)


def _position(entry: Any, values: Mapping[Tensor, Any]) -> Any:
    """A position as a number or a size."""
    return ops.count_up(values[entry]).shape[0] if isinstance(entry, Tensor) else entry


def _bound(entry: Any, size: Any, step: Any, values: Mapping[Tensor, Any], x: Any) -> Any:
    """An end of a slice as a size inside the axis, where one end is known only when the graph runs."""
    if step is not None and step < 0:
        raise ValueError("strided_slice: a slice that steps back needs ends that are known while the graph is built")
    if not isinstance(entry, Tensor):
        return entry
    position = ops.cast(values[entry], dtype="int64")
    with x.graph.after(x):
        whole = ops.full(shape=(), value=size, dtype="int64", place=x.graph)
    inside = ops.clip(ops.where(position < 0, position + whole, position), ops.zeros_like(whole), whole)
    return ops.count_up(inside).shape[0]
