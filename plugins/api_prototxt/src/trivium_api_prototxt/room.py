"""Whether a net fits into this machine: told from its sizes, before anything is made."""

from __future__ import annotations

import os
from math import prod

from attrs import define

ELEMENT = 4  # bytes of a float32


def memory_here() -> int | None:
    """The bytes of memory of this machine, where it tells."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


@define
class Room:
    """What is left of the memory while a net is wired."""

    total: int | None
    used: int = 0

    def lacks(self, shape: tuple[int, ...], copies: int = 1) -> str | None:
        """Take room for an array; what is missing in words, where there is not enough."""
        needed = prod(shape) * ELEMENT * copies
        self.used += needed
        if self.total is None or self.used <= self.total:
            return None
        sizes = " x ".join(map(str, shape))
        return f"{sizes} numbers make {in_gigabytes(self.used)} in all, this machine has {in_gigabytes(self.total)}"


def in_gigabytes(count: int) -> str:
    """
    >>> in_gigabytes(6_300_000_000)
    '6.3 GB'
    """
    return f"{count / 1e9:,.1f} GB"
