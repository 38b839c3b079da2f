"""Parts of images, and images with borders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trivium import ops

from ..build import call, convert_to_tensor
from ..operation import Tensor
from ..random import random_uniform
from ..sizing import as_sizes

__all__ = [
    "central_crop", "crop_to_bounding_box", "pad_to_bounding_box", "random_crop", "resize_image_with_crop_or_pad",
]  # fmt: skip


def crop_to_bounding_box(
    image: Any, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> Tensor:
    """The part of an image from an offset on, of a size."""
    offset, size = (offset_height, offset_width), (target_height, target_width)
    if min(offset) < 0:
        raise ValueError(f"offset_height and offset_width must be >= 0, got {offset}")
    if min(size) < 1:
        raise ValueError(f"target_height and target_width must be > 0, got {size}")
    return _part(
        "crop_to_bounding_box", image, lambda x: ops.crop(x, offset=(*offset, 0), size=(*size, x.shape[3]), first=1)
    )


def pad_to_bounding_box(
    image: Any, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> Tensor:
    """An image at an offset inside zeros of a size."""

    def padded(x: Any) -> Any:
        before = (offset_height, offset_width)
        behind = [whole - size - low for whole, size, low in zip((target_height, target_width), x.shape[1:3], before)]
        if min(before) < 0 or any(type(n) is int and n < 0 for n in behind):
            raise ValueError(
                f"pad_to_bounding_box: an image of {x.shape[1:3]} at {before} does not fit into "
                f"{(target_height, target_width)}"
            )
        return ops.pad(x, widths=((0, 0), *zip(before, behind), (0, 0)))

    return _part("pad_to_bounding_box", image, padded)


def resize_image_with_crop_or_pad(image: Any, target_height: int, target_width: int) -> Tensor:
    """The middle of an image, or the image in the middle of zeros."""

    def fitted(x: Any) -> Any:
        size = (target_height, target_width, x.shape[3])
        return ops.crop_or_pad(x, size=size, first=1)

    return _part("resize_image_with_crop_or_pad", image, fitted)


def central_crop(image: Any, central_fraction: float) -> Tensor:
    """The middle of an image: a part of its height and of its width."""
    if not 0.0 < central_fraction <= 1.0:
        raise ValueError(f"central_fraction must be within (0, 1], got {central_fraction}")
    x = convert_to_tensor(image)
    if central_fraction == 1.0:
        return x

    def middle(x: Any) -> Any:
        if not all(type(n) is int for n in x.shape[1:3]):
            raise ValueError("central_crop: the image's height and width must be known; use set_shape")
        offset = tuple([int((n - n * central_fraction) / 2) for n in x.shape[1:3]])
        size = tuple([n - 2 * at for n, at in zip(x.shape[1:3], offset)])
        return ops.crop(x, offset=(*offset, 0), size=(*size, x.shape[3]), first=1)

    return _part("central_crop", x, middle)


def _part(default: str, image: Any, cut: Callable[[Any], Any]) -> Tensor:
    """What a function of a batch makes of an image or a batch."""
    x = convert_to_tensor(image)
    if x.shape.ndims not in (3, 4):
        raise ValueError(f"'image' must have either 3 or 4 dimensions, got {x.shape}")

    def compute(x: Any) -> Any:
        if x.ndim == 4:
            return ops.copy(cut(x))
        return ops.squeeze(cut(ops.expand(x, axis=0)), axis=0)

    return call("Slice", compute, default=default, image=x)


def random_crop(value: Any, size: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """A part of a tensor at a random place.

    size: one number for each axis
    """
    x, wanted = convert_to_tensor(value), as_sizes(size, "size")
    if len(wanted) != x.shape.ndims:
        raise ValueError(f"random_crop: size {wanted} is not one number for each axis of {x.shape}")
    if any(type(n) is int and type(w) is int and w > n for n, w in zip(x.spec.shape, wanted)):
        raise ValueError(f"Need value.shape >= size, got {x.shape} and {wanted}")
    chances = random_uniform([len(wanted)], seed=seed)

    def cut(x: Any, chances: Any) -> Any:
        places = ops.unstack(chances, axis=0)
        for axis, (whole, part, chance) in enumerate(zip(x.shape, wanted, places)):
            if whole is part or whole == part:
                continue
            room = ops.cast(ops.full(shape=(), value=whole - part + 1, dtype="int64", place=x.graph), dtype="float32")
            first = ops.cast(ops.floor(chance * room), dtype="int64")
            rows = ops.arange(stop=part, dtype="int64", place=x.graph) + first
            x = ops.gather(x, rows, axis=axis)
        return x

    return call("Slice", cut, name, default="random_crop", free=("chances",), value=x, chances=chances)
