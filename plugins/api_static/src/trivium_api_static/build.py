"""How a function of this style becomes an operation: arguments to tensors, then core ops on their symbols."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from trivium import ops
from trivium.errors import DTypeError
from trivium.graph import Symbol

from . import dtypes
from .conversion import as_array, as_tensor, constant_in, has_tensor
from .dtypes import DType, as_dtype
from .graph import Graph, get_default_graph
from .operation import Tensor

__all__ = ["convert_to_tensor"]


# -- values to tensors -------------------------------------------------------------------------------


def convert_to_tensor(value: Any, dtype: Any = None, name: str | None = None, preferred_dtype: Any = None) -> Tensor:
    """The tensor that a value stands for; numbers, lists and arrays become constants."""
    return converted(
        value, None if dtype is None else as_dtype(dtype), get_default_graph(), name or "Const", preferred_dtype
    )


def converted(value: Any, dtype: DType | None, graph: Graph, name: str, preferred: Any = None) -> Tensor:
    """The tensor that a value stands for in a graph; `name` is for a constant, relative to the current scope."""
    tensor = as_tensor(value, graph)
    if tensor is not None:
        if dtype is not None and tensor.dtype != dtype.base_dtype:
            raise ValueError(
                f"Tensor conversion requested dtype {dtype.name} for Tensor with dtype {tensor.dtype.name}: {tensor}; "
                "use tf.cast"
            )
        return tensor
    if isinstance(value, (list, tuple)) and has_tensor(value):
        return packed(value, 0, "packed" if name == "Const" else name, dtype)
    try:
        array = as_array(value, dtype if dtype is not None or preferred is None else as_dtype(preferred))
    except TypeError:
        if dtype is not None or preferred is None:
            raise
        array = as_array(value, None)
    return constant_in(graph, graph.unique_name(name), array)


# -- operations ----------------------------------------------------------------------------------------


FLOATS = ("float16", "bfloat16", "float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
REALS = (*FLOATS, *INTEGERS)
NUMBERS = (*REALS, "complex64", "complex128")


def call(
    kind: str,
    compute: Callable[..., Any],
    name: str | None = None,
    *,
    default: str | None = None,
    free: Collection[str] = (),
    only: Collection[str] = (),
    attributes: Mapping[str, Any] | None = None,
    known: Callable[..., np.ndarray] | None = None,
    shown: Sequence[Tensor] | None = None,
    **inputs: Any,
) -> Any:
    """Add an operation; return its tensor, or a list of them.

    kind:    TensorFlow's type
    compute: core ops, on the symbols of the inputs
    name:    asked for by the user; else `default`, else the type
    free:    inputs whose dtype is their own; all others have one dtype
    only:    dtypes that are allowed
    known:   the same on arrays of sizes, so that shapes computed from shapes stay known
    shown:   the inputs that the record lists, where they differ
    inputs:  under TensorFlow's argument names; one that is None is left out
    """
    given = {arg: value for arg, value in inputs.items() if value is not None}
    graph = graph_of(given.values())
    with graph.as_default(), graph.name_scope(name or default or kind) as scope:
        operands = as_operands(kind, given, free, only, graph)
        made = graph.operation(kind, scope[:-1], operands, compute, attributes=dict(attributes or {}), shown=shown)
    if known is not None and all(x.known is not None for x in operands):
        made.outputs[0].known = np.asarray(known(*[x.known for x in operands]), object)
    return made.outputs[0] if len(made.outputs) == 1 else made.outputs


def operation(
    kind: str, only: Collection[str] = (), *, default: str | None = None, free: Collection[str] = (),
    known: Callable[..., np.ndarray] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # fmt: skip
    """Make a function of tensors out of a core op, or of a composition of core ops; `call` has the words.

    The inputs keep the names that they have there, `name` comes last; the first sentence says what it does.
    """

    def make(compute: Callable[..., Any]) -> Callable[..., Any]:
        inputs = getattr(compute, "inputs", None) or tuple(inspect.signature(compute).parameters)
        places = [inspect.Parameter(arg, inspect.Parameter.POSITIONAL_OR_KEYWORD) for arg in inputs]
        named = inspect.Parameter("name", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None)
        signature = inspect.Signature([*places, named])

        def function(*args: Any, **kwargs: Any) -> Any:
            given = signature.bind(*args, **kwargs).arguments
            name = given.pop("name", None)
            return call(kind, compute, name, default=default, free=free, only=only, known=known, **given)

        function.__name__ = getattr(compute, "name", None) or compute.__name__
        function.__doc__ = getattr(compute, "doc", compute.__doc__).partition("\n")[0]
        function.__qualname__, function.__signature__ = function.__name__, signature
        return function

    return make


def graph_of(values: Any) -> Graph:
    """The graph of the tensors among some values, or the default one."""
    first = None
    for value in values:
        for x in value if isinstance(value, (list, tuple)) else (value,):
            if not (isinstance(x, Tensor) or hasattr(x, "as_tensor")):
                continue
            if first is None:
                first = x
            elif x.graph is not first.graph:
                raise ValueError(f"{x} must be from the same graph as {first}.")
    return get_default_graph() if first is None else first.graph


def as_operands(
    kind: str, given: Mapping[str, Any], free: Collection[str], only: Collection[str], graph: Graph
) -> list[Tensor]:
    """The tensors of named arguments; numbers take the dtype of the tensors beside them."""
    tensors = {arg: as_tensor(value, graph) for arg, value in given.items()}
    first = next((arg for arg, x in tensors.items() if x is not None and arg not in free), None)
    shared = None if first is None else tensors[first].dtype
    operands = []
    for arg, value in given.items():
        tensor = tensors[arg]
        if tensor is None:
            tensor = converted(value, None if arg in free else shared, graph, arg)
        if tensor.symbol is None:
            what = "text; text" if tensor.dtype == dtypes.string else "computed by the Session; such a tensor"
            raise DTypeError(f"Input '{arg}' of '{kind}' Op is {tensor}: it is {what} can only be fetched")
        if arg not in free:
            first, shared = first or arg, shared or tensor.dtype
            if tensor.dtype != shared:
                raise DTypeError(
                    f"Input '{arg}' of '{kind}' Op has type {tensor.dtype.name} that does not match type {shared.name} "
                    f"of argument '{first}'."
                )
            if only and tensor.dtype.name not in only:
                raise DTypeError(
                    f"Value passed to parameter '{arg}' has DataType {tensor.dtype.name} not in list of "
                    f"allowed values: "
                    f"{', '.join(only)}"
                )
        operands.append(tensor)
    return operands


def packed(values: Sequence[Any], axis: int, name: str | None, dtype: DType | None = None) -> Tensor:
    """Values of one shape along a new axis."""
    tensors = [list(value) if isinstance(value, tuple) else value for value in values]

    def pack(*symbols: Symbol) -> Symbol:
        return ops.concatenate(*[ops.expand(x, axis=axis) for x in symbols], axis=axis)

    named = {f"values_{i}": value for i, value in enumerate(tensors)}
    if dtype is not None and not any(as_tensor(v, get_default_graph()) is not None for v in tensors):
        named = {arg: as_array(value, dtype) for arg, value in named.items()}
    return call(
        "Pack", pack, name, default="stack", attributes={"N": len(tensors), "axis": axis},
        known=lambda *parts: np.stack(parts, axis), **named,
    )  # fmt: skip


def assumed(x: Symbol, shape: tuple[Any, ...]) -> Symbol:
    """x as it is; but where not even its rank is known, taken to have this shape, which is checked when it runs."""
    if x.spec.shape is not None:
        return x
    x = ops.copy(x)
    x.spec = x.spec.with_shape(shape)
    x.node.specs = (x.spec,)
    return x
