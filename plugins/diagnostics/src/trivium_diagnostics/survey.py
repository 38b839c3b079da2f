"""What is known of a network before anything is said about it: parts, who reads what, what each value sees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from math import prod
from typing import Any

from attrs import define

from trivium.graph import ASSIGN, READ, Node, Symbol

from .flops import flops_of
from .network import Network, Part
from .receptive_field import Views

PASSED_ON = ("reshape", "transpose", "copy", "stop_gradient", "cast", "broadcast_to")  # the values stay as they are


@define(slots=False, eq=False)
class Survey:
    """A network and what follows from it."""

    network: Network

    @cached_property
    def needed(self) -> set[Node]:
        """The calls that the outputs depend on."""
        return self.network.needed()

    @cached_property
    def readers(self) -> dict[Symbol, list[Node]]:
        """The calls that read each value."""
        return self.network.readers()

    @cached_property
    def views(self) -> Views:
        """What each value sees of the input."""
        return Views(self.network.graph, self.network.inputs, self.network.sizes)

    @cached_property
    def calls(self) -> list[Node]:
        """The calls that compute something for the outputs, in order."""
        return [node for node in self.network.graph.nodes if node in self.needed and node in self.network.parts]

    @cached_property
    def parts(self) -> dict[Part, list[Node]]:
        """Each part with its calls."""
        found: dict[Part, list[Node]] = {}
        for node in self.calls:
            found.setdefault(self.network.parts[node], []).append(node)
        return found

    @cached_property
    def owned(self) -> dict[Part, list[Any]]:
        """The parameters and the state that each part is the first to read."""
        found: dict[Part, list[Any]] = {}
        known: set[int] = set()
        for node in self.calls:
            for x in node.inputs:
                slot = None if x is None else slot_of(x)
                if slot is not None and id(slot) not in known:
                    known.add(id(slot))
                    found.setdefault(self.network.parts[node], []).append(slot)
        return found

    @cached_property
    def flops(self) -> dict[Part, int]:
        """The floating-point operations of each part."""
        sizes = self.network.sizes
        return {part: sum(flops_of(node, sizes) for node in nodes) for part, nodes in self.parts.items()}

    def results(self, part: Part) -> list[Symbol]:
        """What a part makes for others, or for the network's user."""
        made = [x for node in self.parts[part] for x in node.outputs]
        wanted = [x for x in made if x in self.network.outputs or self._is_read_outside(x, part)]
        return wanted or made[-1:]

    def _is_read_outside(self, x: Symbol, part: Part) -> bool:
        readers = [node for node in self.readers.get(x, ()) if node in self.needed and node.op is not ASSIGN]
        return any(self.network.parts.get(node) is not part for node in readers)

    def where(self, node: Node) -> str:
        """How the user calls the part that a call belongs to."""
        part = self.network.parts[node]
        return part.name or part.kind

    def origin(self, x: Symbol) -> Node:
        """The call that a value comes from, behind those that pass it on."""
        node = x.node
        while node.op.name in PASSED_ON and node.inputs[0] is not None:
            node = node.inputs[0].node
        return node

    def final_readers(self, x: Symbol) -> list[Node]:
        """The calls that use a value, behind those that pass it on."""
        found: list[Node] = []
        for node in self.readers.get(x, ()):
            if node in self.needed:
                found += self.final_readers(node.outputs[0]) if node.op.name in PASSED_ON else [node]
        return found

    def shape(self, x: Symbol) -> tuple[int, ...]:
        """The shape of a value, in numbers."""
        return tuple(self.network.spec(x).shape)


def slot_of(x: Symbol) -> Any:
    """The parameter, or other state, that a symbol reads; None where it is computed."""
    return x.node.settings["slot"] if x.node.op is READ else None


def is_trainable(slot: Any) -> bool:
    """Whether training changes it; a tensor that is no parameter is kept as it is."""
    return bool(getattr(slot, "trainable", False))


def elements(slots: Iterable[Any]) -> int:
    """How many numbers they hold."""
    return sum(prod(slot.spec.shape) for slot in slots)


def bytes_of(things: Sequence[Any]) -> int:
    """The memory of values that have a Spec in numbers."""
    return sum(prod(thing.shape) * thing.dtype.itemsize for thing in things)
