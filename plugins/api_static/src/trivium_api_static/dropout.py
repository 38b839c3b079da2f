"""Dropout: `tf.nn.dropout`, which cells and layers use too."""

from __future__ import annotations

from typing import Any

from trivium import ops

from .build import FLOATS, assumed, call, convert_to_tensor, graph_of
from .operation import Tensor
from .random import drawn, random_slot
from .sizing import as_sizes

__all__ = ["dropout"]


def dropout(
    x: Any, keep_prob: Any = None, noise_shape: Any = None, seed: int | None = None, name: str | None = None,
    rate: Any = None,
) -> Tensor:  # fmt: skip
    """x with a random part set to 0, and the rest scaled up.

    keep_prob:   the part that is kept; a number or a scalar tensor.  rate: 1 - keep_prob
    noise_shape: where it has a 1, the elements along that axis are kept or dropped together
    """
    if (keep_prob is None) == (rate is None):
        raise ValueError("dropout: give keep_prob, the part that is kept, or rate, the part that is dropped, not both")
    given = rate if keep_prob is None else keep_prob
    if isinstance(given, (int, float)):
        kept = given if rate is None else 1 - given
        if not 0 < kept <= 1:
            raise ValueError(f"keep_prob must be a scalar tensor or a float in the range (0, 1], got {kept:g}")
        if kept == 1:
            return convert_to_tensor(x)
    graph = graph_of([x, given])
    noise = None if noise_shape is None else as_sizes(noise_shape, "noise_shape")

    def drop(x: Any, part: Any) -> Any:
        slot = random_slot(graph, f"{graph.get_name_scope()}/state", seed)
        part = assumed(part, ())
        dropped = part if keep_prob is None else 1.0 - part
        if noise is None:
            return drawn(graph, slot, ops.blocks(x.shape), lambda state: ops.dropout(x, dropped, state)[0])
        sizes = tuple([n if shared == -1 else shared for n, shared in zip(x.shape, noise, strict=True)])
        return drawn(graph, slot, ops.blocks(sizes), lambda state: dropped_together(x, dropped, state, sizes))

    return call("Dropout", drop, name, default="dropout", only=FLOATS, x=x, keep_prob=given)


def dropped_together(x: Any, rate: Any, state: Any, sizes: tuple[Any, ...]) -> Any:
    """Dropout with one draw for all elements that share a place in a smaller shape."""
    is_kept = ops.uniform(state, shape=sizes, dtype=x.dtype.name) >= rate
    return x * ops.cast(is_kept, dtype=x.dtype.name) / (1.0 - rate)
