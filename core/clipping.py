"""Gradients made smaller: functions of ops, of tensors or symbols, that every style shares.

To keep each element within limits is an op, `ops.clip`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from . import ops

__all__ = ["clip_by_global_norm", "clip_by_norm", "global_norm", "length", "shrinking"]


def length(x: Any, *, order: float = 2.0, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """The norm of x along axes; the order may be infinite."""
    if order == math.inf:
        return ops.max(ops.absolute(x), axis=axis, keepdims=keepdims)
    if order == 2.0:
        return ops.sqrt(ops.sum(ops.square(x), axis=axis, keepdims=keepdims))
    sizes = ops.absolute(x)
    total = ops.sum(sizes if order == 1.0 else ops.power(sizes, order), axis=axis, keepdims=keepdims)
    return total if order == 1.0 else ops.power(total, 1.0 / order)


def global_norm(xs: Sequence[Any], *, order: float = 2.0) -> Any:
    """The norm of all elements of several values.

    return: ()
    """
    if order == 2.0:
        return ops.sqrt(_total([ops.sum(ops.square(x)) for x in xs]))
    if order == 1.0:
        return _total([ops.sum(ops.absolute(x)) for x in xs])
    if order == math.inf:
        largest = [length(x, order=order) for x in xs]
        for i in range(1, len(largest)):
            largest[0] = ops.maximum(largest[0], largest[i])
        return largest[0]
    return ops.power(_total([ops.sum(ops.power(ops.absolute(x), order)) for x in xs]), 1.0 / order)


def shrinking(norm: Any, limit: Any, *, epsilon: float = 0.0) -> Any:
    """The factor that brings a norm down to a limit, at most 1.

    epsilon: added to the norm (PyTorch: 1e-6; TensorFlow and Caffe: 0)
    """
    norm = norm + epsilon if epsilon else norm
    is_short = norm <= limit  # not "is long": what is not a number must stay visible
    return ops.where(is_short, ops.ones_like(norm), limit / ops.where(is_short, ops.ones_like(norm), norm))


def clip_by_norm(x: Any, limit: Any, *, axis: int | tuple[int, ...] | None = None) -> Any:
    """x, scaled down where its norm along axes is above a limit."""
    if axis is None:
        return x * shrinking(length(x), limit)
    return x * shrinking(length(x, axis=axis, keepdims=True), limit)


def clip_by_global_norm(xs: Sequence[Any], limit: Any, *, norm: Any = None, epsilon: float = 0.0) -> list[Any]:
    """Values scaled down together where the norm of all of them is above a limit (Pascanu et al., 2013).

    norm: that of the values, if it is known
    """
    factor = shrinking(global_norm(xs) if norm is None else norm, limit, epsilon=epsilon)
    return [x * factor for x in xs]


def _total(parts: Sequence[Any]) -> Any:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
