"""EuclideanLoss."""

from math import prod

from trivium import ops
from trivium.registry import find_layer
from trivium_api_prototxt.vocabulary.function import Function
from trivium_api_prototxt.vocabulary.layer_type import layer_type


@layer_type("EuclideanLoss", bottoms=(2, 2), tops=(0, 1), is_loss=True)
def euclidean_loss(declared):
    """sum((x - y)^2) / (2 * batch)"""
    x, y = declared.specs
    if prod(x.shape) != prod(y.shape) or x.shape[:1] != y.shape[:1]:
        raise declared.error(f"its bottoms differ in size: {x} and {y}", "bottom")
    loss = find_layer("SquaredError")(normalization="batch", factor=0.5)
    return Function(lambda x, y: loss.forward(x, y if y.shape == x.shape else ops.reshape(y, shape=x.shape)))
