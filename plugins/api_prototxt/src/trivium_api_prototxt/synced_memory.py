"""Memory that the host and a device both see: each side is brought up to date when it is asked for."""

from __future__ import annotations

from enum import Enum
from typing import Any
from weakref import ref

import numpy as np

from trivium.backend import Device
from trivium.spec import Spec
from trivium.tensor import Parameter


class State(Enum):
    """Which side is the newest."""

    UNINITIALIZED = "uninitialized"
    AT_HOST = "at host"
    AT_DEVICE = "at device"
    SYNCED = "synced"


class SyncedMemory:
    """The elements of a blob: an array on the host, a Parameter on the device.

    While an array that was handed out for writing is alive, it is the truth: the device is brought up to date
    before each run, and the array after it.  Where the device's memory is the host's, both are the same bytes
    and nothing is ever copied.

    parameter: what holds the elements already
    """

    def __init__(self, spec: Spec, device: Device, name: str, parameter: Parameter | None = None) -> None:
        self.spec, self.device, self.name = spec, device, name
        self.state = State.UNINITIALIZED if parameter is None else State.AT_DEVICE
        self.uploads = self.downloads = 0
        self._parameter = parameter
        self._array: np.ndarray[Any, Any] | None = None
        self._lent: Any = lambda: None

    @property
    def slot(self) -> Parameter:
        """The device's side, to be overwritten: it may be out of date."""
        if self._parameter is None:
            zeros = np.zeros(self.spec.shape, self.spec.dtype)  # type: ignore[arg-type]
            self._parameter = Parameter(zeros, name=self.name, trainable=False, device=self.device)
        return self._parameter

    def host(self) -> np.ndarray[Any, Any]:
        """The host's side, to be read and written: the newest from now on."""
        if self.device.backend.is_host:
            self.state = State.AT_HOST
            self.slot.storage.version += 1
            array: np.ndarray[Any, Any] = self.slot.storage.buffer
            return array
        flat = self._lent()
        if flat is None or self.state is State.AT_DEVICE:
            self._download()
        if flat is None:
            # every view of this array keeps it alive, so its end tells that nobody can write any more
            flat = np.frombuffer(self._array.data, self.spec.dtype)  # type: ignore[union-attr]
            self._lent = ref(flat)
        self.state = State.AT_HOST
        return flat.reshape(self.spec.shape)  # type: ignore[no-any-return]

    def read(self) -> np.ndarray[Any, Any]:
        """The host's side, to be read only."""
        if self.device.backend.is_host:
            view = self.slot.storage.buffer[...]
        else:
            if self._lent() is None:
                self._download()
            view = self._array[...]  # type: ignore[index]
        view.flags.writeable = False
        return view

    def at_device(self) -> Parameter:
        """The device's side, up to date."""
        if not self.device.backend.is_host and (self.state is State.AT_HOST or self._lent() is not None):
            self.slot.storage.write(self.device.upload(self._array))
            self.uploads += 1
            self.state = State.SYNCED
        elif self.state is State.AT_HOST:
            self.state = State.SYNCED
        return self.slot

    def write(self, values: Any) -> None:
        """Overwrite all elements from the host."""
        self.host()[...] = values

    def written(self) -> None:
        """A program has overwritten the device's side."""
        self.state = State.AT_DEVICE
        if not self.device.backend.is_host and self._lent() is not None:
            self._download()

    def _download(self) -> None:
        if self._array is None:
            self._array = np.zeros(self.spec.shape, self.spec.dtype)  # type: ignore[arg-type]
        if self.state is State.AT_DEVICE:
            self._array[...] = self.device.download(self.slot.storage.buffer)
            self.downloads += 1
            self.state = State.SYNCED

    def __repr__(self) -> str:
        return f"<memory of {self.name} {self.spec}, {self.state.value}>"
