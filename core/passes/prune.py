"""Leave out the calls that nothing wanted depends on."""

from __future__ import annotations

from ..graph import Node
from .block import Block


def prune(block: Block) -> Block:
    """Keep what the fetches and updates need, through operands and control dependencies; stop at what is fed."""
    maker = block.makers()
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
    return block.with_nodes([node for node in block.nodes if node in needed])
