"""A device with memory of its own, on the host: it proves the contract of a backend without hardware.

Its buffers are no NumPy arrays and refuse to be read; only `from_numpy` and `to_numpy` move data, and are counted.
Fresh memory holds rubbish, kernels insist on contiguous buffers, and a result goes where `out` offers memory.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NoReturn

import ml_dtypes
import numpy as np

from ..backend import Backend
from ..errors import DeviceError, KernelError
from ..kernel import Run
from ..op import OPS, Op
from .samples import Array

RUBBISH = 0xA5
NARROW = (np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16))


class Buffer:
    """Memory on the fake device.  It says its shape and dtype; reading it any other way is an error."""

    __slots__ = ("__weakref__", "_array")

    def __init__(self, array: Array) -> None:
        self._array = array

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each axis."""
        shape: tuple[int, ...] = self._array.shape
        return shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """What the elements are."""
        dtype: np.dtype[Any] = self._array.dtype
        return dtype

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise DeviceError(f"{self!r} was read from the host behind the backend's back; use to_numpy")

    __array__ = __float__ = __int__ = __bool__ = __iter__ = __len__ = __getitem__ = __setitem__ = __index__ = _refuse
    __buffer__ = __dlpack__ = _refuse

    def __repr__(self) -> str:
        return f"<fake buffer {self.dtype}{list(self.shape)}>"


class Memory:
    """A program's arena on the fake device."""

    __slots__ = ("_bytes",)

    def __init__(self, size: int) -> None:
        self._bytes = np.full(size, RUBBISH, np.uint8)


class FakeBackend(Backend):
    """A backend that counts what crosses between host and device.

    is_minimal: only `from_numpy` and `to_numpy`, as the smallest backend has it: no views, no writing, no arena
    devices:    how many there are
    lacking:    names of ops without a kernel
    """

    def __init__(
        self, name: str = "fake", *, is_minimal: bool = False, devices: int = 1, lacking: tuple[str, ...] = ()
    ) -> None:
        full = {} if is_minimal else {
            "view": view, "write": write, "allocate": Memory, "carve": carve, "copy": copy
        }  # fmt: skip
        super().__init__(
            name, from_numpy=self._upload, to_numpy=self._download, count=lambda: devices,
            fallback=None if lacking else fallback, pack=pack, **full,  # type: ignore[arg-type]
        )  # fmt: skip
        self.uploads = self.downloads = 0
        for op in list(OPS.values()):
            if op.name not in lacking:
                in_place = op.elementwise or op.name.endswith("_update")
                self.kernel(op.name, prepared=True, out=not is_minimal, in_place=in_place)(prepare(op))

    def _upload(self, array: Array) -> Buffer:
        self.uploads += 1
        return Buffer(np.array(array, order="C"))

    def _download(self, buffer: Buffer) -> Array:
        self.downloads += 1
        return np.array(of(buffer), order="C")

    @property
    def crossings(self) -> int:
        """How often data has crossed between host and device."""
        return self.uploads + self.downloads


def of(buffer: Any) -> Array:
    """The array behind a buffer; for the fake device's own functions."""
    if type(buffer) is not Buffer:
        raise DeviceError(f"{buffer!r} is no buffer of the fake device")
    return buffer._array


def view(buffer: Buffer, shape: tuple[int, ...], strides: tuple[int, ...], offset: int) -> Buffer:
    """The same memory, seen otherwise."""
    array = of(buffer)
    assert array.flags.c_contiguous, "core views whole memory only"
    flat = array.reshape(-1)[offset:] if array.size else array.reshape(-1)
    steps = [stride * array.itemsize for stride in strides]
    return Buffer(np.lib.stride_tricks.as_strided(flat, shape, steps))


def write(buffer: Buffer, source: Buffer) -> None:
    """Overwrite memory."""
    target, value = of(buffer), of(source)
    assert target.shape == value.shape, f"write: {source!r} does not fit {buffer!r}"
    assert target.dtype == value.dtype, f"write: {source!r} does not fit {buffer!r}"
    np.copyto(target, value)


def copy(buffer: Buffer) -> Buffer:
    """Fresh, contiguous memory with the same elements."""
    return Buffer(np.array(of(buffer), order="C"))


def pack(buffer: Buffer) -> Buffer:
    """The buffer itself where it is contiguous, else a copy."""
    return buffer if of(buffer).flags.c_contiguous else copy(buffer)


def carve(memory: Memory, offset: int, shape: tuple[int, ...], dtype: Any) -> Buffer:
    """A buffer inside an arena."""
    return Buffer(np.ndarray(shape, dtype, memory._bytes.data, offset))


def fallback(op: Op, specs: Any, settings: Any) -> Run:
    """A kernel for an op that was defined after the device."""
    return bound(op, settings)


def prepare(op: Op) -> Run:
    """The op's reference as a prepared kernel."""
    return lambda specs, settings: bound(op, settings)


def bound(op: Op, settings: Any) -> Run:
    """A kernel that computes with the reference, on buffers that must be contiguous."""

    def run(*buffers: Any, out: Any = None) -> Any:
        arrays = [None if b is None else _contiguous(b, op) for b in buffers]
        result = computed(op, arrays, settings)
        if not op.has_one_output:
            offers = out or (None,) * len(result)
            return tuple([_delivered(r, offer, op) for r, offer in zip(result, offers, strict=True)])
        return _delivered(result, out, op)

    return run


def on_buffers(run: Run, op: Op, *, strided: bool) -> Run:
    """A kernel for NumPy arrays, `(*arrays, out=None) -> tuple of arrays`, as one for buffers of the fake device."""
    read = of if strided else functools.partial(_contiguous, op=op)

    def run_on_buffers(*buffers: Any, out: Any = None) -> Any:
        offered = out if out is None or isinstance(out, tuple) else (out,)
        arrays = [None if b is None else read(b) for b in buffers]
        results = run(*arrays, out=None if offered is None else tuple([_contiguous(b, op) for b in offered]))
        offers = offered or (None,) * len(results)
        made = tuple([o if o is not None and r is of(o) else Buffer(r) for r, o in zip(results, offers, strict=True)])
        return made[0] if op.has_one_output else made

    return run_on_buffers


def computed(op: Op, arrays: list[Array | None], settings: Any) -> Any:
    """The reference's result; 16-bit floats are computed in float32 and rounded once."""
    narrow = next((x.dtype for x in arrays if x is not None and x.dtype in NARROW), None)
    if narrow is None or op.name == "cast":
        return op.reference(*arrays, **settings)
    wide = [x.astype(np.float32) if x is not None and x.dtype in NARROW else x for x in arrays]
    result = op.reference(*wide, **settings)

    def rounded(r: Array) -> Array:
        return np.asarray(r).astype(narrow) if np.asarray(r).dtype == np.float32 else r

    return tuple(map(rounded, result)) if type(result) is tuple else rounded(result)


def _contiguous(buffer: Buffer, op: Op) -> Array:
    array = of(buffer)
    if not array.flags.c_contiguous:
        raise KernelError(
            f"{op.name}: got {buffer!r} with strides {array.strides}, though it takes contiguous buffers only"
        )
    return array


def _delivered(result: Any, out: Any, op: Op) -> Buffer:
    """A result in the memory that was offered, or in memory of its own."""
    if out is None:
        return Buffer(np.array(result, order="C"))
    target = _contiguous(out, op)
    assert target.shape == np.shape(result), f"{op.name}: was offered {out!r} for a result of {np.shape(result)}"
    assert target.dtype == np.asarray(result).dtype, f"{op.name}: was offered {out!r} for {np.asarray(result).dtype}"
    if math.prod(target.shape):
        np.copyto(target, result)
    assert type(out) is Buffer
    return out
