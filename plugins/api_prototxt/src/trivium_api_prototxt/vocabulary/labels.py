"""Labels as Caffe's nets carry them: float32, with or without axes of size 1."""

from math import prod

from trivium import ops


def check_labels(declared, axis):
    """Raise PrototxtError where there is not one label for each place that has scores."""
    scores, labels = declared.specs[:2]
    if prod(labels.shape) * scores.shape[axis] != prod(scores.shape):
        wanted = without_axis(scores.shape, axis)
        raise declared.error(f"scores {scores} need labels of shape {wanted}, its second bottom is {labels}", "bottom")


def without_axis(shape, axis):
    """The shape of labels for scores of this shape."""
    return (*shape[:axis], *shape[axis + 1 :])


def fitted(labels, scores, axis):
    """The labels in the shape that the scores have without their classes."""
    shape = without_axis(scores.shape, axis)
    return labels if labels.shape == shape else ops.reshape(labels, shape=shape)
