"""Convolutions, and windows as columns."""

from trivium import ops

from ...errors import SizeMismatchError
from .parameters import batched, beside, per_axis


def core_padding(padding, kernel, dilation, stride):
    """Padding as the core takes it; the words "valid" and "same" as numbers."""
    if padding == "valid":
        return 0
    if padding == "same":
        if any([s != 1 for s in stride]):
            raise ValueError("padding='same' is not supported for strided convolutions")
        total = [d * (k - 1) for d, k in zip(dilation, kernel)]
        return tuple([(t // 2, t - t // 2) for t in total])
    if isinstance(padding, str):
        raise ValueError(f"Invalid padding string {padding!r}, should be one of 'same', 'valid'")
    return tuple(padding) if isinstance(padding, list) else padding


def convolve(ndim):
    def conv(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
        weight, bias = beside(input, weight, bias)
        stride, dilation = per_axis(stride, ndim), per_axis(dilation, ndim)
        padding = core_padding(padding, weight.spec.shape[2:], dilation, stride)
        padding = padding if isinstance(padding, tuple) and len(padding) != 1 else per_axis(padding, ndim)
        walk = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        return batched(lambda x: ops.convolution(x, weight, bias, **walk), conv.__name__, ndim, input)

    conv.__name__ = conv.__qualname__ = f"conv{ndim}d"
    conv.__doc__ = f"Filters slid over {ndim} spatial axes."
    return conv


conv1d, conv2d, conv3d = convolve(1), convolve(2), convolve(3)


def convolve_back(ndim):
    def conv_transpose(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
        weight, bias = beside(input, weight, bias)
        named = {"stride": stride, "padding": padding, "output_padding": output_padding, "dilation": dilation}
        walk = {name: per_axis(value, ndim) for name, value in named.items()}
        check_output_padding(walk)
        return batched(
            lambda x: ops.convolution_transpose(x, weight, bias, **walk, groups=groups),
            conv_transpose.__name__, ndim, input,
        )  # fmt: skip

    conv_transpose.__name__ = conv_transpose.__qualname__ = f"conv_transpose{ndim}d"
    conv_transpose.__doc__ = f"Filters spread over {ndim} spatial axes: a convolution the other way round."
    return conv_transpose


def check_output_padding(walk):
    for more, stride, dilation in zip(walk["output_padding"], walk["stride"], walk["dilation"]):
        if more >= max(stride, dilation):
            raise SizeMismatchError(
                "output padding must be smaller than either stride or dilation, but got output_padding "
                f"{walk['output_padding']}, stride {walk['stride']}, dilation {walk['dilation']}"
            )


conv_transpose1d, conv_transpose2d, conv_transpose3d = convolve_back(1), convolve_back(2), convolve_back(3)


def unfold(input, kernel_size, dilation=1, padding=0, stride=1):
    """The elements of each window of (N, C, height, width) as a column: (N, C * taps, windows)."""
    walk = {"kernel": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
    walk = {name: per_axis(value, 2) for name, value in walk.items()}
    return batched(lambda x: ops.unfold(x, **walk), "unfold", 2, input)


def fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """Columns (N, C * taps, windows) added up where `unfold` took them from: (N, C, *output_size)."""
    walk = {"kernel": kernel_size, "stride": stride, "padding": padding, "dilation": dilation, "size": output_size}
    walk = {name: per_axis(value, 2) for name, value in walk.items()}
    return batched(lambda x: ops.fold(x, **walk), "fold", 1, input)
