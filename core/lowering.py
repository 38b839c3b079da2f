"""Lowering: from calls of a graph to steps with a kernel each, for sizes that are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define

from . import config
from .backend import Device, contiguous_strides
from .errors import DeviceError, FeedError, ShapeError
from .graph import ASSIGN, CONSTANT, READ, Graph, Node, Symbol
from .kernel import Bound, bind, hashable
from .op import Layout
from .spec import Atom, Dim, Spec, resolve
from .storage import Storage
from .store import Store


def match_sizes(shapes: Mapping[Symbol, tuple[int, ...]], sizes: dict[Atom, int]) -> None:
    """Learn from values what the Dims of their symbols are; then check those that are made of others."""
    pairs = [
        (symbol, declared, size)
        for symbol, shape in shapes.items()
        if symbol.spec.has_rank
        for declared, size in zip(symbol.spec.shape, shape, strict=True)
        if type(declared) is Dim
    ]
    for _, declared, size in pairs:
        if declared.atom is not None and _known(declared, sizes) is None:
            sizes[declared.atom] = size
    for symbol, declared, size in pairs:
        known = _known(declared, sizes)
        if known is not None and known != size:
            raise FeedError(f"feed for {symbol}: {declared} is {known} in one feed and {size} in another")


def _known(size: Dim, sizes: dict[Atom, int]) -> int | None:
    try:
        return int(size.resolve(sizes))
    except ShapeError:
        return None


@define(eq=False)
class Step:
    """One call with the kernel that runs it, for known sizes.

    layout: of a view: how its memory is seen in its operand's; such a step does nothing when run
    device: where it runs
    """

    node: Node
    inputs: tuple[Symbol | None, ...]
    bound: Bound | None
    device: Device
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
            steps.append(Step(node, (), None, node.device or device))
        elif node.op is READ:
            storage = _storage_here(node, store, node.device or device)
            slot_spec = node.settings["slot"].spec
            specs[node.outputs[0]] = slot_spec if slot_spec.is_concrete else Spec(storage.buffer.shape, slot_spec.dtype)
            steps.append(Step(node, (), None, node.device or device))
            _learn_sizes(node, specs, sizes)
        elif node.op is ASSIGN:
            assert node.inputs[0] is not None
            _check_place(node, store.find(node.settings["slot"]), node.device or device)
            specs[node.outputs[0]] = specs[node.inputs[0]]
            steps.append(Step(node, node.inputs, None, node.device or device))
        else:
            made = _lower_call(node, specs, sizes, node.device or device, store)
            steps += made
            if any([step.bound is not None and step.bound.has_unknown_sizes for step in made]):
                return steps, nodes[at + 1 :]
            _learn_sizes(node, specs, sizes)
    return steps, ()


def _learn_sizes(node: Node, specs: dict[Symbol, Spec], sizes: dict[Atom, int]) -> None:
    """Remember the sizes that a call declares as Dims of its own: what it makes is known by now."""
    for out in node.outputs:
        if not out.spec.is_concrete and out.spec.shape is not None:
            for declared, size in zip(out.spec.shape, specs[out].shape or (), strict=True):
                if type(declared) is Dim and type(size) is int and declared.atom is not None:
                    sizes.setdefault(declared.atom, size)


def _storage_here(node: Node, store: Store, device: Device) -> Storage:
    storage = store.storage(node.settings["slot"])
    _check_place(node, storage, device)
    return storage


def _check_place(node: Node, storage: Storage | None, device: Device) -> None:
    if storage is not None and storage.device is not device:
        raise DeviceError(
            f"{node.settings['slot']}: lives on {storage.device}, the program runs on {device}; "
            "move it there, run the program where it is, or place this part of the graph"
        )


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
                return [Step(node, node.inputs, bound, device, layout)]
        if bound.run is None:
            return _expanded(node, bound, specs, device, store)
    except Exception as error:
        raise located(error, node) from error.__cause__
    specs.update(zip(node.outputs, bound.specs, strict=True))
    return [Step(node, node.inputs, bound, device)]


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
    for inside, outside in zip(results, node.outputs, strict=True):
        specs[outside] = specs[inside]
        shape: Any = specs[inside].shape
        alias = Node(node.op, (inside,), {}, (specs[inside],))
        alias.outputs, alias.name, alias.origin = (outside,), node.name, node.origin
        steps.append(Step(alias, (instead.get(inside, inside),), None, device, (shape, contiguous_strides(shape), 0)))
    return steps


def located(error: Exception, node: Node) -> Exception:
    """The error with a note on which call it happened in, and where that was made."""
    where = f" made at {node.origin}" if node.origin else ""
    error.add_note(f"in {node.name or node.op.name}{where}")
    return error
