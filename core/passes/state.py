"""Let reads see the assignments that run before them."""

from __future__ import annotations

from .. import ops
from ..graph import ASSIGN, READ, Node, Symbol
from .block import Block


def order_state(block: Block) -> Block:
    """Replace each read that follows an assignment of its slot by the value assigned, and each assignment's
    result by the value itself; what is left of an assignment is the write at the end of the run, one of the updates.
    """
    newest: dict[int, Symbol] = {}
    instead: dict[Symbol, Symbol] = {}
    nodes: list[Node] = []
    updates = dict.fromkeys(block.updates)
    for node in block.nodes:
        inputs = tuple([None if x is None else instead.get(x, x) for x in node.inputs])
        if node.op is READ and (value := newest.get(id(node.settings["slot"]))) is not None:
            if node.specs[0].is_concrete:
                instead[node.outputs[0]] = value
            else:  # the sizes that it declares are learnt from a copy
                nodes.append(Node(ops.copy, (value,), {}, node.specs).making(node))
            continue
        if node.op is ASSIGN:
            assert inputs[0] is not None
            newest[id(node.settings["slot"])] = instead[node.outputs[0]] = inputs[0]
            updates[node.outputs[0]] = None
        nodes.append(node if inputs == node.inputs else node.with_inputs(inputs))
    return Block(
        tuple(nodes),
        block.fed,
        tuple([instead.get(x, x) for x in block.fetches]),
        tuple(updates),
    )
