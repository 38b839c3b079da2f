"""Modules: `forward` runs on tensors of which only the shape is real, so that nothing is computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

import trivium_api_dynamic as torch
from trivium import config
from trivium.errors import ShapeError
from trivium.graph import ASSIGN, CONSTANT, PLACEHOLDER, READ, Graph, Node, Symbol
from trivium.op import Leaf, Op
from trivium.tensor import Tensor as CoreTensor

from ..network import Network, Part


class Sketch(torch.Tensor):
    """A tensor whose elements take no memory and mean nothing; each op on it becomes a call of a graph."""

    strength = 99
    symbol: Symbol

    @classmethod
    def of_symbol(cls, symbol: Symbol) -> Sketch:
        """The tensor that stands for a value of a graph."""
        spec = symbol.spec
        if not spec.is_concrete:
            raise ShapeError(
                f"{symbol.name}: {spec}: how much it makes only running tells, so nothing after it has a shape; "
                "summarize the modules before and after it"
            )
        buffer = np.broadcast_to(np.zeros((), spec.dtype), spec.shape)
        made = cls.around(buffer, spec, config.current_device())
        made.symbol = symbol
        return made

    @classmethod
    def run(cls, op: Op, inputs: Sequence[Any], settings: dict[str, Any]) -> Any:
        """Add a call to the graph."""
        graph = next(x.symbol.graph for x in inputs if isinstance(x, Sketch))
        result = graph.call(op, [x if x is None else entered(graph, x) for x in inputs], settings)
        if isinstance(result, Symbol):
            return cls.of_symbol(result)
        return tuple([cls.of_symbol(x) for x in result])

    run_mixed = run

    @staticmethod
    def adopt_parameter(parameter: Any, among: Sequence[Any]) -> Any:
        """A parameter as it takes part in the graph."""
        graph = next(x.symbol.graph for x in among if isinstance(x, Sketch))
        return Sketch.of_symbol(entered(graph, parameter))

    @staticmethod
    def assign(parameter: Any, value: Any) -> None:
        """State stays as it is."""
        if isinstance(value, Sketch) and not isinstance(parameter, Sketch):
            value.symbol.graph.assign(parameter, value.symbol)

    def made_by(self, edge: Any) -> Any:
        """The same value, detached."""
        return Sketch.of_symbol(self.symbol)

    def write(self, value: Any) -> None:
        """From now on another value."""
        self.symbol = entered(self.symbol.graph, value)


Sketch.kind = Sketch


def _operator(function: Any, is_reflected: bool) -> Any:
    """An operator without the short way that computes at once."""
    if is_reflected:
        return lambda self, other: function(other, self)
    return lambda self, other: function(self, other)


for _word, _name in (("add", "add"), ("sub", "sub"), ("mul", "mul"), ("truediv", "div"), ("pow", "pow")):
    setattr(Sketch, f"__{_word}__", _operator(getattr(torch, _name), False))
    setattr(Sketch, f"__r{_word}__", _operator(getattr(torch, _name), True))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Sketch, f"__{_name}__", _operator(getattr(torch, _name), False))
Sketch.__hash__ = object.__hash__


def entered(graph: Graph, value: Any) -> Any:
    """A value as a symbol of the graph, or a number as it is."""
    if isinstance(value, Sketch):
        return value.symbol
    if isinstance(value, CoreTensor) and not (value.edge is None or type(value.edge) is Leaf):
        value = value.detach()
    return graph.capture(value) if isinstance(value, CoreTensor) else value


def read(module: Any, *examples: Any, name: str | None = None, batch: int | None = None) -> Network:
    """What a module does to examples, in the mode that it is in.

    examples: tensors, arrays or shapes
    """
    graph = Graph()
    given = [example if isinstance(example, tuple) else example.shape for example in examples]
    dtypes = ["float32" if isinstance(example, tuple) else CoreTensor.of(example).spec.dtype for example in examples]
    shapes = [shape if batch is None else (batch, *shape[1:]) for shape in given]
    inputs = [
        graph.placeholder(shape, dtype, name=f"input {i}") for i, (shape, dtype) in enumerate(zip(shapes, dtypes))
    ]
    network = Network(name or type(module).__name__, graph, inputs, [])
    with observed(module, network), parameters_in(module, graph):
        result = module(*[Sketch.of_symbol(x) for x in inputs])
    network.outputs = [x.symbol for x in leaves(result) if isinstance(x, Sketch)]
    network.updates = [node.outputs[0] for node in graph.nodes if node.op is ASSIGN]
    used = {id(x.node.settings["slot"]) for x in network.readers() if x.node.op is READ}
    network.idle = {path: p.numel() for path, p in module.named_parameters() if id(p) not in used}
    return network


@contextmanager
def observed(module: Any, network: Network) -> Iterator[None]:
    """Note which module makes each call; what a module with modules inside computes itself stands alone."""
    running: list[tuple[Part, bool]] = []
    handles = []

    def note(node: Node) -> None:
        if node.op in (PLACEHOLDER, CONSTANT, READ):
            return
        part, is_whole = running[-1] if running else (Part("", ""), False)
        network.parts[node] = part if is_whole else Part(part.name, node.op.name)

    for path, inside in module.named_modules():
        is_whole = not any(True for _ in inside.children())

        def begin(called: Any, inputs: Any, path: str = path, is_whole: bool = is_whole) -> None:
            running.append((Part(path, called._get_name()), is_whole))

        def end(called: Any, inputs: Any, result: Any) -> None:
            running.pop()

        handles += [inside.register_forward_pre_hook(begin), inside.register_forward_hook(end)]
    network.graph.on_call = note
    try:
        yield
    finally:
        network.graph.on_call = None
        for handle in handles:
            handle.remove()


@contextmanager
def parameters_in(module: Any, graph: Graph) -> Iterator[None]:
    """Let every parameter be a value of the graph, whatever is computed from it."""
    tables = [inside._parameters for inside in module.modules()]
    before = [dict(table) for table in tables]
    for table in tables:
        for name, parameter in table.items():
            if parameter is not None:
                table[name] = Sketch.of_symbol(graph.read(parameter))
    try:
        yield
    finally:
        for table, kept in zip(tables, before):
            table.update(kept)


def leaves(value: Any) -> Iterator[Any]:
    """The values in nested tuples, lists and dicts."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from leaves(one)
    else:
        yield value
