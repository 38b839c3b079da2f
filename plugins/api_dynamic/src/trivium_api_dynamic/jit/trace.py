"""A trace: a graph, its ends, and its state by name.  Any style can run it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import define, field, frozen

from trivium.graph import ASSIGN, CONSTANT, PLACEHOLDER, READ, Graph, Node, Symbol, innermost
from trivium.spec import Dim
from trivium.tensor import Tensor as CoreTensor

from ..compiler.structure import refilled
from ..errors import TracingError

TABLES = ("_parameters", "_buffers", "_private")


@frozen(eq=False)
class Held:
    """What holds the value of a slot.

    name:  its dotted name in a module;  table: which of the TABLES it is in
    """

    name: str
    table: str
    tensor: CoreTensor


@define(eq=False)
class Trace:
    """What a function does, as a graph.

    inputs, outputs: the symbols of arguments and results;  structure: how results stand together
    state:   what holds the values of the graph's slots
    ends:    where gradients go: slots, and the symbols that they were read as
    effects: what is done besides: random numbers of a generator
    """

    graph: Graph
    inputs: list[Symbol]
    outputs: list[Symbol]
    structure: Any
    state: dict[Any, Held]
    ends: list[tuple[Any, Symbol]]
    effects: list[Any] = field(factory=list)
    calls: tuple[Node, ...] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.calls = tuple(self.graph.nodes)  # gradients will be built behind them

    def inline(self, values: Sequence[Symbol], tensors: dict[Any, Any]) -> Any:
        """The same calls in the graph of these symbols.

        tensors: what holds each slot's value
        """
        if len(values) != len(self.inputs):
            raise TracingError(f"a trace of {len(self.inputs)} inputs was called with {len(values)}")
        target, sizes = innermost(values), bound_sizes(self.inputs, values)
        made: dict[Symbol, Any] = dict(zip(self.inputs, values))
        for node in self.calls:
            if node.op is PLACEHOLDER:
                continue
            if node.op is CONSTANT:
                made[node.outputs[0]] = target.constant(node.settings["value"])
            elif node.op is READ:
                made[node.outputs[0]] = target.capture(tensors[node.settings["slot"]])
            elif node.op is ASSIGN:
                assert node.inputs[0] is not None
                Symbol.assign(tensors[node.settings["slot"]], made[node.inputs[0]])
            else:
                settings = {name: substituted(value, sizes) for name, value in node.settings.items()}
                result = target.call(node.op, [x if x is None else made[x] for x in node.inputs], settings)
                made.update(zip(node.outputs, result if isinstance(result, tuple) else (result,)))
        return refilled(self.structure, iter([made[x] for x in self.outputs]))

    @property
    def code(self) -> str:
        """The calls as lines that can be read."""
        names = {symbol: f"x{i}" for i, symbol in enumerate(self.inputs)}
        lines = []
        for node in self.calls:
            if node.op is PLACEHOLDER or node.op is ASSIGN:
                continue
            if node.op is READ:
                names[node.outputs[0]] = f"self.{self.state[node.settings['slot']].name}"
                continue
            for out in node.outputs:
                names[out] = f"v{len(names)}"
            settings = {} if node.op is CONSTANT else node.settings
            given = ["None" if x is None else names[x] for x in node.inputs]
            given += [f"{name}={value!r}" for name, value in settings.items()]
            if node.op is CONSTANT:
                given = [str(node.settings["value"].tolist()) if node.settings["value"].size < 5 else "..."]
            lines.append(f"    {', '.join([names[x] for x in node.outputs])} = {node.op.name}({', '.join(given)})")
        for update in self.graph.updates:
            assert update.node.inputs[0] is not None
            held = self.state[update.node.settings["slot"]]
            lines.append(f"    self.{held.name} = {names[update.node.inputs[0]]}")
        results = ", ".join([names[x] for x in self.outputs])
        arguments = ", ".join(["self", *[names[x] for x in self.inputs]])
        return "\n".join([f"def forward({arguments}):", *lines, f"    return {results}"])


def bound_sizes(declared: Sequence[Symbol], given: Sequence[Symbol]) -> dict[Any, Any]:
    """What each unknown size of a trace is, by the sizes of what it is called with."""
    sizes: dict[Any, Any] = {}
    for ours, theirs in zip(declared, given):
        if theirs.spec.dtype != ours.spec.dtype or theirs.spec.ndim != ours.spec.ndim:
            raise TracingError(f"a trace for {ours.spec} was called with {theirs.spec}; they must agree")
        for size, other in zip(ours.spec.shape, theirs.spec.shape):
            if type(size) is Dim and size.atom is not None:
                sizes.setdefault(size.atom, other)
            elif type(size) is int and type(other) is int and size != other:
                raise TracingError(
                    f"a trace for {ours.spec} was called with {theirs.spec}; trace it with an input of that size"
                )
    return sizes


def substituted(value: Any, sizes: dict[Any, Any]) -> Any:
    """A setting with the unknown sizes of a trace replaced."""
    if isinstance(value, tuple):
        return tuple([substituted(part, sizes) for part in value])
    if type(value) is not Dim:
        return value
    total: Any = 0
    for atoms, factor in value.terms:
        part: Any = factor
        for atom in atoms:
            part = part * sizes[atom]
        total = total + part
    return total
