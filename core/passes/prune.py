"""Leave out the calls that nothing wanted depends on."""

from __future__ import annotations

from typing import Any

from ..graph import Node, Symbol
from ..spec import Atom, atoms_in
from .block import Block


def prune(block: Block) -> Block:
    """Keep what the fetches and updates need; stop at what is fed.

    A call needs its operands, its control dependencies, and the calls at which the sizes in its settings are born.
    """
    maker, born = block.makers(), _births(block)
    fed = set(block.fed)
    needed: set[Node] = set()
    stack = [maker[symbol] for symbol in block.results if symbol not in fed]
    while stack:
        node = stack.pop()
        if node in needed:
            continue
        needed.add(node)
        stack += [maker[x] for x in node.inputs if x is not None and x not in fed]
        stack += [maker[control.outputs[0]] for control in node.controls if control.outputs[0] in maker]
        stack += [born[atom] for value in node.settings.values() for atom in atoms_in(value) if atom in born]
    return block.with_nodes([_beside_fed(node, fed) for node in block.nodes if node in needed])


def _beside_fed(node: Node, fed: set[Symbol]) -> Node:
    """A call that is needed for some results while others are fed: what it makes of these goes to nobody."""
    is_fed = [out in fed for out in node.outputs]
    if all(is_fed) or not any(is_fed):
        return node
    made = node.with_inputs(node.inputs)
    made.outputs = tuple([Symbol(out.spec, made, out.index, out.graph) if out in fed else out for out in node.outputs])
    return made


def _births(block: Block) -> dict[Atom, Node]:
    """The call that first makes a value with each unknown size; those of what is fed are known anyway."""
    known: set[Any] = {atom for symbol in block.fed for atom in atoms_in(symbol.spec.shape)}
    born: dict[Atom, Node] = {}
    for node in block.nodes:
        for spec in node.specs:
            for atom in atoms_in(spec.shape):
                if atom not in known:
                    born.setdefault(atom, node)
    return born
