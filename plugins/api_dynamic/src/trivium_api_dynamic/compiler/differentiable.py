"""A graph as a function of tensors that is a single step of the tape: forward is one program, backward another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trivium.autodiff import gradients
from trivium.graph import ASSIGN, CONSTANT, READ, Graph, Node, Symbol
from trivium.program import Program
from trivium.store import Store
from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import recording, tape

from ..autograd.function import Function
from ..errors import GradientError
from ..tensors import as_ours


class Differentiable:
    """Two programs; what the second needs of the first travels between them.

    made:  what forward returns;  wants: numbers of those through which gradients flow
    ends:  where gradients go: the number of an argument, or a function that finds a tensor; and its symbol
    given: the arguments
    """

    def __init__(
        self, graph: Graph, made: Sequence[Symbol], wants: Sequence[int], ends: Sequence[tuple[Any, Symbol]],
        given: Sequence[Symbol], device: Any = None, store: Store | None = None,
    ) -> None:  # fmt: skip
        self.store = store or Store()
        self.count, self.wants, self.given = len(made), set(wants), list(given)
        boundary = len(graph.nodes)
        assigned = {id(node.settings["slot"]) for node in graph.nodes if node.op is ASSIGN}
        outs = [made[i] for i in wants]
        seeds = [graph.placeholder(out.spec.shape, out.spec.dtype, name="gradient") for out in outs]
        found = gradients(outs, [symbol for _, symbol in ends], seeds)
        self.ends = [end for (end, _), g in zip(ends, found) if g is not None]
        slopes = [g for g in found if g is not None]
        first = set(graph.nodes[:boundary])
        self.crossing, self.read = crossing(slopes, first, assigned)
        self.seeds = seeds
        self.forward = Program([*made, *self.crossing], updates=graph.updates, device=device, store=self.store)
        fed = [*seeds, *[x for x in given if x not in self.crossing], *self.crossing]
        self.backward = Program(slopes, fed=fed, device=device, store=self.store)

    def run(self, feeds: dict[Symbol, Any], arguments: Sequence[CoreTensor]) -> list[Any]:
        """What was made; on the tape if a gradient may be wanted."""
        tensors = [arguments[end] if isinstance(end, int) else end() for end in self.ends]
        return list(Step.apply(self, feeds, tuple(arguments), *tensors))


def crossing(slopes: Sequence[Symbol], first: set[Node], assigned: set[int]) -> tuple[list[Symbol], list[Any]]:
    """What backward needs of forward's values, and the state that it reads by itself."""
    values: dict[Symbol, None] = {}
    read: dict[int, Any] = {}
    stack, seen = list(slopes), set(slopes)
    while stack:
        symbol = stack.pop()
        node = symbol.node
        if node not in first:
            fresh = [x for x in node.inputs if x is not None and x not in seen]
            seen.update(fresh)
            stack += fresh
            continue
        source = seen_of(node)
        if source.op is READ and id(source.settings["slot"]) not in assigned:
            read[id(source.settings["slot"])] = source.settings["slot"]
        elif source.op is not CONSTANT:
            values[symbol] = None
    return list(values), list(read.values())


def seen_of(node: Node) -> Node:
    """The call whose memory a view sees."""
    while node.op.view_rule is not None and node.inputs[0] is not None:
        node = node.inputs[0].node
    return node


class Step(Function):
    """One run of a Differentiable."""

    @staticmethod
    def forward(ctx, both, feeds, arguments, *tensors):
        results = [as_ours(x) for x in both.forward.run(feeds)]
        made, kept = results[: both.count], results[both.count :]
        ctx.both, ctx.crossed, ctx.arguments = both, kept, arguments
        ctx.versions = [(slot, both.store.storage(slot), both.store.storage(slot).version) for slot in both.read]
        ctx.mark_non_differentiable(*[x for i, x in enumerate(made) if i not in both.wants])
        return tuple(made)

    @staticmethod
    def backward(ctx, *gs):
        if tape.recording:
            raise GradientError(
                "a compiled function has first gradients only; call the function itself where create_graph=True"
            )
        for slot, storage, version in ctx.versions:
            if storage.version != version:
                raise GradientError(
                    "one of the variables needed for gradient computation has been modified by an inplace operation: "
                    f"{slot.spec}, since the compiled function ran"
                )
        both = ctx.both
        seeds = [g for i, g in enumerate(gs) if i in both.wants]
        fed = dict(zip(both.seeds, seeds))
        fed.update(zip(both.given, ctx.arguments))
        fed.update(zip(both.crossing, ctx.crossed))
        with recording(False):
            return None, None, None, *both.backward.run(fed)
