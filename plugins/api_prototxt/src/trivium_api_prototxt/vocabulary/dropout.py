"""Dropout."""

from trivium.registry import find_layer
from trivium_api_prototxt.vocabulary.layer_type import layer_type


@layer_type("Dropout", is_in_place=True)
def dropout(declared):
    """dropout_param -> rate"""
    rate = declared.message.dropout_param.dropout_ratio
    if not 0 <= rate < 1:
        raise declared.error(f"dropout_ratio is {rate:g}: it lies in 0..1, below 1", "dropout_param", "dropout_ratio")
    return find_layer("Dropout")(rate)
