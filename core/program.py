"""Programs: part of a graph, bound to a device and a Store, ready to run again and again."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, field

from . import config
from .backend import Buffer, Device, contiguous_strides, is_contiguous
from .errors import FeedError, GraphError, ShapeError
from .graph import ASSIGN, CONSTANT, PLACEHOLDER, READ, Graph, Node, Symbol
from .kernel import Bound, bind, hashable
from .op import Layout
from .passes import PASSES, Block
from .passes.memory import Lifetime, plan_memory
from .spec import Atom, Dim, Spec, resolve
from .storage import Storage
from .store import Store
from .tensor import Tensor


class Program:
    """What is needed of a graph for some fetches, compiled for one device.

    fetches: symbols whose values `run` returns
    updates: assignments that happen at each run, such as those of a training step
    fed:     symbols whose values `run` is given; the placeholders that are needed when left out
    store:   where state lives; the parameters' own Storages when left out
    sizes:   Dims that are known already
    without: names of passes that are switched off
    """

    def __init__(
        self,
        fetches: Sequence[Symbol],
        *,
        updates: Sequence[Symbol] = (),
        fed: Sequence[Symbol] | None = None,
        device: Device | None = None,
        store: Store | None = None,
        sizes: Mapping[Atom, int] | None = None,
        without: Sequence[str] = (),
    ) -> None:
        graphs = {symbol.graph for symbol in (*fetches, *updates, *(fed or ()))}
        if len(graphs) > 1:
            raise GraphError("program: its fetches, updates and feeds are of several graphs")
        nodes = tuple(graphs.pop().nodes) if graphs else ()
        self.device = device or config.current_device()
        self.store = store or Store()
        self.sizes = dict(sizes or {})
        block = Block(nodes, tuple(fed or ()), tuple(fetches), tuple(updates))
        for name, rewrite in PASSES.items():
            if name not in without:
                block = rewrite(block)
        placeholders = [node.outputs[0] for node in block.nodes if node.op is PLACEHOLDER]
        if fed is None:
            block = Block(block.nodes, tuple(placeholders), block.fetches, block.updates)
        elif missing := [symbol for symbol in placeholders if symbol not in fed]:
            raise _unfed(missing[0], fetches)
        self.block = block
        self._given = {symbol: i for i, symbol in enumerate(self.block.fed)}
        self._idle: dict[Any, list[Instance]] = {}

    def run(self, feeds: Mapping[Symbol, Any] | None = None) -> list[Tensor]:
        """Compute the fetches; the updates happen at the end.  What is returned is a copy.

        feeds: an array or tensor for each fed symbol
        """
        values = self._values(feeds or {})
        key = tuple([value.shape for value in values])
        idle = self._idle.setdefault(key, [])
        try:
            instance = idle.pop()
            if not instance.is_current():
                instance = self._bound(values)
        except IndexError:
            instance = self._bound(values)
        results = instance.run(values)
        idle.append(instance)
        return [Tensor.around(buffer, Spec(buffer.shape, symbol.spec.dtype), self.device)
                for buffer, symbol in zip(results, self.block.fetches, strict=True)]  # fmt: skip

    def plan(self, feeds: Mapping[Symbol, Any]) -> list[Step]:
        """The bound steps for feeds of these shapes: what `trivium explain` prints."""
        return self._bound(self._values(feeds)).steps

    # -- feeds -----------------------------------------------------------------------------------

    def _values(self, feeds: Mapping[Symbol, Any]) -> list[Any]:
        """What is fed, as arrays or buffers in the order of `block.fed`, checked."""
        values: list[Any] = [None] * len(self._given)
        for symbol, value in feeds.items():
            if symbol in self._given:
                values[self._given[symbol]] = self._checked(symbol, value)
            elif not isinstance(symbol, Symbol):
                raise FeedError(f"feed: {symbol!r} is no symbol of this program; it takes {self._feeds_text()}")
        for symbol, i in self._given.items():
            if values[i] is None:
                raise _unfed(symbol, self.block.fetches)
        return values

    def _checked(self, symbol: Symbol, value: Any) -> Any:
        spec = symbol.spec
        if isinstance(value, Tensor):
            if value.device is self.device:
                buffer, dtype = value.buffer(packed=True), value.spec.dtype
            else:
                buffer, dtype = value.numpy(), value.spec.dtype
        else:
            buffer = value if isinstance(value, np.ndarray) else np.asarray(value, spec.dtype)
            dtype = buffer.dtype
        if dtype != spec.dtype:
            raise FeedError(f"feed for {symbol}: is {dtype}; convert it to {spec.dtype}")
        if not spec.accepts(buffer.shape):
            raise FeedError(f"feed for {symbol}: has shape {tuple(buffer.shape)}, which does not fit {spec}")
        return buffer

    def _feeds_text(self) -> str:
        return ", ".join(map(str, self.block.fed)) or "none"

    def _bound(self, values: Sequence[Any]) -> Instance:
        sizes = dict(self.sizes)
        specs: dict[Symbol, Spec] = {}
        for symbol, value in zip(self.block.fed, values, strict=True):
            match_sizes(symbol, value.shape, sizes)
            specs[symbol] = Spec(value.shape, symbol.spec.dtype)
        return Instance(self.block.nodes, self.block, specs, sizes, self.device, self.store)


def match_sizes(symbol: Symbol, shape: tuple[int, ...], sizes: dict[Atom, int]) -> None:
    """Learn from a value what the Dims of its symbol are."""
    if symbol.spec.shape is None:
        return
    for declared, size in zip(symbol.spec.shape, shape, strict=True):
        if type(declared) is not Dim:
            continue
        atom = declared.atom
        known = _known(declared, sizes)
        if known is None and atom is not None:
            sizes[atom] = size
        elif known is not None and known != size:
            raise FeedError(f"feed for {symbol}: {declared} is {known} in one feed and {size} in another")


def _known(size: Dim, sizes: dict[Atom, int]) -> int | None:
    try:
        return size.resolve(sizes)
    except ShapeError:
        return None


def _unfed(symbol: Symbol, fetches: Sequence[Symbol]) -> FeedError:
    where = f" (made at {symbol.node.origin})" if symbol.node.origin else ""
    wanted = ", ".join([fetch.name for fetch in fetches]) or "an update"
    return FeedError(f"{symbol.name}: nothing was fed for {symbol.spec}{where}, and {wanted} needs it")


@define(eq=False)
class Step:
    """One call with the kernel that runs it, for known sizes.

    layout: of a view: how its memory is seen in its operand's; such a step does nothing when run
    """

    node: Node
    inputs: tuple[Symbol | None, ...]
    bound: Bound | None
    layout: Layout | None = None

    @property
    def outputs(self) -> tuple[Symbol, ...]:
        """What it makes."""
        return self.node.outputs


def lower(
    nodes: Sequence[Node], specs: dict[Symbol, Spec], sizes: dict[Atom, int], device: Device, store: Store
) -> tuple[list[Step], Sequence[Node]]:
    """Choose a kernel for each call, in order; stop after the first whose result sizes only running tells.

    specs: of what is given; those of what is made are added
    return: the steps, and the calls left over
    """
    steps: list[Step] = []
    for at, node in enumerate(nodes):
        if node.outputs[0] in specs and node.op is not ASSIGN:
            continue  # fed
        if node.op is CONSTANT:
            specs[node.outputs[0]] = node.specs[0]
            steps.append(Step(node, (), None))
        elif node.op is READ:
            storage = store.storage(node.settings["slot"])
            slot_spec = node.settings["slot"].spec
            specs[node.outputs[0]] = slot_spec if slot_spec.is_concrete else Spec(storage.buffer.shape, slot_spec.dtype)
            steps.append(Step(node, (), None))
        elif node.op is ASSIGN:
            assert node.inputs[0] is not None
            specs[node.outputs[0]] = specs[node.inputs[0]]
            steps.append(Step(node, node.inputs, None))
        else:
            made = _lower_call(node, specs, sizes, device, store)
            steps += made
            if any([step.bound is not None and step.bound.has_unknown_sizes for step in made]):
                return steps, nodes[at + 1 :]
    return steps, ()


def _lower_call(
    node: Node, specs: dict[Symbol, Spec], sizes: dict[Atom, int], device: Device, store: Store
) -> list[Step]:
    operands = tuple([None if x is None else specs[x] for x in node.inputs])
    settings = {name: resolve(value, sizes) for name, value in node.settings.items()}
    try:
        key = (node.op, *operands, *hashable(settings).items())
        bound = None if node.op.runner else device.bound.get(key)
        if bound is None:
            bound = bind(node.op, device, operands, settings, config.policy())
            if node.op.runner is None:
                device.bound[key] = bound
        if bound.view is not None and operands[0] is not None:
            shape: Any = operands[0].shape
            layout = bound.view((shape, contiguous_strides(shape), 0), **bound.settings)
            if layout is not None:
                specs[node.outputs[0]] = bound.spec
                return [Step(node, node.inputs, bound, layout)]
        if bound.run is None:
            return _expanded(node, bound, specs, device, store)
    except Exception as error:
        raise _located(error, node) from error.__cause__
    specs.update(zip(node.outputs, bound.specs, strict=True))
    return [Step(node, node.inputs, bound)]


def _expanded(node: Node, bound: Bound, specs: dict[Symbol, Spec], device: Device, store: Store) -> list[Step]:
    """The steps of a fused op's decomposition, in its place."""
    body = Graph()
    inner = [None if x is None else body.placeholder(specs[x].shape, specs[x].dtype) for x in node.inputs]
    assert bound.op.decompose is not None
    result = bound.op.decompose(*inner, **bound.settings)
    results = result if type(result) is tuple else (result,)
    instead: dict[Symbol | None, Symbol | None] = dict(zip(inner, node.inputs, strict=True))
    steps: list[Step] = []
    inner_specs = {x: specs[outer] for x, outer in instead.items() if x is not None and outer is not None}
    made, _ = lower(body.nodes, inner_specs, {}, device, store)
    specs.update(inner_specs)
    for step in made:
        step.inputs = tuple([instead.get(x, x) for x in step.inputs])
        steps.append(step)
    names = dict(zip(results, node.outputs, strict=True))
    for inside, outside in names.items():
        specs[outside] = specs[inside]
        shape: Any = specs[inside].shape
        alias = Node(node.op, (inside,), {}, (specs[inside],))
        alias.outputs, alias.name, alias.origin = (outside,), node.name, node.origin
        steps.append(Step(alias, (instead.get(inside, inside),), None, (shape, contiguous_strides(shape), 0)))
    return steps


def _located(error: Exception, node: Node) -> Exception:
    where = f" made at {node.origin}" if node.origin else ""
    error.add_note(f"in {node.name or node.op.name}{where}")
    return error


class Instance:
    """A program bound to sizes and memory: a flat list of calls that share one arena.  One run at a time."""

    def __init__(
        self, nodes: Sequence[Node], block: Block, specs: dict[Symbol, Spec], sizes: dict[Atom, int],
        device: Device, store: Store,
    ) -> None:  # fmt: skip
        self.device, self.store, self.block, self.sizes, self.specs = device, store, block, sizes, specs
        self.given = tuple(specs)
        self.steps, self.rest = lower(nodes, specs, sizes, device, store)
        self._later: dict[Any, Instance] = {}
        self._slots: list[tuple[Any, Storage, Buffer]] = []
        keep = self._kept()
        can_plan = device.has_stable_buffers and device.backend.carve is not None
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

    def run(self, values: Sequence[Any]) -> list[Buffer]:
        """Run all steps; return copies of the fetches."""
        memory = self._memory
        memory.start(values)
        for call in memory.calls:
            call()
        if self.rest:
            return self._run_rest()
        results = [self.device.copy(memory.value(symbol)) for symbol in self.block.fetches]
        memory.commit()
        memory.finish()
        return results

    def _kept(self) -> set[Symbol]:
        """What must outlive the steps: fetches, and what later segments read."""
        keep = set(self.block.fetches)
        for node in self.rest:
            keep.update([x for x in node.inputs if x is not None])
        return keep

    def _run_rest(self) -> list[Buffer]:
        """Learn the sizes that were born, and run what was waiting for them."""
        memory = self._memory
        made = [symbol for symbol in self.specs if symbol in self._kept()]
        values = [memory.value(symbol) for symbol in made]
        shapes = tuple([value.shape for value in values])
        later = self._later.get(shapes)
        if later is None or not later.is_current():
            sizes = dict(self.sizes)
            for symbol, shape in zip(made, shapes, strict=True):
                match_sizes(symbol, shape, sizes)
            specs = {s: Spec(shape, s.spec.dtype) for s, shape in zip(made, shapes, strict=True)}
            later = self._later[shapes] = Instance(self.rest, self.block, specs, sizes, self.device, self.store)
        results = later.run(values)
        memory.commit()
        memory.finish()
        return results


class _Loose:
    """Memory for devices that only make new buffers: each result is kept until nothing reads it."""

    def __init__(self, instance: Instance, keep: set[Symbol]) -> None:
        self.instance, self.device = instance, instance.device
        self.calls: list[Callable[[], None]] = []
        self._values: dict[Symbol, Buffer] = {}
        self._constants: dict[Symbol, Buffer] = {}
        self._assigns: list[tuple[Any, Symbol]] = []
        for step in instance.steps:
            self._add(step)

    def _add(self, step: Step) -> None:
        node, values = step.node, self._values
        if node.op is CONSTANT:
            self._constants[node.outputs[0]] = self.device.upload(node.settings["value"])
        elif node.op is READ:
            slot, storage = node.settings["slot"], self.instance.read(node.settings["slot"])
            layout = getattr(slot, "layout", None)

            def read() -> None:
                values[node.outputs[0]] = self.device.view(storage.buffer, layout) if layout else storage.buffer

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
                result = self.device.view(buffers[0], step.layout)
            else:
                assert step.bound is not None and step.bound.run is not None
                result = step.bound.run(*buffers)
        except Exception as error:
            raise _located(error, step.node) from error.__cause__
        self._values.update(zip(step.outputs, (result,) if len(step.outputs) == 1 and not _is_multiple(step) else result, strict=True))

    def start(self, values: Sequence[Any]) -> None:
        """Take what is fed."""
        self._values.update(self._constants)
        for symbol, value in zip(self.instance.given, values, strict=True):
            self._values[symbol] = self.device.upload(value) if isinstance(value, np.ndarray) else value

    def value(self, symbol: Symbol) -> Buffer:
        """What a symbol turned out to be."""
        return self._values[symbol]

    def commit(self) -> None:
        """Let the assignments happen."""
        for slot, symbol in self._assigns:
            self.instance.store.write(slot, self._values[symbol], self.device)

    def finish(self) -> None:
        """Let the results go."""
        self._values.clear()


def _is_multiple(step: Step) -> bool:
    return step.layout is None and step.bound is not None and not step.bound.is_single


@define(eq=False)
class _Home:
    """Where a symbol's elements are: a lifetime in the arena, or memory of their own; and how they are seen there."""

    spec: Spec
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
        self._homes: dict[Symbol, _Home] = {}
        self._layouts: dict[Symbol, Layout] = {}
        self._roots: dict[Symbol, Symbol] = {}
        self._assigns: list[tuple[Any, Symbol]] = []
        self._direct: dict[Symbol, Storage] = {}
        self._buffers: dict[Symbol, Buffer] = {}
        self._unplanned: set[Symbol] = set()
        for symbol in instance.given:
            self._place(symbol, buffer=self.device.empty(instance.specs[symbol]))
        for at, step in enumerate(instance.steps):
            self._visit(at, step)
        end = len(instance.steps)
        for symbol in keep | {symbol for _, symbol in self._assigns}:
            if symbol in self._roots:
                self._homes[self._roots[symbol]].last = end
        self._write_directly()
        self._plan(end)
        for step in instance.steps:
            self._emit(step)

    # -- deciding where things are ----------------------------------------------------------------

    def _place(self, symbol: Symbol, **where: Any) -> None:
        self._homes[symbol] = _Home(self.instance.specs[symbol], **where)
        self._roots[symbol] = symbol

    def _visit(self, at: int, step: Step) -> None:
        node = step.node
        for x in step.inputs:
            if x is not None and node.op is not ASSIGN:
                home = self._homes[self._roots[x]]
                home.last = max(home.last, at)
        if node.op is CONSTANT:
            self._place(node.outputs[0], buffer=self.device.upload(node.settings["value"]))
        elif node.op is READ:
            slot = node.settings["slot"]
            storage = self.instance.read(slot)
            layout = getattr(slot, "layout", None)
            buffer = storage.buffer if layout is None else self.device.view(storage.buffer, layout)
            self._place(node.outputs[0], buffer=buffer, storage=storage)
        elif node.op is ASSIGN:
            assert step.inputs[0] is not None
            self._assigns.append((node.settings["slot"], step.inputs[0]))
            self._roots[node.outputs[0]] = self._roots[step.inputs[0]]
            if step.inputs[0] in self._layouts:
                self._layouts[node.outputs[0]] = self._layouts[step.inputs[0]]
        elif step.layout is not None:
            self._visit_view(step)
        else:
            assert step.bound is not None
            for out, spec in zip(step.outputs, step.bound.specs, strict=True):
                if not spec.is_concrete:
                    self._unplanned.add(out)
                    self._roots[out] = out
                    self._homes[out] = _Home(spec)
                    continue
                size = math.prod(spec.shape) * spec.dtype.itemsize  # type: ignore[arg-type]
                self._place(out, lifetime=Lifetime(at, at, size))

    def _visit_view(self, step: Step) -> None:
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
        if layout is None:  # the memory cannot be seen that way: copy it first
            home = self._homes[self._roots[source]]
            size = math.prod(self.instance.specs[source].shape) * home.spec.dtype.itemsize  # type: ignore[arg-type]
            at = self.instance.steps.index(step)
            self._place(out, lifetime=Lifetime(at, at, size))
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
            at, step = makers[symbol]
            storage = self.instance.store.storage(slot)
            if step.bound is None or step.bound.run is None or not step.bound.out or self.instance.specs[symbol] != slot.spec:
                continue
            readers = [h for h in self._homes.values() if h.storage is storage]
            last = max([h.last for h in readers], default=-1)
            is_own_operand = step.bound.in_place and self._reads_whole(step, storage)
            if last < at or (last == at and is_own_operand):
                taken.add(symbol)
                self._direct[symbol] = storage
                home.lifetime, home.buffer = None, storage.buffer

    def _reads_whole(self, step: Step, storage: Storage) -> bool:
        """Whether a step reads a Storage only as it is, not through a view."""
        return all([
            x is None or self._homes[self._roots[x]].storage is not storage or x not in self._layouts
            for x in step.inputs
        ])  # fmt: skip

    def _plan(self, end: int) -> None:
        lifetimes: list[Lifetime] = []
        for at, step in enumerate(self.instance.steps):
            for out in step.outputs:
                home = self._homes.get(out)
                if home is None or home.lifetime is None or self._roots[out] is not out:
                    continue
                life = home.lifetime
                life.first, life.last = at, max(at, home.last)
                life.reuses = self._operand_to_overwrite(at, step, out)
                lifetimes.append(life)
        size = plan_memory(lifetimes)
        self.size = size
        backend = self.device.backend
        memory = backend.allocate(size) if backend.allocate is not None and size else None
        for home in self._homes.values():
            if home.lifetime is not None:
                home.buffer = (
                    backend.carve(memory, home.lifetime.offset, home.spec.shape, home.spec.dtype)  # type: ignore[misc]
                    if memory is not None
                    else self.device.empty(home.spec)
                )

    def _operand_to_overwrite(self, at: int, step: Step, out: Symbol) -> Lifetime | None:
        """The memory of an operand that dies in this very step, where the kernel may write over it."""
        if step.bound is None or step.layout is not None or not (step.bound.in_place and step.bound.is_single):
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

    def value(self, symbol: Symbol) -> Buffer:
        """The buffer where a symbol's elements are."""
        if symbol in self._unplanned:
            return self._buffers[symbol]
        buffer = self._buffers.get(symbol)
        if buffer is None:
            buffer = self._homes[self._roots[symbol]].buffer
            if (layout := self._layouts.get(symbol)) is not None:
                buffer = self.device.view(buffer, layout)
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
            self.calls.append(functools.partial(self._run_and_copy, bound, inputs, outs))

    def _operand(self, symbol: Symbol, bound: Bound) -> Buffer:
        """A buffer as a kernel wants it: packed, unless it takes strides."""
        buffer = self.value(symbol)
        layout = self._layouts.get(symbol)
        if bound.strided or layout is None or is_contiguous(layout):
            return buffer
        packed = self.device.empty(self.instance.specs[symbol])
        write = self.device.backend.write
        assert write is not None
        self.calls.append(functools.partial(write, packed, buffer))
        return packed

    def _emit_copied_view(self, step: Step) -> None:
        source, out = step.inputs[0], step.outputs[0]
        assert source is not None and step.bound is not None
        write = self.device.backend.write
        assert write is not None
        shape: Any = self.instance.specs[source].shape
        target = self.device.view(self.value(out), (shape, contiguous_strides(shape), 0))
        self.calls.append(functools.partial(write, target, self.value(source)))

    def _run_and_copy(self, bound: Bound, inputs: list[Buffer], outs: tuple[Buffer, ...]) -> None:
        assert bound.run is not None and self.device.backend.write is not None
        result = bound.run(*inputs)
        for out, buffer in zip(outs, (result,) if bound.is_single else result, strict=True):
            self.device.backend.write(out, buffer)

    def _run_unplanned(self, step: Step, inputs: list[Buffer]) -> None:
        assert step.bound is not None and step.bound.run is not None
        result = step.bound.run(*inputs)
        self._buffers.update(zip(step.outputs, (result,) if step.bound.is_single else result, strict=True))

    # -- a run ---------------------------------------------------------------------------------------

    def start(self, values: Sequence[Any]) -> None:
        """Copy what is fed to where the calls expect it."""
        write = self.device.backend.write
        assert write is not None
        is_host = self.device.backend.is_host
        for symbol, value in zip(self.instance.given, values, strict=True):
            if not is_host and isinstance(value, np.ndarray):
                value = self.device.upload(value)
            write(self.value(symbol), value)

    def commit(self) -> None:
        """Let the assignments happen that were not written where they belong already."""
        for slot, symbol in self._assigns:
            if symbol in self._direct:
                self._direct[symbol].version += 1
            else:
                self.instance.store.write(slot, self.value(symbol), self.device)

    def finish(self) -> None:
        """Nothing to let go: the arena is used again."""
