"""The `cpu` device: buffers are NumPy arrays, kernels are NumPy at its best."""

import numpy as np

from trivium.backend import Backend
from trivium.kernel import reference_kernel

from . import (
    convolution,
    creation,
    elementwise,
    indexing,
    linear_algebra,
    loss,
    normalization,
    pooling,
    random,
    recurrence,
    reduction,
    shaping,
    update,
)

__all__ = ["backend"]


def view(buffer, shape, strides, offset):
    """The same memory in another shape; strides and offset count elements of a contiguous buffer."""
    steps = [stride * buffer.itemsize for stride in strides]
    flat = buffer.reshape(-1)[offset:] if offset else buffer
    return np.lib.stride_tricks.as_strided(flat, shape, steps)


def allocate(size):
    """Bytes that start at a multiple of 64, so that vector instructions load whole cache lines."""
    memory = np.empty(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size]


def carve(memory, offset, shape, dtype):
    """An array inside allocated bytes."""
    return np.ndarray(shape, dtype, memory.data, offset)


def from_numpy(array):
    """The array itself where it is row-major, else a copy."""
    return np.asarray(array, order="C")


def copy(buffer):
    """A row-major copy."""
    return np.array(buffer, order="C")


def pack(buffer):
    """The array itself where it is row-major, else a copy: ufuncs answer in the order of their operands."""
    return buffer if buffer.flags.c_contiguous else np.array(buffer, order="C")


backend = Backend(
    "cpu",
    from_numpy=from_numpy,
    to_numpy=np.asarray,
    view=view,
    write=np.copyto,
    allocate=allocate,
    carve=carve,
    copy=copy,
    pack=pack,
    fallback=reference_kernel,
    strided=True,
    is_host=True,
)


def register_ufunc(name, ufunc):
    """A ufunc is a kernel as it is, but for shape (), where NumPy would return a number that cannot be written to."""

    @backend.kernel(name, prepared=True, strided=True, in_place=True)
    def prepare(specs, settings):
        if any(spec.shape for spec in specs):
            return ufunc
        return lambda *buffers, out=None: np.asarray(ufunc(*buffers, out=out))


FAMILIES = (
    convolution, creation, elementwise, indexing, linear_algebra, loss, normalization, pooling, random, recurrence,
    reduction, shaping, update,
)  # fmt: skip

for family in FAMILIES:
    can_overwrite = getattr(family, "IN_PLACE", ())
    for name, kernel in family.KERNELS.items():
        if isinstance(kernel, np.ufunc):
            register_ufunc(name, kernel)
        else:
            backend.kernel(name, strided=True, in_place=name in can_overwrite)(kernel)
    for name, prepare in family.PREPARED.items():
        backend.kernel(name, prepared=True, strided=True, in_place=name in can_overwrite)(prepare)
