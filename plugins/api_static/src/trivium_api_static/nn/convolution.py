"""Convolutions of any number of axes, plain, transposed, for each channel apart, and with holes.

input:  (batch, *spatial, channels), or channels second where `data_format` says NCW, NCHW or NCDHW
filter: (*kernel, in, out)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from trivium import ops

from ..build import call, convert_to_tensor
from ..operation import Tensor
from ..sizing import as_sizes
from ..windows import (
    channels_last,
    depthwise_to_core,
    filter_to_core,
    from_core,
    given_padding,
    padding_of,
    spatial,
    to_core,
)  # fmt: skip

__all__ = [
    "atrous_conv2d", "atrous_conv2d_transpose", "conv1d", "conv2d", "conv2d_backprop_filter", "conv2d_backprop_input",
    "conv2d_transpose", "conv3d", "conv3d_transpose", "convolution", "depthwise_conv2d", "depthwise_conv2d_native",
    "separable_conv2d",
]  # fmt: skip


def conv2d(
    input: Any, filter: Any = None, strides: Any = None, padding: Any = None, use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC", dilations: Any = (1, 1, 1, 1), name: str | None = None, filters: Any = None,
) -> Tensor:  # fmt: skip
    """Slide filters over height and width.

    strides: one number for each axis of the input
    padding: "SAME", "VALID", or (before, after) for each axis of the input
    """
    return _convolved(2, "Conv2D", input, _one(filter, filters), strides, padding, data_format, dilations, name)


def conv1d(
    value: Any = None, filters: Any = None, stride: Any = None, padding: Any = None, use_cudnn_on_gpu: Any = None,
    data_format: str | None = None, name: str | None = None, input: Any = None, dilations: Any = None,
) -> Tensor:  # fmt: skip
    """Slide filters over the one axis between batch and channels."""
    x = convert_to_tensor(_one(value, input))
    with x.graph.name_scope(name or "conv1d"):
        return _convolved(1, "Squeeze", x, filters, stride, padding, data_format, dilations or 1, None)


def conv3d(
    input: Any, filter: Any = None, strides: Any = None, padding: Any = None, data_format: str = "NDHWC",
    dilations: Any = (1, 1, 1, 1, 1), name: str | None = None, filters: Any = None,
) -> Tensor:  # fmt: skip
    """Slide filters over depth, height and width."""
    return _convolved(3, "Conv3D", input, _one(filter, filters), strides, padding, data_format, dilations, name)


def convolution(
    input: Any, filter: Any = None, padding: Any = None, strides: Any = None, dilation_rate: Any = None,
    name: str | None = None, data_format: str | None = None, filters: Any = None, dilations: Any = None,
) -> Tensor:  # fmt: skip
    """Slide filters over all axes between batch and channels.

    strides, dilation_rate: one number for each of them
    """
    x = convert_to_tensor(input)
    ndim = x.spec.ndim - 2
    rate = dilation_rate or dilations or 1
    return _convolved(
        ndim, f"Conv{ndim}D", x, _one(filter, filters), strides or 1, padding, data_format, rate, name, "convolution"
    )


def atrous_conv2d(value: Any, filters: Any, rate: int, padding: str, name: str | None = None) -> Tensor:
    """conv2d whose filter has `rate` - 1 holes between neighbours."""
    return _convolved(2, "Conv2D", value, filters, 1, padding, "NHWC", int(rate), name, "convolution")


def _convolved(
    ndim: int, kind: str, input: Any, filter: Any, strides: Any, padding: Any, data_format: str | None, dilations: Any,
    name: str | None, default: str | None = None,
) -> Tensor:  # fmt: skip
    is_last = channels_last(data_format)
    stride, dilation = spatial(strides, is_last, "strides", ndim), spatial(dilations, is_last, "dilations", ndim)
    convolve = convolving(stride, given_padding(padding, is_last), dilation, is_last)
    settings = {"strides": strides, "padding": padding, "data_format": data_format, "dilations": dilations}
    return call(kind, convolve, name, default=default, attributes=settings, input=input, filter=filter)


def convolving(
    stride: Sequence[int], padding: Any, dilation: Sequence[int], is_last: bool,
    turned: Callable[[Any], Any] = filter_to_core,
) -> Callable[[Any, Any], Any]:  # fmt: skip
    """The convolution of two symbols in TensorFlow's orders of axes.

    turned: what brings the filter into the core's order; its input channels may be a part of the input's
    """

    def convolve(x: Any, weight: Any) -> Any:
        x, weight = to_core(x, is_last), turned(weight)
        pads = padding_of(padding, x.shape[2:], weight.shape[2:], stride, dilation)
        groups = x.shape[1] if turned is depthwise_to_core else 1
        return from_core(
            ops.convolution(x, weight, stride=stride, padding=pads, dilation=dilation, groups=groups), is_last
        )

    return convolve


def _one(first: Any, second: Any) -> Any:
    """An argument that has two names."""
    return second if first is None else first


# -- the other way round ---------------------------------------------------------------------------------


def conv2d_transpose(
    value: Any = None, filter: Any = None, output_shape: Any = None, strides: Any = None, padding: Any = "SAME",
    data_format: str = "NHWC", name: str | None = None, input: Any = None, filters: Any = None, dilations: Any = None,
) -> Tensor:  # fmt: skip
    """The input gradient of conv2d as a layer: from few positions to many.

    filter:       (height, width, out, in)
    output_shape: of the result; strides other than 1 fit several
    """
    return _transposed(
        2, "conv2d_transpose", _one(value, input), _one(filter, filters), output_shape, strides, padding, data_format,
        dilations, name,
    )  # fmt: skip


def conv3d_transpose(
    value: Any, filter: Any = None, output_shape: Any = None, strides: Any = None, padding: Any = "SAME",
    data_format: str = "NDHWC", name: str | None = None, input: Any = None, filters: Any = None, dilations: Any = None,
) -> Tensor:  # fmt: skip
    """The input gradient of conv3d as a layer.

    filter: (depth, height, width, out, in)
    """
    return _transposed(
        3, "conv3d_transpose", _one(value, input), _one(filter, filters), output_shape, strides, padding, data_format,
        dilations, name,
    )  # fmt: skip


def atrous_conv2d_transpose(
    value: Any, filters: Any, output_shape: Any, rate: int, padding: str, name: str | None = None
) -> Tensor:
    """The input gradient of atrous_conv2d as a layer."""
    return _transposed(2, "atrous_conv2d_transpose", value, filters, output_shape, 1, padding, "NHWC", rate, name)


def conv2d_backprop_input(
    input_sizes: Any, filter: Any = None, out_backprop: Any = None, strides: Any = None, padding: Any = None,
    use_cudnn_on_gpu: bool = True, data_format: str = "NHWC", dilations: Any = (1, 1, 1, 1), name: str | None = None,
    filters: Any = None,
) -> Tensor:  # fmt: skip
    """The gradient of conv2d's input.

    input_sizes: its shape
    """
    return _transposed(
        2, "Conv2DBackpropInput", out_backprop, _one(filter, filters), input_sizes, strides, padding, data_format,
        dilations, name,
    )  # fmt: skip


def _transposed(
    ndim: int, default: str, value: Any, filter: Any, output_shape: Any, strides: Any, padding: Any,
    data_format: str | None, dilations: Any, name: str | None,
) -> Tensor:  # fmt: skip
    is_last = channels_last(data_format)
    x, weight = convert_to_tensor(value), convert_to_tensor(filter)
    shape = as_sizes(output_shape, "output_shape")
    if len(shape) == 1:
        raise ValueError(f"output_shape must have shape ({ndim + 2},), but got {shape}")
    channels, sizes = (shape[-1], shape[1:-1]) if is_last else (shape[1], shape[2:])
    if type(channels) is int and channels != weight.spec.shape[-2]:
        raise ValueError(f"output_shape does not match filter's output channels, {channels} != {weight.spec.shape[-2]}")
    stride, dilation = spatial(strides, is_last, "strides", ndim), spatial(dilations or 1, is_last, "dilations", ndim)
    spread = spreading(sizes, stride, given_padding(padding, is_last), dilation, is_last)
    settings = {"strides": strides, "padding": padding, "data_format": data_format}
    kind = f"Conv{ndim}DBackpropInput{'V2' if ndim == 3 else ''}"
    return call(kind, spread, name, default=default, attributes=settings, value=x, filter=weight)


def spreading(
    sizes: Sequence[Any], stride: Sequence[int], padding: Any, dilation: Sequence[int], is_last: bool
) -> Callable[[Any, Any], Any]:
    """The transposed convolution of two symbols in TensorFlow's orders of axes.

    sizes: the spatial ones of the result
    """

    def spread(x: Any, weight: Any) -> Any:
        x, weight = to_core(x, is_last), filter_to_core(weight)
        pads = padding_of(padding, sizes, weight.shape[2:], stride, dilation)
        return from_core(
            ops.convolution_transpose(x, weight, stride=stride, padding=pads, dilation=dilation, size=tuple(sizes)),
            is_last,
        )

    return spread


def conv2d_backprop_filter(
    input: Any, filter_sizes: Any, out_backprop: Any, strides: Any, padding: Any, use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC", dilations: Any = (1, 1, 1, 1), name: str | None = None,
) -> Tensor:  # fmt: skip
    """The gradient of conv2d's filter.

    filter_sizes: its shape
    """
    is_last, kernel = channels_last(data_format), as_sizes(filter_sizes, "filter_sizes")[:2]
    stride, dilation = spatial(strides, is_last, "strides"), spatial(dilations, is_last, "dilations")

    def gradient(x: Any, g: Any) -> Any:
        x, g = to_core(x, is_last), to_core(g, is_last)
        pads = padding_of(given_padding(padding, is_last), x.shape[2:], kernel, stride, dilation)
        made = ops.convolution_weight_gradient(x, g, kernel=kernel, stride=stride, padding=pads, dilation=dilation)
        return ops.transpose(made, axes=(2, 3, 1, 0))

    return call("Conv2DBackpropFilter", gradient, name, input=input, out_backprop=out_backprop)


# -- each channel apart ----------------------------------------------------------------------------------


def depthwise_conv2d(
    input: Any, filter: Any, strides: Any, padding: Any, rate: Any = None, name: str | None = None,
    data_format: str | None = None, dilations: Any = None,
) -> Tensor:  # fmt: skip
    """Slide filters over each channel by itself.

    filter: (height, width, in, multiplier)
    return: (batch, height, width, in * multiplier): the results of one channel stand side by side
    """
    is_last = channels_last(data_format)
    stride = spatial(strides, is_last, "strides")
    dilation = spatial(_one(rate, dilations) or 1, is_last, "rate")
    convolve = convolving(stride, given_padding(padding, is_last), dilation, is_last, depthwise_to_core)
    settings = {"strides": strides, "padding": padding, "data_format": data_format}
    return call(
        "DepthwiseConv2dNative", convolve, name, default="depthwise", attributes=settings, input=input, filter=filter
    )


def depthwise_conv2d_native(
    input: Any, filter: Any, strides: Any, padding: Any, data_format: str = "NHWC", dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """depthwise_conv2d with its arguments in another order."""
    name = name or "DepthwiseConv2dNative"
    return depthwise_conv2d(input, filter, strides, padding, dilations, name, data_format)


def separable_conv2d(
    input: Any, depthwise_filter: Any, pointwise_filter: Any, strides: Any, padding: Any, rate: Any = None,
    name: str | None = None, data_format: str | None = None, dilations: Any = None,
) -> Tensor:  # fmt: skip
    """Filters over each channel by itself, then a mixture of the results at each position.

    depthwise_filter: (height, width, in, multiplier)
    pointwise_filter: (1, 1, in * multiplier, out)
    """
    is_last = channels_last(data_format)
    stride = spatial(strides, is_last, "strides")
    dilation = spatial(_one(rate, dilations) or 1, is_last, "rate")
    apart = convolving(stride, given_padding(padding, is_last), dilation, is_last, depthwise_to_core)
    mixed = convolving((1, 1), "VALID", (1, 1), is_last)
    return call(
        "Conv2D", lambda x, depthwise, pointwise: mixed(apart(x, depthwise), pointwise), name,
        default="separable_conv2d", input=input, depthwise_filter=depthwise_filter, pointwise_filter=pointwise_filter,
    )  # fmt: skip
