"""Losses of predicted numbers."""

from __future__ import annotations

from typing import Any

from trivium import ops

from ..collection import GraphKeys
from ..operation import Tensor
from .weighing import Reduction, compared

__all__ = ["absolute_difference", "cosine_distance", "huber_loss", "mean_squared_error"]


def mean_squared_error(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:  # fmt: skip
    """The mean of squared differences."""
    return compared(
        "mean_squared_error", lambda x, y: ops.square(x - y), predictions, labels, weights, scope, loss_collection,
        reduction, "SquaredDifference",
    )  # fmt: skip


def absolute_difference(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:  # fmt: skip
    """The mean of differences without their sign."""
    return compared(
        "absolute_difference", lambda x, y: ops.absolute(x - y), predictions, labels, weights, scope, loss_collection,
        reduction, "Abs",
    )  # fmt: skip


def huber_loss(
    labels: Any, predictions: Any, weights: Any = 1.0, delta: float = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:  # fmt: skip
    """The mean of half the squared differences up to delta, a straight line beyond (Huber, 1964)."""
    return compared(
        "huber_loss", lambda x, y: ops.huber(x, y, delta=float(delta), normalization="each"), predictions, labels,
        weights, scope, loss_collection, reduction,
    )  # fmt: skip


def cosine_distance(
    labels: Any, predictions: Any, axis: int | None = None, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
    dim: int | None = None,
) -> Tensor:  # fmt: skip
    """The mean of 1 - cos of the angle between vectors along an axis, which have length 1 already."""
    at = dim if axis is None else axis
    if at is None:
        raise ValueError("You must specify 'axis'.")
    return compared(
        "cosine_distance_loss", lambda x, y: 1.0 - ops.sum(x * y, axis=at, keepdims=True), predictions, labels,
        weights, scope, loss_collection, reduction,
    )  # fmt: skip
