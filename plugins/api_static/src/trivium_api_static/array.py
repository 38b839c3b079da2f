"""Making tensors, and arranging their elements anew."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from trivium import ops
from trivium.errors import ShapeError
from trivium.spec import Dim, Spec, product

from . import dtypes, errors
from .build import as_array, as_sizes, as_tensor, call, constant, constant_in, convert_to_tensor, graph_of, packed
from .dtypes import as_dtype
from .graph import get_default_graph
from .operation import Tensor
from .tensor_shape import TensorShape

__all__ = [
    "placeholder", "placeholder_with_default", "zeros", "ones", "fill", "range", "linspace", "zeros_like", "ones_like",
    "identity", "stop_gradient", "reshape", "transpose", "expand_dims", "squeeze", "concat", "stack",
    "unstack", "split",
    "pad", "slice", "strided_slice", "gather", "where", "one_hot", "shape", "size", "rank", "tile", "reverse",
    "get_shape",
    "broadcast_to", "eye",
]  # fmt: skip


# -- making them -----------------------------------------------------------------------------------------


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Tensor:
    """A value that is fed when the graph runs.

    shape: None for any; a size may be None too
    """
    graph = get_default_graph()
    kind, sizes = as_dtype(dtype).base_dtype, TensorShape(shape)
    with graph.name_scope(name or "Placeholder") as scope:
        if kind == dtypes.string:
            return graph.hosted("Placeholder", scope[:-1], _unfed(scope[:-1]), kind)
        made = graph.operation(
            "Placeholder", scope[:-1], (),
            lambda: graph.core.placeholder(None if sizes.dims is None else sizes.as_list(), kind.name),
            attributes={"dtype": kind, "shape": sizes},
        )  # fmt: skip
    return made.outputs[0]


def _unfed(name: str) -> Callable[[Any], Any]:
    def evaluate(session: Any) -> Any:
        op = session.graph.get_operation_by_name(name)
        text = f"You must feed a value for placeholder tensor '{name}' with dtype string"
        raise errors.InvalidArgumentError(op.node_def, op, text)

    return evaluate


def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """A value that may be fed, and is `input` where it is not.

    shape: what may be fed; a size may be None
    """
    sizes = TensorShape(shape)
    tensor = convert_to_tensor(input, name="input")
    tensor.shape.assert_is_compatible_with(sizes)
    made = call("PlaceholderWithDefault", ops.copy, name, input=tensor)
    symbol = made.symbol
    loose = None if sizes.dims is None else [Dim() if size is None else size for size in sizes.as_list()]
    symbol.spec = Spec(loose, symbol.spec.dtype)
    symbol.node.specs = (symbol.spec,)
    return made


def zeros(shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """Nothing but 0."""
    return _uniform(0, shape, dtype, name or "zeros")


def ones(shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """Nothing but 1."""
    return _uniform(1, shape, dtype, name or "ones")


def fill(dims: Any, value: Any, name: str | None = None) -> Tensor:
    """Nothing but `value`, which may be a tensor."""
    sizes = as_sizes(dims, "dims")
    return call("Fill", lambda v: ops.broadcast_to(v, shape=sizes), name, value=value)


def _uniform(value: int, shape: Any, dtype: Any, name: str) -> Tensor:
    sizes, graph, wanted = as_sizes(shape), graph_of([shape]), as_dtype(dtype).base_dtype
    with graph.name_scope(name) as scope:
        made = graph.operation(
            "Fill", scope[:-1], (),
            lambda: ops.full(shape=sizes, value=wanted.numpy.type(value).item(), dtype=wanted.name, place=graph.core),
        )  # fmt: skip
    return made.outputs[0]


def zeros_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Tensor:
    """Nothing but 0, in the shape of another tensor."""
    return _like("ZerosLike", ops.zeros_like, tensor, dtype, name or "zeros_like")


def ones_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Tensor:
    """Nothing but 1, in the shape of another tensor."""
    return _like("OnesLike", ops.ones_like, tensor, dtype, name or "ones_like")


def _like(kind: str, function: Any, tensor: Any, dtype: Any, name: str) -> Tensor:
    wanted = None if dtype is None else as_dtype(dtype).name

    def make(x: Any) -> Any:
        return function(x if wanted in (None, x.spec.dtype.name) else ops.cast(x, dtype=wanted))

    return call(kind, make, name, tensor=tensor)


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range") -> Tensor:
    """start, start + delta, ... up to, without, `limit`; one number is the limit."""
    if limit is None:
        start, limit = 0, start
    if any(isinstance(x, (float, np.floating)) for x in (start, limit, delta)):
        parts, wanted = (float(start), float(limit), float(delta)), as_dtype(dtype or dtypes.float32)
    else:
        parts = tuple([as_sizes(x, name)[0] for x in (start, limit, delta)])
        wanted = as_dtype(dtype or dtypes.int32)
    graph = graph_of((start, limit, delta))
    with graph.name_scope(name) as scope:
        made = graph.operation(
            "Range", scope[:-1], (),
            lambda: ops.arange(start=parts[0], stop=parts[1], step=parts[2], dtype=wanted.name, place=graph.core),
        )  # fmt: skip
    return made.outputs[0]


def linspace(start: float, stop: float, num: int, name: str | None = None) -> Tensor:
    """`num` numbers evenly spaced from `start` to `stop`, both included."""
    graph = get_default_graph()
    return constant_in(graph, graph.unique_name(name or "LinSpace"), np.linspace(start, stop, num, dtype=np.float32))


def eye(num_rows: int, num_columns: int | None = None, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """1 on the diagonal, 0 elsewhere."""
    graph = get_default_graph()
    array = np.eye(num_rows, num_columns, dtype=as_dtype(dtype).numpy)
    return constant_in(graph, graph.unique_name(name or "eye"), array)


# -- passing them on -----------------------------------------------------------------------------------------


def same(x: Any) -> Any:
    """The same elements under a new symbol."""
    return ops.copy(x) if x.spec.shape is None else ops.reshape(x, shape=x.spec.shape)


def identity(input: Any, name: str | None = None) -> Tensor:
    """The same elements; of a variable, those that it has when this operation runs."""
    if hasattr(input, "read_value"):
        return input.read_value(name or "Identity")
    return call("Identity", same, name, known=lambda x: x, input=input)


def stop_gradient(input: Any, name: str | None = None) -> Tensor:
    """The same elements, through which no gradient flows."""
    return call("StopGradient", ops.stop_gradient, name, input=input)


# -- sizes ---------------------------------------------------------------------------------------------------


def shape(input: Any, name: str | None = None, out_type: Any = dtypes.int32) -> Tensor:
    """The sizes as a tensor; those that only the run tells are found then."""
    tensor = convert_to_tensor(input, name="input")
    sizes, dtype = tensor.spec.shape, as_dtype(out_type).name
    if sizes is None:
        raise ShapeError(
            f"shape: the number of axes of {tensor} is not known; give its placeholder a shape, or set_shape"
        )
    made = call("Shape", lambda x: _sizes_of(x, sizes, dtype), name, free=("input",), input=tensor)
    made.known = np.array([*sizes, None], object)[:-1]
    return made


def size(input: Any, name: str | None = None, out_type: Any = dtypes.int32) -> Tensor:
    """How many elements there are."""
    tensor = convert_to_tensor(input, name="input")
    count, dtype = product(tensor.spec.shape), as_dtype(out_type).name
    made = call("Size", lambda x: _number_of(x, count, dtype), name, free=("input",), input=tensor)
    made.known = np.array([count, None], object)[0:1].reshape(())
    return made


def rank(input: Any, name: str | None = None) -> Tensor:
    """How many axes there are."""
    graph = graph_of([input])
    ndim = convert_to_tensor(input, name="input").spec.ndim
    return constant_in(graph, graph.unique_name(name or "Rank"), np.array(ndim, np.int32))


def get_shape(x: Any) -> TensorShape:
    """The sizes, as far as they are known: `x.get_shape()`."""
    return convert_to_tensor(x).get_shape()


def _sizes_of(x: Any, sizes: Sequence[Any], dtype: str) -> Any:
    if not any(type(n) is Dim for n in sizes):
        return x.graph.constant(np.array(sizes, dtype))
    return ops.concatenate(*[ops.reshape(_number_of(x, n, dtype), shape=(1,)) for n in sizes])


def _number_of(x: Any, count: Any, dtype: str) -> Any:
    with x.graph.after(x):  # a size is learnt from what is fed
        return ops.full(shape=(), value=count, dtype=dtype, place=x.graph)


# -- arranging ---------------------------------------------------------------------------------------------------


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """The same elements, row by row, in another shape; one size may be -1."""
    sizes = as_sizes(shape)

    def reshaped(x: Any) -> Any:
        y = ops.reshape(x, shape=sizes)
        if x.spec.shape is None:
            y.spec = y.spec.with_shape([Dim() if n == -1 else n for n in sizes])
            y.node.specs = (y.spec,)
        return y

    return call("Reshape", reshaped, name, attributes={"shape": sizes}, tensor=tensor)


def transpose(a: Any, perm: Any = None, name: str = "transpose", conjugate: bool = False) -> Tensor:
    """The axes in another order; reversed when nothing is said."""
    axes = None if perm is None else as_sizes(perm, "perm")
    return call("Transpose", lambda x: ops.transpose(x, axes=axes), name, a=a)


def expand_dims(input: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Tensor:
    """A new axis of size 1."""
    at = as_sizes(dim if axis is None else axis, "axis")[0]
    return call(
        "ExpandDims", lambda x: ops.expand(x, axis=at), name, known=lambda x: np.expand_dims(x, at), input=input
    )


def squeeze(input: Any, axis: Any = None, name: str | None = None, squeeze_dims: Any = None) -> Tensor:
    """Without some axes of size 1, or all of them."""
    chosen = squeeze_dims if axis is None else axis

    def squeezed(x: Any) -> Any:
        gone = [i for i, n in enumerate(x.shape) if n == 1] if chosen is None else as_sizes(chosen, "axis")
        for i in sorted([i % x.ndim for i in gone], reverse=True):
            x = ops.squeeze(x, axis=i)
        return x

    return call("Squeeze", squeezed, name, input=input)


def concat(values: Any, axis: Any, name: str = "concat") -> Tensor:
    """Tensors one after another along an axis."""
    values = values if isinstance(values, (list, tuple)) else [values]
    if isinstance(axis, (list, tuple)):
        raise TypeError("concat: values come first, then the axis: tf.concat([a, b], 0)")
    at = as_sizes(axis, "axis")[0]
    return call(
        "ConcatV2", lambda *xs: ops.concatenate(*xs, axis=at), name, attributes={"N": len(values)},
        known=lambda *xs: np.concatenate(xs, at), **{f"values_{i}": x for i, x in enumerate(values)},
    )  # fmt: skip


def stack(values: Any, axis: int = 0, name: str = "stack") -> Tensor:
    """Tensors of one shape along a new axis."""
    return packed(list(values), axis, name)


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
    at = as_sizes(axis, "axis")[0]
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
    """Constant elements before and behind each axis.

    paddings: (axes, 2)
    """
    if mode.upper() != "CONSTANT":
        raise NotImplementedError(f"pad: mode {mode!r} has no op in the core yet; 'CONSTANT' has")
    known = paddings.known if isinstance(paddings, Tensor) else np.asarray(paddings)
    widths = tuple([(int(low), int(high)) for low, high in known])
    return call("Pad", lambda x: ops.pad(x, widths=widths, value=float(constant_values)), name, tensor=tensor)


def tile(input: Any, multiples: Any, name: str | None = None) -> Tensor:
    """The tensor repeated along each axis."""
    counts = as_sizes(multiples, "multiples")

    def tiled(x: Any) -> Any:
        for axis, count in enumerate(counts):
            if count != 1:
                x = ops.concatenate(*[x] * count, axis=axis)
        return x if any(n != 1 for n in counts) else same(x)

    return call("Tile", tiled, name, input=input)


def reverse(tensor: Any, axis: Any, name: str | None = None) -> Tensor:
    """The elements along some axes in reverse."""
    axes = as_sizes(axis, "axis")

    def reversed_along(x: Any) -> Any:
        turned = {i % x.ndim for i in axes}
        return ops.slice(x, step=tuple([-1 if i in turned else 1 for i in builtins.range(x.ndim)]))

    return call("ReverseV2", reversed_along, name, tensor=tensor)


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """The tensor repeated to fill a shape."""
    sizes = as_sizes(shape)
    return call("BroadcastTo", lambda x: ops.broadcast_to(x, shape=sizes), name, input=input)


# -- choosing ------------------------------------------------------------------------------------------------------


def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """A block of the tensor.

    begin: the first position along each axis
    size:  how many positions; -1 for all that are left
    """
    first, count = as_sizes(begin, "begin"), as_sizes(size, "size")

    def block(x: Any) -> Any:
        last = [n if c == -1 else b + c for b, c, n in zip(first, count, x.shape, strict=True)]
        for b, end, n in zip(first, last, x.shape, strict=True):
            if builtins.all([type(part) is int for part in (b, end, n)]) and end > n:
                raise ShapeError(f"slice: positions {b} to {end} go beyond an axis of {n}")
        return ops.slice(x, start=first, stop=tuple(last))

    return call("Slice", block, name, input_=input_)


def strided_slice(
    input_: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    name: str | None = None,
) -> Tensor:
    """Part of the tensor, as Python's slices cut it; bit i of a mask leaves that end of axis i open."""
    first, last = as_sizes(begin, "begin"), as_sizes(end, "end")
    steps = (1,) * len(first) if strides is None else as_sizes(strides, "strides")
    cuts = [
        builtins.slice(None if begin_mask >> i & 1 else b, None if end_mask >> i & 1 else e, s)
        for i, (b, e, s) in enumerate(zip(first, last, steps, strict=True))
    ]
    return indexed(input_, tuple(cuts), name or "StridedSlice")


def indexed(tensor: Any, key: Any, name: str = "strided_slice") -> Tensor:
    """`tensor[key]`: numbers, slices, `...` and tf.newaxis; a scalar tensor of whole numbers chooses at run time."""
    keys = key if isinstance(key, tuple) else (key,)
    chosen = [as_tensor(k, get_default_graph()) if not isinstance(k, builtins.slice) else None for k in keys]
    late = {f"index_{i}": t for i, t in enumerate(chosen) if t is not None and t.known is None}
    plain = tuple([_plain(k) for k in keys])

    def cut(x: Any, *indices: Any) -> Any:
        return _cut(x, plain, iter(indices))

    is_static = not late and not any(isinstance(k, builtins.slice) and _has_dim(k) for k in plain)
    known = (lambda x: x[plain]) if is_static else None
    return call("StridedSlice", cut, name, free=tuple(late), known=known, input=tensor, **late)


def _plain(key: Any) -> Any:
    """A key with the sizes that are known in place of tensors; a tensor that is not known stays."""
    if isinstance(key, builtins.slice):
        parts = [None if p is None else as_sizes(p, "slice")[0] for p in (key.start, key.stop, key.step)]
        return builtins.slice(*parts)
    if key is None or key is Ellipsis:
        return key
    tensor = as_tensor(key, get_default_graph())
    if tensor is not None and tensor.known is None:
        return tensor
    if isinstance(key, (list, np.ndarray)) and np.ndim(key):
        raise TypeError(f"strided_slice: {key!r} is a list of positions; use tf.gather")
    if isinstance(key, (bool, np.bool_)) or (not hasattr(key, "__index__") and tensor is None):
        raise TypeError(f"Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar "
                        f"tf.int32/tf.int64 "
                        f"tensors are valid indices, got {key!r}")  # fmt: skip
    return as_sizes(key, "index")[0]


def _has_dim(key: builtins.slice) -> bool:
    return any(type(part) is Dim for part in (key.start, key.stop, key.step))


def _cut(x: Any, keys: tuple[Any, ...], indices: Any) -> Any:
    taken = sum([k is not None and k is not Ellipsis for k in keys])
    if taken > x.ndim:
        raise ShapeError(f"Index out of range using input dim {x.ndim}; input has only {x.ndim} dims")
    if Ellipsis not in [k if k is Ellipsis else None for k in keys]:
        keys = (*keys, Ellipsis)
    at = next(i for i, k in enumerate(keys) if k is Ellipsis)
    keys = (*keys[:at], *[builtins.slice(None)] * (x.ndim - taken), *keys[at + 1 :])
    start, stop, step, shape, late = [], [], [], [], []
    for k in keys:
        axis = len(start)
        if k is None:
            shape.append(1)
        elif isinstance(k, builtins.slice):
            start.append(k.start), stop.append(k.stop), step.append(k.step)
            shape.append(axis)
        elif isinstance(k, Tensor):
            start.append(None), stop.append(None), step.append(None)
            late.append(axis)
        else:
            n = x.shape[axis]
            if type(k) is int and type(n) is int and not -n <= k < n:
                raise ShapeError(f"slice index {k} of dimension {axis} out of bounds")
            start.append(k), stop.append(None if k == -1 else k + 1), step.append(1)
            shape.append(None)
    x = ops.slice(x, start=tuple(start), stop=tuple(stop), step=tuple(step)) if start else x
    for axis in late:
        x = ops.gather(x, ops.reshape(next(indices), shape=(1,)), axis=axis)
    sizes = _kept_sizes(x, keys)
    return ops.reshape(x, shape=sizes)


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


def gather(params: Any, indices: Any, validate_indices: Any = None, name: str | None = None, axis: int = 0) -> Tensor:
    """The rows (or slices along another axis) at some positions."""
    return call("GatherV2", lambda x, at: ops.gather(x, at, axis=axis), name, default="GatherV2", free=("indices",),
                params=params, indices=indices)  # fmt: skip


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """x where the condition holds, else y; a condition with one axis chooses rows."""
    if x is None or y is None:
        raise NotImplementedError("where: positions of True have no op in the core yet; give x and y")

    def select(c: Any, x: Any, y: Any) -> Any:
        if c.ndim == 1 and x.ndim > 1:
            c = ops.reshape(c, shape=(c.shape[0],) + (1,) * (x.ndim - 1))
        return ops.where(c, x, y)

    return call("Select", select, name, free=("condition",), condition=condition, x=x, y=y)


def one_hot(
    indices: Any, depth: Any, on_value: Any = None, off_value: Any = None, axis: int | None = None, dtype: Any = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """`on_value` at the position that each index names on a new axis, `off_value` elsewhere."""
    on, off = 1 if on_value is None else on_value, 0 if off_value is None else off_value
    if dtype is None:
        given = [v for v in (on_value, off_value) if v is not None]
        wanted = dtypes.as_dtype(as_array(given[0]).dtype) if given else dtypes.float32
    else:
        wanted = as_dtype(dtype)
    count = as_sizes(depth, "depth")[0]

    def hot(x: Any) -> Any:
        bits = ops.one_hot(x, depth=count, dtype=wanted.name)
        if (on, off) != (1, 0):
            bits = bits * (on - off) + off
        if axis in (None, -1, x.ndim):
            return bits
        order = list(builtins.range(x.ndim))
        return ops.transpose(bits, axes=(*order[:axis], x.ndim, *order[axis:]))

    return call("OneHot", hot, name, default="one_hot", indices=indices)


__all__ += ["constant"]
