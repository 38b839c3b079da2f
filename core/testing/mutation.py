"""Mistakes made on purpose, to see whether the checks notice them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from attrs import evolve

from ..op import Op


@contextmanager
def flipped_sign(op: Op, name: str) -> Iterator[None]:
    """Inside the `with` block, the gradient rule for one input gives the gradient with the wrong sign."""
    right = op.gradient_rules[name]
    position = right.wrt.index(name)

    def wrong(*g: Any, **asked: Any) -> Any:
        given = right.function(*g, **asked)
        if op.is_variadic:
            return tuple(map(_negated, given))
        if len(right.wrt) == 1:
            return _negated(given)
        return tuple([_negated(value) if i == position else value for i, value in enumerate(given)])

    op.gradient_rules.update(dict.fromkeys(right.wrt, evolve(right, function=wrong)))
    try:
        yield
    finally:
        op.gradient_rules.update(dict.fromkeys(right.wrt, right))


def _negated(value: Any) -> Any:
    return None if value is None else -(value.dense() if hasattr(value, "dense") else value)
