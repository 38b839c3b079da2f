"""Storage: memory on a device.  The only thing in the project that is ever overwritten."""

from __future__ import annotations

from multiprocessing import shared_memory
from typing import Any
from weakref import finalize

import numpy as np

from .backend import Buffer, Device, strided
from .errors import DeviceError
from .op import Layout
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
        """Zeroed memory that other processes can attach to by `name_of`; host devices only.

        Released when the Storage is.
        """
        if not device.backend.is_host:
            raise DeviceError(f"shared memory: {device} has memory of its own; use a device whose memory is the host's")
        array, block = _shared_array(spec, None)
        storage = cls(array, device)
        _BLOCKS[id(storage)] = block
        finalize(storage, _release, id(storage), True)
        return storage

    @classmethod
    def attach(cls, name: str, spec: Spec, device: Device) -> Storage:
        """The shared memory that another process named."""
        array, block = _shared_array(spec, name)
        storage = cls(array, device)
        _BLOCKS[id(storage)] = block
        finalize(storage, _release, id(storage), False)
        return storage

    @property
    def shared_name(self) -> str | None:
        """The name that other processes attach by, or None where the memory is private."""
        block = _BLOCKS.get(id(self))
        return None if block is None else block.name

    def __dlpack__(self, **options: Any) -> Any:
        return self.buffer.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.buffer.__dlpack_device__()

    def __repr__(self) -> str:
        return f"<storage on {self.device}, version {self.version}>"


_BLOCKS: dict[int, shared_memory.SharedMemory] = {}


def _shared_array(spec: Spec, name: str | None) -> tuple[np.ndarray[Any, Any], shared_memory.SharedMemory]:
    shape: Any = spec.shape
    size = max(1, int(np.prod(shape, dtype=np.int64)) * spec.dtype.itemsize)
    block = shared_memory.SharedMemory(name, create=name is None, size=size)
    return np.ndarray(shape, spec.dtype, block.buf), block


def _release(key: int, is_owner: bool) -> None:
    block = _BLOCKS.pop(key)
    if is_owner:
        block.unlink()
    try:
        block.close()
    except BufferError:  # an array still looks at it; the memory goes with that array
        pass
