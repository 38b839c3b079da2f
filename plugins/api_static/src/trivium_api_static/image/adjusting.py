"""Brightness, contrast and colours, changed by an amount or by chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trivium import ops
from trivium.spec import product

from ..build import call, convert_to_tensor
from ..operation import Tensor
from ..random import random_uniform
from .conversion import in_floats

__all__ = [
    "adjust_brightness", "adjust_contrast", "adjust_gamma", "adjust_hue", "adjust_saturation",
    "per_image_standardization", "psnr", "random_brightness", "random_contrast", "random_hue", "random_saturation",
    "total_variation",
]  # fmt: skip


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


# -- by an amount ------------------------------------------------------------------------------------------


def _adjusted(kind: str, default: str, image: Any, amount: Any, change: Callable[[Any, Any], Any]) -> Tensor:
    """An image changed by an amount: a number, or a scalar tensor."""

    def compute(x: Any, amount: Any) -> Any:
        return in_floats(x, lambda x: change(x, ops.cast(amount, dtype=x.dtype.name)))

    return call(kind, compute, default=default, free=("amount",), image=image, amount=amount)


def adjust_brightness(image: Any, delta: Any) -> Tensor:
    """image + delta; whole numbers count from 0 to 1, and are cut off there."""
    return _adjusted("Add", "adjust_brightness", image, delta, lambda x, delta: x + delta)


def adjust_contrast(images: Any, contrast_factor: Any) -> Tensor:
    """Each channel's distance from its mean over the image, times a factor."""

    def change(x: Any, factor: Any) -> Any:
        middle = ops.mean(x, axis=(x.ndim - 3, x.ndim - 2), keepdims=True)
        return (x - middle) * factor + middle

    return _adjusted("AdjustContrastv2", "adjust_contrast", images, contrast_factor, change)


def adjust_saturation(image: Any, saturation_factor: Any, name: str | None = None) -> Tensor:
    """The saturation of colours times a factor, up to 1."""
    return _adjusted(
        "AdjustSaturation", name or "adjust_saturation", image, saturation_factor,
        lambda x, factor: ops.adjust_saturation(x, factor=factor, axis=-1),
    )  # fmt: skip


def adjust_hue(image: Any, delta: Any, name: str | None = None) -> Tensor:
    """The hue of colours turned by delta, 1 being the whole circle."""
    return _adjusted(
        "AdjustHue", name or "adjust_hue", image, delta, lambda x, delta: ops.adjust_hue(x, delta=delta, axis=-1)
    )


def adjust_gamma(image: Any, gamma: Any = 1, gain: Any = 1) -> Tensor:
    """image ** gamma * gain; whole numbers count from 0 to 1."""
    return _adjusted("Mul", "adjust_gamma", image, gamma, lambda x, gamma: ops.power(x, gamma) * float(gain))


# -- by chance ---------------------------------------------------------------------------------------------


def _drawn(lower: float, upper: float, seed: int | None) -> Tensor:
    if upper < lower:
        raise ValueError(f"upper must be > lower, got {lower} to {upper}")
    return random_uniform([], lower, upper, seed=seed)


def random_brightness(image: Any, max_delta: float, seed: int | None = None) -> Tensor:
    """adjust_brightness by something from -max_delta to max_delta."""
    return adjust_brightness(image, _drawn(-_positive(max_delta), max_delta, seed))


def random_contrast(image: Any, lower: float, upper: float, seed: int | None = None) -> Tensor:
    """adjust_contrast by something from lower to upper."""
    return adjust_contrast(image, _drawn(_positive(lower, "lower"), upper, seed))


def random_saturation(image: Any, lower: float, upper: float, seed: int | None = None) -> Tensor:
    """adjust_saturation by something from lower to upper."""
    return adjust_saturation(image, _drawn(_positive(lower, "lower"), upper, seed))


def random_hue(image: Any, max_delta: float, seed: int | None = None) -> Tensor:
    """adjust_hue by something from -max_delta to max_delta, which is at most 0.5."""
    if max_delta > 0.5:
        raise ValueError("max_delta must be <= 0.5.")
    return adjust_hue(image, _drawn(-_positive(max_delta), max_delta, seed))


def _positive(number: float, what: str = "max_delta") -> float:
    if number < 0:
        raise ValueError(f"{what} must be non-negative.")
    return number


# -- measures ----------------------------------------------------------------------------------------------


def total_variation(images: Any, name: str | None = None) -> Tensor:
    """How much each image differs from itself moved by one pixel down, and by one to the right."""

    def compute(x: Any) -> Any:
        axes, total = tuple(range(x.ndim - 3, x.ndim)), 0.0
        for axis in axes[:2]:
            rest, first = (None,) * axis + (1,), (None,) * axis + (-1,)
            total = total + ops.sum(ops.absolute(ops.slice(x, start=rest) - ops.slice(x, stop=first)), axis=axes)
        return total

    return call("Sum", compute, name, default="total_variation", images=images)


def psnr(a: Any, b: Any, max_val: float, name: str | None = None) -> Tensor:
    """The ratio of the highest value and the mean difference of two images, in decibels."""

    def compute(a: Any, b: Any) -> Any:
        error = ops.mean(ops.square(a - b), axis=(a.ndim - 3, a.ndim - 2, a.ndim - 1))
        return 10.0 * ops.log10(float(max_val) ** 2 / error)

    return call("Sub", compute, name, default="PSNR", a=a, b=b)
