"""LRN."""

from trivium.registry import find_layer
from trivium_api_prototxt.vocabulary.layer_type import layer_type


@layer_type("LRN")
def lrn(declared):
    """lrn_param -> size, alpha, beta, k; within a channel Caffe ignores k"""
    param = declared.message.lrn_param
    if param.local_size % 2 == 0:
        raise declared.error(f"local_size is {param.local_size}: it must be odd", "lrn_param", "local_size")
    if declared.specs[0].ndim != 4:
        raise declared.error(f"needs (batch, channels, height, width), its bottom is {declared.specs[0]}", "bottom")
    across = param.norm_region == param.ACROSS_CHANNELS
    return find_layer("LocalResponseNorm")(
        param.local_size, alpha=param.alpha, beta=param.beta, k=param.k if across else 1.0, across=across, mean=True
    )
