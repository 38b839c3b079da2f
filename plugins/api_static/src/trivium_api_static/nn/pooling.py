"""The largest element or the mean of windows.

value: (batch, *spatial, channels), or channels second where `data_format` says NCW, NCHW or NCDHW
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trivium import ops

from ..build import call, convert_to_tensor
from ..dtypes import as_dtype, int64
from ..operation import Tensor
from ..windows import channels_last, from_core, padding_of, pool_window, spatial, to_core

__all__ = ["avg_pool", "avg_pool3d", "max_pool", "max_pool3d", "max_pool_with_argmax", "pool"]


def max_pool(
    value: Any, ksize: Any = None, strides: Any = None, padding: Any = None, data_format: str = "NHWC",
    name: str | None = None, input: Any = None,
) -> Tensor:  # fmt: skip
    """The largest element of each window.

    ksize, strides: one number for each axis of the value
    """
    return _pooled(2, "MaxPool", value if input is None else input, ksize, strides, padding, data_format, name)


def avg_pool(
    value: Any, ksize: Any = None, strides: Any = None, padding: Any = None, data_format: str = "NHWC",
    name: str | None = None, input: Any = None,
) -> Tensor:  # fmt: skip
    """The mean of each window; padding is not counted."""
    return _pooled(2, "AvgPool", value if input is None else input, ksize, strides, padding, data_format, name)


def max_pool3d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NDHWC", name: str | None = None
) -> Tensor:
    """The largest element of each window of depth, height and width."""
    return _pooled(3, "MaxPool3D", input, ksize, strides, padding, data_format, name)


def avg_pool3d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NDHWC", name: str | None = None
) -> Tensor:
    """The mean of each window of depth, height and width; padding is not counted."""
    return _pooled(3, "AvgPool3D", input, ksize, strides, padding, data_format, name)


def _largest(x: Any, **window: Any) -> Any:
    return ops.max_pool(x, **window)[0]


def _mean(x: Any, **window: Any) -> Any:
    return ops.average_pool(x, divisor="valid", **window)


_REDUCTIONS: dict[str, Callable[..., Any]] = {"Max": _largest, "Avg": _mean}


def _pooled(
    ndim: int, kind: str, value: Any, ksize: Any, strides: Any, padding: Any, data_format: str, name: str | None
) -> Tensor:
    is_last, reduce = channels_last(data_format), _REDUCTIONS[kind[:3]]
    kernel, stride = spatial(ksize, is_last, "ksize", ndim), spatial(strides, is_last, "strides", ndim)

    def pooled(x: Any) -> Any:
        x = to_core(x, is_last)
        window = pool_window(padding, x.shape[2:], kernel, stride)
        return from_core(reduce(x, kernel=kernel, stride=stride, **window), is_last)

    settings = {"ksize": ksize, "strides": strides, "padding": padding, "data_format": data_format}
    return call(kind, pooled, name, attributes=settings, value=value)


def pool(
    input: Any, window_shape: Any, pooling_type: str, padding: str, dilation_rate: Any = None, strides: Any = None,
    name: str | None = None, data_format: str | None = None, dilations: Any = None,
) -> Tensor:  # fmt: skip
    """Windows over all axes between batch and channels.

    pooling_type:  "MAX" or "AVG"
    dilation_rate: steps from one element of a window to the next; only where strides are 1
    """
    if pooling_type not in ("MAX", "AVG"):
        raise ValueError(f"pooling_type must be 'MAX' or 'AVG', got {pooling_type!r}")
    x, is_last = convert_to_tensor(input), channels_last(data_format)
    ndim = x.spec.ndim - 2
    kernel, stride = (
        spatial(window_shape, is_last, "window_shape", ndim),
        spatial(strides or 1, is_last, "strides", ndim),
    )
    dilation = spatial(dilation_rate or dilations or 1, is_last, "dilation_rate", ndim)
    is_spread = any(n > 1 for n in dilation)
    if is_spread and any(n > 1 for n in stride):
        raise ValueError("strides > 1 not supported in conjunction with dilation_rate > 1")
    if is_spread and pooling_type == "AVG":
        raise NotImplementedError("pool: AVG with dilation_rate > 1: convolve with a constant filter instead")

    def pooled(x: Any) -> Any:
        x = to_core(x, is_last)
        if is_spread:
            pads = padding_of(padding, x.shape[2:], kernel, stride, dilation)
            return from_core(_largest(x, kernel=kernel, stride=stride, dilation=dilation, padding=pads), is_last)
        window = pool_window(padding, x.shape[2:], kernel, stride)
        return from_core(_REDUCTIONS[pooling_type.capitalize()](x, kernel=kernel, stride=stride, **window), is_last)

    return call(f"{pooling_type.capitalize()}Pool", pooled, name, default=f"{pooling_type.lower()}_pool", input=x)


def max_pool_with_argmax(
    input: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NHWC", Targmax: Any = None,
    name: str | None = None, output_dtype: Any = None, include_batch_in_index: bool = False,
) -> list[Tensor]:  # fmt: skip
    """The largest element of each window, and where it stands: (row * width + column) * channels + channel.

    include_batch_in_index: whether positions count from the start of the batch, not of the image
    """
    is_last = channels_last(data_format)
    kernel, stride = spatial(ksize, is_last, "ksize"), spatial(strides, is_last, "strides")
    dtype = as_dtype(Targmax or output_dtype or int64).name

    def pooled(x: Any) -> tuple[Any, Any]:
        x = to_core(x, is_last)
        batch, channels, height, width = x.shape
        out, places = ops.max_pool(
            x, kernel=kernel, stride=stride, **pool_window(padding, (height, width), kernel, stride)
        )
        where = from_core(ops.cast(places, dtype="int64"), is_last) * channels
        where = where + ops.arange(stop=channels, dtype="int64", place=x.graph)
        if include_batch_in_index:
            images = ops.arange(stop=batch, dtype="int64", place=x.graph)
            where = where + ops.reshape(images, shape=(batch, 1, 1, 1)) * (height * width * channels)
        return from_core(out, is_last), ops.cast(where, dtype=dtype)

    return call("MaxPoolWithArgmax", pooled, name, attributes={"Targmax": dtype}, input=input)
