"""What a backend provides: memory on a device, and kernels by op name."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from .errors import DeviceError
from .kernel import Bound, Kernel, KernelTable
from .op import Layout, Op
from .spec import Spec, as_dtype

Buffer: TypeAlias = Any


class Backend(KernelTable):
    """One type of device, such as `cpu` or `cuda`.

    Two functions are enough: `from_numpy(array) -> buffer` and `to_numpy(buffer) -> array`; a
    buffer has a `shape` and a `dtype`.  Each further function lets core do better:

    view(buffer, shape, strides, offset)   the same memory, seen otherwise; strides count elements
    write(buffer, source)                  overwrite memory with a buffer of the same shape
    allocate(size)                         that many bytes, for a program's arena
    carve(memory, offset, shape, dtype)    a buffer inside such memory; the offset counts bytes
    copy(buffer)                           fresh, contiguous memory with the same elements
    pack(buffer)                           what a kernel made of strided operands, contiguous
    synchronize()                          return when all work on the device is done
    count()                                how many devices of this type answer; 0 with no hardware
    unavailable()                          why the devices cannot be used, or None
    locate(place)                          the index of a device named by a part between, as in opencl:PLATFORM:1

    `strided`: whether `fallback` takes strided buffers.  `is_host`: whether buffers are NumPy arrays.
    `fallback(op, specs, settings)`: a kernel for any op, or a Refused.
    `preference`: orders the device `auto`, highest first; negative: never chosen by it.
    """

    def __init__(
        self,
        name: str,
        *,
        from_numpy: Callable[[np.ndarray[Any, Any]], Buffer],
        to_numpy: Callable[[Buffer], np.ndarray[Any, Any]],
        view: Callable[[Buffer, tuple[int, ...], tuple[int, ...], int], Buffer] | None = None,
        write: Callable[[Buffer, Buffer], None] | None = None,
        allocate: Callable[[int], Any] | None = None,
        carve: Callable[[Any, int, tuple[int, ...], Any], Buffer] | None = None,
        copy: Callable[[Buffer], Buffer] | None = None,
        pack: Callable[[Buffer], Buffer] = lambda buffer: buffer,
        synchronize: Callable[[], None] = lambda: None,
        count: Callable[[], int] = lambda: 1,
        unavailable: Callable[[], str | None] = lambda: None,
        locate: Callable[[str], int] | None = None,
        fallback: Callable[[Op, Any, Any], Any] | None = None,
        preference: int = 0,
        strided: bool = False,
        is_host: bool = False,
    ) -> None:
        super().__init__(name, provider=name)
        self.name = name
        self.from_numpy, self.to_numpy = from_numpy, to_numpy
        self.view, self.write, self.allocate, self.carve, self.copy = view, write, allocate, carve, copy
        self.pack = pack
        self.synchronize, self.count, self.unavailable = synchronize, count, unavailable
        self.fallback, self.strided, self.is_host = fallback, strided, is_host
        self.locate, self.preference = locate, preference
        self.tables: list[KernelTable] = [self]
        self._devices: dict[int, Device] = {}

    def device(self, index: int = 0) -> Device:
        """The device `name:index`."""
        if index not in self._devices:
            if reason := self.unavailable():
                raise DeviceError(f"device {self.name}:{index}: not available: {reason}")
            if not 0 <= index < self.count():
                raise DeviceError(f"device {self.name}:{index}: does not exist; {self.name} has {self.count()}")
            self._devices[index] = Device(self, index)
        return self._devices[index]

    def add_kernels(self, table: KernelTable) -> None:
        """Let another provider's kernels serve this device type too."""
        table.check_ties(self.tables)
        self.tables.append(table)
        self.forget()

    def candidates(self, op: Op) -> list[Kernel]:
        """Every kernel registered for an op on this device type, best first."""
        found = [kernel for table in self.tables for kernel in table.kernels.get(op.name, ())]
        return sorted(found, key=lambda kernel: -kernel.priority)

    def forget(self) -> None:
        """Choose all kernels anew at their next use, since what could serve has changed."""
        for device in self._devices.values():
            device.bound.clear()

    def __repr__(self) -> str:
        return f"<backend {self.name}>"


class Device:
    """A place where tensors live: one of a backend's devices."""

    def __init__(self, backend: Backend, index: int) -> None:
        self.backend, self.index = backend, index
        self.type = backend.name
        self.name = f"{backend.name}:{index}" if backend.count() > 1 or index else backend.name
        self.bound: dict[Any, Bound] = {}  # (op, specs, settings) -> the kernel bound to them
        self.has_stable_buffers = backend.write is not None and backend.view is not None
        self.numbers: dict[Any, Any] = {}  # (number, dtype) -> the tensor that eager calls use for it

    def upload(self, array: Any, dtype: Any = None) -> Buffer:
        """A buffer here with the elements of a NumPy array."""
        array = np.asarray(array, None if dtype is None else as_dtype(dtype))
        return self.backend.from_numpy(array)

    def download(self, buffer: Buffer) -> np.ndarray[Any, Any]:
        """The elements of a buffer as a NumPy array."""
        return self.backend.to_numpy(buffer)

    def view(self, buffer: Buffer, layout: Layout) -> Buffer:
        """The part of a buffer that a layout describes: the same memory where the backend can, else a copy."""
        shape, strides, offset = layout
        if self.backend.view is not None:
            return self.backend.view(buffer, shape, strides, offset)
        return self.upload(strided(self.download(buffer), layout).copy())

    def copy(self, buffer: Buffer) -> Buffer:
        """Fresh, contiguous memory with the same elements."""
        if self.backend.copy is not None:
            return self.backend.copy(buffer)
        return self.upload(self.download(buffer).copy())

    def empty(self, spec: Spec) -> Buffer:
        """A buffer whose elements are not set."""
        shape: Any = spec.shape
        if self.backend.allocate is not None and self.backend.carve is not None:
            return self.backend.carve(
                self.backend.allocate(math.prod(shape) * spec.dtype.itemsize), 0, shape, spec.dtype
            )
        return self.upload(np.zeros(shape, spec.dtype))

    def synchronize(self) -> None:
        """Return when all work on this device is done."""
        self.backend.synchronize()

    def __repr__(self) -> str:
        return f"<device {self.name}>"

    def __str__(self) -> str:
        return self.name


def strided(array: np.ndarray[Any, Any], layout: Layout) -> np.ndarray[Any, Any]:
    """The part of a contiguous NumPy array that a layout describes, without copying."""
    shape, strides, offset = layout
    flat = array.reshape(-1)[offset:] if array.size else array.reshape(-1)
    steps = [stride * array.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(flat, shape, steps)


def contiguous_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides in elements of a row-major array.

    >>> contiguous_strides((2, 3, 4))
    (12, 4, 1)
    """
    strides = []
    step = 1
    for size in reversed(shape):
        strides.append(step)
        step *= size
    return tuple(reversed(strides))


def repeats_elements(layout: Layout) -> bool:
    """Whether some element may stand in several places: surely none does where each stride jumps over all below it."""
    reach = 0
    for stride, size in sorted(zip(map(abs, layout[1]), layout[0], strict=True)):
        if size > 1 and stride <= reach:
            return 0 not in layout[0]
        reach += stride * (size - 1)
    return False


def is_contiguous(layout: Layout) -> bool:
    """Whether a layout's elements stand one after another, row by row."""
    shape, strides, _ = layout
    expected = contiguous_strides(shape)
    return 0 in shape or all(
        size == 1 or stride == want for size, stride, want in zip(shape, strides, expected, strict=True)
    )
