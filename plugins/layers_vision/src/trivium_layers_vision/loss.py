"""Losses whose labels are classes, and measures."""

from attrs import define, field

from trivium import ops
from trivium.layer import Layer

__all__ = ["SoftmaxCrossEntropy", "Accuracy"]


def as_class_numbers(labels):
    """Labels as int64; numbers with a fraction are refused."""
    return labels if labels.dtype.kind in "iu" else ops.cast(labels, dtype="int64", exact=True)


@define(slots=False)
class SoftmaxCrossEntropy(Layer):
    """-log of the probability that softmax gives to the true class.

    scores:        (batch, classes, ...)
    labels:        (batch, ...) class numbers
    return:        ()
    normalization: what the sum is divided by: "valid" (labels that are not ignored), "full" (all labels),
                   "batch", "none"; "each" gives one loss for each label
    ignore:        a label that counts for nothing
    """

    axis: int = field(default=1, kw_only=True)
    normalization: str = field(default="valid", kw_only=True)
    ignore: int | None = field(default=None, kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(), make(4, 3), make.integers(4, high=3)
        yield cls(), make(4, 3), make.integers(4, high=3).astype(float)
        yield cls(normalization="full", ignore=1), make(2, 3, 2, 2), make.integers(2, 2, 2, high=3)
        yield cls(axis=2, normalization="each"), make(2, 3, 4), make.integers(2, 3, high=4)

    def forward(self, scores, labels):
        loss, _ = ops.softmax_cross_entropy(
            scores, as_class_numbers(labels), axis=self.axis, normalization=self.normalization, ignore=self.ignore
        )
        return loss


@define(slots=False)
class Accuracy(Layer):
    """The part of labels whose class has the highest score; nothing learns from it.

    scores: (batch, classes, ...)
    labels: (batch, ...) class numbers
    return: ()
    ignore: a label that is not counted
    """

    axis: int = field(default=1, kw_only=True)
    ignore: int | None = field(default=None, kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(), make.distinct(4, 3), make.integers(4, high=3)
        yield cls(axis=2, ignore=1), make.distinct(2, 3, 4), make.integers(2, 3, high=4)

    def forward(self, scores, labels):
        labels = as_class_numbers(labels)
        best = ops.argmax(ops.stop_gradient(scores), axis=self.axis)
        right = ops.cast(ops.equal(best, ops.cast(labels, dtype="int64")), dtype="float32")
        if self.ignore is None:
            return ops.mean(right)
        counted = ops.cast(ops.not_equal(labels, self.ignore), dtype="float32")
        return ops.sum(right * counted) / ops.maximum(ops.sum(counted), 1.0)
