"""Convolution."""

from trivium.registry import find_layer
from trivium_api_prototxt.fillers import initializer_of
from trivium_api_prototxt.vocabulary.layer_type import layer_type
from trivium_api_prototxt.vocabulary.windows import per_axis


@layer_type("Convolution", blobs=("weight", "bias"), bottoms=(1, None), tops=(1, None), for_each=True)
def convolution(declared):
    """convolution_param -> filters, kernel, stride, padding, dilation, groups"""
    param, at = declared.message.convolution_param, "convolution_param"
    if param.num_output < 1:
        raise declared.error("num_output is missing: say how many filters", at, "num_output")
    if param.axis != 1:
        raise declared.error(f"axis {param.axis}: channels are on axis 1 here", at, "axis")
    ndim = declared.specs[0].ndim - 2
    if ndim < 1:
        raise declared.error(f"needs (batch, channels, ...), its bottom is {declared.specs[0]}", "bottom")
    channels = declared.specs[0].shape[1]
    if param.group < 1 or channels % param.group or param.num_output % param.group:
        raise declared.error(
            f"group {param.group} divides {channels} channels and {param.num_output} filters unevenly", at, "group"
        )
    return find_layer("Convolution")(
        param.num_output,
        kernel=per_axis(declared, at, "kernel", ndim),
        stride=per_axis(declared, at, "stride", ndim, default=1),
        padding=per_axis(declared, at, "pad", ndim, default=0),
        dilation=per_axis(declared, at, "dilation", ndim, default=1),
        groups=param.group,
        has_bias=param.bias_term,
        weight_initializer=initializer_of(param.weight_filler, declared.place.at(at).at("weight_filler")),
        bias_initializer=initializer_of(param.bias_filler, declared.place.at(at).at("bias_filler")),
    )
