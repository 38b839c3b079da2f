"""What training makes small."""

import numpy as np

from ..errors import DTypeError, OutOfRangeError, ShapeError
from ..op import op
from ..spec import same_size
from .axes import one_axis
from .creation import ones_like
from .elementwise import cast, exp, maximum, not_equal, square, where
from .indexing import put_along_add, take_along
from .reduction import log_softmax, mean, mean_gradient, softmax, sum
from .shaping import expand, reshape, squeeze

__all__ = ["softmax_cross_entropy", "softmax_cross_entropy_gradient", "squared_error", "check_labels"]

NORMALIZATIONS = ("full", "valid", "batch", "none", "each")
LABELS = "labels are whole numbers"


@op(outputs=("loss", "probabilities"), auxiliary=("probabilities",), free=("labels",))
def softmax_cross_entropy(logits, labels, *, axis=1, normalization="valid", ignore=None):
    """-log softmax(logits) at each label, summed and divided.

    logits:        (N, ..., classes, ...)   classes along `axis`
    labels:        (N, ...)                 whole numbers, 0..classes-1
    return:        (), and softmax(logits)
    normalization: what the sum is divided by.
                   "full": the number of labels; "valid": of those not ignored; "batch": N; "none": 1;
                   a number below 1 counts as 1.  "each": no sum, but a loss for each label
    ignore:        the label that counts for nothing, whether or not a class has its number
    """
    counted = check_labels(labels, logits.shape[axis], ignore)
    log_probabilities = log_softmax.reference(logits, axis=axis)
    at = np.expand_dims(np.where(counted, labels, 0), axis)
    losses = np.where(counted, -np.take_along_axis(log_probabilities, at, axis).squeeze(axis), 0)
    losses = losses.astype(logits.dtype)
    if normalization != "each":
        losses = losses.sum() / divisor(normalization, counted).astype(logits.dtype)
    return losses, np.exp(log_probabilities)


def check_labels(labels, classes, ignore):
    """Which labels count; one that does but is outside 0..classes-1 is an error."""
    counted = np.ones(labels.shape, bool) if ignore is None else labels != ignore
    wrong = counted & ((labels < 0) | (labels >= classes))
    if wrong.any():
        place = tuple(map(int, np.argwhere(wrong)[0]))
        raise OutOfRangeError(
            f"softmax_cross_entropy: label {labels[place]} at {place} is outside 0..{classes - 1}; "
            "correct it, or set ignore to it"
        )
    return counted


def divisor(normalization, counted):
    """What the sum over labels is divided by, at least 1."""
    sizes = {"full": counted.size, "valid": counted.sum(), "batch": len(counted), "none": 1}
    return np.maximum(sizes[normalization], 1)


@softmax_cross_entropy.shape
def softmax_cross_entropy_shape(logits, labels, *, axis, normalization, ignore):
    if normalization not in NORMALIZATIONS:
        names = ", ".join(map(repr, NORMALIZATIONS))
        raise ShapeError(f"normalization is {normalization!r}; it may be {names}")
    if labels.dtype.kind not in "iu":
        raise DTypeError(f"labels are {labels}; cast them with cast(labels, dtype='int64', exact=True)")
    i = one_axis(axis, logits.ndim)
    expected = (*logits.shape[:i], *logits.shape[i + 1 :])
    if logits.ndim < 2 or labels.ndim != len(expected) or not all(map(same_size, labels.shape, expected)):
        raise ShapeError(f"classes on axis {axis} of {logits} need labels of shape {expected}, got {labels}")
    return logits.with_shape(labels.shape if normalization == "each" else ()), logits


softmax_cross_entropy.no_gradient("labels", LABELS)


@softmax_cross_entropy.gradient("logits")
def softmax_cross_entropy_gradient_logits(g, logits, probabilities, labels, axis, normalization, ignore):
    settings = {"axis": axis, "normalization": normalization, "ignore": ignore}
    return softmax_cross_entropy_gradient(g, logits, probabilities, labels, **settings)


@softmax_cross_entropy.decomposition
def softmax_cross_entropy_composed(logits, labels, *, axis, normalization, ignore):
    weights, labels = counted_labels(logits, labels, ignore)
    log_probabilities = log_softmax(logits, axis=axis)
    chosen = squeeze(take_along(log_probabilities, expand(labels, axis=axis), axis=axis), axis=axis)
    losses = where(not_equal(weights, 0.0), -chosen, 0.0)  # not 0 * NaN
    if normalization == "full":
        losses = mean(losses)
    elif normalization == "batch":
        losses = sum(mean(losses, axis=0))
    elif normalization == "valid":
        losses = sum(losses) / maximum(sum(weights), 1.0)
    elif normalization == "none":
        losses = sum(losses)
    return losses, exp(log_probabilities)


def counted_labels(logits, labels, ignore):
    """A weight of 1 for each label that counts and 0 for others; and the labels, 0 for others."""
    if ignore is None:
        return cast(ones_like(labels), dtype=logits.dtype.name), labels
    counted = not_equal(labels, ignore)
    return cast(counted, dtype=logits.dtype.name), where(counted, labels, 0)


@softmax_cross_entropy.samples
def softmax_cross_entropy_samples(make):
    yield make(4, 3), make.integers(4, high=3)
    yield make(4, 3, low=-50.0, high=50.0), make.integers(4, high=3), {"normalization": "none"}
    for normalization in NORMALIZATIONS:
        settings = {"normalization": normalization, "ignore": 1}
        yield make(2, 3, 2, 2), make.integers(2, 2, 2, high=3), settings
    yield make(2, 2, 3), np.array([[0, 255], [2, 1]]), {"axis": -1, "ignore": 255, "normalization": "full"}
    yield make(3, 2), np.array([1, 1, 1]), {"ignore": 1}
    yield make(3, 4), make.integers(4, high=3), {"axis": 0, "normalization": "batch"}
    yield make(2, 1), np.array([0, 0])
    yield make(0, 3), make.integers(0)
    yield make(3, 3, 3), make.integers(3, 3, high=3)
    yield make(3, 3, 3), make.integers(3, 3, high=3), {"axis": -1}


@op(free=("labels",))
def softmax_cross_entropy_gradient(g, logits, probabilities, labels, *, axis=1, normalization="valid", ignore=None):
    """The gradient of the logits of softmax_cross_entropy.

    g:             (), or the shape of the labels for "each"
    logits:        (N, ..., classes, ...)
    probabilities: softmax(logits), as softmax_cross_entropy returned it
    labels:        (N, ...)
    return:        (N, ..., classes, ...)

    A kernel need not read the logits.  The reference does: the probabilities follow from them, so what flows
    through the probabilities is part of the logits' gradient.
    """
    counted = check_labels(labels, logits.shape[axis], ignore)
    out = softmax.reference(logits, axis=axis)
    at = np.expand_dims(np.where(counted, labels, 0), axis)
    np.put_along_axis(out, at, np.take_along_axis(out, at, axis) - 1, axis)
    if normalization != "each":
        g = g / divisor(normalization, counted).astype(g.dtype)
    return out * np.expand_dims(np.where(counted, g, 0).astype(g.dtype), axis)


@softmax_cross_entropy_gradient.shape
def softmax_cross_entropy_gradient_shape(g, logits, probabilities, labels, **settings):
    loss, _ = softmax_cross_entropy_shape(logits, labels, **settings)
    for name, given, expected in (("gradient", g, loss), ("probabilities", probabilities, logits)):
        if given.ndim != expected.ndim or not all(map(same_size, given.shape, expected.shape)):
            raise ShapeError(f"{name} of the loss should be {expected}, got {given}")
    return logits


softmax_cross_entropy_gradient.no_gradient("labels", LABELS)
softmax_cross_entropy_gradient.no_gradient(
    "probabilities", "they follow from the logits, whose gradient has their share"
)


@softmax_cross_entropy_gradient.decomposition
def softmax_cross_entropy_gradient_composed(g, logits, _, labels, *, axis, normalization, ignore):
    weights, labels = counted_labels(logits, labels, ignore)
    minus_one = -ones_like(expand(weights, axis=axis))
    error = put_along_add(softmax(logits, axis=axis), expand(labels, axis=axis), minus_one, axis=axis)
    return error * expand(shared(g, weights, normalization), axis=axis)


def shared(g, weights, normalization):
    """The part of the loss's gradient that each label receives."""
    if normalization == "full":
        g = mean_gradient(g, shape=weights.shape)
    elif normalization == "batch":
        g = mean_gradient(g, shape=weights.shape[:1])
        g = reshape(g, shape=weights.shape[:1] + (1,) * (weights.ndim - 1))
    elif normalization == "valid":
        g = g / maximum(sum(weights), 1.0)
    return g * weights


@softmax_cross_entropy_gradient.samples
def softmax_cross_entropy_gradient_samples(make):
    for logits, labels, *settings in softmax_cross_entropy_samples(make):
        given = settings[0] if settings else {}
        loss, probabilities = softmax_cross_entropy.reference(logits, labels, **given)
        yield make(*loss.shape), logits, probabilities, labels, *settings


def squared_error(x, y, *, normalization="batch", factor=0.5):
    """factor * (x - y)**2, summed and divided.

    x, y:          (N, ...)
    return:        ()
    normalization: what the sum is divided by.  "batch": N; "full": the number of elements; "none": 1;
                   "each": no sum, an error for each element
    """
    errors = square(x - y)
    if normalization == "batch":
        errors = sum(mean(errors, axis=0))
    elif normalization == "full":
        errors = mean(errors)
    elif normalization == "none":
        errors = sum(errors)
    elif normalization != "each":
        raise ShapeError(
            f"squared_error: normalization is {normalization!r}; it may be 'batch', 'full', 'none' or 'each'"
        )
    return errors * factor
