"""Other styles inside a graph: whatever computes on core symbols can be called with tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trivium.graph import Symbol
from trivium.tensor import Parameter

from .build import graph_of
from .conversion import as_tensor
from .fetching import leaves, with_values
from .graph import Graph, get_default_graph
from .operation import Tensor

__all__ = ["apply"]


def apply(function: Callable[..., Any], *inputs: Any, name: str | None = None, **options: Any) -> Any:
    """Call a core layer, a module of the dynamic style or a prototxt net with tensors of this graph.

    inputs: tensors, variables, or whatever else the function takes
    return: what it returns, tensors in place of symbols

    Its parameters stay its own: a Session reads and trains them where they live.  State that it changes, such as
    moving averages, changes in every run in which its results take part.
    """
    graph = graph_of(inputs)
    waiting = len(graph.core.updates)
    with graph.as_default(), graph.name_scope(name or getattr(function, "name", None) or type(function).__name__):
        with graph.recorded():
            result = function(
                *[_symbol(x, graph) for x in inputs], **{k: _symbol(x, graph) for k, x in options.items()}
            )
        updates = graph.core.updates[waiting:]
        del graph.core.updates[waiting:]
        outputs = with_values(result, lambda x: graph.adopt(x) if isinstance(x, Symbol) else x)
    for tensor in leaves(outputs):
        if isinstance(tensor, Tensor) and updates:
            graph.react(tensor.symbol.node, updates)
    return outputs


def _symbol(value: Any, graph: Graph) -> Any:
    if isinstance(value, Tensor) or hasattr(value, "as_tensor"):
        return as_tensor(value, graph).symbol
    return value


def captured_parameters(graph: Graph | None = None) -> list[Parameter]:
    """The trainable parameters of other styles that a graph reads."""
    nodes = (graph or get_default_graph()).core.nodes
    slots = [node.settings["slot"] for node in nodes if node.op.name == "read"]
    return [slot for slot in dict.fromkeys(slots) if isinstance(slot, Parameter) and slot.trainable]
