"""Losses whose targets are classes."""

from trivium import ops
from trivium.spec import product

from ...errors import DTypeMismatchError, SizeMismatchError
from .parameters import beside
from .reduction import chosen, reduced

NORMALIZATIONS = {"mean": "valid", "sum": "none", "none": "each"}


def cross_entropy(
    input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean",
    label_smoothing=0.0,
):  # fmt: skip
    """-log softmax(input) at each class number; or -sum(target * log softmax(input)) for probabilities.

    input:  (batch, classes, ...), or (classes,)
    target: (batch, ...) int64, or of the shape of the input
    weight: (classes,); the mean is then a weighted one

    The mean over no label at all, where PyTorch has NaN, is 0.
    """
    reduction = chosen(size_average, reduce, reduction)
    if not 0.0 <= label_smoothing <= 1.0:
        raise ValueError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    settings = {"ignore_index": ignore_index, "reduction": reduction, "label_smoothing": label_smoothing}
    if input.spec.ndim == 1:
        losses = cross_entropy(ops.expand(input, axis=0), ops.expand(target, axis=0), weight, **settings)
        return ops.reshape(losses, shape=())
    (weight,) = beside(input, weight)
    if target.spec.dtype.kind in "fV":
        return soft_cross_entropy(input, target, weight, reduction, label_smoothing)
    if weight is None and label_smoothing == 0.0:
        loss, _ = ops.softmax_cross_entropy(
            input, target, axis=1, normalization=NORMALIZATIONS[reduction], ignore=ignore_index
        )
        return loss
    scores = ops.log_softmax(input, axis=1)
    loss = nll_loss(scores, target, weight, ignore_index=ignore_index, reduction=reduction)
    if label_smoothing == 0.0:
        return loss
    even = smooth_part(scores, target, weight, ignore_index, reduction)
    return loss * (1.0 - label_smoothing) + even * label_smoothing


def weight_of(weight, scores):
    return ops.reshape(weight, shape=(1, -1, *[1] * (scores.spec.ndim - 2)))


def smooth_part(scores, target, weight, ignore_index, reduction):
    """The loss against a target that is the same for all classes."""
    weighted = scores if weight is None else scores * weight_of(weight, scores)
    counted = ops.not_equal(target, ignore_index)
    losses = ops.where(counted, -ops.sum(weighted, axis=1), 0.0) / float(scores.spec.shape[1])
    if reduction != "mean":
        return reduced(losses, reduction)
    shares = ops.cast(counted, dtype=scores.spec.dtype.name)
    if weight is not None:
        shares = shares * ops.gather(weight, ops.where(counted, target, 0))
    return ops.sum(losses) / ops.sum(shares)


def soft_cross_entropy(input, target, weight, reduction, label_smoothing):
    classes = input.spec.shape[1]
    if label_smoothing:
        target = target * (1.0 - label_smoothing) + label_smoothing / classes
    scores = ops.log_softmax(input, axis=1) * target
    losses = -ops.sum(scores if weight is None else scores * weight_of(weight, scores), axis=1)
    return ops.sum(losses) / (product(losses.spec.shape) * 1.0) if reduction == "mean" else reduced(losses, reduction)


def nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
    """-input at each class number; the mean is weighted by the classes' weights.

    input:  (batch, classes, ...), or (classes,)
    target: (batch, ...)
    """
    reduction = chosen(size_average, reduce, reduction)
    if target.spec.dtype.kind not in "iu":
        raise DTypeMismatchError(f"expected scalar type Long but found {target.spec.dtype}")
    if input.spec.ndim == 1:
        settings = {"ignore_index": ignore_index, "reduction": reduction}
        losses = nll_loss(ops.expand(input, axis=0), ops.expand(target, axis=0), weight, **settings)
        return ops.reshape(losses, shape=())
    if input.spec.ndim != target.spec.ndim + 1:
        raise SizeMismatchError(
            f"Expected target of {input.spec.ndim - 1} axes for input {list(input.spec.shape)}, got target of size "
            f"{list(target.spec.shape)}"
        )
    word = {"mean": "weights", "sum": "none", "none": "each"}[reduction]
    (weight,) = beside(input, weight)
    return ops.nll(input, target, weight, axis=1, ignore=ignore_index, normalization=word)
