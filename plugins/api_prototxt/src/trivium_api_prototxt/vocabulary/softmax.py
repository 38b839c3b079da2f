"""Softmax."""

from trivium.registry import find_layer
from trivium_api_prototxt.vocabulary.layer_type import layer_type


@layer_type("Softmax", is_in_place=True)
def softmax(declared):
    """softmax_param -> axis"""
    return find_layer("Softmax")(declared.axis(declared.message.softmax_param.axis, "softmax_param", "axis"))
