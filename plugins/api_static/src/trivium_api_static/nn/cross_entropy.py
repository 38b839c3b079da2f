"""Losses of single examples, from logits and labels."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from trivium import ops

from ..build import FLOATS, assumed, call
from ..operation import Tensor
from .activation import along

__all__ = [
    "log_poisson_loss", "sigmoid_cross_entropy_with_logits", "softmax_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits_v2", "sparse_softmax_cross_entropy_with_logits",
    "weighted_cross_entropy_with_logits",
]  # fmt: skip


def softmax_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, dim: int = -1, name: str | None = None
) -> Tensor:
    """One loss for each row of logits; labels are probabilities, through which no gradient flows."""
    return _cross_entropy("softmax_cross_entropy_with_logits", _sentinel, labels, logits, dim, name, ops.stop_gradient)


def softmax_cross_entropy_with_logits_v2(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, dim: int | None = None, name: str | None = None,
    axis: int | None = None,
) -> Tensor:  # fmt: skip
    """One loss for each row of logits; labels are probabilities."""
    who = "softmax_cross_entropy_with_logits"
    return _cross_entropy(who, _sentinel, labels, logits, along(axis, dim), name, lambda x: x)


def _cross_entropy(
    who: str, sentinel: Any, labels: Any, logits: Any, axis: int, name: str | None, held: Callable[[Any], Any]
) -> Tensor:
    _named_arguments_only(who, sentinel, labels, logits)

    def loss(logits: Any, labels: Any) -> Any:
        labels = held(assumed(labels, logits.spec.shape))
        return -ops.sum(labels * ops.log_softmax(logits, axis=axis), axis=axis)

    return call("SoftmaxCrossEntropyWithLogits", loss, name, default=who, only=FLOATS, logits=logits, labels=labels)


def sparse_softmax_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """One loss for each row of logits; labels are class numbers."""
    who = "sparse_softmax_cross_entropy_with_logits"
    _named_arguments_only(who, _sentinel, labels, logits)

    def loss(logits: Any, labels: Any) -> Any:
        labels = assumed(labels, logits.spec.shape[:-1])
        return ops.softmax_cross_entropy(logits, labels, axis=logits.ndim - 1, normalization="each")[0]

    return call(
        "SparseSoftmaxCrossEntropyWithLogits", loss, name, default="SparseSoftmaxCrossEntropyWithLogits",
        free=("labels",), logits=logits, labels=labels,
    )  # fmt: skip


def _named_arguments_only(who: str, sentinel: Any, labels: Any, logits: Any) -> None:
    if sentinel is not None:
        raise ValueError(f"Only call `{who}` with named arguments (labels=..., logits=..., ...)")
    if labels is None or logits is None:
        raise ValueError("Both labels and logits must be provided.")


def sigmoid_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """One loss for each element, without overflow."""
    _named_arguments_only("sigmoid_cross_entropy_with_logits", _sentinel, labels, logits)

    return call(
        "SigmoidCrossEntropyWithLogits", lambda x, z: ops.sigmoid_cross_entropy(x, z, normalization="each"), name,
        default="logistic_loss", only=FLOATS, logits=logits, labels=labels,
    )  # fmt: skip


def weighted_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, pos_weight: Any = None, name: str | None = None, targets: Any = None
) -> Tensor:
    """One loss for each element; a label of 1 counts pos_weight times."""

    def loss(x: Any, z: Any, weight: Any) -> Any:
        return ops.sigmoid_cross_entropy(x, z, positive_weight=weight, normalization="each")

    labels = targets if labels is None else labels
    return call(
        "WeightedCrossEntropyWithLogits", loss, name, default="logistic_loss", only=FLOATS,
        logits=logits, labels=labels, pos_weight=pos_weight,
    )  # fmt: skip


def log_poisson_loss(targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None) -> Tensor:
    """exp(log_input) - log_input * targets: what a Poisson distribution with this rate loses by these counts.

    compute_full_loss: whether the logarithm of the counts' factorial, by Stirling's approximation, is added
    """

    def loss(x: Any, counts: Any) -> Any:
        losses = ops.poisson_nll(x, counts, normalization="each")
        if not compute_full_loss:
            return losses
        safe = ops.maximum(counts, 1.0)
        stirling = safe * ops.log(safe) - safe + 0.5 * ops.log(2.0 * math.pi * safe)
        return losses + ops.where(counts > 1.0, stirling, 0.0)

    return call(
        "LogPoissonLoss", loss, name, default="log_poisson_loss", only=FLOATS, log_input=log_input, targets=targets
    )
