"""A recorder: what a run of eager code computes, overwrites and draws, written down as a graph.

It listens where every computation passes: where ops run, where Storages are overwritten, where random numbers are
drawn, and where the host looks at a value.  The run that is recorded is a run like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock, get_ident
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import numpy as np

from trivium import ops
from trivium.graph import Graph, Symbol, user_line
from trivium.op import Leaf, Op
from trivium.spec import Spec
from trivium.storage import Storage
from trivium.tensor import Parameter as CoreParameter
from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import tape

from ..errors import CompileError
from ..generator import Generator
from ..nn.module import Module
from ..promotion import _numbers
from ..tensors import Tensor
from .effects import GeneratorState, Performed
from .listening import listening
from .live import Live
from .surroundings import state_of

_swapping = RLock()


class Recorder:
    """The graph of one run, and how it is tied to the world around.

    slots:    Storages from outside: the state that the graph reads and writes
    given:    the Storages of the arguments
    born:     Storages made during the run
    made:     those that an op made, and where in the user's code
    leaves:   where gradients end, and what each held when the run began
    asked:    leaves whose gradient was asked for by its name
    ends:     for each of them the tensor, and what it was in the graph
    lives:    numbers that are to be fed: symbol, number
    effects:  what else is to be done at each run, in order
    modules:  those that were called, those inside, and what each was like when it was
    foreign:  where a gradient has come from something that was not heard
    problem:  where and why this run cannot become a program
    is_settled: whether no parameters were made, as layers do that learn their sizes from the first input
    """

    def __init__(self, *, is_strict: bool = False) -> None:
        self.graph, self.is_strict, self.thread = Graph(), is_strict, get_ident()
        self.whole: dict[Storage, Symbol] = {}
        self.seen: dict[Storage, dict[Any, Symbol]] = {}
        self.slots: dict[Storage, CoreTensor] = {}
        self.given: dict[Storage, int] = {}
        self.arguments: set[int] = set()
        self.born: WeakSet[Storage] = WeakSet()
        self.made: WeakKeyDictionary[Storage, str] = WeakKeyDictionary()
        self.fixed = {tensor.storage for tensor in _numbers.values()}
        self.written: dict[Storage, None] = {}
        self.used: dict[int, tuple[CoreTensor, Storage, Any]] = {}
        self.edges: dict[int, Any] = {}
        self.leaves: dict[Leaf, Any] = {}
        self.asked: set[Leaf] = set()
        self.ends: dict[Leaf, tuple[CoreTensor, Symbol]] = {}
        self.lives: dict[Any, tuple[Symbol, Live, CoreTensor]] = {}
        self.effects: list[Any] = []
        self.modules: dict[Module, Any] = {}
        self.states: dict[Generator, GeneratorState] = {}
        self.foreign: str | None = None
        self.problem: str | None = None
        self.is_settled = True
        self.depth = 0

    # -- from outside ----------------------------------------------------------------------------

    def give(self, tensors: list[CoreTensor]) -> list[Symbol]:
        """Let tensors be what a program is fed."""
        symbols = []
        self.arguments.update([id(x) for x in tensors])
        for i, x in enumerate(tensors):
            if x.storage in self.given and (x.layout, x.spec) not in self.seen[x.storage]:
                self.stop("it takes two tensors that see the same memory in different ways")
            symbol = self.graph.placeholder(x.spec.shape, x.spec.dtype, name=f"argument_{i}")
            self.given[x.storage] = i
            self._know(x, symbol)
            if x.edge is not None:
                self._meet_edge(x)
            symbols.append(symbol)
        return symbols

    def fix(self, why: str) -> None:
        """Say that a value of this run has become a Python value, which another run cannot have."""
        self.stop(why)

    def stop(self, why: str, where: str | None = None) -> None:
        """Say that this run cannot become a program."""
        if self.problem is None:
            self.problem = f"{where or user_line()}: {why}"
            if self.is_strict:
                raise CompileError(f"{self.problem}; without fullgraph=True it would run eagerly")

    def perform(self, action: Callable[[], Any]) -> Any:
        """Do something that each run is to do again."""
        if self.depth == 0:
            self.effects.append(Performed(action))
        with self.inside():
            return action()

    def add(self, effect: Any) -> Any:
        """Add something that each run is to do again."""
        self.effects.append(effect)
        return effect

    def enter(self, module: Module) -> None:
        """A module is called."""
        if module not in self.modules:
            for part in module.modules():
                self.modules.setdefault(part, state_of(part))

    # -- what a tensor is in the graph -----------------------------------------------------------

    def symbol(self, x: CoreTensor) -> Symbol:
        """What stands for the elements that a tensor has now."""
        key = x.layout, x.spec
        found = self.seen.get(x.storage, {}).get(key)
        if found is None:
            found = self._whole(x)
            if x.layout is not None:
                found = self.graph.call(ops.as_strided, (found,), {"layout": x.layout})
            self.seen.setdefault(x.storage, {})[key] = found
        return found

    def _whole(self, x: CoreTensor) -> Symbol:
        storage = x.storage
        if storage not in self.whole:
            if storage in self.given:
                self.stop("it reads memory around an argument that is a view; pass a copy: x.clone()")
            if storage in self.born or storage in self.fixed:
                self.is_settled &= not isinstance(x, CoreParameter)
                self.whole[storage] = self.graph.constant(storage.device.download(storage.buffer))
            else:
                is_whole = isinstance(x, CoreParameter) and x.layout is None
                slot = x if is_whole else CoreTensor.on(storage, Spec(storage.buffer.shape, storage.buffer.dtype))
                self.slots[storage] = slot
                self.whole[storage] = self.graph.read(slot)
        return self.whole[storage]

    def _know(self, x: CoreTensor, symbol: Symbol) -> None:
        self.seen.setdefault(x.storage, {})[x.layout, x.spec] = symbol
        if x.layout is None:
            self.whole[x.storage] = symbol

    def _meet(self, x: CoreTensor) -> Symbol:
        """The symbol of an operand, which a later run must find as it is now."""
        is_new = (x.layout, x.spec) not in self.seen.get(x.storage, ())
        symbol = self.symbol(x)
        if isinstance(x, CoreParameter) and x.storage in self.given and id(x) not in self.arguments:
            self.stop("it takes a tensor that it also knows as a parameter")
        if x.storage in self.slots and (is_new or isinstance(x, CoreParameter)):
            self.used[id(x)] = x, x.storage, leaf_of(x)
        return symbol

    def _meet_edge(self, x: CoreTensor) -> None:
        edge = x.edge
        if type(edge) is Leaf:
            self.leaves.setdefault(edge, edge.value)
            self.ends.setdefault(edge, (x, self.symbol(x)))
        elif x.storage in self.given:
            self.edges[id(edge)] = edge
        elif id(edge) not in self.edges and self.foreign is None:
            self.foreign = user_line()

    def check_gradient_of(self, x: CoreTensor) -> None:
        """See to it that the gradient of a result takes a way that is known."""
        if self.foreign is None and type(x.edge) is not Leaf and id(x.edge) not in self.edges:
            self.foreign = "its result"
        if self.foreign is not None:
            self.stop("a gradient is to flow through a Function, or to something computed before", self.foreign)

    # -- what happens ----------------------------------------------------------------------------

    @contextmanager
    def inside(self) -> Iterator[None]:
        """What happens inside is part of something that is written down as a whole."""
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1

    def hears(self) -> bool:
        """Whether what happens now is to be written down."""
        return self.depth == 0 and self.problem is None and get_ident() == self.thread

    def call(self, op: Op, inputs: Any, settings: Any) -> Any:
        """Add a call of these tensors; gradients take the way that they take on the tape."""
        symbols = [None if x is None else self._meet(x) for x in inputs]
        made = self.graph.call(op, symbols, settings)
        node = self.graph.nodes[-1]
        tracked = [tape.recording and x is not None and x.edge is not None for x in inputs]
        node.edges = tuple([edge if is_tracked else None for edge, is_tracked in zip(node.edges, tracked)])
        for x, is_tracked in zip(inputs, tracked):
            if is_tracked:
                self._meet_edge(x)
        return made if isinstance(made, tuple) else (made,)

    def ran(self, op: Op, inputs: Any, settings: Any, result: Any) -> None:
        """An op has made a result."""
        outs = result if isinstance(result, tuple) else (result,)
        for out, symbol in zip(outs, self.call(op, inputs, settings)):
            self._know(out, symbol)
            self.made.setdefault(out.storage, symbol.node.origin)
            if out.edge is not None:
                self.edges[id(out.edge)] = out.edge

    def wrote(self, target: CoreTensor, symbol: Symbol) -> None:
        """A tensor has been overwritten."""
        storage = target.storage
        if target.layout is not None:
            symbol = self.graph.call(ops.overwrite, (self._whole(target), symbol), {"layout": target.layout})
        elif storage not in self.whole:
            self._whole(target)
        self.whole[storage], self.seen[storage] = symbol, {}
        self.written[storage] = None

    def looked_at(self, x: CoreTensor) -> None:
        """The host has asked for the elements of a tensor."""
        storage = x.storage
        is_made_here = storage in self.born and storage not in self.made and storage not in self.written
        if not is_made_here and storage not in self.fixed:
            self.fix(f"it looks at the value of {x.spec}, which a program has only once it runs")

    def adopted(self, live: Live, device: Any, dtype: Any) -> CoreTensor:
        """A live number as a tensor."""
        key = live.key, device, np.dtype(dtype)
        if key not in self.lives:
            symbol = self.graph.placeholder((), dtype, name="number")
            value = np.asarray(live.compute(), dtype)
            made = CoreTensor.around(device.upload(value), Spec((), dtype), device)
            self._know(made, symbol)
            self.lives[key] = symbol, live, made
        return self.lives[key][2]

    def drawn(self, generator: Generator, op: Op, shape: Any, device: Any, settings: Any, draw: Any) -> Any:
        """Random numbers, from a state that the graph reads and moves on."""
        if generator not in self.states:
            with self.inside():
                self.states[generator] = self.add(GeneratorState(generator, device))
            self.born.discard(self.states[generator].tensor.storage)
        state = self.states[generator]
        if state.tensor.device is not device:
            self.stop("it draws random numbers of one generator on two devices")
            return draw(generator, op, shape, device, **settings)
        result = op(state.tensor, shape=shape, **settings)
        CoreTensor.assign(state.tensor, ops.advance(state.tensor, count=ops.blocks(shape)))
        with self.inside():
            state.after()
        return result

    def looked_for_gradient(self, x: CoreTensor) -> None:
        """Somebody has asked for, or is about to set, the gradient of a tensor."""
        if type(x.edge) is not Leaf or x.storage in self.born:
            return
        self.leaves.setdefault(x.edge, x.edge.value)
        self.asked.add(x.edge)
        if x.storage not in self.given:
            self.used.setdefault(id(x), (x, x.storage, x.edge))

    def forget(self) -> None:
        """Let go of every tensor that the run has seen."""
        for table in (self.whole, self.seen, self.slots, self.used, self.edges, self.ends, self.lives, self.written):
            table.clear()
        self.fixed.clear()

    # -- listening -------------------------------------------------------------------------------

    @contextmanager
    def listen(self) -> Iterator[None]:
        """Hear of everything that eager code does inside, in this thread."""
        with _swapping:
            originals = [(owner, name, owner.__dict__[name]) for owner, name, _ in SWAPPED]
            before, listening.recorder = listening.recorder, self
            for owner, name, wrapper in SWAPPED:
                setattr(owner, name, wrapper(self, owner.__dict__[name]))
            try:
                yield
            finally:
                for owner, name, original in originals:
                    setattr(owner, name, original)
                listening.recorder = before


def leaf_of(x: CoreTensor) -> Leaf | None:
    """Where the gradient of a leaf goes."""
    return x.edge if type(x.edge) is Leaf else None


def hearing_run(recorder: Recorder, original: Any) -> Any:
    def run(cls, op, inputs, settings):
        if not recorder.hears():
            return original.__func__(cls, op, inputs, settings)
        for x in inputs:
            if x is not None and x.base is not None:
                x.current_edge  # noqa: B018 - a view of what was overwritten is looked at anew where that is heard
        with recorder.inside():
            result = original.__func__(cls, op, inputs, settings)
        recorder.ran(op, inputs, settings, result)
        return result

    return classmethod(run)


def hearing_run_into(recorder: Recorder, original: Any) -> Any:
    def run_into(cls, op, inputs, settings, outs):
        if not recorder.hears():
            original.__func__(cls, op, inputs, settings, outs)
            return
        symbols = recorder.call(op, inputs, settings)
        with recorder.inside():
            original.__func__(cls, op, inputs, settings, outs)
        for out, symbol in zip(outs, symbols):
            recorder.wrote(out, symbol)

    return classmethod(run_into)


def hearing_put(recorder: Recorder, original: Any) -> Any:
    def put(self, value):
        symbol = recorder._meet(value) if recorder.hears() else None
        original(self, value)
        if symbol is not None:
            recorder.wrote(self, symbol)

    return put


def hearing_numpy(recorder: Recorder, original: Any) -> Any:
    def numpy(self):
        if recorder.hears():
            recorder.looked_at(self)
        return original(self)

    return numpy


def hearing_adopt(recorder: Recorder, original: Any) -> Any:
    def adopt(cls, value, device, dtype, who):
        if type(value) is Live:
            return recorder.adopted(value, device, dtype)
        made = original.__func__(cls, value, device, dtype, who)
        recorder.fixed.add(made.storage)
        return made

    return classmethod(adopt)


def hearing_birth(recorder: Recorder, original: Any) -> Any:
    def born(self, buffer, device):
        original(self, buffer, device)
        if get_ident() == recorder.thread:
            recorder.born.add(self)

    return born


def hearing_draw(recorder: Recorder, original: Any) -> Any:
    def draw(self, op, shape, device, **settings):
        if not recorder.hears():
            return original(self, op, shape, device, **settings)
        return recorder.drawn(self, op, tuple(shape), device, settings, original)

    return draw


def hearing_host_draw(recorder: Recorder, original: Any) -> Any:
    def draw(self, *args):
        if recorder.hears():
            recorder.fix("it draws random numbers on the host")
        return original(self, *args)

    return draw


def hearing_module(recorder: Recorder, original: Any) -> Any:
    def call(self, *inputs, **named):
        if recorder.hears():
            recorder.enter(self)
        return original(self, *inputs, **named)

    return call


def hearing_gradient(recorder: Recorder, original: Any) -> Any:
    def read(self):
        if recorder.hears():
            recorder.looked_for_gradient(self)
        return original.fget(self)

    def write(self, value):
        if recorder.hears():
            recorder.looked_for_gradient(self)
        original.fset(self, value)

    return property(read, write)


SWAPPED = (
    (CoreTensor, "run", hearing_run), (CoreTensor, "run_into", hearing_run_into), (CoreTensor, "_put", hearing_put),
    (CoreTensor, "numpy", hearing_numpy), (CoreTensor, "adopt", hearing_adopt), (Storage, "__init__", hearing_birth),
    (Generator, "draw", hearing_draw), (Generator, "bits", hearing_host_draw),
    (Generator, "initialized", hearing_host_draw), (Module, "__call__", hearing_module),
    (Tensor, "grad", hearing_gradient),
)  # fmt: skip
