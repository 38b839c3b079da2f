"""Gradients made smaller: `tf.clip_by_norm` and the like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trivium import clipping, ops

from .build import FLOATS, call
from .operation import Tensor

__all__ = ["clip_by_average_norm", "clip_by_global_norm", "clip_by_norm", "global_norm"]


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """t, scaled down where its norm along axes is above clip_norm."""
    axis = tuple(axes) if isinstance(axes, (list, tuple)) else axes
    return call(
        "ClipByNorm", lambda t, limit: clipping.clip_by_norm(t, limit, axis=axis), name, default="clip_by_norm",
        only=FLOATS, t=t, clip_norm=clip_norm,
    )  # fmt: skip


def clip_by_average_norm(t: Any, clip_norm: Any, name: str | None = None) -> Tensor:
    """t, scaled down where its norm divided by its number of elements is above clip_norm."""

    def clipped(t: Any, limit: Any) -> Any:
        count = ops.sum(ops.ones_like(t))
        return t * clipping.shrinking(clipping.length(t) / count, limit)

    return call(
        "ClipByAverageNorm", clipped, name, default="clip_by_average_norm", only=FLOATS, t=t, clip_norm=clip_norm
    )


def global_norm(t_list: Sequence[Any], name: str | None = None) -> Tensor:
    """The norm of all elements of several tensors; None among them counts for nothing."""
    return call(
        "GlobalNorm", lambda *ts: clipping.global_norm(ts), name, default="global_norm", only=FLOATS, **_named(t_list)
    )


def clip_by_global_norm(
    t_list: Sequence[Any], clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Tensor | None], Tensor]:
    """Tensors scaled down together where the norm of all of them is above clip_norm, and that norm.

    Where the norm is infinite or no number, no result is one.
    """
    norm = global_norm(t_list, name) if use_norm is None else use_norm

    def clipped(norm: Any, limit: Any, *ts: Any) -> tuple[Any, ...]:
        known = ops.where(ops.isfinite(norm), norm, float("nan"))
        return tuple(clipping.clip_by_global_norm(ts, limit, norm=known))

    made = call(
        "ClipByGlobalNorm", clipped, name, default="clip_by_global_norm", only=FLOATS,
        use_norm=norm, clip_norm=clip_norm, **_named(t_list),
    )  # fmt: skip
    results = iter(made if isinstance(made, list) else [made])
    return [None if t is None else next(results) for t in t_list], norm


def _named(t_list: Sequence[Any]) -> dict[str, Any]:
    if not isinstance(t_list, (list, tuple)):
        raise TypeError("t_list should be a sequence")
    given = {f"t_list_{i}": t for i, t in enumerate(t_list) if t is not None}
    if not given:
        raise ValueError("t_list holds no tensor")
    return given
