"""Closed programs of a net: memory is planned for speed, and nothing but the outputs can be looked at."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivium import config
from trivium.autodiff import gradients
from trivium.graph import Graph, Symbol
from trivium.program import Program
from trivium_api_prototxt.errors import PrototxtError
from trivium_api_prototxt.net import Net
from trivium_api_prototxt.update_rule import UpdateRule
from trivium_api_prototxt.wiring import Part, flow

Results = dict[str, Any]


class Traced:
    """A graph of the whole net, and how its sources are fed.

    values: the symbol of each output and loss
    """

    def __init__(self, net: Net) -> None:
        self.net, self.graph = net, Graph()
        self.shapes = {top: net.blobs[top].shape for part in net.sources for top in part.tops}
        self.given = {top: self.graph.placeholder(shape, name=top) for top, shape in self.shapes.items()}
        with config.device(net.device):
            self.flows = flow(net.parts, self.given)
        self.losses: list[tuple[Symbol, float]] = []
        self.values: dict[str, Symbol] = {}
        for step in self.flows:
            for top, weight, y in zip(step.part.tops, step.part.loss_weights, step.outputs):
                if weight:
                    self.losses.append((y, weight))
                if top in net.results:
                    self.values[top] = y

    def feeds(self) -> dict[Symbol, Any]:
        """The next batch of every source."""
        fed: dict[Symbol, Any] = {}
        for part in self.net.sources:
            batch = self._next(part)
            fed.update({self.given[top]: value for top, value in zip(part.tops, batch)})
        return fed

    def _next(self, part: Part) -> list[Any]:
        assert part.source is not None
        batch = part.source.next()
        return [self.net.blobs[top].data_memory.at_device() for top in part.tops] if batch is None else batch

    def is_current(self) -> bool:
        """Whether the net's sources still have the sizes that this was made for."""
        return all(self.net.blobs[top].shape == shape for top, shape in self.shapes.items())


class Testing:
    """Runs a net forward."""

    def __init__(self, net: Net) -> None:
        self.traced = Traced(net)
        updates = [update for step in self.traced.flows for update in step.updates]
        symbols = list(self.traced.values.values())
        self.program = Program(symbols, updates=updates, fed=list(self.traced.given.values()), device=net.device)

    def run(self) -> Results:
        """The outputs for the next batch."""
        results = self.traced.net.run(self.program, self.traced.feeds())
        return {name: tensor.numpy() for name, tensor in zip(self.traced.values, results)}


class Training:
    """Trains a net: forward, backward and update as one program where one batch makes a step, else as two."""

    def __init__(self, net: Net, rule: UpdateRule) -> None:
        self.net, self.rule, self.iter_size = net, rule, rule.solver.iter_size
        self._traced: Traced | None = None
        self._apply: tuple[Program, Symbol, Symbol] | None = None

    def step(self, rate: float, number: int) -> list[Results]:
        """Make one step; the outputs of each of its batches.

        rate:   the learning rate;  number: of the iteration, from 1
        """
        if self._traced is None or not self._traced.is_current():
            self._build()
        assert self._traced is not None
        if self.iter_size == 1:
            feeds = {**self._traced.feeds(), self._rate: np.float32(rate), self._number: np.float32(number)}
            made = [self._run(feeds)]
            self.net.changed(self.net.learned)
            return made
        self.net.clear_param_diffs()
        for one in self.net.learning:
            one.blob.diff_memory.at_device()
        made = [self._run(self._traced.feeds()) for _ in range(self.iter_size)]
        for one in self.net.learning:
            one.blob.diff_memory.written()
        self.apply(rate, number)
        return made

    def apply(self, rate: float, number: int) -> None:
        """Update the parameters from the gradients that their blobs hold."""
        if self._apply is None:
            graph = Graph()
            symbols = _hyper(graph)
            pairs = [(one, graph.read(one.blob.diff_memory.slot)) for one in self.net.learning]
            updates = self.rule.updates(pairs, *symbols)
            self._apply = Program([], updates=updates, fed=symbols, device=self.net.device), *symbols
        program, rate_symbol, number_symbol = self._apply
        for one in self.net.learning:
            one.blob.diff_memory.at_device()
        self.net.run(program, {rate_symbol: np.float32(rate), number_symbol: np.float32(number)})
        self.net.changed(self.net.learned)

    def _run(self, feeds: Any) -> Results:
        assert self._traced is not None
        results = self.net.run(self._program, feeds)
        return {name: tensor.numpy() for name, tensor in zip(self._traced.values, results)}

    def _build(self) -> None:
        net, traced = self.net, Traced(self.net)
        graph = traced.graph
        learning = net.learning
        seeds = [graph.constant(np.full(y.shape, weight, np.float32)) for y, weight in traced.losses]
        sources = [graph.capture(one.parameter) for one in learning]
        found = gradients([y for y, _ in traced.losses], sources, seeds)
        pairs = [(one, g) for one, g in zip(learning, found) if g is not None]
        if not pairs:
            raise PrototxtError(f"{net.path}: no parameter leads to a loss: nothing to train")
        updates = [update for step in traced.flows for update in step.updates]
        fed = list(traced.given.values())
        if self.iter_size == 1:
            self._rate, self._number = _hyper(graph)
            updates += self.rule.updates(pairs, self._rate, self._number)
            fed += [self._rate, self._number]
        else:
            for one, g in pairs:
                slot = one.blob.diff_memory.slot
                updates.append(graph.assign(slot, graph.read(slot) + g))
        self._program = Program(list(traced.values.values()), updates=updates, fed=fed, device=net.device)
        self._traced = traced


def _hyper(graph: Graph) -> tuple[Symbol, Symbol]:
    return graph.placeholder((), name="learning_rate"), graph.placeholder((), name="iteration")
