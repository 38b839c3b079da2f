"""A network reduced to core words, whatever style it was written in: a graph, and which part made each call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field

from trivium.errors import ShapeError
from trivium.graph import CONSTANT, PLACEHOLDER, READ, Graph, Node, Symbol
from trivium.spec import Dim, Spec, atoms_in

SOURCES = (PLACEHOLDER, CONSTANT, READ)


@define(eq=False)
class Part:
    """What a reader takes for one step: a layer, a module, or a call that stands alone.

    name: as the user calls it
    kind: its layer type, module class or op
    """

    name: str
    kind: str


@define(eq=False)
class Network:
    """A graph that computes `outputs` from `inputs`.

    updates: assignments of state, such as running means, that happen with a run
    parts: of each call; placeholders, constants and parameters belong to none
    idle:  parameters that no call reads, with the number of their elements
    sizes: numbers for the sizes that are not known before a run
    """

    name: str
    graph: Graph
    inputs: Sequence[Symbol]
    outputs: Sequence[Symbol]
    updates: Sequence[Symbol] = ()
    parts: dict[Node, Part] = field(factory=dict)
    idle: dict[str, int] = field(factory=dict)
    sizes: Mapping[Any, int] = field(factory=dict)

    def spec(self, x: Symbol) -> Spec:
        """Shape and dtype of a value, in numbers."""
        return x.spec.resolve(self.sizes)

    def needed(self) -> set[Node]:
        """The calls that the outputs and the updates depend on."""
        stack = [x.node for x in (*self.outputs, *self.updates)]
        found: set[Node] = set()
        while stack:
            node = stack.pop()
            if node not in found:
                found.add(node)
                stack.extend([x.node for x in node.inputs if x is not None])
                stack.extend(node.controls)
        return found

    def readers(self) -> dict[Symbol, list[Node]]:
        """The calls that read each value."""
        found: dict[Symbol, list[Node]] = {}
        for node in self.graph.nodes:
            for x in node.inputs:
                if x is not None:
                    found.setdefault(x, []).append(node)
        return found


def sizes_of(graph: Graph, inputs: Sequence[Symbol], batch: int = 1) -> dict[Any, int]:
    """Numbers for the unknown sizes of a graph: axis 0 of an input is the batch, its other axes must be known.

    What only running tells, such as how many elements are not zero, counts as 1.
    """
    sizes: dict[Any, int] = {}
    for x in inputs:
        if not x.spec.has_rank:
            raise ShapeError(f"{x.name}: not even the number of its axes is known; give the placeholder a shape")
        for axis, size in enumerate(x.spec.shape):
            if type(size) is Dim and axis:
                raise ShapeError(f"{x.name}: {x.spec}: axis {axis} is not known; give the placeholder its size")
            sizes.update(dict.fromkeys(atoms_in(size), batch))
    for node in graph.nodes:
        for spec in node.specs:
            for atom in atoms_in(spec.shape) if spec.has_rank else ():
                sizes.setdefault(atom, 1)
    return sizes
