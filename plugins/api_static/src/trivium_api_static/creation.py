"""Tensors made of nothing but a shape and a number; those that are fed; and the same one again."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

from trivium import ops
from trivium.spec import Dim, Spec

from . import dtypes, errors
from .build import call, convert_to_tensor, graph_of
from .casting import cast
from .conversion import as_array, as_tensor
from .dtypes import as_dtype
from .graph import get_default_graph
from .operation import Tensor
from .sizing import as_sizes
from .tensor_shape import TensorShape

__all__ = [
    "placeholder", "placeholder_with_default", "zeros", "ones", "fill", "zeros_like", "ones_like", "range", "linspace",
    "lin_space", "eye", "identity", "stop_gradient", "one_hot", "sequence_mask",
]  # fmt: skip


# -- what is fed -----------------------------------------------------------------------------------------


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


# -- one number everywhere ---------------------------------------------------------------------------------


def zeros(shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """Nothing but 0."""
    return _uniform(0, shape, dtype, name or "zeros")


def ones(shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """Nothing but 1."""
    return _uniform(1, shape, dtype, name or "ones")


def _uniform(value: int, shape: Any, dtype: Any, name: str) -> Tensor:
    sizes, graph, wanted = as_sizes(shape), graph_of([shape]), as_dtype(dtype).base_dtype
    with graph.name_scope(name) as scope:
        made = graph.operation(
            "Fill", scope[:-1], (),
            lambda: ops.full(shape=sizes, value=wanted.numpy.type(value).item(), dtype=wanted.name, place=graph.here),
        )  # fmt: skip
    return made.outputs[0]


def fill(dims: Any, value: Any, name: str | None = None) -> Tensor:
    """Nothing but `value`, which may be a tensor."""
    sizes = as_sizes(dims, "dims")
    return call("Fill", lambda v: ops.broadcast_to(v, shape=sizes), name, value=value)


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


# -- rows of numbers ---------------------------------------------------------------------------------------

_WIDENING = (dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64)


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range") -> Tensor:
    """start, start + delta, ... up to, without, `limit`; one number is the limit."""
    if limit is None:
        start, limit = 0, start
    graph = graph_of((start, limit, delta))
    with graph.as_default(), graph.name_scope(name) as scope:
        parts = [convert_to_tensor(x, name=arg) for x, arg in zip((start, limit, delta), ("start", "limit", "delta"))]
        wanted = as_dtype(dtype) if dtype else max([x.dtype for x in parts], key=_WIDENING.index)
        parts = [cast(x, wanted) for x in parts]
        numbers = [_number(x) for x in parts]
        compute = _counted if None in numbers else lambda *_: ops.arange(
            start=numbers[0], stop=numbers[1], step=numbers[2], dtype=wanted.name, place=graph.here
        )  # fmt: skip
        made = graph.operation("Range", scope[:-1], parts, compute)
    return made.outputs[0]


def _number(x: Tensor) -> Any:
    """The number, or the size, that a scalar is, where the graph already knows it."""
    if x.known is not None:
        return x.known.item()
    value = x.op.attributes.get("value")
    return None if value is None else value.item()


def _counted(start: Any, limit: Any, delta: Any) -> Any:
    """The same for numbers that only the run tells."""
    steps = (limit - start) / delta if start.dtype.kind == "f" else -ops.floor_divide(start - limit, delta)
    count = ops.cast(ops.ceil(steps) if start.dtype.kind == "f" else steps, dtype="int64")
    return ops.cast(ops.count_up(ops.maximum(count, 0)), dtype=start.dtype.name) * delta + start


def linspace(start: Any, stop: Any, num: Any, name: str | None = None) -> Tensor:
    """`num` numbers evenly spaced from `start` to `stop`, both included."""
    count = as_sizes(num, "num")[0]
    if count == 1:
        return call("LinSpace", lambda a, b: ops.reshape(a, shape=(1,)), name, start=start, stop=stop)

    def line(a: Any, b: Any) -> Any:
        part = ops.arange(stop=count, dtype=a.dtype.name, place=a.graph)
        last = ops.full(shape=(), value=count - 1, dtype=a.dtype.name, place=a.graph)
        return (a * (last - part) + b * part) / last

    return call("LinSpace", line, name, start=start, stop=stop)


lin_space = linspace


def eye(
    num_rows: Any, num_columns: Any = None, batch_shape: Any = None, dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """1 on the diagonal, 0 elsewhere; the same matrix for each place in a batch."""
    rows = as_sizes(num_rows, "num_rows")[0]
    columns = rows if num_columns is None else as_sizes(num_columns, "num_columns")[0]
    batch = () if batch_shape is None else as_sizes(batch_shape, "batch_shape")
    graph = graph_of([num_rows, num_columns])

    def matrix() -> Any:
        made = ops.eye(rows, columns, dtype=as_dtype(dtype).name, place=graph.here)
        return ops.broadcast_to(made, shape=(*batch, rows, columns)) if batch else made

    with graph.name_scope(name or "eye") as scope:
        return graph.operation("MatrixDiag", scope[:-1], (), matrix).outputs[0]


# -- the same again ----------------------------------------------------------------------------------------


def same(x: Any) -> Any:
    """The same elements under a new symbol."""
    return ops.copy(x) if x.spec.shape is None else ops.reshape(x, shape=x.spec.shape)


def identity(input: Any, name: str | None = None) -> Tensor:
    """The same elements; of a variable, those that it has when this operation runs."""
    if hasattr(input, "read_value"):
        return input.read_value(name or "Identity")
    tensor = convert_to_tensor(input, name="input")
    if tensor.symbol is None:
        graph = tensor.graph
        return graph.hosted("Identity", graph.unique_name(name or "Identity"), tensor.op.evaluate, tensor.dtype)
    return call("Identity", same, name, known=lambda x: x, input=tensor)


def stop_gradient(input: Any, name: str | None = None) -> Tensor:
    """The same elements, through which no gradient flows."""
    return call("StopGradient", ops.stop_gradient, name, input=input)


# -- from whole numbers ------------------------------------------------------------------------------------


def one_hot(
    indices: Any, depth: Any, on_value: Any = None, off_value: Any = None, axis: int | None = None, dtype: Any = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """`on_value` at the position that each index names on a new axis, `off_value` elsewhere."""
    wanted = _dtype_of_values(on_value, off_value, dtype)
    count = as_sizes(depth, "depth")[0]
    values = {
        arg: convert_to_tensor(given if given is not None else default, wanted)
        for arg, given, default in (("on_value", on_value, True), ("off_value", off_value, False))
        if given is not None
    }  # fmt: skip

    def hot(x: Any, *given: Any) -> Any:
        bits = ops.one_hot(x, depth=count, dtype="bool" if given else wanted.name)
        if given:
            parts = dict(zip(values, given))
            unit = ops.full(shape=(), value=wanted.numpy.type(1).item(), dtype=wanted.name, place=x.graph)
            bits = ops.where(bits, parts.get("on_value", unit), parts.get("off_value", ops.zeros_like(unit)))
        if axis in (None, -1, x.ndim):
            return bits
        order = list(builtins.range(x.ndim))
        return ops.transpose(bits, axes=(*order[:axis], x.ndim, *order[axis:]))

    return call("OneHot", hot, name, default="one_hot", free=("indices",), indices=indices, **values)


def _dtype_of_values(on_value: Any, off_value: Any, dtype: Any) -> dtypes.DType:
    if dtype is not None:
        return as_dtype(dtype)
    for value in (on_value, off_value):
        if value is not None:
            tensor = as_tensor(value, get_default_graph())
            return as_dtype(as_array(value).dtype) if tensor is None else tensor.dtype
    return dtypes.float32


def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = dtypes.bool, name: str | None = None) -> Tensor:
    """Whether each of `maxlen` places lies within a sequence; up to the longest one when nothing is said."""
    size = None if maxlen is None else as_sizes(maxlen, "maxlen")[0]
    wanted = as_dtype(dtype)

    def mask(n: Any) -> Any:
        count = ops.count_up(ops.max(n)).shape[0] if size is None else size
        inside = ops.sequence_mask(n, size=count)
        return inside if wanted.is_bool else ops.cast(inside, dtype=wanted.name)

    return call("SequenceMask", mask, name, lengths=lengths)
