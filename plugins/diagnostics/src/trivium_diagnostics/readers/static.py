"""Tensors of a graph: the operations that they need, by name scope."""

from __future__ import annotations

from typing import Any

from trivium.graph import Node
from trivium_api_static import Graph, Tensor

from ..network import SOURCES, Network, Part, sizes_of

# operations that say nothing about what a scope does
UNTOLD = {"VariableV2", "Assign", "AssignSub", "AssignAdd", "Identity", "Transpose", "Const", "Ones", "Zeros", "Fill"}


def read(fetches: Any, *, name: str | None = None, batch: int | None = None) -> Network:
    """What a tensor, or several, are computed from: one part for each name scope.

    fetches: a tensor, a list of them, or a graph, of which all is taken that nothing reads
    batch:   the size where a placeholder has None for its axis 0
    """
    if isinstance(fetches, Graph):
        fetches = ends_of(fetches)
    tensors = list(fetches) if isinstance(fetches, (list, tuple)) else [fetches]
    graph = tensors[0].graph
    network = Network(name or tensors[0].op.name, graph.core, [], [tensor.symbol for tensor in tensors])
    reached = network.needed()
    network.inputs = [node.outputs[0] for node in graph.core.nodes if node in reached and node.op.name == "placeholder"]
    network.sizes = sizes_of(graph.core, network.inputs, 1 if batch is None else batch)
    parts: dict[str, Part] = {}
    for node in graph.core.nodes:
        owner = graph.owner(node)
        if node in reached and node.op not in SOURCES and owner is not None:
            scope = owner.name.rpartition("/")[0] or owner.name
            part = parts.setdefault(scope, Part(scope, ""))
            network.parts[node] = part
            if owner.type not in UNTOLD and owner.type not in part.kind.split("+"):
                part.kind = f"{part.kind}+{owner.type}".lstrip("+")
    return network


def ends_of(graph: Graph) -> list[Tensor]:
    """The results that come from placeholders and that nothing reads."""
    core = graph.core
    read = {x for node in core.nodes for x in node.inputs}
    from_placeholder: set[Node] = set()
    for node in core.nodes:
        if node.op.name == "placeholder" or any(x is not None and x.node in from_placeholder for x in node.inputs):
            from_placeholder.add(node)
    ends = [
        node for node in core.nodes
        if node in from_placeholder and node.op not in SOURCES and node.op.name != "assign"
        and not any(out in read for out in node.outputs)
    ]  # fmt: skip
    return [graph.adopt(node.outputs[0]) for node in ends]
