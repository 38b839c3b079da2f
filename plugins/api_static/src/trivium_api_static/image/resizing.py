"""Images in other sizes, by TensorFlow 1's rules: without `align_corners`, pixel i looks at i * scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trivium import ops

from ..build import call, convert_to_tensor
from ..operation import Tensor
from ..sizing import as_sizes

__all__ = [
    "ResizeMethod", "resize_area", "resize_bicubic", "resize_bilinear", "resize_images", "resize_nearest_neighbor",
]  # fmt: skip


class ResizeMethod:
    """How pixels of an image in another size are made of those around."""

    BILINEAR, NEAREST_NEIGHBOR, BICUBIC, AREA = 0, 1, 2, 3


_METHODS = {
    ResizeMethod.BILINEAR: ("linear", "ResizeBilinear"),
    ResizeMethod.NEAREST_NEIGHBOR: ("nearest", "ResizeNearestNeighbor"),
    ResizeMethod.BICUBIC: ("cubic", "ResizeBicubic"), ResizeMethod.AREA: ("area", "ResizeArea"),
}  # fmt: skip


def resize_images(
    images: Any, size: Any, method: int = ResizeMethod.BILINEAR, align_corners: bool = False,
    preserve_aspect_ratio: bool = False, name: str | None = None,
) -> Tensor:  # fmt: skip
    """An image, or each of a batch, in another size; float32, but for the nearest pixels, which stay what they are.

    size: (height, width)
    """
    x = convert_to_tensor(images)
    if x.shape.ndims not in (3, 4):
        raise ValueError(f"'images' must have either 3 or 4 dimensions, got {x.shape}")
    if method not in _METHODS:
        raise ValueError(
            f"Resize method is not implemented: {method}; it may be 0 (bilinear), 1 (nearest), 2 (bicubic) or 3 (area)"
        )
    height, width = as_sizes(size, "size")
    if preserve_aspect_ratio:
        height, width = _inside(x.spec.shape[-3:-1], height, width)
    if tuple(x.spec.shape[-3:-1]) == (height, width):
        return x
    return _resized(x, (height, width), method, align_corners, name, "resize_images")


def _inside(sizes: Any, height: int, width: int) -> tuple[int, int]:
    """The largest size of the same form."""
    if not all(type(n) is int for n in sizes):
        raise ValueError("resize_images: preserve_aspect_ratio needs a known height and width; use set_shape")
    scale = min(height / sizes[0], width / sizes[1])
    return max(1, round(scale * sizes[0])), max(1, round(scale * sizes[1]))


def _resized(x: Tensor, size: Any, method: int, align_corners: bool, name: str | None, default: str | None) -> Tensor:
    word, kind = _METHODS[method]
    corners = "align_corners" if align_corners else "asymmetric"

    def compute(x: Any) -> Any:
        given = x.dtype.name
        x = ops.cast(x, dtype="float32")
        x = x if x.ndim == 4 else ops.expand(x, axis=0)
        made = ops.resize(ops.transpose(x, axes=(0, 3, 1, 2)), size=tuple(size), method=word, corners=corners)
        made = ops.transpose(made, axes=(0, 2, 3, 1))
        made = made if ndim == 4 else ops.squeeze(made, axis=0)
        return ops.cast(made, dtype=given) if word == "nearest" else made

    ndim = x.shape.ndims
    return call(kind, compute, name, default=default, attributes={"align_corners": align_corners}, images=x)


def _function(method: int, doc: str) -> Callable[..., Tensor]:
    def resize(images: Any, size: Any, align_corners: bool = False, name: str | None = None) -> Tensor:
        return _resized(convert_to_tensor(images), as_sizes(size, "size"), method, align_corners, name, None)

    resize.__doc__ = doc
    return resize


resize_bilinear = _function(ResizeMethod.BILINEAR, "A batch in another size: float32, from two neighbours an axis.")
resize_nearest_neighbor = _function(ResizeMethod.NEAREST_NEIGHBOR, "A batch in another size: the nearest pixels.")
resize_bicubic = _function(ResizeMethod.BICUBIC, "A batch in another size: float32, from four neighbours an axis.")
resize_area = _function(ResizeMethod.AREA, "A batch in another size: float32, the mean of the area below each pixel.")
