"""Accuracy."""

from trivium import ops
from trivium_api_prototxt.vocabulary.function import Function
from trivium_api_prototxt.vocabulary.labels import check_labels, fitted
from trivium_api_prototxt.vocabulary.layer_type import layer_type


@layer_type("Accuracy", bottoms=(2, 2))
def accuracy(declared):
    """The part of labels that are among the top_k best.

    Another class with an equal score counts as better, so that a net with constant scores is never right.
    """
    param = declared.message.accuracy_param
    axis = declared.axis(param.axis, "accuracy_param", "axis")
    check_labels(declared, axis)
    if not 1 <= param.top_k <= declared.specs[0].shape[axis]:
        raise declared.error(
            f"top_k is {param.top_k}: there are {declared.specs[0].shape[axis]} classes", "accuracy_param", "top_k"
        )
    ignore = param.ignore_label if param.HasField("ignore_label") else None

    def forward(scores, labels):
        scores = ops.stop_gradient(scores)
        labels = ops.cast(fitted(labels, scores, axis), dtype="int64", exact=True)
        if ignore is None:
            return ops.mean(right(scores, labels, axis, param.top_k))
        is_counted = ops.not_equal(labels, ignore)
        labels = ops.where(is_counted, labels, 0)
        counted = ops.cast(is_counted, dtype="float32")
        total = ops.sum(right(scores, labels, axis, param.top_k) * counted)
        return total / ops.maximum(ops.sum(counted), 1.0)

    return Function(forward)


def right(scores, labels, axis, top_k):
    """1 for each label whose class is among the `top_k` best, else 0: float32."""
    own = ops.take_along(scores, ops.expand(labels, axis=axis), axis=axis)
    at_least_as_good = ops.sum(ops.cast(ops.greater_equal(scores, own), dtype="float32"), axis=axis)
    return ops.cast(ops.less_equal(at_least_as_good, float(top_k)), dtype="float32")
