"""TracedModule: a graph as a module, with parameters under the names that they had."""

from __future__ import annotations

from typing import Any

from trivium.graph import Symbol
from trivium.program import Program
from trivium.storage import Storage
from trivium.store import Store
from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import tape

from ..compiler.differentiable import Differentiable
from ..compiler.structure import refilled, tensors_in
from ..errors import TracingError
from ..nn.module import Module
from ..nn.parameter import Parameter
from ..tensors import as_ours
from .trace import TABLES, Held, Trace
from .writing import save


class Kept(Store):
    """The values of a trace's slots: wherever the module's tensors have theirs now."""

    def __init__(self, module: TracedModule) -> None:
        self.module = module

    def find(self, slot: Any) -> Storage | None:
        tensor = self.module.tensor_of(slot)
        if tensor.spec.dtype != slot.spec.dtype:
            raise TracingError(f"{slot.name} is {tensor.spec}, but was {slot.spec} when it was traced; trace it anew")
        storage: Storage = tensor.storage
        return storage


class TracedModule(Module):
    """A module that is a graph: what it does is what was done when it was traced."""

    def __init__(self, trace: Trace, training: bool = True) -> None:
        super().__init__()
        object.__setattr__(self, "trace", trace)
        object.__setattr__(self, "_places", {})
        for slot, held in trace.state.items():
            self._keep(slot, held)
        object.__setattr__(self, "_runners", {})
        for module in self.modules():
            object.__setattr__(module, "training", training)

    def _keep(self, slot: Any, held: Held) -> None:
        """Let a tensor be a part of the module, in modules nested as its dotted name says."""
        *path, name = held.name.split(".")
        module: Module = self
        for step in path:
            if step not in module._modules:
                module._modules[step] = Module()
            module = module._modules[step]
        table = getattr(module, held.table)
        table[name] = Parameter.of_layer(held.tensor) if held.table == TABLES[0] else as_ours(held.tensor)
        self._places[slot] = table, name

    def tensor_of(self, slot: Any) -> Any:
        """The tensor that holds a slot's value now."""
        table, name = self._places[slot]
        return table[name]

    def forward(self, *inputs: Any) -> Any:
        """What was traced, of tensors or of symbols."""
        if any([isinstance(x, Symbol) for x in inputs]):
            return self.trace.inline(inputs, {slot: self.tensor_of(slot) for slot in self._places})
        arguments = tensors_in(inputs)
        self._check(arguments)
        for effect in self.trace.effects:
            effect.before()
        made = self._run(arguments)
        for effect in self.trace.effects:
            effect.after()
        return refilled(self.trace.structure, iter(made))

    def _check(self, arguments: list[CoreTensor]) -> None:
        if len(arguments) != len(self.trace.inputs):
            raise TracingError(f"a trace of {len(self.trace.inputs)} tensors was called with {len(arguments)}")
        for symbol, x in zip(self.trace.inputs, arguments):
            if symbol.spec.dtype != x.spec.dtype or not symbol.spec.accepts(tuple(x.spec.shape)):
                raise TracingError(
                    f"a trace for {symbol.spec} was called with {x.spec}; trace it with an input of that size (in "
                    "training, batch norm depends on the size of the batch: trace after eval())"
                )

    def _run(self, arguments: list[CoreTensor]) -> list[Any]:
        trace = self.trace
        device = arguments[0].device if arguments else None
        feeds = dict(zip(trace.inputs, arguments))
        ends = [(lambda slot=slot: self.tensor_of(slot), symbol) for slot, symbol in trace.ends]
        wanted = [x.current_edge is not None for x in arguments]
        if tape.recording and (any(wanted) or any([end().edge is not None for end, _ in ends])):
            key = device, *wanted
            if key not in self._runners:
                found = [(i, trace.inputs[i]) for i, is_wanted in enumerate(wanted) if is_wanted] + ends
                wants = [i for i, x in enumerate(trace.outputs) if x.spec.dtype.kind in "fcV"]
                self._runners[key] = Differentiable(
                    trace.graph, trace.outputs, wants, found, trace.inputs, device, Kept(self)
                )
            return self._runners[key].run(feeds, arguments)
        if device not in self._runners:
            self._runners[device] = Program(
                trace.outputs, updates=trace.graph.updates, fed=trace.inputs, device=device, store=Kept(self)
            )
        return [as_ours(x) for x in self._runners[device].run(feeds)]

    def save(self, f: Any) -> None:
        """Write it to a path or a binary file."""
        save(self, f)

    @property
    def graph(self) -> Any:
        """The graph, which any style can run."""
        return self.trace.graph

    @property
    def code(self) -> str:
        """The calls as lines that can be read."""
        return self.trace.code
