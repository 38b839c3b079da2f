"""Python inside a graph: `py_func`, `Print`, `Assert`, and checks that run with it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from attrs import define

from trivium import ops
from trivium.graph import within
from trivium.opaque import opaque
from trivium.spec import Spec
from trivium.tensor import Tensor as CoreTensor

from . import errors
from .build import FLOATS, call, convert_to_tensor, graph_of
from .conversion import as_tensor
from .creation import same
from .dtypes import as_dtype
from .graph import Graph, get_default_graph
from .operation import Operation, Tensor

__all__ = ["py_func", "Print", "Assert", "check_numerics", "verify_tensor_all_finite"]


# -- functions of NumPy arrays ---------------------------------------------------------------------------


def py_func(func: Callable[..., Any], inp: Sequence[Any], Tout: Any, stateful: bool = True, name: Any = None) -> Any:
    """What a Python function gives for the values of tensors, as NumPy arrays.

    Tout:   the dtype of what it returns, or a list of dtypes; an empty one makes an operation
    return: a tensor, or a list of them; no gradient flows through
    """
    is_list = isinstance(Tout, (list, tuple))
    wanted = [as_dtype(dtype) for dtype in (Tout if is_list else [Tout])]
    graph = graph_of(inp)
    with graph.as_default(), graph.name_scope(name or "PyFunc") as scope:
        operands = [convert_to_tensor(x, name=f"input_{i}") for i, x in enumerate(inp)]
        word = scope[:-1]

        def run(_: Any, *tensors: CoreTensor) -> list[CoreTensor]:
            given = _called(func, [np.array(x.numpy()) for x in tensors], word)
            return [CoreTensor.of(x, device=_.device) for x in _arrays(given, wanted, word)] or [_]

        def compute(*symbols: Any) -> Any:
            dummy = ops.full(shape=(), value=True, dtype="bool", place=graph.here)
            specs = [Spec(None, dtype.name) for dtype in wanted] or [dummy.spec]
            return opaque(run, name="py_func", results=lambda _: specs)(dummy, *symbols)

        attributes = {"Tin": [x.dtype for x in operands], "Tout": wanted}
        if not wanted:
            return graph.action("PyFunc", word, operands, compute, attributes)
        made = graph.operation("PyFunc", word, operands, compute, attributes=attributes).outputs
    return made if is_list else made[0]


def _called(func: Callable[..., Any], arrays: Sequence[np.ndarray], name: str) -> Any:
    """What the user's function returns; what it raises becomes the error that TensorFlow makes of it."""
    try:
        return func(*arrays)
    except errors.OpError:
        raise
    except Exception as error:
        kind = next((made for raised, made in _KINDS.items() if isinstance(error, raised)), errors.UnknownError)
        raise kind(None, None, f"{type(error).__name__}: {error} (in the Python function of {name})") from error


_KINDS = {
    TypeError: errors.InvalidArgumentError, ValueError: errors.InvalidArgumentError,
    StopIteration: errors.OutOfRangeError, MemoryError: errors.ResourceExhaustedError,
    NotImplementedError: errors.UnimplementedError,
}  # fmt: skip


def _arrays(result: Any, wanted: Sequence[Any], name: str) -> list[np.ndarray]:
    """What the function returned as arrays of the dtypes that it announced; only Python's own numbers are cast."""
    values = list(result) if isinstance(result, (list, tuple)) and len(wanted) != 1 else [result] if wanted else []
    if len(wanted) == 1 and isinstance(result, (list, tuple)) and len(result) == 1:
        values = list(result)
    if len(values) != len(wanted):
        raise errors.InvalidArgumentError(
            None, None, f"{name} returns {len(values)} values, but expects to see {len(wanted)} values."
        )
    arrays = []
    for i, (value, dtype) in enumerate(zip(values, wanted)):
        array = np.asarray(value)
        if isinstance(value, (np.ndarray, np.generic)) and array.dtype != dtype.numpy:
            raise errors.InvalidArgumentError(
                None, None, f"{i}-th value returned by {name} is {as_dtype(array.dtype).word}, but expects {dtype.word}"
            )
        arrays.append(array.astype(dtype.numpy))
    return arrays


# -- looking at values while a graph runs ------------------------------------------------------------------


def watched(kind: str, look: Callable[..., str | None], x: Tensor, data: Sequence[Any], name: str | None) -> Tensor:
    """x, once `look` has been called with the values of `data`; the text that it returns is an error."""
    named = {f"data_{i}": tensor for i, tensor in enumerate(data)}

    def compute(x: Any, *symbols: Any) -> Any:
        token = _looking(look, symbols or (x,))
        with within(x.graph).after(token):
            return same(x)

    return call(kind, compute, name, free=tuple(named), input=x, **named)


def checked(
    kind: str, check: Callable[..., str | None], inputs: Sequence[Any], graph: Graph, name: str | None = None
) -> Operation:
    """An operation that calls `check` with the values of tensors; the text that it returns is an error."""
    with graph.as_default(), graph.name_scope(name or kind) as scope:
        operands = [convert_to_tensor(x, name="data") for x in inputs]
        return graph.action(kind, scope[:-1], operands, lambda *symbols: _looking(check, symbols))


def _looking(look: Callable[..., str | None], symbols: Sequence[Any]) -> Any:
    """A symbol that is there once `look` has seen the others."""

    def run(*tensors: CoreTensor) -> CoreTensor:
        if (text := look(*tensors)) is not None:
            raise errors.InvalidArgumentError(None, None, text)
        return CoreTensor.of(np.bool_(True), device=tensors[0].device)

    return opaque(run, name="look", results=lambda specs: [Spec((), "bool")])(*symbols)[0]


@define
class Message:
    """Text and tensors to be told together.

    parts:   text, or the place of a tensor
    tensors: those, in their order
    limit:   how many elements of each are told; None for all
    """

    parts: list[Any]
    tensors: list[Tensor]
    limit: int | None

    @classmethod
    def of(cls, data: Sequence[Any], summarize: int | None) -> Message:
        """Text stays text, all else becomes a tensor."""
        parts: list[Any] = []
        tensors: list[Tensor] = []
        for value in data:
            if isinstance(value, (str, bytes)):
                parts.append(value if isinstance(value, str) else value.decode())
                continue
            tensor = convert_to_tensor(value, name="data")
            if tensor.symbol is None:
                text = tensor.op.evaluate(None)
                parts.append(text.decode() if isinstance(text, bytes) else str(text))
                continue
            parts.append(len(tensors))
            tensors.append(tensor)
        count = 3 if summarize is None else summarize
        return cls(parts, tensors, None if count < 0 else count)

    def told(self, values: Sequence[CoreTensor]) -> list[str]:
        """Each part as text."""
        return [p if isinstance(p, str) else summary(values[p].numpy(), self.limit) for p in self.parts]


def summary(array: np.ndarray, limit: int | None) -> str:
    """The first elements of an array, row by row, as TensorFlow prints them.

    >>> summary(np.arange(6).reshape(2, 3), 4), summary(np.array(0.5), 3)
    ('[0 1 2][3...]', '0.5')
    """
    if array.ndim == 0:
        value = array[()]
        return f"{value:.6g}" if array.dtype.kind in "fV" else str(int(value) if array.dtype.kind == "b" else value)
    shown = array.size if limit is None else limit
    if array.ndim == 1:
        return " ".join([summary(x, None) for x in array[:shown]]) + ("..." if shown < array.size else "")
    rows = []
    for row in array:
        if shown <= 0:
            rows.append("...")
            break
        rows.append(f"[{summary(row, shown)}]")
        shown -= row.size
    return "".join(rows)


def Print(
    input_: Any, data: Sequence[Any], message: str | None = None, first_n: int | None = None,
    summarize: int | None = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """The same tensor; whenever it is computed, data are printed to the standard error stream.

    first_n:   only so many times
    summarize: how many elements of each tensor, 3 when nothing is said
    """
    told, times = Message.of(data, summarize), [0]

    def look(*values: CoreTensor) -> None:
        times[0] += 1
        if first_n is None or first_n < 0 or times[0] <= first_n:
            print((message or "") + "".join([f"[{text}]" for text in told.told(values)]), file=sys.stderr)

    return watched("Print", look, convert_to_tensor(input_, name="input"), told.tensors, name)


def Assert(condition: Any, data: Sequence[Any], summarize: int | None = None, name: str | None = None) -> Operation:
    """An operation that fails, and tells data, unless a condition holds everywhere."""
    told = Message.of(data, summarize)
    tensor = as_tensor(condition, get_default_graph())
    graph = get_default_graph() if tensor is None else tensor.graph

    def check(condition: CoreTensor, *values: CoreTensor) -> str | None:
        if np.all(condition.numpy()):
            return None
        return f"assertion failed: {' '.join([f'[{text}]' for text in told.told(values)])}"

    return checked("Assert", check, [convert_to_tensor(condition, name="condition"), *told.tensors], graph, name)


def check_numerics(tensor: Any, message: str, name: str | None = None) -> Tensor:
    """The same tensor; one that holds NaN or Inf is an error that says so."""

    def look(x: CoreTensor) -> str | None:
        array = x.numpy().astype(np.float64)
        found = [word for word, there in (("Inf", np.isinf(array)), ("NaN", np.isnan(array))) if there.any()]
        return f"{message} : Tensor had {' and '.join(found)} values" if found else None

    x = convert_to_tensor(tensor, name="tensor")
    if x.dtype.name not in FLOATS:
        raise TypeError(f"Value passed to parameter 'tensor' has DataType {x.dtype.name} not in list of allowed "
                        f"values: {', '.join(FLOATS)}")  # fmt: skip
    return watched("CheckNumerics", look, x, [], name)


def verify_tensor_all_finite(t: Any, msg: str, name: str | None = None) -> Tensor:
    """The same tensor; one that holds NaN or Inf is an error that says so."""
    return check_numerics(t, msg, name or "VerifyFinite")
