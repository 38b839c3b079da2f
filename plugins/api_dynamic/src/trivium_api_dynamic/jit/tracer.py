"""A tracer: a recorder whose graph stands for calls with other values, and other sizes of the batch, too."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from attrs import define

from trivium import ops
from trivium.graph import CONSTANT, PLACEHOLDER, READ, Graph, Slot, Symbol, user_line
from trivium.op import Op
from trivium.spec import Dim, Spec
from trivium.storage import Storage
from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import tape

from ..compiler.effects import GeneratorState
from ..compiler.recorder import Recorder
from ..compiler.structure import emptied, tensors_in
from ..compiler.variant import has_gradient
from ..errors import TracingError
from .trace import TABLES, Held, Trace

WORDS = {
    "__bool__": "boolean", "__int__": "integer", "__float__": "float", "__index__": "index", "item": "number",
    "tolist": "list", "__array__": "array", "numpy": "array",
}  # fmt: skip


class TracerWarning(Warning):
    """Something that a trace cannot follow: the trace will do the same whatever its input."""


class Tracer(Recorder):
    """Values that become Python values are warned of, and fixed; a tensor that was detached is so in the graph."""

    def __init__(self) -> None:
        super().__init__()
        self.tracked: set[Symbol] = set()

    def fix(self, why: str) -> None:
        """Warn."""
        warnings.warn(
            f"Converting a tensor to a Python {word()} might cause the trace to be incorrect: {user_line()}: {why}; "
            "the trace goes the same way for every input",
            TracerWarning,
            stacklevel=2,
        )

    def stop(self, why: str, where: str | None = None) -> None:
        """Refuse."""
        raise TracingError(f"jit.trace: {where or user_line()}: {why}")

    def call(self, op: Op, inputs: Any, settings: Any) -> Any:
        """Add a call; no gradient flows back to what was detached."""
        if tape.recording:
            for x in inputs:
                if x is not None and x.edge is None:
                    self.detach(x)
        made = super().call(op, inputs, settings)
        if tape.recording and any([x is not None and x.edge is not None for x in inputs]):
            self.tracked.update(made)
        return made

    def detach(self, x: CoreTensor) -> None:
        """Let what stands for a tensor be a constant, if a gradient has come so far."""
        symbol = self.symbol(x)
        if symbol in self.tracked:
            self.seen[x.storage][x.layout, x.spec] = self.graph.call(ops.stop_gradient, (symbol,), {})


def word() -> str:
    """What kind of Python value a tensor is being made into."""
    frame, found = sys._getframe(1), "value"
    while frame is not None and frame.f_globals.get("__name__", "").startswith("trivium"):
        found = WORDS.get(frame.f_code.co_name, found)
        frame = frame.f_back  # type: ignore[assignment]
    return found


@define
class Recording:
    """One run.

    given, made: symbols of arguments and results
    """

    tracer: Tracer
    given: list[Symbol]
    made: list[Symbol]
    structure: Any

    @classmethod
    def of(cls, function: Callable[..., Any], inputs: tuple[Any, ...]) -> Recording:
        """Run a function, listening."""
        tracer, tensors = Tracer(), tensors_in(inputs)
        with tracer.listen():
            given = tracer.give(tensors)
            result = function(*inputs)
        if any([not isinstance(effect, GeneratorState) for effect in tracer.effects]):
            raise TracingError("jit.trace: an optimizer or a schedule takes a step in it; that is for torch.compile")
        if any([storage in tracer.given for storage in tracer.written]):
            raise TracingError("jit.trace: it overwrites an argument, which a trace does not; pass a copy: x.clone()")
        outs = tensors_in(result)
        if not outs:
            raise TracingError(f"jit.trace: it returns no tensor, but a {type(result).__name__}")
        for x in outs:
            if has_gradient(x):
                tracer.check_gradient_of(x)
        return cls(tracer, given, [tracer.symbol(x) for x in outs], emptied(result))

    def written(self) -> list[tuple[CoreTensor, Symbol]]:
        """State from outside that the run has overwritten, and with what."""
        tracer = self.tracer
        return [(tracer.slots[s], tracer.whole[s]) for s in tracer.written if s in tracer.slots]


class Differs(Exception):
    """Two recordings that do not differ in their sizes alone."""


class Joining:
    """Recordings of two sizes of the batch as one graph for any: what differs between them grows with the batch.

    hold:    tells what a tensor of the state is called, and of which kind it is
    members: state that is to be there, whether or not it is read
    """

    def __init__(
        self, first: Recording, second: Recording, sizes: tuple[int, int], hold: Callable[[CoreTensor], Held],
        members: Sequence[CoreTensor],
    ) -> None:  # fmt: skip
        self.first, self.second, self.sizes, self.hold = first, second, sizes, hold
        self.graph, self.batch = Graph(), Dim("batch")
        self.symbols: dict[Symbol, Symbol] = {}
        self.partners: dict[Symbol, Symbol] = {}
        self.slots: dict[Any, Held] = {}
        self.of_storage: dict[Storage, Slot] = {}
        # of several tensors that see the same memory, the one that wants a gradient
        self.owners = {x.storage: x for x, _ in first.tracer.ends.values()}
        for tensor in members:
            self.slot(tensor)

    def trace(self) -> Trace:
        """The graph, and its ends."""
        ours, theirs = self.first.tracer.graph.nodes, self.second.tracer.graph.nodes
        if len(ours) != len(theirs):
            raise Differs(f"{len(ours)} calls and {len(theirs)}")
        for a, b in zip(ours, theirs):
            self.add(a, b)
        for tensor, symbol in self.first.written():
            self.graph.updates.append(self.graph.assign(self.slot(tensor), self.symbols[symbol]))
        ends = [
            (self.of_storage[x.storage], self.symbols[symbol])
            for x, symbol in self.first.tracer.ends.values()
            if x.storage in self.of_storage
        ]
        return Trace(
            self.graph, [self.symbols[x] for x in self.first.given], [self.symbols[x] for x in self.first.made],
            self.first.structure, self.slots, ends, self.first.tracer.effects,
        )  # fmt: skip

    def add(self, a: Any, b: Any) -> None:
        """One call of both as one."""
        if a.op is not b.op or list(a.inputs) != [x if x is None else self.partners[x] for x in b.inputs]:
            raise Differs(f"{a} and {b}")
        if a.op is PLACEHOLDER:
            made: Any = self.graph.placeholder(self.general(a.specs[0].shape, b.specs[0].shape), a.specs[0].dtype)
        elif a.op is CONSTANT:
            if not np.array_equal(a.settings["value"], b.settings["value"], equal_nan=True):
                raise Differs("constants")
            made = self.graph.constant(a.settings["value"])
        elif a.op is READ:
            made = self.graph.read(self.slot(a.settings["slot"]))
        else:
            if a.settings.keys() != b.settings.keys():
                raise Differs(f"{a} and {b}")
            settings = {name: self.general(value, b.settings[name]) for name, value in a.settings.items()}
            made = self.graph.call(a.op, [x if x is None else self.symbols[x] for x in a.inputs], settings)
        made = made if isinstance(made, tuple) else (made,)
        self.symbols.update(zip(a.outputs, made))
        self.partners.update(zip(b.outputs, a.outputs))
        self.graph.nodes[-1].origin = a.origin

    def slot(self, tensor: CoreTensor) -> Slot:
        """State of the graph, which is called what it is called in the module."""
        if tensor.storage not in self.of_storage:
            held = self.hold(self.owners.get(tensor.storage, tensor))
            spec = Spec(tensor.storage.buffer.shape, tensor.storage.buffer.dtype)
            slot = Slot(spec, name=held.name, trainable=held.table == TABLES[0])
            self.of_storage[tensor.storage], self.slots[slot] = slot, held
        return self.of_storage[tensor.storage]

    def general(self, a: Any, b: Any) -> Any:
        """A setting for any size of the batch."""
        if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
            return tuple([self.general(x, y) for x, y in zip(a, b)])
        if type(a) is int and type(b) is int and a != b:
            small, large = self.sizes
            factor, rest = divmod(b - a, large - small)
            if rest:
                raise Differs(f"{a} and {b}")
            return self.batch * factor + (a - factor * small)
        if type(a) is not type(b) or a != b:
            raise Differs(f"{a!r} and {b!r}")
        return a


def resized(size: int, tensors: Sequence[CoreTensor]) -> list[CoreTensor]:
    """Arguments whose first axis is the batch with so many rows, repeated as needed; the others as they are."""
    batch = batch_of(tensors)
    made = []
    for x in tensors:
        if x.spec.ndim and x.spec.shape[0] == batch:
            array = CoreTensor.numpy(x)
            rows = array[np.arange(size) % batch]
            y = type(x).kind.around(x.device.upload(rows), Spec(rows.shape, rows.dtype), x.device)
            made.append(y.requires_grad_() if x.edge is not None else y)
        else:
            made.append(x)
    return made


def batch_of(tensors: Sequence[CoreTensor]) -> int:
    """The first size of the first argument that has axes; 0 where there is none."""
    return next((int(x.spec.shape[0]) for x in tensors if x.spec.ndim), 0)
