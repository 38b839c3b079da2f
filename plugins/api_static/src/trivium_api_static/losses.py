"""Losses that reduce to one number and are remembered in the collection `losses`."""

from __future__ import annotations

from typing import Any

from trivium import ops
from trivium.registry import find_layer

from . import math, nn
from .build import FLOATS, assumed, call, convert_to_tensor
from .graph import GraphKeys, get_default_graph
from .operation import Tensor

__all__ = [
    "Reduction", "compute_weighted_loss", "softmax_cross_entropy", "sparse_softmax_cross_entropy", "mean_squared_error",
    "absolute_difference", "sigmoid_cross_entropy", "hinge_loss", "add_loss", "get_losses", "get_regularization_losses",
    "get_regularization_loss", "get_total_loss",
]  # fmt: skip


class Reduction:
    """What a loss for each element is reduced to."""

    NONE = "none"
    SUM = "weighted_sum"
    MEAN = "weighted_mean"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    SUM_BY_NONZERO_WEIGHTS = SUM_OVER_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"


def compute_weighted_loss(
    losses: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:  # fmt: skip
    """Losses times weights, reduced; by default to their sum over the number of weights that are not 0."""
    x = convert_to_tensor(losses)

    def reduce(x: Any, w: Any) -> Any:
        weighted = x * w
        if reduction == Reduction.NONE:
            return weighted
        total = ops.sum(weighted)
        if reduction == Reduction.SUM:
            return total
        spread = ops.broadcast_to(w, shape=x.shape) if w.shape != x.shape else w
        if reduction == Reduction.MEAN:
            return total / ops.sum(spread)
        counted = ops.ones_like(spread) if reduction == Reduction.SUM_OVER_BATCH_SIZE else ops.cast(
            ops.not_equal(spread, 0.0), dtype=x.dtype.name
        )  # fmt: skip
        return total / ops.maximum(ops.sum(counted), 1.0)

    if isinstance(weights, (int, float)) and weights == 1 and reduction == Reduction.SUM_BY_NONZERO_WEIGHTS:
        loss = call("Mean", ops.mean, scope, default="value", losses=x)
    else:
        loss = call("WeightedLoss", reduce, scope, default="weighted_loss", only=FLOATS, losses=x, weights=weights)
    add_loss(loss, loss_collection)
    return loss


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
        return compute_weighted_loss(losses, weights, "value", loss_collection, reduction)


def sparse_softmax_cross_entropy(
    labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:  # fmt: skip
    """The mean over rows; labels are class numbers."""
    with get_default_graph().name_scope(scope or "sparse_softmax_cross_entropy_loss"):
        scores, classes = convert_to_tensor(logits), convert_to_tensor(labels)
        if classes.shape.ndims == scores.spec.ndim:
            classes = call(
                "Squeeze", lambda x: ops.squeeze(x, axis=-1), default="remove_squeezable_dimensions", input=classes
            )
        if not (isinstance(weights, (int, float)) and weights == 1 and reduction == Reduction.SUM_BY_NONZERO_WEIGHTS):
            losses = nn.sparse_softmax_cross_entropy_with_logits(labels=classes, logits=scores, name="xentropy")
            return compute_weighted_loss(losses, weights, "value", loss_collection, reduction)
        layer = find_layer("SoftmaxCrossEntropy")(axis=scores.spec.ndim - 1, normalization="full")
        loss = call(
            "SparseSoftmaxCrossEntropyWithLogits",
            lambda x, y: layer.apply([x, assumed(y, x.spec.shape[:-1])], {})[0],
            "value", free=("labels",), logits=scores, labels=classes,
        )  # fmt: skip
        add_loss(loss, loss_collection)
        return loss


def mean_squared_error(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:  # fmt: skip
    """The mean of squared differences."""
    return _of_differences(
        "mean_squared_error", ops.square, labels, predictions, weights, scope, loss_collection, reduction
    )


def absolute_difference(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:  # fmt: skip
    """The mean of differences without their sign."""
    return _of_differences(
        "absolute_difference", ops.absolute, labels, predictions, weights, scope, loss_collection, reduction
    )


def _of_differences(
    who: str, function: Any, labels: Any, predictions: Any, weights: Any, scope: Any, collection: Any, reduction: str
) -> Tensor:
    with get_default_graph().name_scope(scope or who):
        guess = convert_to_tensor(predictions)
        truth = math.cast(labels, guess.dtype)
        guess.shape.assert_is_compatible_with(truth.shape)
        losses = call("SquaredDifference", lambda x, y: function(x - y), predictions=guess, labels=truth)
        return compute_weighted_loss(losses, weights, "value", collection, reduction)


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
        return compute_weighted_loss(losses, weights, "value", loss_collection, reduction)


def hinge_loss(
    labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:  # fmt: skip
    """The mean of max(0, 1 - t * logits), t = 1 for label 1 and -1 for label 0."""
    with get_default_graph().name_scope(scope or "hinge_loss"):
        scores = convert_to_tensor(logits)
        truth = math.cast(labels, scores.dtype)
        losses = call("Relu", lambda x, t: ops.relu(1.0 - (t * 2.0 - 1.0) * x), logits=scores, labels=truth)
        return compute_weighted_loss(losses, weights, "value", loss_collection, reduction)


# -- those of the graph ------------------------------------------------------------------------------------


def add_loss(loss: Tensor, loss_collection: str | None = GraphKeys.LOSSES) -> None:
    """Remember a loss."""
    if loss_collection:
        loss.graph.add_to_collection(loss_collection, loss)


def get_losses(scope: str | None = None, loss_collection: str = GraphKeys.LOSSES) -> list[Tensor]:
    """The losses of the graph."""
    return get_default_graph().get_collection(loss_collection, scope)


def get_regularization_losses(scope: str | None = None) -> list[Tensor]:
    """What the graph's variables are charged with."""
    return get_default_graph().get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


def get_regularization_loss(scope: str | None = None, name: str = "total_regularization_loss") -> Tensor:
    """The sum of what the variables are charged with."""
    charges = get_regularization_losses(scope)
    return math.add_n(charges, name) if charges else convert_to_tensor(0.0)


def get_total_loss(add_regularization_losses: bool = True, name: str = "total_loss") -> Tensor:
    """The sum of all losses."""
    losses = get_losses() + (get_regularization_losses() if add_regularization_losses else [])
    return math.add_n(losses, name)
