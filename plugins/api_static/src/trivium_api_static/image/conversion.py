"""Images in other element types and colours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from trivium import ops

from ..build import FLOATS, call, convert_to_tensor
from ..dtypes import DType, as_dtype
from ..operation import Tensor

__all__ = ["convert_image_dtype", "grayscale_to_rgb", "hsv_to_rgb", "rgb_to_grayscale", "rgb_to_hsv"]


def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False, name: str | None = None) -> Tensor:
    """An image in another element type: floats from 0 to 1, whole numbers from 0 to their highest.

    saturate: whether what lies outside is cut off before it is cast
    """
    x, wanted = convert_to_tensor(image), as_dtype(dtype).base_dtype
    if x.dtype == wanted:
        return x
    return call(
        "Cast", lambda x: rescaled(x, as_dtype(x.dtype), wanted, saturate), name, default="convert_image", image=x
    )


def rescaled(x: Any, given: DType, wanted: DType, saturate: bool = False) -> Any:
    """The symbol of an image in another element type."""
    if given.is_floating and wanted.is_floating:
        return ops.cast(x, dtype=wanted.name)
    if given.is_floating:
        scaled = x * (wanted.max + 0.5)  # so that all whole numbers take parts of equal size
        return ops.cast(_cut(scaled, wanted) if saturate else scaled, dtype=wanted.name)
    if wanted.is_floating:
        return ops.cast(x, dtype=wanted.name) * (1.0 / given.max)
    if given.max > wanted.max:
        return ops.cast(ops.floor_divide(x, (given.max + 1) // (wanted.max + 1)), dtype=wanted.name)
    return ops.cast(x, dtype=wanted.name) * ((wanted.max + 1) // (given.max + 1))


def _cut(x: Any, wanted: DType) -> Any:
    """x within the range of whole numbers, whose highest may lie between two floats."""
    highest = np.asarray(wanted.max, x.dtype)
    if int(highest) > wanted.max:
        highest = np.nextafter(highest, np.asarray(0, x.dtype))
    return ops.clip(x, float(wanted.min), float(highest))


def in_floats(x: Any, change: Callable[[Any], Any]) -> Any:
    """What a function of floats from 0 to 1 makes of an image; whole numbers stay whole numbers."""
    given = as_dtype(x.dtype)
    if given.is_floating:
        return change(x)
    return rescaled(change(rescaled(x, given, as_dtype("float32"))), as_dtype("float32"), given, saturate=True)


def rgb_to_grayscale(images: Any, name: str | None = None) -> Tensor:
    """How bright each pixel is: (..., 3) becomes (..., 1)."""
    return call(
        "Grayscale", lambda x: in_floats(x, lambda x: ops.rgb_to_grayscale(x, axis=-1)), name,
        default="rgb_to_grayscale", images=images,
    )  # fmt: skip


def grayscale_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """The same in red, green and blue: (..., 1) becomes (..., 3)."""
    return call(
        "Tile", lambda x: ops.copy(ops.grayscale_to_rgb(x, axis=-1)), name, default="grayscale_to_rgb", images=images
    )


def rgb_to_hsv(images: Any, name: str | None = None) -> Tensor:
    """Hue, saturation and value of red, green and blue, all from 0 to 1."""
    return call("RGBToHSV", lambda x: ops.rgb_to_hsv(x, axis=-1), name, only=FLOATS, images=images)


def hsv_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """Red, green and blue of hue, saturation and value, all from 0 to 1."""
    return call("HSVToRGB", lambda x: ops.hsv_to_rgb(x, axis=-1), name, only=FLOATS, images=images)
