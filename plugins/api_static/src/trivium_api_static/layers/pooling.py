"""Pools as layers.

inputs: (batch, *spatial, channels), or channels second where `data_format` is "channels_first"
"""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define

from trivium.registry import find_layer

from ..build import call
from ..operation import Tensor
from ..windows import channels_last, from_core, pool_window, spatial, to_core
from .base import Layer, functional, through

__all__ = [
    "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D",
    "average_pooling1d", "average_pooling2d", "average_pooling3d", "max_pooling1d", "max_pooling2d", "max_pooling3d",
]  # fmt: skip


@define(slots=False, eq=False)
class Pooling(Layer):
    """A reduction of windows.

    pool_size, strides: one number, or one for each spatial axis
    """

    pool_size: Any
    strides: Any
    padding: str = "valid"
    data_format: str = "channels_last"

    ndim: ClassVar[int] = 2
    word: ClassVar[str] = "MaxPool"
    kind: ClassVar[str] = "MaxPool"
    settings: ClassVar[dict[str, Any]] = {}

    def call(self, inputs: Tensor) -> Tensor:
        is_last = channels_last(self.data_format)
        kernel = spatial(self.pool_size, is_last, "pool_size", self.ndim)
        stride = spatial(self.strides, is_last, "strides", self.ndim)

        def compute(x: Any) -> Any:
            x = to_core(x, is_last)
            window = pool_window(self.padding.upper(), x.shape[2:], kernel, stride)
            layer = find_layer(self.word)(kernel, stride=stride, **window, **self.settings)
            return from_core(through(layer, x, {}), is_last)

        return call(self.kind, compute, inputs=inputs)


class MaxPooling1D(Pooling):
    """The largest element of each window of one axis."""

    ndim, kind = 1, "Squeeze"


class MaxPooling2D(Pooling):
    """The largest element of each window of height and width."""


class MaxPooling3D(Pooling):
    """The largest element of each window of depth, height and width."""

    ndim, kind = 3, "MaxPool3D"


class AveragePooling2D(Pooling):
    """The mean of each window of height and width; padding is not counted."""

    word, kind, settings = "AveragePool", "AvgPool", {"divisor": "valid"}


class AveragePooling1D(AveragePooling2D):
    """The mean of each window of one axis; padding is not counted."""

    ndim, kind = 1, "Squeeze"


class AveragePooling3D(AveragePooling2D):
    """The mean of each window of depth, height and width; padding is not counted."""

    ndim, kind = 3, "AvgPool3D"


max_pooling1d, max_pooling2d, max_pooling3d = map(functional, (MaxPooling1D, MaxPooling2D, MaxPooling3D))
average_pooling1d, average_pooling2d, average_pooling3d = map(
    functional, (AveragePooling1D, AveragePooling2D, AveragePooling3D)
)
