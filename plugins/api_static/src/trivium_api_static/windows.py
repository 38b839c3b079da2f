"""TensorFlow's strides, paddings and axis orders in the words of the core, which knows N, C, spatial axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trivium import ops
from trivium.errors import ShapeError
from trivium.spec import Dim


def channels_last(data_format: str | None) -> bool:
    """Whether a data format (`NHWC`, `NCHW`, `channels_last` ...) ends in the channels."""
    name = data_format or "NHWC"
    if name in ("channels_last", "NWC", "NHWC", "NDHWC"):
        return True
    if name in ("channels_first", "NCW", "NCHW", "NCDHW"):
        return False
    raise ValueError(f"Unknown data_format {name!r}; it may be 'NHWC' or 'NCHW' ('channels_last' or 'channels_first')")


def to_core(x: Any, is_last: bool) -> Any:
    """N, C, spatial axes from TensorFlow's order."""
    return ops.transpose(x, axes=(0, x.ndim - 1, *range(1, x.ndim - 1))) if is_last else x


def from_core(x: Any, is_last: bool) -> Any:
    """TensorFlow's order from N, C, spatial axes."""
    return ops.transpose(x, axes=(0, *range(2, x.ndim), 1)) if is_last else x


def filter_to_core(weight: Any) -> Any:
    """(out, in, *kernel) from TensorFlow's (*kernel, in, out)."""
    n = weight.ndim
    return ops.transpose(weight, axes=(n - 1, n - 2, *range(n - 2)))


def depthwise_to_core(weight: Any) -> Any:
    """(channels * multiplier, 1, *kernel) from TensorFlow's (*kernel, channels, multiplier)."""
    n = weight.ndim
    channels, multiplier = weight.shape[-2:]
    turned = ops.transpose(weight, axes=(n - 2, n - 1, *range(n - 2)))
    return ops.reshape(turned, shape=(channels * multiplier, 1, *weight.shape[:-2]))


def spatial(numbers: Any, is_last: bool, what: str, ndim: int = 2) -> tuple[int, ...]:
    """The spatial entries of `[1, 2, 2, 1]` (or `[1, 1, 2, 2]`), of `[2, 2]` or of one number.

    Those of batch and channels must be 1.
    """
    entries = [int(n) for n in (numbers if isinstance(numbers, (list, tuple)) else [numbers])]
    if len(entries) == 1:
        return tuple(entries * ndim)
    if len(entries) == ndim:
        return tuple(entries)
    if len(entries) != ndim + 2:
        raise ValueError(f"{what} should be of length 1, {ndim} or {ndim + 2}, got {entries}")
    inner, outer = (entries[1:-1], (entries[0], entries[-1])) if is_last else (entries[2:], entries[:2])
    if any(n != 1 for n in outer):
        raise ValueError(
            f"Current implementation does not yet support {what} in the batch and depth dimensions: {entries}"
        )
    return tuple(inner)


def given_padding(padding: Any, is_last: bool) -> Any:
    """The spatial pairs of `[[0, 0], [1, 1], [2, 2], [0, 0]]`; a word stays a word."""
    if isinstance(padding, str) or padding is None:
        return padding
    pairs = [(int(low), int(high)) for low, high in padding]
    inner, outer = (pairs[1:-1], (pairs[0], pairs[-1])) if is_last else (pairs[2:], pairs[:2])
    if any(pair != (0, 0) for pair in outer):
        raise ValueError(f"Nonzero explicit padding in the batch or depth dimensions is not supported: {pairs}")
    return tuple(inner)


def padding_of(
    padding: Any, sizes: Sequence[Any], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> tuple[tuple[int, int], ...]:
    """Zeros before and behind each spatial axis.  SAME: ceil(size / stride) windows, an odd zero goes behind.

    padding: "SAME", "VALID", or the pairs themselves

    >>> padding_of("SAME", (5,), (3,), (2,), (1,)), padding_of("SAME", (4,), (3,), (2,), (1,))
    (((1, 1),), ((0, 1),))
    """
    if isinstance(padding, tuple):
        return padding
    if padding not in ("SAME", "VALID"):
        raise ValueError(f"Padding must be 'SAME' or 'VALID', got {padding!r}")
    if padding == "VALID":
        return ((0, 0),) * len(kernel)
    return tuple([_same(*axis) for axis in zip(sizes, kernel, stride, dilation, strict=True)])


def _same(size: Any, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    span = dilation * (kernel - 1) + 1
    if stride == 1:
        total = span - 1
    elif type(size) is int:
        total = max((-(-size // stride) - 1) * stride + span - size, 0)
    elif span == 1:
        total = 0
    else:
        raise ShapeError(
            f"padding 'SAME' with stride {stride} depends on a spatial size that is known only when the "
            f"graph runs; give "
            "the placeholder that size, or pad by hand and use 'VALID'"
        )
    return total // 2, total - total // 2


def pool_window(padding: str, sizes: Sequence[Any], kernel: Sequence[int], stride: Sequence[int]) -> dict[str, Any]:
    """The padding and rounding of a pool.

    Windows of two, two apart, never have padding in front, so SAME needs no sizes: the last one may hang over the end.
    """
    if padding == "SAME" and any(type(n) is Dim for n in sizes) and tuple(kernel) == tuple(stride) == (2,) * len(sizes):
        return {"padding": 0, "rounding": "ceil"}
    return {"padding": padding_of(padding, sizes, kernel, stride, (1,) * len(sizes))}
