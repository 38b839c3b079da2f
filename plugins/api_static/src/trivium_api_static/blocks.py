"""Images cut into blocks: blocks that become channels or images of their own, and patches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trivium import ops

from .build import call
from .conversion import as_tensor
from .graph import get_default_graph
from .operation import Tensor
from .sizing import as_number, as_numbers
from .windows import channels_last, from_core, padding_of, spatial, to_core

__all__ = [
    "space_to_depth", "depth_to_space", "space_to_batch", "batch_to_space", "space_to_batch_nd", "batch_to_space_nd",
    "extract_image_patches",
]  # fmt: skip


def space_to_depth(input: Any, block_size: int, name: str | None = None, data_format: str = "NHWC") -> Tensor:
    """Blocks of pixels made channels."""
    return _woven("SpaceToDepth", ops.space_to_depth, input, block_size, name, data_format)


def depth_to_space(input: Any, block_size: int, name: str | None = None, data_format: str = "NHWC") -> Tensor:
    """Channels made blocks of pixels."""
    return _woven("DepthToSpace", ops.depth_to_space, input, block_size, name, data_format)


def _woven(kind: str, function: Any, x: Any, block: int, name: str | None, data_format: str) -> Tensor:
    is_last = channels_last(data_format)
    return call(
        kind, lambda x: from_core(function(to_core(x, is_last), block=block), is_last), name, input=x,
        attributes={"block_size": block, "data_format": data_format},
    )  # fmt: skip


def space_to_batch_nd(input: Any, block_shape: Any, paddings: Any, name: str | None = None) -> Tensor:
    """Pixels `block` apart made images of their own, after a border of zeros.

    input:       (batch, *spatial, ...)
    block_shape: one size for each spatial axis
    paddings:    (spatial axes, 2)
    """
    blocks, widths = as_numbers(block_shape, "block_shape"), _rows(paddings, "paddings")
    m = len(blocks)

    def spread(x: Any) -> Any:
        x = ops.pad(x, widths=((0, 0), *widths, *[(0, 0)] * (x.ndim - m - 1)))
        batch, sizes, rest = x.shape[0], x.shape[1 : m + 1], x.shape[m + 1 :]
        apart = [part for n, b in zip(sizes, blocks, strict=True) for part in (n // b, b)]
        x = ops.reshape(x, shape=(batch, *apart, *rest))
        places, inside = range(1, 2 * m, 2), range(2, 2 * m + 1, 2)
        x = ops.transpose(x, axes=(*inside, 0, *places, *range(2 * m + 1, x.ndim)))
        return ops.reshape(x, shape=(-1, *[n // b for n, b in zip(sizes, blocks, strict=True)], *rest))

    return call("SpaceToBatchND", spread, name, input=input)


def batch_to_space_nd(input: Any, block_shape: Any, crops: Any, name: str | None = None) -> Tensor:
    """The opposite of space_to_batch_nd; `crops` are cut off."""
    blocks, cuts = as_numbers(block_shape, "block_shape"), _rows(crops, "crops")
    m = len(blocks)

    def gathered(x: Any) -> Any:
        batch, sizes, rest = x.shape[0], x.shape[1 : m + 1], x.shape[m + 1 :]
        for b in blocks:
            batch = batch // b
        x = ops.reshape(x, shape=(*blocks, batch, *sizes, *rest))
        woven = [axis for i in range(m) for axis in (m + 1 + i, i)]
        x = ops.transpose(x, axes=(m, *woven, *range(2 * m + 1, x.ndim)))
        x = ops.reshape(x, shape=(batch, *[n * b for n, b in zip(sizes, blocks, strict=True)], *rest))
        starts, stops = zip(*[(low, -high or None) for low, high in cuts], strict=True)
        return ops.slice(x, start=(None, *starts), stop=(None, *stops))

    return call("BatchToSpaceND", gathered, name, input=input)


def space_to_batch(
    input: Any, paddings: Any, block_size: Any = None, name: str | None = None, block_shape: Any = None
) -> Tensor:
    """Pixels `block_size` apart made images of their own, after a border of zeros."""
    block = as_number(block_size, "block_size") if block_shape is None else block_shape
    return space_to_batch_nd(input, block if block_shape is not None else [block, block], paddings, name)


def batch_to_space(
    input: Any, crops: Any, block_size: Any = None, name: str | None = None, block_shape: Any = None
) -> Tensor:
    """The opposite of space_to_batch; `crops` are cut off."""
    block = as_number(block_size, "block_size") if block_shape is None else block_shape
    return batch_to_space_nd(input, block if block_shape is not None else [block, block], crops, name)


def extract_image_patches(
    images: Any, ksizes: Sequence[int] | None = None, strides: Sequence[int] | None = None,
    rates: Sequence[int] | None = None, padding: str | None = None, name: str | None = None,
    sizes: Sequence[int] | None = None,
) -> Tensor:  # fmt: skip
    """The patches of images, each a row of channels.

    images: (batch, height, width, channels)
    return: (batch, rows, columns, patch height * patch width * channels)
    """
    kernel = spatial(sizes if ksizes is None else ksizes, True, "sizes")
    step, rate = spatial(strides, True, "strides"), spatial(rates, True, "rates")

    def patches(x: Any) -> Any:
        border = padding_of(padding, x.shape[1:3], kernel, step, rate)
        x = ops.pad(x, widths=((0, 0), *border, (0, 0)))
        spans = [(k - 1) * r + 1 for k, r in zip(kernel, rate)]
        counts = [(n - span) // s + 1 for n, span, s in zip(x.shape[1:3], spans, step)]
        parts = []
        for i in range(kernel[0]):
            for j in range(kernel[1]):
                first = (i * rate[0], j * rate[1])
                stop = [f + (count - 1) * s + 1 for f, count, s in zip(first, counts, step)]
                parts.append(ops.slice(x, start=(0, *first), stop=(None, *stop), step=(1, *step)))
        return ops.concatenate(*parts, axis=3)

    return call("ExtractImagePatches", patches, name, images=images)


def _rows(values: Any, what: str) -> tuple[tuple[int, ...], ...]:
    tensor = as_tensor(values, get_default_graph())
    if tensor is not None and tensor.known is None:
        raise ValueError(f"{what} must be known while the graph is built: {tensor}")
    return tuple([as_numbers(list(row), what) for row in (values if tensor is None else tensor.known)])
