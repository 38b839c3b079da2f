"""TensorFlow's `Operation` and `Tensor`: records over the calls and symbols of a core graph."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Callable, Iterable, Sequence
from types import CodeType, FrameType
from typing import Any

import numpy as np

from trivium.graph import CONSTANT, Symbol
from trivium.spec import Spec

from . import dtypes
from .default import get_default_session
from .errors import OperatorNotAllowedInGraphError
from .graph_def import STATEFUL, ArgDef, NodeDef, OpDef
from .tensor_shape import TensorShape

_FOLDED_AT_MOST = 1024  # whole numbers of a constant that are read while the graph is built


class Operation:
    """A named step of a graph, made of any number of core calls.

    type:      TensorFlow's word for what it does
    hidden:    what is computed for its effect, of an operation without outputs
    evaluate:  of an operation that the Session computes itself: session -> value
    traceback: `file:line in function` of the user's code that made it, outermost first
    source:    of an operation whose outputs Python gives for each run (staging.py)
    sink:      of an operation that gives its inputs to Python (staging.py)
    """

    def __init__(
        self, graph: Any, kind: str, name: str, *, inputs: Sequence[Tensor] = (), controls: Sequence[Operation] = (),
        attributes: dict[str, Any] | None = None, device: str = "", evaluate: Callable[[Any], Any] | None = None,
    ) -> None:  # fmt: skip
        self.graph, self.type, self.name, self.device = graph, kind, name, device
        self.inputs, self.control_inputs = list(inputs), list(controls)
        self.outputs: list[Tensor] = []
        self.hidden: list[Symbol] = []
        self.attributes = dict(attributes or {})
        self.evaluate = evaluate
        self.source: Callable[..., Any] | None = None
        self.sink: Callable[..., None] | None = None
        self.traceback = user_frames()

    def get_attr(self, name: str) -> Any:
        """One of its settings."""
        if name not in self.attributes:
            raise ValueError(
                f"No attr named '{name}' in {self!r}; it has {', '.join(sorted(self.attributes)) or 'none'}"
            )
        return self.attributes[name]

    @property
    def node_def(self) -> NodeDef:
        """What a saved graph says about it."""
        names = [tensor.name.removesuffix(":0") for tensor in self.inputs]
        names += [f"^{op.name}" for op in self.control_inputs]
        return NodeDef(self.name, self.type, tuple(names), self.device, self.attributes)

    @property
    def op_def(self) -> OpDef:
        """What operations of its type are like, as far as this one tells."""
        inputs = tuple([ArgDef(f"input_{i}", x.dtype) for i, x in enumerate(self.inputs)])
        outputs = tuple([ArgDef(f"output_{i}", x.dtype) for i, x in enumerate(self.outputs)])
        return OpDef(self.type, inputs, outputs, tuple(self.attributes), self.type in STATEFUL)

    @property
    def control_outputs(self) -> list[Operation]:
        """The operations that wait for it."""
        return [op for op in self.graph.get_operations() if self in op.control_inputs]

    @property
    def origin(self) -> str:
        """`file:line` of the user's code that made it."""
        return self.traceback[-1].partition(" in ")[0] if self.traceback else ""

    def symbols(self) -> list[Symbol]:
        """What must be computed so that this operation has run."""
        found = self.hidden or [tensor.symbol for tensor in self.outputs if tensor.symbol is not None]
        if not found:
            found = [symbol for op in self.control_inputs for symbol in op.symbols()]
        return list(dict.fromkeys(found))

    def values(self) -> list[Tensor]:
        """Its outputs."""
        return self.outputs

    def run(self, feed_dict: Any = None, session: Any = None) -> None:
        """Run it in a session, or in the default one."""
        session = session or get_default_session()
        if session is None:
            raise ValueError(
                "Cannot execute operation using `run()`: No default session is registered. Use `with "
                "sess.as_default():` or pass an explicit session to `run(session=sess)`"
            )
        session.run(self, feed_dict)

    def __str__(self) -> str:
        return str(self.node_def)

    def __repr__(self) -> str:
        return f"<tf.Operation '{self.name}' type={self.type}>"


class Tensor:
    """What an operation will give: a name and a core Symbol.

    symbol: None where the Session computes the value itself (text)
    """

    __array_priority__ = 100  # NumPy's operators leave the work to ours

    def __init__(
        self, op: Operation, value_index: int, symbol: Symbol | None, dtype: dtypes.DType | None = None
    ) -> None:
        self.op, self.value_index, self.symbol = op, value_index, symbol
        self._dtype = dtype
        self._known: np.ndarray | None = None

    @property
    def name(self) -> str:
        """`<operation>:<which of its outputs>`."""
        return f"{self.op.name}:{self.value_index}"

    @property
    def graph(self) -> Any:
        """The graph that it belongs to."""
        return self.op.graph

    @property
    def device(self) -> str:
        """The device that its operation asks for."""
        return self.op.device

    @property
    def dtype(self) -> dtypes.DType:
        """The type of its elements."""
        return self._dtype or dtypes.as_dtype(self.symbol.spec.dtype)

    @property
    def spec(self) -> Spec:
        """Shape and dtype in the words of the core."""
        return Spec((), np.object_) if self.symbol is None else self.symbol.spec

    @property
    def shape(self) -> TensorShape:
        """Its sizes, as far as they are known."""
        return TensorShape(self.spec)

    def get_shape(self) -> TensorShape:
        """Its sizes, as far as they are known."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Say more about the sizes than could be inferred."""
        merged = self.shape.merge_with(shape)
        if merged.dims is None or self.symbol is None:
            return
        before = self.spec.shape or merged.as_list()
        sizes = [old if dim.value is None else dim.value for old, dim in zip(before, merged)]
        symbol, node = self.symbol, self.symbol.node
        fresh = symbol.graph.placeholder(sizes, symbol.spec.dtype) if None in sizes else None
        symbol.spec = fresh.spec if fresh is not None else Spec(sizes, symbol.spec.dtype)
        node.specs = tuple([out.spec for out in node.outputs])

    @property
    def known(self) -> np.ndarray | None:
        """Its elements, sizes as they may be, where they are whole numbers that the graph already determines."""
        if self._known is None and self.symbol is not None and self.symbol.node.op is CONSTANT:
            value = self.symbol.node.settings["value"]
            if value.dtype.kind in "iu" and value.size <= _FOLDED_AT_MOST:
                self._known = value.astype(object)
        return self._known

    @known.setter
    def known(self, elements: np.ndarray) -> None:
        self._known = elements

    def consumers(self) -> list[Operation]:
        """The operations that read it."""
        return [op for op in self.graph.get_operations() if any(x is self for x in op.inputs)]

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """Its value in a session, or in the default one."""
        return evaluated(self, feed_dict, session)

    def __bool__(self) -> bool:
        raise OperatorNotAllowedInGraphError(
            "Using a `tf.Tensor` as a Python `bool` is not allowed. Use `if t is not None:` instead of `if t:` to test "
            "if a tensor is defined, and tf.cond to decide by the value of a tensor."
        )

    def __iter__(self) -> Any:
        raise OperatorNotAllowedInGraphError(
            f"Tensor objects cannot be iterated before their graph runs: {self}; use tf.unstack, or tf.while_loop"
        )

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __str__(self) -> str:
        shape = "" if not self.shape else f", shape={self.shape}"
        device = f", device={self.device}" if self.device else ""
        return f'Tensor("{self.name}"{shape}, dtype={self.dtype.name}{device})'

    __repr__ = __str__


_FRAMES_AT_MOST = 8
_LIBRARIES = (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), "<frozen")
_is_users: dict[CodeType, bool] = {}


def user_frames() -> list[str]:
    """`file:line in function` for each function of the user's that is being called, outermost first."""
    found: list[str] = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and len(found) < _FRAMES_AT_MOST:
        code = frame.f_code
        is_users = _is_users.get(code)
        if is_users is None:
            name = frame.f_globals.get("__name__", "")
            is_library = code.co_filename.startswith(_LIBRARIES) or "site-packages" in code.co_filename
            is_users = _is_users[code] = not (is_library or name.startswith("trivium"))
        if is_users:
            found.append(f"{code.co_filename}:{frame.f_lineno} in {code.co_name}")
        frame = frame.f_back
    return found[::-1]


def evaluated(value: Any, feed_dict: Any, session: Any) -> Any:
    """The value of a tensor or variable in a session, or in the default one."""
    session = session or get_default_session()
    if session is None:
        raise ValueError(
            "Cannot evaluate tensor using `eval()`: No default session is registered. Use `with sess.as_default()` or "
            "pass an explicit session to `eval(session=sess)`"
        )
    if session.graph is not value.graph:
        raise ValueError(
            "Cannot use the default session to evaluate tensor: the tensor's graph is different from the session's "
            "graph. Pass an explicit session to `eval(session=sess)`."
        )
    return session.run(value, feed_dict)


def operation_of(value: Any) -> Any:
    """The operation that makes a tensor or variable; an operation is its own."""
    return value if isinstance(value, Operation) else getattr(value, "op", None)


def unique_operations(values: Iterable[Any]) -> list[Operation]:
    """The operations of tensors, variables and operations, each once."""
    return list(dict.fromkeys([operation_of(value) for value in values]))
