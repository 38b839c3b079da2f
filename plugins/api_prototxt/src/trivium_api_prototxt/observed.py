"""The observed program of a net: every blob and every gradient is kept where it can be looked at and changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import define

from trivium.autodiff import gradients
from trivium.graph import CONSTANT, READ, Graph, Node, Symbol
from trivium.program import Program
from trivium.tensor import Parameter
from trivium_api_prototxt.errors import PrototxtError
from trivium_api_prototxt.wiring import Flow, Learned, flow

if TYPE_CHECKING:
    from trivium_api_prototxt.net import Net


@define(eq=False)
class Pass:
    """A program for some parts of a net.

    fed:     which symbols it reads, and from where
    written: the memories that it overwrites
    added:   those of them that it adds to
    """

    program: Program
    fed: list[tuple[Symbol, Any]]
    written: list[Any]
    added: Sequence[Any] = ()

    def run(self) -> None:
        """Run it on what the blobs hold."""
        for memory in self.added:
            memory.at_device()
        self.program.run({symbol: memory.at_device() for symbol, memory in self.fed})
        for memory in self.written:
            memory.written()


@define(eq=False)
class _Kept:
    """A value inside a layer that its gradient needs: not a blob, but remembered like one."""

    slot: Parameter

    def at_device(self) -> Parameter:
        return self.slot

    def written(self) -> None:
        pass


class Observed:
    """Programs for runs of layers, forward and backward, over one graph."""

    def __init__(self, net: Net) -> None:
        self.net = net
        self.graph = Graph()
        given = {
            top: self.graph.placeholder(net.blobs[top].shape, name=top)
            for part in net.parts
            if part.source
            for top in part.tops
        }
        self.flows = flow(net.parts, given)
        self._made_at = {id(y): i for i, step in enumerate(self.flows) for y in step.outputs}
        self._forward_end = len(self.graph.nodes)
        self._forward: dict[Any, Pass] = {}
        self._backward: dict[Any, Pass] = {}
        self._assigned: dict[Any, Symbol] = {}
        self._kept: dict[Symbol, _Kept] = {}
        self._sums: dict[int, Symbol] = {}
        self._saved: list[Symbol] = []
        self._saved_from: list[int] = []
        if net.has_backward:
            self._find_saved()

    def forward(self, first: int, last: int) -> Pass:
        """Let values go through parts `first` to `last`."""
        if (first, last) not in self._forward:
            self._forward[first, last] = self._make_forward(first, last)
        return self._forward[first, last]

    def backward(self, first: int, last: int, seeded: Sequence[str] = ()) -> Pass:
        """Let gradients go through parts `last` down to `first`.

        seeded: blobs whose `diff` gradients start from, besides the losses
        """
        key = (first, last, tuple(seeded))
        if key not in self._backward:
            self._backward[key] = self._make_backward(first, last, seeded)
        return self._backward[key]

    # -- forward --------------------------------------------------------------------------------------

    def _make_forward(self, first: int, last: int) -> Pass:
        flows = self.flows[first : last + 1]
        inside = {id(y) for step in flows for y in step.outputs}
        fed: dict[Symbol, Any] = {}
        newest: dict[str, Symbol] = {}
        updates: list[Symbol] = []
        for step in flows:
            for name, x in zip(step.part.bottoms, step.inputs):
                if id(x) not in inside:
                    fed[x] = self.net.blobs[name].data_memory
            if step.part.source:
                fed.update({y: self.net.blobs[name].data_memory for name, y in zip(step.part.tops, step.outputs)})
            else:
                newest.update(zip(step.part.tops, step.outputs))
            updates += step.updates
        written = [self.net.blobs[name].data_memory for name in newest]
        updates += [self._assign(memory.slot, y) for memory, y in zip(written, newest.values())]
        for symbol, made_at in zip(self._saved, self._saved_from):
            if first <= made_at <= last and symbol in self._kept:
                updates.append(self._assign(self._kept[symbol].slot, symbol))
        return Pass(self._program(updates, fed), list(fed.items()), written)

    # -- backward -------------------------------------------------------------------------------------

    def _make_backward(self, first: int, last: int, seeded: Sequence[str]) -> Pass:
        flows = self.flows[first : last + 1]
        wanted = self._wanted(flows)
        learned = _unique(one for step in flows for one in step.part.learned if one.is_learning)
        outs, seeds, fed = self._seeds(flows, last, seeded)
        if not outs:
            raise PrototxtError(
                f"{self.net.path}: backward: {self.net.parts[first].title} to {self.net.parts[last].title}: nothing "
                "there leads to a loss: add a loss layer, or force_backward: true and start from a blob's diff"
            )
        sources = [x for _, x in wanted] + [self.graph.capture(one.parameter) for one in learned]
        found = [g.dense() if hasattr(g, "dense") else g for g in gradients(outs, sources, seeds)]
        updates, written, added = [], [], []
        for (name, _), g in zip(wanted, found):
            if g is not None:
                memory = self.net.blobs[name].diff_memory
                updates.append(self._assign(memory.slot, g))
                written.append(memory)
        for one, g in zip(learned, found[len(wanted) :]):
            if g is not None:
                memory = one.blob.diff_memory
                updates.append(self.graph.assign(memory.slot, self._sum(memory.slot) + g))
                added.append(memory)
        for symbol in self._crossing(updates):
            if symbol not in fed:
                fed[symbol] = self._memory_of(symbol)
        return Pass(self._program(updates, fed), list(fed.items()), written + added, added)

    def _wanted(self, flows: Sequence[Flow]) -> list[tuple[str, Symbol]]:
        """The blobs that get a gradient, each as it was before any layer worked on it in place."""
        wanted: dict[str, Symbol] = {}
        needs = {name: step.part.needs_gradient for step in self.flows for name in step.part.tops}
        for step in flows:
            for name, x in zip(step.part.bottoms, step.inputs):
                if needs[name]:
                    wanted.setdefault(name, x)
            if step.part.needs_gradient and not step.part.source:
                for name, y in zip(step.part.tops, step.outputs):
                    wanted.setdefault(name, y)
        used = {id(x) for step in flows for x in step.inputs}
        return [(name, x) for name, x in wanted.items() if id(x) in used]

    def _seeds(
        self, flows: Sequence[Flow], last: int, seeded: Sequence[str]
    ) -> tuple[list[Symbol], list[Symbol], dict[Symbol, Any]]:
        """Where gradients start, with what, and the memories that hold it."""
        used = {id(x) for step in flows for x in step.inputs}
        is_whole = last == len(self.flows) - 1
        outs, seeds, fed = [], [], {}
        for step in flows:
            if not step.part.needs_gradient:
                continue
            for name, weight, y in zip(step.part.tops, step.part.loss_weights, step.outputs):
                if id(y) in used:
                    if weight:  # a loss that other layers read too
                        outs.append(y)
                        seeds.append(_filled(self.graph, y, weight))
                elif weight or name in seeded or not is_whole or self.net.is_forced:
                    seed = self.graph.placeholder(y.shape, name=f"{name}.diff")
                    fed[seed] = self.net.blobs[name].diff_memory
                    outs.append(y)
                    seeds.append(seed)
        return outs, seeds, fed

    def _find_saved(self) -> None:
        """Which values of a forward run the gradient will need, and where those that are no blobs are remembered."""
        self.backward(0, len(self.flows) - 1)

    def _memory_of(self, symbol: Symbol) -> Any:
        """Where a value of the forward run is to be found when the gradient needs it."""
        newest = {name: y for step in self.flows for name, y in zip(step.part.tops, step.outputs)}
        for name, y in newest.items():
            if y is symbol:
                return self.net.blobs[name].data_memory
        if symbol not in self._kept:
            if self._forward:
                raise PrototxtError(
                    f"{self.net.path}: backward: {symbol} was not kept, since it leads to no loss: "
                    "write force_backward: true in the net"
                )
            shape: Any = symbol.spec.shape
            zeros = np.zeros(shape, symbol.spec.dtype)
            self._kept[symbol] = _Kept(
                Parameter(zeros, name=symbol.name, trainable=False, dtype=symbol.spec.dtype, device=self.net.device)
            )
            self._saved.append(symbol)
            self._saved_from.append(self._part_of(symbol))
        return self._kept[symbol]

    def _part_of(self, symbol: Symbol) -> int:
        """The part in whose run a value is made."""
        place = {id(node): i for i, node in enumerate(self.graph.nodes)}
        at = place[id(symbol.node)]
        for i, step in enumerate(self.flows):
            if step.outputs and at <= max(place[id(y.node)] for y in step.outputs):
                return i
        return len(self.flows) - 1

    def _crossing(self, results: Iterable[Symbol]) -> list[Symbol]:
        """The values of the forward run that these results are computed from."""
        forward = {id(node) for node in self.graph.nodes[: self._forward_end]}
        seen: set[int] = set()
        crossing: dict[Symbol, None] = {}
        stack: list[Node] = [symbol.node for symbol in results]
        while stack:
            node = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            for x in node.inputs:
                if x is None or x.node.op in (READ, CONSTANT):
                    continue
                if id(x.node) in forward:
                    crossing[x] = None
                else:
                    stack.append(x.node)
        return list(crossing)

    # -- both -----------------------------------------------------------------------------------------

    def _assign(self, slot: Parameter, value: Symbol) -> Symbol:
        key = (id(slot), value)
        if key not in self._assigned:
            self._assigned[key] = self.graph.assign(slot, value)
        return self._assigned[key]

    def _sum(self, slot: Parameter) -> Symbol:
        """What a parameter's gradient has added up to so far."""
        if id(slot) not in self._sums:
            self._sums[id(slot)] = self.graph.read(slot)
        return self._sums[id(slot)]

    def _program(self, updates: Sequence[Symbol], fed: dict[Symbol, Any]) -> Program:
        return Program([], updates=updates, fed=list(fed), device=self.net.device)


def _filled(graph: Graph, like: Symbol, value: float) -> Symbol:
    return graph.constant(np.full(like.shape, value, np.float32))  # type: ignore[arg-type]


def _unique(learned: Iterable[Learned]) -> list[Learned]:
    return list({id(one.parameter): one for one in learned}.values())
