"""Memory that processes share.  It has no name: it ends with the last process that has it, however that one ends."""

from __future__ import annotations

import errno
import mmap
import os
import sys
import tempfile
from typing import Any

import numpy as np

from .errors import SharedMemoryError
from .spec import Spec

# since Python 3.13 a mapping needs no descriptor of its own
_MAPPING: dict[str, Any] = {"trackfd": False} if sys.version_info >= (3, 13) else {}


class SharedMemory:
    """Bytes in memory that another process can map, once it has been sent the descriptor.

    descriptor: an open file, closed with this object; what was mapped stays
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor: int | None = descriptor
        try:
            self.size = os.fstat(descriptor).st_size
            self.memory = mmap.mmap(descriptor, self.size, **_MAPPING)
        except OSError as error:
            self.close()
            raise _explained("cannot be mapped", error) from error

    @classmethod
    def of_size(cls, size: int) -> SharedMemory:
        """Zeroed bytes; at least one."""
        size = max(1, size)
        try:
            descriptor = _nameless_file()
        except OSError as error:
            raise _explained(f"{size:,} bytes cannot be had", error) from error
        try:
            _grow(descriptor, size)
        except OSError as error:
            os.close(descriptor)
            raise _explained(f"{size:,} bytes cannot be had", error) from error
        return cls(descriptor)

    def array(self, spec: Spec) -> np.ndarray[Any, Any]:
        """The bytes as an array, which keeps them."""
        shape: Any = spec.shape
        return np.ndarray(shape, spec.dtype, self.memory)

    def close(self) -> None:
        """Let the descriptor go: nobody can be sent this memory any more."""
        descriptor, self.descriptor = self.descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()


def _nameless_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("trivium", os.MFD_CLOEXEC)
    folder = "/dev/shm" if os.path.isdir("/dev/shm") else None
    descriptor, path = tempfile.mkstemp(dir=folder)
    os.unlink(path)
    return descriptor


def _grow(descriptor: int, size: int) -> None:
    """Take the room now: a page that is missing later would be a signal that kills the process."""
    if hasattr(os, "memfd_create") or not hasattr(os, "posix_fallocate"):
        os.ftruncate(descriptor, size)  # a file of memory alone is accounted for at once
    else:
        os.posix_fallocate(descriptor, 0, size)


def _explained(what: str, error: OSError) -> SharedMemoryError:
    remedies = {
        errno.EMFILE: "each tensor and each batch that came from another process keeps a file open: let go of those "
        "that are done with, or raise the limit (ulimit -n)",
        errno.ENOSPC: "the memory for files is full: enlarge /dev/shm (docker: --shm-size), or share less",
        errno.ENOMEM: "use fewer workers or smaller batches, or share less",
        errno.EFBIG: "it is larger than this process may make files (ulimit -f)",
    }
    return SharedMemoryError(f"shared memory: {what}: {error.strerror}; {remedies.get(error.errno or 0, 'share less')}")
