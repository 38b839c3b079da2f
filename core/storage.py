"""Storage: memory on a device.  The only thing in the project that is ever overwritten."""

from __future__ import annotations

import math
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from .backend import Buffer, Device, strided
from .errors import DeviceError
from .op import Layout
from .shared_memory import SharedMemory
from .spec import Spec


class Storage:
    """A buffer, the device it lives on, and how often it has been overwritten.

    Tensors that share a Storage are views of one another.  A gradient that saved an older version
    than the present one refuses to run.
    """

    __slots__ = ("__weakref__", "buffer", "device", "version")

    def __init__(self, buffer: Buffer, device: Device) -> None:
        self.buffer, self.device, self.version = buffer, device, 0

    def write(self, source: Buffer, layout: Layout | None = None) -> None:
        """Overwrite all elements, or those that a layout describes, with a buffer of that shape."""
        self.version += 1
        backend = self.device.backend
        if backend.write is not None and (layout is None or backend.view is not None):
            backend.write(self.buffer if layout is None else self.device.view(self.buffer, layout), source)
        elif layout is None:
            self.buffer = self.device.copy(source)
        else:
            whole = np.array(self.device.download(self.buffer), order="C")
            strided(whole, layout)[...] = self.device.download(source)
            self.buffer = self.device.upload(whole)

    @classmethod
    def shared(cls, spec: Spec, device: Device) -> Storage:
        """Zeroed memory that other processes can attach to by its `descriptor`; host devices only."""
        if not device.backend.is_host:
            raise DeviceError(f"shared memory: {device} has memory of its own; use a device whose memory is the host's")
        shape: Any = spec.shape
        return cls._mapped(SharedMemory.of_size(math.prod(shape) * spec.dtype.itemsize), spec, device)

    @classmethod
    def attach(cls, descriptor: int, spec: Spec, device: Device) -> Storage:
        """The shared memory of a descriptor that another process sent; the Storage closes it."""
        return cls._mapped(SharedMemory(descriptor), spec, device)

    @classmethod
    def _mapped(cls, memory: SharedMemory, spec: Spec, device: Device) -> Storage:
        storage = cls(memory.array(spec), device)
        _SHARED[storage] = memory
        return storage

    def share(self) -> None:
        """Move to shared memory, as everything must that other processes shall see; tensors look at the buffer anew."""
        if self not in _SHARED:
            copy = Storage.shared(Spec(self.buffer.shape, self.buffer.dtype), self.device)
            np.copyto(copy.buffer, self.buffer)
            self.buffer, _SHARED[self] = copy.buffer, _SHARED[copy]

    @property
    def descriptor(self) -> int | None:
        """The open file that other processes attach by, or None where the memory is private."""
        memory = _SHARED.get(self)
        return None if memory is None else memory.descriptor

    def __dlpack__(self, **options: Any) -> Any:
        return self.buffer.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.buffer.__dlpack_device__()

    def __repr__(self) -> str:
        return f"<storage on {self.device}, version {self.version}>"


_SHARED: WeakKeyDictionary[Storage, SharedMemory] = WeakKeyDictionary()
