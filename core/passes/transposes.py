"""Cancel the transposes that a style puts around ops to use its own axis order."""

from __future__ import annotations

from ..graph import Node, Symbol
from .block import Block


def cancel_transposes(block: Block) -> Block:
    """Read through a transpose of a transpose; a pair that undoes itself leaves nothing."""
    made_by: dict[Symbol, Node] = {}
    instead: dict[Symbol, Symbol] = {}
    nodes: list[Node] = []
    fed = set(block.fed)
    for node in block.nodes:
        inputs = tuple([None if x is None else instead.get(x, x) for x in node.inputs])
        node = node if inputs == node.inputs else node.with_inputs(inputs)
        first = (
            made_by.get(inputs[0]) if _is_transpose(node) and inputs[0] is not None and inputs[0] not in fed else None
        )
        if first is not None and _is_transpose(first):
            axes = tuple([_axes(first)[axis] for axis in _axes(node)])
            if axes == tuple(range(len(axes))) and node.outputs[0] not in block.fetches:
                assert first.inputs[0] is not None
                instead[node.outputs[0]] = first.inputs[0]
                continue
            merged = node.with_inputs(first.inputs)
            merged.settings = {"axes": axes}
            node = merged
        made_by.update(dict.fromkeys(node.outputs, node))
        nodes.append(node)
    return block.with_nodes(nodes)


def _is_transpose(node: Node) -> bool:
    return node.op.name == "transpose"


def _axes(node: Node) -> tuple[int, ...]:
    ndim = node.specs[0].ndim
    axes = node.setting("axes")
    return tuple(reversed(range(ndim))) if axes is None else tuple([axis % ndim for axis in axes])
