"""Execution: steps bound to memory, as a flat list of calls."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from attrs import define, field

from .backend import Buffer, Device, is_contiguous
from .graph import ASSIGN, CONSTANT, READ, Node, Symbol
from .kernel import Bound
from .lowering import Step, located, lower, match_sizes
from .op import Layout
from .passes import Block
from .passes.memory import Lifetime, plan_memory
from .spec import Atom, Spec
from .storage import Storage
from .store import Store

# Called in place of each step: with its call of the graph, what runs it, and how to read what it made, if it is done.
Observer: TypeAlias = Callable[[Node, Callable[[], None], Callable[[Symbol], Buffer] | None], None]


class Instance:
    """A program bound to sizes and memory: a flat list of calls that share one arena.  One run at a time.

    places: where what is given is, unless on the program's device; known for what an earlier segment made
    """

    def __init__(
        self, nodes: Sequence[Node], block: Block, specs: dict[Symbol, Spec], sizes: dict[Atom, int],
        device: Device, store: Store, places: Mapping[Symbol, Device] | None = None,
    ) -> None:  # fmt: skip
        self.device, self.store, self.block, self.sizes, self.specs = device, store, block, sizes, specs
        self.given = tuple(specs)
        self.places = dict.fromkeys(self.given, device) | dict(places or {})
        self.steps, self.rest = lower(nodes, specs, sizes, device, store)
        self.is_whole = places is None and not self.rest
        self._later: dict[Any, Instance] = {}
        self._following: Instance | None = None
        self._slots: list[tuple[Any, Storage, Buffer]] = []
        keep = self._kept()
        self._passed_on = [symbol for symbol in self.specs if symbol in keep] if self.rest else []
        devices = {device, *self.places.values(), *[step.device for step in self.steps]}
        can_plan = all([d.has_stable_buffers and d.backend.carve is not None for d in devices])
        self._memory: _Arena | _Loose = _Arena(self, keep) if can_plan else _Loose(self, keep)

    def is_current(self) -> bool:
        """Whether every slot still has the memory that this instance was bound to."""
        return all([
            self.store.find(slot) is storage and storage.buffer is buffer for slot, storage, buffer in self._slots
        ])  # fmt: skip

    def read(self, slot: Any) -> Storage:
        """The Storage of a slot; remembered, so that a change of it is noticed."""
        storage = self.store.storage(slot)
        self._slots.append((slot, storage, storage.buffer))
        return storage

    def run(self, values: Sequence[Any], observe: Observer | None = None) -> list[tuple[Buffer, Device]]:
        """Run all steps; return copies of the fetches, and where each is."""
        results = self._computed(values, observe)
        self._commit()
        return results

    def _computed(self, values: Sequence[Any], observe: Observer | None) -> list[tuple[Buffer, Device]]:
        memory = self._memory
        memory.start(values)
        done = 0
        try:
            for call in memory.calls:
                if observe is None:
                    call()
                else:
                    is_last = memory.nodes[done] not in memory.nodes[done + 1 : done + 2]
                    observe(memory.nodes[done], call, memory.value if is_last else None)
                done += 1
        except Exception as error:
            if memory.makers:
                raise located(error, memory.makers[done]) from error.__cause__
            raise
        if not self.rest:
            return [(memory.place(s).copy(memory.value(s)), memory.place(s)) for s in self.block.fetches]
        made = [memory.value(symbol) for symbol in self._passed_on]
        self._following = self._segment_for(made)
        return self._following._computed(made, observe)

    def _commit(self) -> None:
        """Let the assignments of all segments happen, in their order."""
        self._memory.commit()
        self._memory.finish()
        if self._following is not None:
            self._following._commit()

    def _kept(self) -> set[Symbol]:
        """What must outlive the steps: fetches, what later segments read, and values whose sizes were born here."""
        keep = set(self.block.fetches)
        for node in self.rest:
            keep.update([x for x in node.inputs if x is not None])
        if self.rest:
            keep.update(self.steps[-1].outputs)
        return keep

    def _segment_for(self, values: Sequence[Any]) -> Instance:
        """What was waiting for sizes that are born by now, bound to them."""
        made = self._passed_on
        shapes = tuple([value.shape for value in values])
        later = self._later.get(shapes)
        if later is None or not later.is_current():
            sizes = dict(self.sizes)
            match_sizes(dict(zip(made, shapes, strict=True)), sizes)
            specs = {s: Spec(shape, s.spec.dtype) for s, shape in zip(made, shapes, strict=True)}
            places = {symbol: self._memory.place(symbol) for symbol in made}
            later = Instance(self.rest, self.block, specs, sizes, self.device, self.store, places)
            self._later[shapes] = later
        return later


class _Loose:
    """Memory for devices that only make new buffers: each result is kept until nothing reads it."""

    def __init__(self, instance: Instance, keep: set[Symbol]) -> None:
        self.instance, self.device = instance, instance.device
        self.calls: list[Callable[[], None]] = []
        self.nodes: list[Node] = []  # which call of the graph each belongs to
        self.makers: list[Node] = []  # of calls that do not tell by themselves where they failed
        self._places: dict[Symbol, Device] = dict(instance.places)
        self._values: dict[Symbol, Buffer] = {}
        self._constants: dict[Symbol, Buffer] = {}
        self._assigns: list[tuple[Any, Symbol]] = []
        for step in instance.steps:
            self._add(step)
            self.nodes += [step.node] * (len(self.calls) - len(self.nodes))

    def _add(self, step: Step) -> None:
        node, values = step.node, self._values
        self._places.update(dict.fromkeys(step.outputs, step.device))
        if node.op is CONSTANT:
            self._constants[node.outputs[0]] = step.device.upload(node.settings["value"])
        elif node.op is READ:
            slot, storage = node.settings["slot"], self.instance.read(node.settings["slot"])
            layout = getattr(slot, "layout", None)

            def read() -> None:
                buffer = storage.buffer
                values[node.outputs[0]] = _packed_view(step.device, buffer, layout) if layout else buffer

            self.calls.append(read)
        elif node.op is ASSIGN:
            assert step.inputs[0] is not None
            self._assigns.append((node.settings["slot"], step.inputs[0]))
            self.calls.append(lambda: values.__setitem__(node.outputs[0], values[step.inputs[0]]))  # type: ignore[index]
        else:
            self.calls.append(functools.partial(self._run, step))

    def _run(self, step: Step) -> None:
        buffers = [None if x is None else self._values[x] for x in step.inputs]
        try:
            if step.layout is not None:
                result = _packed_view(step.device, buffers[0], step.layout)
            else:
                assert step.bound is not None and step.bound.run is not None
                result = step.bound.run(*buffers)
        except Exception as error:
            raise located(error, step.node) from error.__cause__
        self._values.update(
            zip(step.outputs, (result,) if len(step.outputs) == 1 and not _is_multiple(step) else result, strict=True)
        )

    def start(self, values: Sequence[Any]) -> None:
        """Take what is fed."""
        self._values.update(self._constants)
        for symbol, value in zip(self.instance.given, values, strict=True):
            self._values[symbol] = self._places[symbol].upload(value) if isinstance(value, np.ndarray) else value

    def place(self, symbol: Symbol) -> Device:
        """Where the value of a symbol is."""
        return self._places[symbol]

    def value(self, symbol: Symbol) -> Buffer:
        """What a symbol turned out to be."""
        return self._values[symbol]

    def commit(self) -> None:
        """Let the assignments happen: all as if at once, for the value of one may be what another overwrites."""
        sources = [self._settled(symbol) for _, symbol in self._assigns]
        for (slot, symbol), source in zip(self._assigns, sources, strict=True):
            self.instance.store.write(slot, source, self.place(symbol))

    def _settled(self, symbol: Symbol) -> Buffer:
        device = self.place(symbol)
        return self._values[symbol] if device.backend.write is None else device.copy(self._values[symbol])

    def finish(self) -> None:
        """Let the results go."""
        self._values.clear()


def _packed_view(device: Device, buffer: Buffer, layout: Layout) -> Buffer:
    """What a layout describes of a buffer, as kernels want it: row-major."""
    seen = device.view(buffer, layout)
    return seen if device.backend.view is None or is_contiguous(layout) else device.copy(seen)


def _is_multiple(step: Step) -> bool:
    return step.layout is None and step.bound is not None and not step.bound.is_single


def _bytes(spec: Spec) -> int:
    shape: Any = spec.shape
    return int(math.prod(shape) * spec.dtype.itemsize)


@define(eq=False)
class _Home:
    """Where a symbol's elements are: a lifetime in the arena, or memory of their own; and how they are seen there."""

    spec: Spec
    device: Device
    lifetime: Lifetime | None = None
    buffer: Buffer = None
    storage: Storage | None = None
    last: int = -1
    views: list[Symbol] = field(factory=list)


class _Arena:
    """Memory for devices whose buffers can be carved out of one allocation and written in place."""

    def __init__(self, instance: Instance, keep: set[Symbol]) -> None:
        self.instance, self.device = instance, instance.device
        self.calls: list[Callable[[], None]] = []
        self.makers: list[Node] = []  # of calls that do not tell by themselves where they failed
        self._homes: dict[Symbol, _Home] = {}
        self._layouts: dict[Symbol, Layout] = {}
        self._roots: dict[Symbol, Symbol] = {}
        self._assigns: list[tuple[Any, Symbol]] = []
        self._direct: dict[Symbol, tuple[Any, Storage]] = {}  # what is made where a slot's value is
        self._buffers: dict[Symbol, Buffer] = {}
        self._unplanned: set[Symbol] = set()
        for symbol in instance.given:
            place = instance.places[symbol]
            self._place(symbol, place, buffer=place.empty(instance.specs[symbol]))
        for at, step in enumerate(instance.steps):
            self._visit(at, step)
        end = len(instance.steps)
        for symbol in keep | {symbol for _, symbol in self._assigns}:
            if symbol in self._roots:
                self._homes[self._roots[symbol]].last = end
        if instance.is_whole:
            self._write_directly()
        self._asides = self._read_and_overwritten()
        self._plan()
        for step in instance.steps:
            self._emit(step)
            self.makers += [step.node] * (len(self.calls) - len(self.makers))
        self.nodes = self.makers

    # -- deciding where things are ----------------------------------------------------------------

    def _place(self, symbol: Symbol, device: Device, **where: Any) -> None:
        self._homes[symbol] = _Home(self.instance.specs[symbol], device, **where)
        self._roots[symbol] = symbol

    def _visit(self, at: int, step: Step) -> None:
        node = step.node
        for x in step.inputs:
            if x is not None and node.op is not ASSIGN:
                home = self._homes[self._roots[x]]
                home.last = max(home.last, at)
        if node.op is CONSTANT:
            self._place(node.outputs[0], step.device, buffer=step.device.upload(node.settings["value"]))
        elif node.op is READ:
            slot = node.settings["slot"]
            storage = self.instance.read(slot)
            self._place(node.outputs[0], step.device, buffer=storage.buffer, storage=storage)
            if (layout := getattr(slot, "layout", None)) is not None:
                self._layouts[node.outputs[0]] = layout
        elif node.op is ASSIGN:
            assert step.inputs[0] is not None
            self._assigns.append((node.settings["slot"], step.inputs[0]))
            self._roots[node.outputs[0]] = self._roots[step.inputs[0]]
            if step.inputs[0] in self._layouts:
                self._layouts[node.outputs[0]] = self._layouts[step.inputs[0]]
        elif step.layout is not None:
            self._visit_view(at, step)
        else:
            assert step.bound is not None
            for out, spec in zip(step.outputs, step.bound.specs, strict=True):
                if not spec.is_concrete:
                    self._unplanned.add(out)
                    self._roots[out] = out
                    self._homes[out] = _Home(spec, step.device)
                    continue
                self._place(out, step.device, lifetime=Lifetime(at, at, _bytes(spec)))

    def _visit_view(self, at: int, step: Step) -> None:
        """A view is its operand's memory; a view of a view is composed from the first one's layout."""
        source = step.inputs[0]
        assert source is not None and step.layout is not None
        out = step.outputs[0]
        layout: Layout | None = step.layout
        if (inner := self._layouts.get(source)) is not None:
            if step.bound is None:
                layout = inner
            else:
                layout = step.bound.view(inner, **step.bound.settings)  # type: ignore[misc]
        if layout is None:  # the memory cannot be seen that way, but a packed copy of the operand can
            spec = self.instance.specs[source]
            self._homes[out] = _Home(spec, step.device, lifetime=Lifetime(at, at, _bytes(spec)))
            self._roots[out], self._layouts[out] = out, step.layout
            return
        self._roots[out] = self._roots[source]
        self._layouts[out] = layout

    def _write_directly(self) -> None:
        """Let a step that makes a slot's next value write it where the present one is, if nothing reads that later."""
        targets: dict[int, list[tuple[Any, Symbol]]] = {}
        for slot, symbol in self._assigns:
            storage = self.instance.store.find(slot)
            if storage is not None:
                targets.setdefault(id(storage), []).append((slot, symbol))
        taken: set[Symbol] = set()
        makers = {out: (at, step) for at, step in enumerate(self.instance.steps) for out in step.outputs}
        for pairs in targets.values():
            (slot, symbol), *others = pairs
            home = self._homes.get(symbol)
            if others or home is None or home.lifetime is None or symbol in taken or getattr(slot, "layout", None):
                continue
            if symbol in self._layouts:  # it sees a packed copy of something else
                continue
            at, step = makers[symbol]
            storage = self.instance.read(slot)
            if (
                step.bound is None
                or step.bound.run is None
                or not step.bound.out
                or step.bound.has_unknown_sizes
                or self.instance.specs[symbol] != slot.spec
            ):
                continue
            readers = [h for h in self._homes.values() if h.storage is storage]
            last = max([h.last for h in readers], default=-1)
            is_own_operand = step.bound.in_place and self._reads_whole(step, storage)
            if last < at or (last == at and is_own_operand):
                taken.add(symbol)
                self._direct[symbol] = slot, storage
                home.lifetime, home.buffer = None, storage.buffer

    def _is_direct(self, slot: Any, symbol: Symbol) -> bool:
        """Whether a value is made where this slot's is; another slot may be assigned the same value."""
        return symbol in self._direct and self._direct[symbol][0] is slot

    def _reads_whole(self, step: Step, storage: Storage) -> bool:
        """Whether a step reads a Storage only as it is, not through a view."""
        return all([
            x is None or self._homes[self._roots[x]].storage is not storage or x not in self._layouts
            for x in step.inputs
        ])  # fmt: skip

    def _read_and_overwritten(self) -> dict[Symbol, Buffer]:
        """Memory to put aside what is assigned to one slot while it is the value of another that is overwritten."""
        find = self.instance.store.find
        written = [find(slot) for slot, symbol in self._assigns if not self._is_direct(slot, symbol)]
        homes = {symbol: self._homes[self._roots[symbol]] for _, symbol in self._assigns}
        return {
            symbol: home.device.empty(self.instance.specs[symbol])
            for symbol, home in homes.items()
            if home.storage is not None and home.storage in written
        }

    def _plan(self) -> None:
        lifetimes: dict[Device, list[Lifetime]] = {}
        for at, step in enumerate(self.instance.steps):
            for out in step.outputs:
                home = self._homes.get(out)
                if home is None or home.lifetime is None or self._roots[out] is not out:
                    continue
                life = home.lifetime
                life.first, life.last = at, max(at, home.last)
                life.reuses = self._operand_to_overwrite(at, step, out)
                lifetimes.setdefault(home.device, []).append(life)
        self.sizes = {device: plan_memory(lives) for device, lives in lifetimes.items()}
        arenas = {d: d.backend.allocate(size) for d, size in self.sizes.items() if size and d.backend.allocate}
        for home in self._homes.values():
            if home.lifetime is None:
                continue
            device, spec = home.device, home.spec
            if device in arenas and device.backend.carve is not None:
                home.buffer = device.backend.carve(arenas[device], home.lifetime.offset, spec.shape, spec.dtype)  # type: ignore[arg-type]
            else:
                home.buffer = device.empty(spec)

    def _operand_to_overwrite(self, at: int, step: Step, out: Symbol) -> Lifetime | None:
        """The memory of an operand that dies in this very step, where the kernel may write over it."""
        if step.bound is None or step.layout is not None or not (step.bound.in_place and step.bound.op.elementwise):
            return None
        roots = [self._roots[x] for x in step.inputs if x is not None]
        for x in step.inputs:
            if x is None or x in self._layouts or roots.count(self._roots[x]) > 1:
                continue
            home = self._homes[x]
            if home.lifetime is not None and home.last == at and home.spec == self.instance.specs[out]:
                return home.lifetime
        return None

    # -- turning steps into calls -------------------------------------------------------------------

    def place(self, symbol: Symbol) -> Device:
        """Where the value of a symbol is."""
        return self._homes[self._roots[symbol]].device

    def value(self, symbol: Symbol) -> Buffer:
        """The buffer where a symbol's elements are."""
        if symbol in self._unplanned:
            return self._buffers[symbol]
        buffer = self._buffers.get(symbol)
        if buffer is None:
            buffer = self._homes[self._roots[symbol]].buffer
            if (layout := self._layouts.get(symbol)) is not None:
                buffer = self.place(symbol).view(buffer, layout)
            self._buffers[symbol] = buffer
        return buffer

    def _emit(self, step: Step) -> None:
        if step.node.op in (CONSTANT, READ, ASSIGN):
            return
        if step.layout is not None:
            if self._roots[step.outputs[0]] is step.outputs[0]:
                self._emit_copied_view(step)
            return
        bound = step.bound
        assert bound is not None and bound.run is not None
        inputs = [None if x is None else self._operand(x, bound) for x in step.inputs]
        if any(out in self._unplanned for out in step.outputs):
            self.calls.append(functools.partial(self._run_unplanned, step, inputs))
            return
        outs = tuple([self.value(out) for out in step.outputs])
        offered = outs[0] if bound.is_single else outs
        if bound.out:
            self.calls.append(functools.partial(bound.run, *inputs, out=offered))
        else:
            self.calls.append(functools.partial(self._run_and_copy, step, inputs, outs))

    def _operand(self, symbol: Symbol, bound: Bound) -> Buffer:
        """A buffer as a kernel wants it: packed, unless it takes strides."""
        buffer = self.value(symbol)
        layout = self._layouts.get(symbol)
        if bound.strided or layout is None or is_contiguous(layout):
            return buffer
        device = self.place(symbol)
        packed = device.empty(self.instance.specs[symbol])
        write = device.backend.write
        assert write is not None
        self.calls.append(functools.partial(write, packed, buffer))
        return packed

    def _emit_copied_view(self, step: Step) -> None:
        source, out = step.inputs[0], step.outputs[0]
        assert source is not None
        write = step.device.backend.write
        assert write is not None
        self.calls.append(functools.partial(write, self._homes[out].buffer, self.value(source)))

    def _run_and_copy(self, step: Step, inputs: list[Buffer], outs: tuple[Buffer, ...]) -> None:
        bound, write = step.bound, step.device.backend.write
        assert bound is not None and bound.run is not None and write is not None
        result = bound.run(*inputs)
        for out, buffer in zip(outs, (result,) if bound.is_single else result, strict=True):
            write(out, buffer)

    def _run_unplanned(self, step: Step, inputs: list[Buffer]) -> None:
        assert step.bound is not None and step.bound.run is not None
        result = step.bound.run(*inputs)
        self._buffers.update(zip(step.outputs, (result,) if step.bound.is_single else result, strict=True))

    # -- a run ---------------------------------------------------------------------------------------

    def start(self, values: Sequence[Any]) -> None:
        """Copy what is fed to where the calls expect it."""
        for symbol, value in zip(self.instance.given, values, strict=True):
            device = self.place(symbol)
            if not device.backend.is_host and isinstance(value, np.ndarray):
                value = device.upload(value)
            _write(device, self.value(symbol), value)

    def commit(self) -> None:
        """Let the assignments happen that were not written where they belong already."""
        for symbol, aside in self._asides.items():
            _write(self.place(symbol), aside, self.value(symbol))
        for slot, symbol in self._assigns:
            if self._is_direct(slot, symbol):
                self._direct[symbol][1].version += 1
            else:
                source = self._asides[symbol] if symbol in self._asides else self.value(symbol)
                self.instance.store.write(slot, source, self.place(symbol))

    def finish(self) -> None:
        """Nothing to let go: the arena is used again."""


def _write(device: Device, buffer: Buffer, source: Buffer) -> None:
    write = device.backend.write
    assert write is not None  # an arena's devices have it
    write(buffer, source)
