"""ReLU, Sigmoid, TanH, AbsVal."""

from trivium import ops
from trivium.registry import find_layer
from trivium_api_prototxt.vocabulary.function import Function
from trivium_api_prototxt.vocabulary.layer_type import layer_type


@layer_type("ReLU", is_in_place=True)
def relu(declared):
    """relu_param -> slope"""
    return find_layer("Relu")(slope=declared.message.relu_param.negative_slope)


@layer_type("Sigmoid", is_in_place=True)
def sigmoid(declared):
    """no settings"""
    return find_layer("Sigmoid")()


@layer_type("TanH", is_in_place=True)
def tanh(declared):
    """no settings"""
    return find_layer("Tanh")()


@layer_type("AbsVal", is_in_place=True)
def absolute(declared):
    """no settings"""
    return Function(ops.absolute)
