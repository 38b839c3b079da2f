"""Stores: which Storage holds the value of each slot."""

from __future__ import annotations

from typing import Any

from .backend import Buffer, Device
from .errors import StateError
from .spec import Spec
from .storage import Storage
from .tensor import Tensor


class Store:
    """Parameters hold their own values: what layers, solvers and compiled functions run on."""

    def find(self, slot: Any) -> Storage | None:
        """The Storage of a slot, or None where it has no value yet."""
        return slot.storage if isinstance(slot, Tensor) else None

    def storage(self, slot: Any) -> Storage:
        """The Storage of a slot; an error where it has no value yet."""
        found = self.find(slot)
        if found is None:
            raise StateError(f"{slot.name}: is read before it has a value; initialize it first")
        return found

    def write(self, slot: Any, buffer: Buffer, device: Device) -> None:
        """Give a slot a value: copied into its Storage, which is made where there is none, or none of that size."""
        found = self.find(slot)
        if found is None or (not slot.spec.is_concrete and found.buffer.shape != buffer.shape):
            self.adopt(slot, Storage(device.copy(buffer), device))
        else:
            found.write(buffer, getattr(slot, "layout", None))

    def adopt(self, slot: Any, storage: Storage) -> None:
        """Let a slot that has no value have this Storage."""
        raise StateError(f"{slot.name}: this store holds parameters only; use a SessionStore for {slot!r}")


class SessionStore(Store):
    """Values of its own for every slot: one per Session."""

    def __init__(self) -> None:
        self._storages: dict[Any, Storage] = {}

    def find(self, slot: Any) -> Storage | None:
        if slot in self._storages:
            return self._storages[slot]
        return slot.storage if isinstance(slot, Tensor) else None

    def adopt(self, slot: Any, storage: Storage) -> None:
        self._storages[slot] = storage

    def tensor(self, slot: Any) -> Tensor:
        """The value of a slot, sharing its memory."""
        storage = self.storage(slot)
        return Tensor.on(storage, Spec(storage.buffer.shape, slot.spec.dtype))
