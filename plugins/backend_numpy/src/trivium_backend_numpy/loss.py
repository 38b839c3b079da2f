"""Softmax and cross entropy in one: the logarithm never sees a rounded probability."""

import math

import numpy as np

from trivium.ops.loss import check_labels

from .precision import deliver, in_float32


class Labels:
    """Which element of each row of classes is right.

    rows:  labels read one after the other
    axis:  where the classes stand, from the front
    """

    def __init__(self, shape, settings):
        self.axis = settings["axis"] % len(shape)
        self.classes = shape[self.axis]
        before, after = math.prod(shape[: self.axis]), math.prod(shape[self.axis + 1 :])
        self.shape = (*shape[: self.axis], *shape[self.axis + 1 :])
        self.ignore, self.normalization = settings["ignore"], settings["normalization"]
        self.batch = self.shape[0]
        starts = np.arange(before)[:, None] * (self.classes * after) + np.arange(after)
        self.starts = starts.reshape(-1)
        self.step = after

    def read(self, labels):
        """Positions of the right elements in the flat logits; which rows are ignored, or None."""
        given, labels = labels, labels.reshape(-1)
        ignored = None
        if self.ignore is not None:
            ignored = labels == self.ignore
            if ignored.any():
                labels = np.where(ignored, 0, labels)
            else:
                ignored = None
        if labels.size and not (labels.min() >= 0 and labels.max() < self.classes):
            check_labels(given, self.classes, self.ignore)
        return self.starts + labels * self.step, ignored

    def divisor(self, ignored):
        """What the sum of losses is divided by."""
        if self.normalization == "valid":
            return max(1, self.starts.size - (0 if ignored is None else int(ignored.sum())))
        return {"full": max(1, self.starts.size), "batch": max(1, self.batch)}.get(self.normalization, 1)


def prepare_softmax_cross_entropy(specs, settings):
    logits = specs[0]
    rows, axis = Labels(logits.shape, settings), settings["axis"]
    dtype = logits.dtype

    def softmax_cross_entropy(logits, labels, out=None):
        loss, probabilities = out or (None, np.empty(logits.shape, dtype))
        places, ignored = rows.read(labels)
        shifted = np.subtract(logits, np.maximum.reduce(logits, axis, keepdims=True), out=probabilities)
        right = shifted.reshape(-1)[places]
        np.exp(shifted, out=probabilities)
        total = np.add.reduce(probabilities, axis, keepdims=True)
        np.divide(probabilities, total, out=probabilities)
        each = np.log(total, out=total).reshape(-1) - right
        if ignored is not None:
            each[ignored] = 0
        if rows.normalization == "each":
            return deliver(each.reshape(rows.shape), loss), probabilities
        if loss is None:
            loss = np.empty((), dtype)
        np.add.reduce(each, out=loss)
        np.divide(loss, dtype.type(rows.divisor(ignored)), out=loss)
        return loss, probabilities

    return softmax_cross_entropy


def prepare_softmax_cross_entropy_gradient(specs, settings):
    probabilities = specs[2]
    rows, dtype = Labels(probabilities.shape, settings), probabilities.dtype
    wide = (*probabilities.shape[: rows.axis], 1, *probabilities.shape[rows.axis + 1 :])

    def softmax_cross_entropy_gradient(g, logits, probabilities, labels, out=None):
        if out is None:
            out = np.empty(probabilities.shape, dtype)
        places, ignored = rows.read(labels)
        np.copyto(out, probabilities)
        out.reshape(-1)[places] -= 1
        if ignored is not None:
            np.copyto(out, 0, where=ignored.reshape(wide))
        if rows.normalization == "each":
            return np.multiply(out, g.reshape(wide), out=out)
        return np.multiply(out, g / dtype.type(rows.divisor(ignored)), out=out)

    return softmax_cross_entropy_gradient


KERNELS = {}

PREPARED = {
    "softmax_cross_entropy": in_float32(prepare_softmax_cross_entropy),
    "softmax_cross_entropy_gradient": in_float32(prepare_softmax_cross_entropy_gradient),
}
