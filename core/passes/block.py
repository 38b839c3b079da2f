"""What passes work on: a list of calls in order, with what goes in and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from attrs import evolve, frozen

from ..graph import Node, Symbol


@frozen
class Block:
    """Part of a graph on its way to becoming a program.

    nodes:   calls, in an order in which they can run
    fed:     symbols whose value comes from outside
    fetches: symbols whose value is wanted
    updates: assignments that are to happen, whether or not their value is wanted
    """

    nodes: tuple[Node, ...]
    fed: tuple[Symbol, ...]
    fetches: tuple[Symbol, ...]
    updates: tuple[Symbol, ...] = ()

    @property
    def results(self) -> tuple[Symbol, ...]:
        """Everything that must be computed."""
        return self.fetches + self.updates

    def with_nodes(self, nodes: Sequence[Node]) -> Block:
        """The same ends with other calls between them."""
        return evolve(self, nodes=tuple(nodes))

    def makers(self) -> dict[Symbol, Node]:
        """Which call makes each symbol."""
        return {out: node for node in self.nodes for out in node.outputs}

    def readers(self) -> dict[Symbol, list[Node]]:
        """Which calls use each symbol."""
        readers: dict[Symbol, list[Node]] = {}
        for node in self.nodes:
            for x in node.inputs:
                if x is not None:
                    readers.setdefault(x, []).append(node)
        return readers


# A function; one that changes bits says so with an attribute: `is_exact = False`.
Pass: TypeAlias = Callable[[Block], Block]
