"""Plan one arena: which bytes each intermediate result occupies, and when they are free again."""

from __future__ import annotations

from attrs import define

ALIGNMENT = 64


@define
class Lifetime:
    """From the step that makes a value to the last one that reads it.

    reuses: the lifetime that this one may overwrite, because it ends where this one begins
    """

    first: int
    last: int
    size: int
    reuses: Lifetime | None = None
    offset: int = -1


def plan_memory(lifetimes: list[Lifetime]) -> int:
    """Give each lifetime an offset such that no two that overlap share a byte; return the arena's size.

    Greedy by size, largest first, into the lowest gap (Pisarchyk & Lee, 2020, arXiv:2001.03288).
    """
    chains = _chains(lifetimes)
    placed: list[Lifetime] = []
    for chain in sorted(chains, key=lambda chain: (-chain[0].size, chain[0].first)):
        whole = Lifetime(chain[0].first, max(part.last for part in chain), max(part.size for part in chain))
        whole.offset = _lowest_gap(whole, placed)
        placed.append(whole)
        for part in chain:
            part.offset = whole.offset
    return max([item.offset + item.size for item in placed], default=0)


def _chains(lifetimes: list[Lifetime]) -> list[list[Lifetime]]:
    """Lifetimes that follow one another in the same bytes, as one."""
    chain_of: dict[int, list[Lifetime]] = {}
    chains: list[list[Lifetime]] = []
    for life in lifetimes:
        if life.reuses is not None:
            chain = chain_of[id(life.reuses)]
        else:
            chain = []
            chains.append(chain)
        chain.append(life)
        chain_of[id(life)] = chain
    return chains


def _lowest_gap(life: Lifetime, placed: list[Lifetime]) -> int:
    offset = 0
    for other in sorted(placed, key=lambda item: item.offset):
        overlaps = other.first <= life.last and life.first <= other.last
        if overlaps and other.offset < offset + life.size and offset < other.offset + other.size:
            offset = -(-(other.offset + other.size) // ALIGNMENT) * ALIGNMENT
    return offset
