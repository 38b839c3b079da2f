"""Writing a file so that nothing already saved is ever lost: aside, to the disk, then under its name."""

from __future__ import annotations

import errno
import os
import secrets
import shutil

from google.protobuf.message import EncodeError, Message

from trivium_api_prototxt.errors import SnapshotError


def write_message(path: str | os.PathLike[str], message: Message) -> None:
    """Write a binary message, replacing the file only when all is written."""
    try:
        data = message.SerializeToString()
    except (EncodeError, ValueError) as error:
        raise SnapshotError(f"{os.fspath(path)}: cannot be written: {error}") from error
    write_aside(path, data)


def write_aside(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file so that a reader sees the old bytes or the new, never a part.

    The bytes go to a file beside it, to the disk, and then take the name.
    """
    path = os.fspath(path)
    try:
        _replace(os.path.realpath(path), data)  # a link stays a link
    except (OSError, ValueError) as cause:
        raise SnapshotError(f"{path}: cannot be written: {_why_unwritable(path, data, cause)}") from cause


def check_folder(path: str | os.PathLike[str]) -> None:
    """Raise SnapshotError now if `path` could not be written later, before hours of training."""
    folder = os.path.dirname(os.path.realpath(os.fspath(path)))
    if not os.path.isdir(folder):
        raise SnapshotError(f"{os.fspath(path)}: cannot be written: {_no_folder(folder)}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SnapshotError(f"{os.fspath(path)}: cannot be written: {_no_permission(folder)}")


def _replace(path: str, data: bytes) -> None:
    folder = os.path.dirname(path)
    if os.path.isdir(path):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if os.path.exists(path) and not os.path.isfile(path):  # /dev/stdout, a pipe: a rename would remove it
        with open(path, "wb") as device:
            device.write(data)
        return
    aside = os.path.join(folder, f".{secrets.token_hex(8)}.part")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        try:
            _write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if os.path.exists(path):
            shutil.copymode(path, aside)
        os.replace(aside, path)
    except BaseException:  # Ctrl-C too leaves nothing behind
        _remove(aside)
        raise
    _sync_folder(folder)


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass  # the folder itself may be gone; the first error is the one to tell


def _sync_folder(folder: str) -> None:
    """Make the new name last through a power cut, where the file system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass  # the file is whole under its name; some file systems cannot sync a folder
    finally:
        os.close(descriptor)


def _why_unwritable(path: str, data: bytes, cause: Exception) -> str:
    folder = os.path.dirname(os.path.realpath(path)) if "\0" not in path else ""
    code = getattr(cause, "errno", None)
    if code in (errno.ENOSPC, errno.EDQUOT):
        what = "the disk is full" if code == errno.ENOSPC else "the quota is used up"
        return f"{what}: {len(data):,} bytes are needed{_free_space(folder)}; free some space"
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
