"""The same elements, arranged anew."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from trivium import ops
from trivium.errors import ShapeError
from trivium.spec import Dim

from .build import call, convert_to_tensor, packed
from .conversion import as_tensor
from .creation import same
from .graph import get_default_graph
from .operation import Tensor
from .sizing import as_number, as_numbers, as_sizes

__all__ = [
    "reshape", "transpose", "expand_dims", "squeeze", "concat", "stack", "parallel_stack", "unstack", "split", "pad",
    "tile", "reverse", "reverse_v2", "reverse_sequence", "roll", "broadcast_to", "meshgrid",
]  # fmt: skip


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """The same elements, row by row, in another shape; one size may be -1."""
    sizes = as_sizes(shape)

    def reshaped(x: Any) -> Any:
        _check_count(x, sizes)
        y = ops.reshape(x, shape=sizes)
        if x.spec.shape is None:
            y.spec = y.spec.with_shape([Dim() if n == -1 else n for n in sizes])
            y.node.specs = (y.spec,)
        return y

    return call("Reshape", reshaped, name, attributes={"shape": sizes}, tensor=tensor)


def _check_count(x: Any, sizes: tuple[Any, ...]) -> None:
    """Say in TensorFlow's words that a shape holds another number of elements."""
    if x.spec.is_concrete and not any(type(n) is Dim or n == -1 for n in sizes) and math.prod(sizes) != x.spec.size:
        listed = ",".join(map(str, sizes))
        raise ShapeError(
            f"Cannot reshape a tensor with {x.spec.size} elements to shape [{listed}] ({math.prod(sizes)} elements)"
        )


def transpose(a: Any, perm: Any = None, name: str = "transpose", conjugate: bool = False) -> Tensor:
    """The axes in another order; reversed when nothing is said."""
    axes = None if perm is None else as_numbers(perm, "perm")
    return call("Transpose", lambda x: ops.transpose(x, axes=axes), name, a=a)


def expand_dims(input: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Tensor:
    """A new axis of size 1."""
    at = as_number(dim if axis is None else axis, "axis")
    return call(
        "ExpandDims", lambda x: ops.expand(x, axis=at), name, known=lambda x: np.expand_dims(x, at), input=input
    )


def squeeze(input: Any, axis: Any = None, name: str | None = None, squeeze_dims: Any = None) -> Tensor:
    """Without some axes of size 1, or all of them."""
    chosen = squeeze_dims if axis is None else axis

    def squeezed(x: Any) -> Any:
        gone = [i for i, n in enumerate(x.shape) if n == 1] if chosen is None else as_numbers(chosen, "axis")
        for i in sorted([i % x.ndim for i in gone], reverse=True):
            x = ops.squeeze(x, axis=i)
        return x

    return call("Squeeze", squeezed, name, input=input)


def concat(values: Any, axis: Any, name: str = "concat") -> Tensor:
    """Tensors one after another along an axis."""
    values = values if isinstance(values, (list, tuple)) else [values]
    if isinstance(axis, (list, tuple)):
        raise TypeError("concat: values come first, then the axis: tf.concat([a, b], 0)")
    at = as_number(axis, "axis")
    return call(
        "ConcatV2", lambda *xs: ops.concatenate(*xs, axis=at), name, attributes={"N": len(values)},
        known=lambda *xs: np.concatenate(xs, at), **{f"values_{i}": x for i, x in enumerate(values)},
    )  # fmt: skip


def stack(values: Any, axis: int = 0, name: str = "stack") -> Tensor:
    """Tensors of one shape along a new axis."""
    return packed(list(values), axis, name)


def parallel_stack(values: Any, name: str = "parallel_stack") -> Tensor:
    """Tensors of one shape along a new first axis."""
    return packed(list(values), 0, name)


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str = "unstack") -> list[Tensor]:
    """The slices along an axis, which is gone from them."""
    tensor = convert_to_tensor(value, name="value")
    count = tensor.spec.shape[axis] if num is None else num
    if type(count) is Dim:
        raise ValueError(f"Cannot infer num from shape {tensor.shape}")

    def slices(x: Any) -> Any:
        return [ops.squeeze(part, axis=axis) for part in ops.split(x, sizes=(1,) * count, axis=axis)]

    return _as_list(call("Unpack", slices, name, attributes={"num": count, "axis": axis}, value=tensor))


def split(
    value: Any, num_or_size_splits: Any, axis: Any = 0, num: int | None = None, name: str = "split"
) -> list[Tensor]:
    """The parts along an axis: so many equal ones, or of the sizes given."""
    tensor = convert_to_tensor(value, name="value")
    at = as_number(axis, "axis")
    if isinstance(num_or_size_splits, (int, np.integer)):
        whole, count = tensor.spec.shape[at], int(num_or_size_splits)
        if type(whole) is int and whole % count:
            raise ValueError(
                f"Dimension size must be evenly divisible by {count} but is {whole} for '{name}' (op: 'Split') with "
                f"input shapes: {tensor.shape}."
            )
        sizes, kind = (whole // count,) * count, "Split"
    else:
        sizes, kind = as_sizes(num_or_size_splits, "num_or_size_splits"), "SplitV"
        if -1 in sizes:
            rest = tensor.spec.shape[at] - sum([n for n in sizes if n != -1])
            sizes = tuple([rest if n == -1 else n for n in sizes])
    return _as_list(call(kind, lambda x: ops.split(x, sizes=sizes, axis=at), name, default="split", value=tensor))


def _as_list(tensors: Any) -> list[Tensor]:
    return tensors if isinstance(tensors, list) else [tensors]


def pad(
    tensor: Any, paddings: Any, mode: str = "CONSTANT", name: str | None = None, constant_values: Any = 0
) -> Tensor:
    """A border before and behind each axis: of one value, or a mirror at the last element or one behind it.

    paddings: (axes, 2)
    mode:     "CONSTANT", "REFLECT" or "SYMMETRIC"
    """
    how = mode.upper()
    if how not in ("CONSTANT", "REFLECT", "SYMMETRIC"):
        raise ValueError(f"Unknown padding mode: {mode}; it may be 'CONSTANT', 'REFLECT' or 'SYMMETRIC'")
    numbers = _pairs(paddings)
    if how != "CONSTANT":
        widths = tuple([as_numbers(pair, "paddings") for pair in numbers])
        return call(
            "MirrorPad", lambda x: ops.pad_mirrored(x, widths=widths, mode=how.lower()), name, tensor=tensor,
            attributes={"mode": how},
        )  # fmt: skip
    value = convert_to_tensor(tensor).dtype.numpy.type(constant_values).item()
    return call(
        "Pad" if value == 0 else "PadV2", lambda x: ops.pad(x, widths=numbers, value=value), name, default="Pad",
        tensor=tensor,
    )  # fmt: skip


def _pairs(paddings: Any) -> tuple[tuple[Any, Any], ...]:
    """(before, after) for each axis."""
    tensor = as_tensor(paddings, get_default_graph())
    if tensor is None:
        return tuple([as_sizes(pair, "paddings") for pair in paddings])
    if tensor.known is None:
        raise ValueError(f"paddings must be known while the graph is built, or follow from tf.shape: {tensor}")
    return tuple([tuple(pair) for pair in tensor.known])


def tile(input: Any, multiples: Any, name: str | None = None) -> Tensor:
    """The tensor repeated along each axis."""
    counts = as_sizes(multiples, "multiples")
    tensor = convert_to_tensor(input, name="input")
    if tensor.shape.ndims is not None and tensor.shape.ndims != len(counts):
        raise ValueError(
            f"Expected multiples argument to be a vector of length {tensor.shape.ndims} but got length {len(counts)}"
        )
    return call("Tile", lambda x: ops.tile(x, times=counts), name, input=tensor)


def reverse(tensor: Any, axis: Any, name: str | None = None) -> Tensor:
    """The elements along some axes in reverse."""
    axes = as_numbers(axis, "axis")

    def reversed_along(x: Any) -> Any:
        turned = {i % x.ndim for i in axes}
        return ops.slice(x, step=tuple([-1 if i in turned else 1 for i in builtins.range(x.ndim)]))

    return call("ReverseV2", reversed_along, name, tensor=tensor)


reverse_v2 = reverse


def reverse_sequence(
    input: Any, seq_lengths: Any, seq_axis: Any = None, batch_axis: Any = None, name: str | None = None,
    seq_dim: Any = None, batch_dim: Any = None,
) -> Tensor:  # fmt: skip
    """The first elements along an axis in reverse, for each place in a batch as many as its length says.

    seq_lengths: (batch,)
    """
    along = as_number(seq_dim if seq_axis is None else seq_axis, "seq_axis")
    batch = as_number(next((axis for axis in (batch_axis, batch_dim) if axis is not None), 0), "batch_axis")

    def turned(x: Any, lengths: Any) -> Any:
        lengths = ops.reshape(ops.cast(lengths, dtype="int64"), shape=_axis_shape(x, batch))
        places = ops.reshape(ops.arange(stop=x.shape[along], place=x.graph), shape=_axis_shape(x, along))
        source = ops.where(places < lengths, lengths - 1 - places, places)
        return ops.take_along(x, ops.broadcast_to(source, shape=x.shape), axis=along)

    return call("ReverseSequence", turned, name, free=("seq_lengths",), input=input, seq_lengths=seq_lengths)


def _axis_shape(x: Any, axis: int) -> tuple[Any, ...]:
    """The shape of one axis of x, spread over all the others."""
    return tuple([n if i == axis % x.ndim else 1 for i, n in enumerate(x.shape)])


def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Tensor:
    """The elements moved along some axes; what leaves at one end enters at the other."""
    steps = tuple(zip(as_numbers(shift, "shift"), as_numbers(axis, "axis"), strict=True))

    def rolled(x: Any) -> Any:
        for by, along in steps:
            x = ops.roll(x, shift=by, axis=along)
        return same(x)

    return call("Roll", rolled, name, input=input)


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """The tensor repeated to fill a shape."""
    sizes = as_sizes(shape)
    return call("BroadcastTo", lambda x: ops.broadcast_to(x, shape=sizes), name, input=input)


def meshgrid(*args: Any, indexing: str = "xy", name: str | None = None) -> list[Tensor]:
    """Each of several rows of numbers spread over the grid that they span; the first two axes change places in "xy"."""
    if indexing not in ("xy", "ij"):
        raise ValueError("indexing parameter must be either 'xy' or 'ij'")
    if not args:
        return []

    def grid(*rows: Any) -> Any:
        return ops.meshgrid(*[ops.reshape(row, shape=(-1,)) for row in rows], indexing=indexing)

    named = {f"args_{i}": x for i, x in enumerate(args)}
    return _as_list(call("Meshgrid", grid, name, default="meshgrid", free=tuple(named), **named))
