"""How a function of this style becomes an operation: arguments to tensors, then core ops on their symbols."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from trivium import ops
from trivium.errors import DTypeError
from trivium.graph import Slot, Symbol
from trivium.spec import Dim
from trivium.tensor import Tensor as CoreTensor

from . import dtypes
from .dtypes import DType, as_dtype
from .graph import Graph, get_default_graph
from .operation import Tensor
from .tensor_shape import Dimension, TensorShape

__all__ = ["constant", "convert_to_tensor"]


# -- values to tensors -------------------------------------------------------------------------------


def constant(
    value: Any, dtype: Any = None, shape: Any = None, name: str = "Const", verify_shape: bool = False
) -> Tensor:
    """A tensor with the elements of a number, list or array.

    shape: that of the result; missing elements repeat the last one
    """
    graph = get_default_graph()
    return constant_in(graph, graph.unique_name(name), _filled(value, dtype, shape, verify_shape))


def _filled(value: Any, dtype: Any, shape: Any, verify_shape: bool) -> np.ndarray:
    array = as_array(value, dtype)
    if shape is None:
        return array
    sizes = tuple(TensorShape(shape).as_list())
    if verify_shape and array.shape != sizes:
        raise TypeError(f"Expected Tensor's shape: {sizes}, got {array.shape}.")
    count = int(np.prod(sizes))
    if array.size > count or (array.size == 0 and count):
        raise ValueError(f"Too many elements provided. Needed at most {count}, but received {array.size}")
    elements = array.ravel()
    return np.concatenate([elements, np.repeat(elements[-1:], count - array.size)]).reshape(sizes)


def constant_in(graph: Graph, name: str, array: np.ndarray) -> Tensor:
    """A constant under a name that is final."""
    if array.dtype.kind == "O":
        return graph.hosted("Const", name, lambda session: array[()], dtypes.string)
    made = graph.operation("Const", name, (), lambda: graph.core.constant(array))
    made.attributes.update(dtype=made.outputs[0].dtype, value=array)
    return made.outputs[0]


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
    if isinstance(value, (list, tuple)) and _has_tensor(value):
        return packed(value, 0, "packed" if name == "Const" else name, dtype)
    try:
        array = as_array(value, dtype if dtype is not None or preferred is None else as_dtype(preferred))
    except TypeError:
        if dtype is not None or preferred is None:
            raise
        array = as_array(value, None)
    return constant_in(graph, graph.unique_name(name), array)


def as_tensor(value: Any, graph: Graph) -> Tensor | None:
    """The tensor that a tensor, variable, symbol or parameter stands for; None for plain values."""
    if isinstance(value, Tensor):
        return value
    if hasattr(value, "as_tensor"):
        return value.as_tensor()
    if isinstance(value, Symbol):
        return graph.adopt(value)
    if isinstance(value, (CoreTensor, Slot)):
        with graph.recorded():
            symbol = graph.core.capture(value)
        return graph.adopt(symbol)
    return None


def _has_tensor(values: Any) -> bool:
    return any(
        _has_tensor(value)
        if isinstance(value, (list, tuple))
        else isinstance(value, Tensor) or hasattr(value, "as_tensor")
        for value in values
    )


def as_array(value: Any, dtype: Any = None) -> np.ndarray:
    """An array of the dtype that TensorFlow gives a value: whole numbers are int32, others float32."""
    if value is None:
        raise ValueError("None values not supported.")
    wanted = None if dtype is None else as_dtype(dtype).base_dtype
    if isinstance(value, (TensorShape, Dimension)):
        value = value.as_list() if isinstance(value, TensorShape) else value.value
        if value is None or (isinstance(value, list) and None in value):
            raise ValueError("Cannot convert a partially known TensorShape to a Tensor; use tf.shape")
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
    else:
        array = _array_of_python(value)
    if array.dtype.kind in "OSU":
        return _text(value, array)
    if wanted is None:
        return array
    return _cast_exactly(value, array, wanted)


def _array_of_python(value: Any) -> np.ndarray:
    try:
        array = np.array(value)
    except ValueError as error:
        raise ValueError(f"Argument must be a dense tensor: {value!r}: {error}") from None
    if array.dtype == np.float64:
        return array.astype(np.float32)
    if array.dtype == np.int64 and (array.size == 0 or np.array_equal(array.astype(np.int32), array)):
        return array.astype(np.int32)
    return array


def _text(value: Any, array: np.ndarray) -> np.ndarray:
    elements = array.ravel().tolist()
    if not all(isinstance(element, (str, bytes)) for element in elements):
        raise TypeError(
            f"Failed to convert object of type {type(value)} to Tensor. Contents: {value}. Consider casting elements "
            "to a supported type."
        )
    out = np.empty(array.shape, object)
    out.ravel()[:] = [element.encode() if isinstance(element, str) else element for element in elements]
    return out


def _cast_exactly(value: Any, array: np.ndarray, wanted: DType) -> np.ndarray:
    target = wanted.numpy
    if not array.size:
        return array.astype(target)
    loses_kind = "biufcV".index(target.kind) < "biufcV".index(array.dtype.kind) and target.kind not in "fcV"
    if (target.kind == "b") != (array.dtype.kind == "b") and array.size:
        loses_kind = True
    cast = array.astype(target)
    is_array = isinstance(value, (np.ndarray, np.generic))
    if (loses_kind and not (is_array and np.array_equal(cast, array))) or (
        target.kind in "iu" and not np.array_equal(cast, array)
    ):
        first = array.ravel()[0].item() if array.size else value
        raise TypeError(f"Expected {wanted.name}, got {first!r} of type '{type(first).__name__}' instead.")
    return cast


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


# -- sizes -----------------------------------------------------------------------------------------------


def as_sizes(shape: Any, what: str = "shape") -> tuple[Any, ...]:
    """A shape as core sizes: numbers, -1, and Dims where tensors stand.

    shape: a list of numbers, Dimensions and scalar tensors, a TensorShape, or a tensor of whole numbers
    """
    if isinstance(shape, Tensor) or hasattr(shape, "as_tensor"):
        tensor = as_tensor(shape, get_default_graph())
        return tuple([_size(entry, what) for entry in _elements(tensor, what).ravel()])
    if isinstance(shape, (int, np.integer, Dimension, Dim)):
        return (_size(shape, what),)
    return tuple([_size(entry, what) for entry in (shape if isinstance(shape, np.ndarray) else list(shape))])


def as_numbers(value: Any, what: str) -> tuple[int, ...]:
    """Whole numbers that a graph must know while it is built, such as axes."""
    numbers = as_sizes(value, what)
    if any(type(n) is Dim for n in numbers):
        raise ValueError(f"{what} must be known while the graph is built: {value} is known only when it runs")
    return numbers


def as_number(value: Any, what: str) -> int:
    """One of them."""
    return as_numbers(value, what)[0]


def _elements(tensor: Tensor, what: str) -> np.ndarray:
    """The elements of a tensor of whole numbers; those that only the run tells become sizes that it gives birth to."""
    if tensor.known is None:
        spec = tensor.spec
        if not tensor.dtype.is_integer:
            raise TypeError(f"{what} must be whole numbers, got {tensor}")
        if spec.shape is None or len(spec.shape) > 1 or not all(type(n) is int for n in spec.shape):
            raise ValueError(f"{what}: how many sizes {tensor} holds must be known while the graph is built")
        symbol, graph = tensor.symbol, tensor.symbol.graph
        parts = [symbol]
        if spec.shape:
            cut = graph.call(ops.split, (symbol,), {"sizes": (1,) * spec.shape[0]})
            parts = [graph.call(ops.reshape, (part,), {"shape": ()}) for part in cut]
        sizes = [graph.call(ops.count_up, (part,), {}).spec.shape[0] for part in parts]
        tensor.known = np.array([*sizes, None], object)[:-1].reshape(spec.shape)
    return tensor.known


def _size(entry: Any, what: str) -> Any:
    if isinstance(entry, Tensor) or hasattr(entry, "as_tensor"):
        return as_sizes(entry, what)[0]
    if type(entry) is Dim:
        return entry
    if isinstance(entry, Dimension):
        entry = entry.value
    if entry is None:
        raise TypeError(f"{what} holds None: a size that is known only when the graph runs; use -1, or tf.shape")
    return int(entry.__index__())
