"""Blobs: the arrays of a net, each with its gradient."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from trivium.backend import Device
from trivium.errors import ShapeError
from trivium.spec import Spec
from trivium.tensor import Parameter
from trivium_api_prototxt.synced_memory import SyncedMemory


class Blob:
    """float32 elements (`data`) and their gradient (`diff`), both writable arrays.

    `data` is what the memory is, not a copy: what is written there, the net computes with.
    """

    def __init__(self, shape: tuple[int, ...], device: Device, name: str, parameter: Parameter | None = None) -> None:
        self.name, self._device, self._parameter = name, device, parameter
        self._make(shape)

    def _make(self, shape: tuple[int, ...]) -> None:
        spec = Spec(shape, np.float32)
        self.data_memory = SyncedMemory(spec, self._device, self.name, self._parameter)
        self.diff_memory = SyncedMemory(spec, self._device, f"{self.name}.diff")

    @property
    def data(self) -> np.ndarray[Any, Any]:
        """The elements."""
        return self.data_memory.host()

    @property
    def diff(self) -> np.ndarray[Any, Any]:
        """The gradient of the loss with respect to the elements, as the last backward left it."""
        return self.diff_memory.host()

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each axis."""
        shape: Any = self.data_memory.spec.shape
        return shape

    @property
    def count(self) -> int:
        """How many elements."""
        return prod(self.shape)

    def reshape(self, *shape: int) -> None:
        """Give it other sizes; the net follows at its next `forward` or `reshape`."""
        if self._parameter is not None:
            raise ShapeError(f"{self.name}: is a parameter of shape {self.shape}; its layer decides its sizes")
        if min(shape, default=1) < 1:
            raise ShapeError(f"{self.name}: shape {shape}: every size must be at least 1")
        if tuple(shape) != self.shape:
            self._make(tuple(map(int, shape)))

    def _legacy(self, index: int) -> int:
        if len(self.shape) > 4:
            raise ShapeError(f"{self.name}: has {len(self.shape)} axes; num, channels, height, width name up to four")
        return self.shape[index] if index < len(self.shape) else 1

    @property
    def num(self) -> int:
        """The size of axis 0, in the words of four-dimensional blobs; 1 where there is none."""
        return self._legacy(0)

    @property
    def channels(self) -> int:
        """The size of axis 1, likewise."""
        return self._legacy(1)

    @property
    def height(self) -> int:
        """The size of axis 2, likewise."""
        return self._legacy(2)

    @property
    def width(self) -> int:
        """The size of axis 3, likewise."""
        return self._legacy(3)

    def __repr__(self) -> str:
        return f"<blob {self.name} {self.data_memory.spec}>"
