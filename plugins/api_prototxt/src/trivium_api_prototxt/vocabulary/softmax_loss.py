"""SoftmaxWithLoss."""

from math import prod

from trivium import ops
from trivium.registry import find_layer
from trivium_api_prototxt.vocabulary.function import Function
from trivium_api_prototxt.vocabulary.labels import check_labels, fitted
from trivium_api_prototxt.vocabulary.layer_type import layer_type

NORMALIZATIONS = {"FULL": "full", "VALID": "valid", "BATCH_SIZE": "batch", "NONE": "none"}


@layer_type("SoftmaxWithLoss", bottoms=(2, 2), tops=(0, 2), is_loss=True)
def softmax_with_loss(declared):
    """loss_param -> normalization, ignore; a second top has the probabilities"""
    message = declared.message
    axis = declared.axis(message.softmax_param.axis, "softmax_param", "axis")
    check_labels(declared, axis)
    shape = declared.specs[0].shape
    normalization, divisor = normalization_of(message.loss_param), 1
    if normalization == "batch" and axis != 1:  # core's batch is axis 0 alone, Caffe's is all before the classes
        normalization, divisor = "none", prod(shape[:axis])
    ignore = message.loss_param.ignore_label if message.loss_param.HasField("ignore_label") else None
    loss = find_layer("SoftmaxCrossEntropy")(axis=axis, normalization=normalization, ignore=ignore)

    def forward(scores, labels):
        value = loss.forward(scores, fitted(labels, scores, axis))
        value = value if divisor == 1 else value / float(divisor)
        return (value, ops.softmax(scores, axis=axis)) if len(message.top) == 2 else value

    return Function(forward)


def normalization_of(param):
    """What the sum of losses is divided by; `normalize` is the older spelling."""
    if not param.HasField("normalization") and param.HasField("normalize"):
        return "valid" if param.normalize else "batch"
    enum = param.DESCRIPTOR.enum_types_by_name["NormalizationMode"]
    return NORMALIZATIONS[enum.values_by_number[param.normalization].name]
