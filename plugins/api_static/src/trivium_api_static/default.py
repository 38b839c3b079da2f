"""What is in force in this thread: the graph that takes new operations, and the session that evaluates."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import local
from typing import Any


class _Stacks(local):
    def __init__(self) -> None:
        self.graphs: list[Any] = []
        self.sessions: list[Any] = []
        self.outermost: Any = None


stacks = _Stacks()


@contextmanager
def pushed(stack: list[Any], item: Any) -> Iterator[Any]:
    """Put an item on a stack for a while."""
    stack.append(item)
    try:
        yield item
    finally:
        for i in reversed(range(len(stack))):
            if stack[i] is item:
                del stack[i]
                break


def get_default_session() -> Any:
    """The innermost session that `with` made the default, or None."""
    return stacks.sessions[-1] if stacks.sessions else None
