"""Losses whose targets are classes."""

import numpy as np

from trivium import ops
from trivium.spec import product

from ...creation import as_tensor
from ...errors import DTypeMismatchError, SizeMismatchError
from ...promotion import cast
from ...tensors import on_host
from .parameters import beside
from .reduction import checked, chosen, reduced

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


def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False):
    """-log of the chance that a sequence reads as its targets, once repeats and then blanks are taken out.

    log_probs:      (T, N, classes), or (T, classes)
    targets:        (N, S), or the targets of all sequences one after another
    input_lengths:  (N,) steps of each sequence; target_lengths: (N,) its targets; tensors, or tuples of numbers
    reduction:      "mean" divides each loss by its number of targets before
    zero_infinity:  0 for sequences that are too short for their targets

    The gradient is that of log_probs; PyTorch's is that of what log_softmax was taken of.  Behind log_softmax the two
    agree.
    """
    checked(reduction)
    is_single = log_probs.spec.ndim == 2
    chances = ops.expand(log_probs, axis=0) if is_single else ops.transpose(log_probs, axes=(1, 0, 2))
    lengths, label_lengths = [ops.reshape(whole(given), shape=(-1,)) for given in (input_lengths, target_lengths)]
    if targets.spec.ndim == 1:
        targets = ops.expand(targets, axis=0) if is_single else in_rows(targets, label_lengths)
    losses = ops.ctc_loss(chances, whole(targets), lengths, label_lengths, blank=blank)
    if zero_infinity:
        losses = ops.where(ops.isinf(losses), 0.0, losses)
    if reduction == "mean":
        losses = losses / ops.cast(ops.maximum(label_lengths, 1), dtype=losses.spec.dtype.name)
    losses = reduced(losses, reduction)
    return ops.reshape(losses, shape=()) if is_single else losses


def whole(numbers):
    """Whole numbers as int64."""
    return cast(numbers if hasattr(numbers, "spec") else as_tensor(numbers), np.dtype(np.int64))


def in_rows(targets, lengths):
    """Targets that stand one after another, as a row for each sequence, filled up with 0."""
    counts = on_host(lengths)
    rows = np.zeros((len(counts), int(counts.max(initial=0))), np.int64)
    rows[np.arange(rows.shape[1]) < counts[:, None]] = on_host(targets)[: counts.sum()]
    return as_tensor(rows, device=targets.device)
