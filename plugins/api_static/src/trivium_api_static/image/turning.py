"""Images mirrored and turned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trivium import ops

from ..build import call, convert_to_tensor
from ..operation import Tensor
from ..random import random_uniform

__all__ = [
    "flip_left_right", "flip_up_down", "random_flip_left_right", "random_flip_up_down", "rot90", "transpose_image",
]  # fmt: skip

_HEIGHT, _WIDTH = -3, -2


def flip_left_right(image: Any) -> Tensor:
    """The image in a mirror."""
    return _turned("flip_left_right", image, lambda x: ops.flip(x, axis=_WIDTH))


def flip_up_down(image: Any) -> Tensor:
    """The image upside down, left and right as they were."""
    return _turned("flip_up_down", image, lambda x: ops.flip(x, axis=_HEIGHT))


def rot90(image: Any, k: Any = 1, name: str | None = None) -> Tensor:
    """The image turned by k quarters against the clock."""

    def turn(x: Any) -> Any:
        for _ in range(int(k) % 4):
            x = ops.flip(_transposed(x), axis=_HEIGHT)
        return x

    return _turned(name or "rot90", image, turn)


def transpose_image(image: Any) -> Tensor:
    """The image with rows for columns."""
    return _turned("transpose_image", image, _transposed)


def _transposed(x: Any) -> Any:
    n = x.ndim
    return ops.transpose(x, axes=(*range(n - 3), n - 2, n - 3, n - 1))


def _turned(default: str, image: Any, turn: Callable[[Any], Any]) -> Tensor:
    x = convert_to_tensor(image)
    if x.shape.ndims not in (3, 4):
        raise ValueError(f"'image' must have either 3 or 4 dimensions, got {x.shape}")
    return call("Reverse", lambda x: ops.copy(turn(x)), default=default, image=x)


def random_flip_left_right(image: Any, seed: int | None = None) -> Tensor:
    """The image in a mirror, or not; each one of a batch by itself."""
    return _perhaps("random_flip_left_right", image, _WIDTH, seed)


def random_flip_up_down(image: Any, seed: int | None = None) -> Tensor:
    """The image upside down, or not; each one of a batch by itself."""
    return _perhaps("random_flip_up_down", image, _HEIGHT, seed)


def _perhaps(default: str, image: Any, axis: int, seed: int | None) -> Tensor:
    x = convert_to_tensor(image)
    if x.shape.ndims not in (3, 4):
        raise ValueError(f"'image' must have either 3 or 4 dimensions, got {x.shape}")
    sizes = () if x.shape.ndims == 3 else (x.spec.shape[0], 1, 1, 1)
    chance = random_uniform(sizes, seed=seed)
    return call(
        "Select", lambda x, p: ops.where(p < 0.5, ops.flip(x, axis=axis), x), default=default, free=("chance",),
        image=x, chance=chance,
    )  # fmt: skip
