"""Losses of scores for classes."""

from __future__ import annotations

from typing import Any

from trivium import ops
from trivium.registry import find_layer

from .. import math, nn
from ..build import assumed, call, convert_to_tensor
from ..collection import GraphKeys
from ..graph import get_default_graph
from ..operation import Tensor
from .collection import add_loss
from .weighing import Reduction, compared, weighed

__all__ = ["hinge_loss", "log_loss", "sigmoid_cross_entropy", "softmax_cross_entropy", "sparse_softmax_cross_entropy"]


def softmax_cross_entropy(
    onehot_labels: Any, logits: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:  # fmt: skip
    """The mean over rows; labels are probabilities."""
    with get_default_graph().name_scope(scope or "softmax_cross_entropy_loss"):
        logits = convert_to_tensor(logits)
        labels = math.cast(onehot_labels, logits.dtype)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + label_smoothing / logits.spec.shape[-1]
        losses = nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return weighed(losses, weights, loss_collection, reduction)


def sparse_softmax_cross_entropy(
    labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:  # fmt: skip
    """The mean over rows; labels are class numbers."""
    with get_default_graph().name_scope(scope or "sparse_softmax_cross_entropy_loss"):
        scores, classes = convert_to_tensor(logits), convert_to_tensor(labels)
        if classes.shape.ndims == scores.spec.ndim:
            classes = _without_last_axis(classes)
        if (
            not isinstance(weights, (int, float))
            and (given := convert_to_tensor(weights)).shape.ndims == scores.spec.ndim
        ):
            weights = _without_last_axis(given)
        if not (isinstance(weights, (int, float)) and weights == 1 and reduction == Reduction.SUM_BY_NONZERO_WEIGHTS):
            losses = nn.sparse_softmax_cross_entropy_with_logits(labels=classes, logits=scores, name="xentropy")
            return weighed(losses, weights, loss_collection, reduction)
        layer = find_layer("SoftmaxCrossEntropy")(axis=scores.spec.ndim - 1, normalization="full")
        loss = call(
            "SparseSoftmaxCrossEntropyWithLogits",
            lambda x, y: layer.apply([x, assumed(y, x.spec.shape[:-1])], {})[0],
            "value", free=("labels",), logits=scores, labels=classes,
        )  # fmt: skip
        add_loss(loss, loss_collection)
        return loss


def _without_last_axis(x: Tensor) -> Tensor:
    return call("Squeeze", lambda x: ops.squeeze(x, axis=-1), default="remove_squeezable_dimensions", input=x)


def sigmoid_cross_entropy(
    multi_class_labels: Any, logits: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:  # fmt: skip
    """The mean over elements; each is a yes or no."""
    with get_default_graph().name_scope(scope or "sigmoid_cross_entropy_loss"):
        logits = convert_to_tensor(logits)
        labels = math.cast(multi_class_labels, logits.dtype)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return weighed(losses, weights, loss_collection, reduction)


def hinge_loss(
    labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:  # fmt: skip
    """The mean of max(0, 1 - t * logits), t = 1 for label 1 and -1 for label 0."""
    return compared(
        "hinge_loss", lambda x, t: ops.relu(1.0 - (t * 2.0 - 1.0) * x), logits, labels, weights, scope,
        loss_collection, reduction, "Relu",
    )  # fmt: skip


def log_loss(
    labels: Any, predictions: Any, weights: Any = 1.0, epsilon: float = 1e-7, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:  # fmt: skip
    """The mean of minus the logarithm of what was predicted for the truth.

    labels:      0 or 1
    predictions: chances of 1, 0..1
    """

    def loss(p: Any, t: Any) -> Any:
        return -(t * ops.log(p + epsilon) + (1.0 - t) * ops.log(1.0 - p + epsilon))

    return compared("log_loss", loss, predictions, labels, weights, scope, loss_collection, reduction)
