"""Image functions."""

from __future__ import annotations

from typing import Any

from trivium import ops
from trivium.spec import product

from .build import call, convert_to_tensor
from .operation import Tensor

__all__ = ["per_image_standardization"]


def per_image_standardization(image: Any, name: str | None = None) -> Tensor:
    """An image, or each of a batch, scaled to zero mean and unit variance over all its elements; float32.

    image: (..., height, width, channels).  The deviation counts as at least 1 / sqrt(elements), for flat images.
    """
    tensor = convert_to_tensor(image)

    def standardize(x: Any) -> Any:
        x = x if x.dtype.kind == "f" else ops.cast(x, dtype="float32")
        axes = (x.ndim - 3, x.ndim - 2, x.ndim - 1)
        centred = x - ops.mean(x, axis=axes, keepdims=True)
        deviation = ops.sqrt(ops.mean(ops.square(centred), axis=axes, keepdims=True))
        count = product(x.shape[-3:])
        number = ops.cast(ops.full(shape=(), value=count, dtype="int64", place=x.graph), dtype=x.dtype.name)
        return centred / ops.maximum(deviation, 1.0 / ops.sqrt(number))

    return call("PerImageStandardization", standardize, name, default="per_image_standardization", image=tensor)
