"""Writing a file so that nothing already saved is ever lost: aside, to the disk, then under its name."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress

from .errors import SaveError

__all__ = ["check_folder", "write_aside"]


def write_aside(
    path: str | os.PathLike[str], data: bytes | Sequence[bytes | memoryview], raises: type[SaveError] = SaveError
) -> None:
    """Write a file so that a reader sees the old bytes or the new, never a part.

    The bytes go to a file beside it, to the disk, and then take the name.
    data:   all of them, or parts one after the other
    raises: the error when that fails
    """
    path = os.fspath(path)
    parts = [memoryview(part) for part in ([data] if isinstance(data, bytes) else data)]
    try:
        _replace(os.path.realpath(path), parts)  # a link stays a link
    except (OSError, ValueError) as cause:
        size = sum(part.nbytes for part in parts)
        raise raises(f"{path}: cannot be written: {_why_unwritable(path, size, cause)}") from cause


def check_folder(path: str | os.PathLike[str], raises: type[SaveError] = SaveError) -> None:
    """Raise now if `path` could not be written later, before hours of training."""
    try:
        folder = os.path.dirname(os.path.realpath(os.fspath(path)))
    except ValueError as cause:  # a zero byte
        raise raises(f"{os.fspath(path)!r}: cannot be written: {cause}; write somewhere else") from cause
    if not os.path.isdir(folder):
        raise raises(f"{os.fspath(path)}: cannot be written: {_no_folder(folder)}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise raises(f"{os.fspath(path)}: cannot be written: {_no_permission(folder)}")


def _replace(path: str, parts: Sequence[memoryview]) -> None:
    folder = os.path.dirname(path)
    if os.path.isdir(path):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if os.path.exists(path) and not os.path.isfile(path):  # /dev/stdout, a pipe: a rename would remove it
        with open(path, "wb") as device:
            device.writelines(parts)
        return
    aside = os.path.join(folder, f".{secrets.token_hex(8)}.part")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        try:
            for part in parts:
                _write_all(descriptor, part)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if os.path.exists(path):
            shutil.copymode(path, aside)
        os.replace(aside, path)
    except BaseException:  # Ctrl-C too leaves nothing behind
        with suppress(OSError):  # the folder itself may be gone; the first error is the one to tell
            os.unlink(aside)
        raise
    _sync_folder(folder)


def _write_all(descriptor: int, part: memoryview) -> None:
    left = part.cast("B") if part.nbytes else part  # an empty view cannot be cast
    while left:
        left = left[os.write(descriptor, left) :]


def _sync_folder(folder: str) -> None:
    """Make the new name last through a power cut, where the file system can."""
    with suppress(OSError):  # some cannot sync a folder; the file is whole under its name
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _why_unwritable(path: str, size: int, cause: Exception) -> str:
    folder = os.path.dirname(os.path.realpath(path)) if "\0" not in path else ""
    code = getattr(cause, "errno", None)
    if code in (errno.ENOSPC, errno.EDQUOT):
        what = "the disk is full" if code == errno.ENOSPC else "the quota is used up"
        return f"{what}: {size:,} bytes are needed{_free_space(folder)}; free some space"
    if code == errno.ENOENT:
        return _no_folder(folder)
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return _no_permission(folder)
    if code == errno.EISDIR:
        return "it is a folder: name a file in it"
    reason = getattr(cause, "strerror", None) or str(cause)
    return f"{reason}; write somewhere else"


def _free_space(folder: str) -> str:
    try:
        return f", {shutil.disk_usage(folder).free:,} are free"
    except OSError:
        return ""


def _no_folder(folder: str) -> str:
    return f"the folder {folder} does not exist: make it, or name another"


def _no_permission(folder: str) -> str:
    return f"no permission to write in {folder}: change that, or name another folder"
