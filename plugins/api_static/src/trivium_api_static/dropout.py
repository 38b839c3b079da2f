"""Dropout."""

from __future__ import annotations

from typing import Any

from trivium import ops

from .build import FLOATS, assumed, call, convert_to_tensor, graph_of
from .operation import Tensor
from .random import drawn, random_slot


def dropout(
    x: Any,
    keep_prob: Any = None,
    noise_shape: Any = None,
    seed: int | None = None,
    name: str | None = None,
    rate: Any = None,
) -> Tensor:
    """x with a random part set to 0, and the rest scaled up.

    keep_prob: the part that is kept; a number or a scalar tensor.  rate: 1 - keep_prob
    """
    if (keep_prob is None) == (rate is None):
        raise ValueError("dropout: give keep_prob, the part that is kept, or rate, the part that is dropped, not both")
    given = rate if keep_prob is None else keep_prob
    if noise_shape is not None:
        raise NotImplementedError("dropout: noise_shape has no op in the core yet")
    if isinstance(given, (int, float)):
        kept = given if rate is None else 1 - given
        if not 0 < kept <= 1:
            raise ValueError(f"keep_prob must be a scalar tensor or a float in the range (0, 1], got {kept:g}")
        if kept == 1:
            return convert_to_tensor(x)
    graph = graph_of([x, given])

    def drop(x: Any, part: Any) -> Any:
        slot = random_slot(graph, f"{graph.get_name_scope()}/state", seed)
        part = assumed(part, ())
        dropped = part if keep_prob is None else 1.0 - part
        return drawn(graph, slot, ops.blocks(x.shape), lambda state: ops.dropout(x, dropped, state)[0])

    return call("Dropout", drop, name, default="dropout", only=FLOATS, x=x, keep_prob=given)
