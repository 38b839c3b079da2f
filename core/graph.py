"""Graphs: the same calls, recorded instead of computed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import local
from types import FrameType
from typing import Any, ClassVar

import numpy as np

from .errors import DTypeError, GraphError, ShapeError
from .op import PLACES, Call, Edge, Leaf, Op, Output, Settings
from .spec import Dim, Spec, same_size
from .tensor import Tensor, check_weak
from .value import Value


class Symbol(Value):
    """The future result of a Call in a graph."""

    __slots__ = ("__weakref__", "edge", "graph", "index", "node", "spec")

    kind: ClassVar[Any]
    strength: ClassVar[int] = 100
    edge: Edge

    def __init__(self, spec: Spec, node: Node, index: int, graph: Graph) -> None:
        self.spec, self.node, self.index, self.graph = spec, node, index, graph
        self.edge = node if len(node.specs) == 1 else Output(node, index)

    @classmethod
    def run(cls, op: Op, inputs: Sequence[Any], settings: Settings) -> Any:
        """Add a call to the graph of the operands."""
        return innermost(inputs).call(op, inputs, settings)

    run_mixed = run

    @staticmethod
    def assign(parameter: Tensor, value: Symbol) -> None:
        """Let a program that trains give a parameter its next value."""
        value.graph.updates.append(value.graph.assign(parameter, value))

    @staticmethod
    def adopt_parameter(parameter: Tensor, among: Sequence[Any]) -> Symbol:
        """A parameter as it takes part in a computation on these values: captured."""
        return innermost(among).capture(parameter)

    @staticmethod
    @contextmanager
    def recorded() -> Iterator[None]:
        """Calls on symbols are always recorded."""
        yield

    @property
    def place(self) -> Graph:
        """Where ops without operands run to stand beside this symbol."""
        return self.graph

    @property
    def name(self) -> str:
        """The name of the call that makes it, with the output's number where there are several."""
        name = self.node.name or self.node.op.name
        return name if len(self.node.specs) == 1 else f"{name}:{self.index}"

    def __bool__(self) -> bool:
        raise TypeError(f"{self} has no value until its graph runs; use ops.where, or cond, instead of `if`")

    def __iter__(self) -> Any:
        raise TypeError(f"{self} cannot be iterated: its graph has not run; use ops.split, or scan")

    def __float__(self) -> float:
        raise TypeError(f"{self} has no value until its graph runs; fetch it with a Program")

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"<symbol {self.name} {self.spec}>"


Symbol.kind = Symbol


class Slot:
    """State that a graph reads and assigns, whose value a Store holds.  A Parameter is one too.

    varying: the axes whose size may be another one after each step of a loop
    """

    varying: tuple[int, ...] = ()

    def __init__(self, spec: Spec, *, name: str, trainable: bool = True) -> None:
        self.spec, self.name, self.trainable = spec, name, trainable

    def __repr__(self) -> str:
        return f"<slot {self.name} {self.spec}>"


class Node(Call):
    """A Call placed in a graph: it knows its operands, what must run before it, and where it runs
    (`device`; None for the program's).
    """

    __slots__ = ("controls", "device", "inputs", "outputs")

    device: Any
    inputs: tuple[Symbol | None, ...]
    outputs: tuple[Symbol, ...]
    controls: tuple[Node, ...]

    def __init__(self, op: Op, inputs: tuple[Symbol | None, ...], settings: Settings, specs: tuple[Spec, ...]) -> None:
        self.op, self.inputs, self.settings, self.specs, self.hooks = op, inputs, settings, specs, None
        self.edges = tuple([None if x is None else x.edge for x in inputs])
        self.controls, self.name, self.origin, self.device = (), None, "", None

    def recall(self, name: str) -> Any:
        op = self.op
        if name == "outs":
            return self.outputs
        if op.is_variadic:
            return self.inputs if name == op.inputs[0] else tuple([x.spec for x in self.inputs])  # type: ignore[union-attr]
        if name in op.inputs:
            index = op.inputs.index(name)
            return self.inputs[index] if index < len(self.inputs) else None
        if name in op.outputs:
            return self.outputs[op.outputs.index(name)]
        value = self.recall(name.removesuffix("_spec"))
        return None if value is None else value.spec

    def recall_inputs(self) -> tuple[Any, ...]:
        return self.inputs

    def release(self) -> None:
        """A graph keeps its calls."""

    def with_inputs(self, inputs: tuple[Symbol | None, ...]) -> Node:
        """The same call of other operands, making the same symbols: what passes rewrite with."""
        return Node(self.op, inputs, self.settings, self.specs).making(self)

    def making(self, other: Node) -> Node:
        """This call, making the symbols of another one in its place."""
        self.outputs, self.controls, self.name, self.origin = other.outputs, other.controls, other.name, other.origin
        self.device = other.device
        return self

    @classmethod
    def inserted(cls, op: Op, inputs: tuple[Symbol, ...], settings: Settings, name: str) -> Node:
        """A call that a pass puts beside those of the graph, with symbols of its own."""
        made = cls(op, inputs, settings, op.infer([x.spec for x in inputs], settings))
        made.outputs = tuple([Symbol(spec, made, i, inputs[0].graph) for i, spec in enumerate(made.specs)])
        made.name = name
        return made


# Where symbols come from, and where state goes.  They are ops only in so far as graphs consist of calls.
PLACEHOLDER = Op(lambda: None, name="placeholder")
CONSTANT = Op(lambda: None, name="constant")
READ = Op(lambda: None, name="read")
ASSIGN = Op(lambda value: value, name="assign")
ASSIGN.gradient("value")(lambda g: g)


class Graph:
    """An append-only list of calls; the order in which they were made is an order in which they can run.

    parent:  the graph around it, for the body of a `cond` or a loop: what it uses of the parent
             becomes an explicit input (`captures`)
    state:   in a body, what the slots that it reads or assigns hold at this point; elsewhere, what `hold` was given
    entries: in a body, what these slots held when it began: outside, and as a placeholder inside
    """

    def __init__(self, parent: Graph | None = None) -> None:
        self.nodes: list[Node] = []
        self.updates: list[Symbol] = []
        self.parent = parent
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.captures: dict[Symbol, Symbol] = {}
        self.state: dict[Any, Symbol] = {}
        self.entries: dict[Any, tuple[Symbol, Symbol]] = {}
        self.on_call: Callable[[Node], None] | None = None
        self._reads: list[dict[int, tuple[Any, Symbol]]] = [{}]  # one for each `after` that is open
        self._constants: dict[Any, Symbol] = {}
        self._controls: list[tuple[Node, ...]] = []

    # -- what goes in ----------------------------------------------------------------------------

    def placeholder(self, shape: Sequence[Any] | None, dtype: Any = "float32", *, name: str | None = None) -> Symbol:
        """A value to be fed.

        shape: sizes: a number, a Dim, a name (equal names are equal sizes) or None (known when fed);
               None for any number of axes
        """
        return self._source(PLACEHOLDER, Spec(None if shape is None else map(_declared, shape), dtype), {}, name)

    def constant(self, value: Any, dtype: Any = None, *, name: str | None = None) -> Symbol:
        """A value fixed while the graph is built, copied."""
        array = np.array(value, None if dtype is None else Spec((), dtype).dtype)
        array.flags.writeable = False
        return self._source(CONSTANT, Spec(array.shape, array.dtype), {"value": array}, name)

    def read(self, slot: Any, *, name: str | None = None) -> Symbol:
        """The value of a Parameter or Slot at this point: the last one assigned before, if that assignment runs."""
        if slot in self.state:
            return self.state[slot]
        if self.parent is not None:
            outer = self.parent.capture(slot)
            varying = getattr(slot, "varying", ())
            shape = (
                [Dim() if i in varying else n for i, n in enumerate(outer.spec.shape)] if varying else outer.spec.shape
            )
            inner = self._source(PLACEHOLDER, Spec(shape, outer.spec.dtype), {}, name)
            self.entries[slot], self.state[slot] = (outer, inner), inner
            return inner
        spec = slot.spec  # sizes that are not known may be others at each read
        if not spec.is_concrete and spec.has_rank:
            spec = spec.with_shape([Dim() if type(n) is Dim else n for n in spec.shape])
        return self._source(READ, spec, {"slot": slot}, name)

    def hold(self, slot: Any, value: Symbol) -> None:
        """Let a slot stand for a value of this graph: state that begins and ends with a run, kept by no Store."""
        self.state[slot] = self.capture(value)

    def assign(self, slot: Any, value: Symbol, *, name: str | None = None) -> Symbol:
        """An ordered call that gives a slot its next value.  Reads made later see it wherever it runs.

        In the body of a `cond` or a loop, the slot is assigned around it, what it holds once the body has run.

        return: the value
        """
        value = self.capture(value, slot.spec.dtype)
        _check_assign(slot, value)
        if self.parent is not None or slot in self.state:
            self.read(slot)  # what it holds when the body begins
            self.state[slot] = value
            return value
        for reads in self._reads:
            reads.pop(id(slot), None)
        return self._append(ASSIGN, (value,), {"slot": slot}, (value.spec,), name)[0]

    def capture(self, value: Any, dtype: Any = None, who: str = "capture") -> Symbol:
        """Bring a tensor, an array or a number into the graph.

        A Parameter or Tensor enters by reference: programs see what it holds when they run.
        dtype: what a number becomes
        """
        if isinstance(value, Symbol):
            return value if value.graph is self else self._capture_outer(value)
        if isinstance(value, (Tensor, Slot)):
            return self._capture_state(value)
        if isinstance(value, np.ndarray):
            return self.constant(value)
        return self._capture_number(value, dtype, who)

    def _capture_outer(self, value: Symbol) -> Symbol:
        if self.parent is None or not self._is_inside(value.graph):
            raise GraphError(f"{value} belongs to another graph; feed it, or build both in one graph")
        if value not in self.captures:
            outer = self.parent.capture(value)
            self.captures[value] = self._source(PLACEHOLDER, outer.spec, {}, None)
        return self.captures[value]

    def _capture_state(self, value: Any) -> Symbol:
        if self.parent is not None or value in self.state:
            return self.read(value)
        reads = self._reads[-1]
        if id(value) not in reads:
            edge = getattr(value, "edge", None)
            if edge is not None and type(edge) is not Leaf:
                raise GraphError(
                    f"this {value.spec} was computed from a parameter before it met the graph, so the graph would keep "
                    "its present value for ever; compute it inside the graph, from graph.capture(parameter)"
                )
            reads[id(value)] = (value, self.read(value))
        return reads[id(value)][1]

    def _capture_number(self, value: Any, dtype: Any, who: str) -> Symbol:
        if not isinstance(value, (bool, int, float, complex, np.generic)):
            raise TypeError(f"{who}: {type(value).__name__} is no tensor, symbol, array or number")
        if dtype is None:
            dtype = np.dtype(np.float32) if isinstance(value, float) else np.asarray(value).dtype
        check_weak(value, dtype, who)
        key = (value or repr(value), type(value), dtype)  # 0.0 == -0.0
        if key not in self._constants:
            self._constants[key] = self.constant(value, dtype)
        return self._constants[key]

    def _is_inside(self, graph: Graph) -> bool:
        above: Graph | None = self
        while above is not None and above is not graph:
            above = above.parent
        return above is not None

    # -- calls -----------------------------------------------------------------------------------

    def call(self, op: Op, inputs: Sequence[Any], settings: Settings, *, name: str | None = None) -> Any:
        """Add a call of an op; its shape rule runs now."""
        weak = op.dtype_among(inputs)
        operands = tuple([
            None if x is None else self.capture(x, None if n in op.free else weak, op.name)
            for n, x in zip(op.names_of(len(inputs)), inputs, strict=True)
        ])  # fmt: skip
        specs = op.infer([None if x is None else x.spec for x in operands], settings)
        outputs = self._append(op, operands, settings, specs, name)
        return outputs[0] if op.has_one_output else outputs

    @contextmanager
    def after(self, *symbols: Symbol) -> Iterator[None]:
        """Calls made inside run after these: control dependencies."""
        self._controls.append(tuple([symbol.node for symbol in symbols]))
        self._reads.append({})
        try:
            yield
        finally:
            self._controls.pop()
            self._reads.pop()

    def _source(self, op: Op, spec: Spec, settings: Settings, name: str | None) -> Symbol:
        return self._append(op, (), settings, (spec,), name)[0]

    def _append(
        self, op: Op, inputs: tuple[Symbol | None, ...], settings: Settings, specs: tuple[Spec, ...], name: str | None
    ) -> tuple[Symbol, ...]:
        node = Node(op, inputs, settings, specs)
        node.outputs = tuple([Symbol(spec, node, i, self) for i, spec in enumerate(specs)])
        node.controls = tuple([control for group in self._controls for control in group])
        node.name, node.origin = name, user_line()
        self.nodes.append(node)
        if self.on_call is not None:
            self.on_call(node)
        return node.outputs

    def __repr__(self) -> str:
        return f"<graph of {len(self.nodes)} calls>"


class Tracing(local):
    """The bodies that this thread is tracing, innermost last."""

    def __init__(self) -> None:
        self.graphs: list[Graph] = []


_tracing = Tracing()


@contextmanager
def tracing(graph: Graph) -> Iterator[None]:
    """Calls made inside, even of symbols of the graphs around, belong to this one."""
    _tracing.graphs.append(graph)
    try:
        yield
    finally:
        _tracing.graphs.pop()


def innermost(values: Sequence[Any]) -> Graph:
    """The graph in which a call of these operands belongs."""
    return within(max([x.graph for x in values if isinstance(x, Symbol)], key=lambda graph: graph.depth))


def within(graph: Graph) -> Graph:
    """The body inside a graph that this thread is tracing, or the graph itself."""
    inner = _tracing.graphs[-1] if _tracing.graphs else None
    return inner if inner is not None and inner._is_inside(graph) else graph


def _declared(size: Any) -> Any:
    if size is None or isinstance(size, str):
        return Dim(size)
    return size


def _check_assign(slot: Any, value: Symbol) -> None:
    if value.spec.dtype != slot.spec.dtype:
        raise DTypeError(f"assign: {value.spec} does not fit {slot}; cast it to {slot.spec.dtype}")
    if value.spec.has_rank and slot.spec.has_rank:
        is_same = len(value.spec.shape) == len(slot.spec.shape)
        if not is_same or not all(map(same_size, value.spec.shape, slot.spec.shape)):
            raise ShapeError(f"assign: {value.spec} does not fit {slot}; reshape it")


def user_line() -> str:
    """`file:line` of the nearest caller outside of core and the plugins."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if not name.startswith("trivium"):
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def _run_in_graph(op: Op, settings: Settings, place: Any) -> Any:
    return place.call(op, (), settings)


PLACES[Graph] = _run_in_graph
