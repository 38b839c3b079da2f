"""Whatever goes wrong while writing a file, the old one stays and no rubbish is left."""

import errno
import os
import stat

import numpy as np
import pytest

from trivium.errors import SaveError
from trivium.saving import check_folder, write_aside


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "weights"
    path.write_bytes(b"the old weights")
    return path


def failing(number, after=0):
    """A function that works `after` times and then fails as the system would."""
    calls = []

    def fail(*arguments):
        calls.append(arguments)
        if len(calls) > after:
            raise OSError(number, os.strerror(number))
        return len(arguments[1]) // 2 or 1 if len(arguments) > 1 else None

    return fail


def assert_untouched(path):
    assert path.read_bytes() == b"the old weights"
    assert os.listdir(path.parent) == [path.name]


def test_new_bytes_replace_the_old_and_nothing_else_remains(path):
    write_aside(path, b"new")

    assert path.read_bytes() == b"new"
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize(("call", "after"), [("write", 0), ("write", 1), ("fsync", 0)])
def test_a_full_disk_loses_nothing(path, monkeypatch, call, after):
    monkeypatch.setattr(os, call, failing(errno.ENOSPC, after))

    with pytest.raises(SaveError) as error:
        write_aside(path, b"new weights")

    monkeypatch.undo()
    assert str(error.value).startswith(f"{path}: cannot be written: the disk is full: 11 bytes are needed, ")
    assert str(error.value).endswith(" are free; free some space")
    assert isinstance(error.value.__cause__, OSError)
    assert_untouched(path)


def test_a_rename_that_fails_loses_nothing(path, monkeypatch):
    monkeypatch.setattr(os, "replace", failing(errno.EIO))

    with pytest.raises(SaveError, match=r"cannot be written: Input/output error; write somewhere else"):
        write_aside(path, b"new")

    assert_untouched(path)


def test_ctrl_c_while_writing_leaves_nothing_behind(path, monkeypatch):
    def interrupted(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)

    with pytest.raises(KeyboardInterrupt):
        write_aside(path, b"new")

    assert_untouched(path)


def test_a_write_that_takes_only_a_part_goes_on_with_the_rest(path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))

    write_aside(path, b"0123456789")

    assert path.read_bytes() == b"0123456789"


def test_a_folder_that_cannot_be_synced_is_no_reason_to_fail(path, monkeypatch):
    sync = os.fsync

    def only_files(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)

    write_aside(path, b"new")

    assert path.read_bytes() == b"new"


def test_a_folder_that_vanished_is_named(tmp_path):
    path = tmp_path / "gone" / "weights"

    with pytest.raises(SaveError, match=r"the folder .*/gone does not exist: make it, or name another"):
        write_aside(path, b"new")
    with pytest.raises(SaveError, match=r"the folder .*/gone does not exist"):
        check_folder(path)


def test_no_permission_is_told(path, monkeypatch):
    monkeypatch.setattr(os, "open", failing(errno.EACCES))

    with pytest.raises(SaveError, match=r"no permission to write in .*: change that, or name another folder"):
        write_aside(path, b"new")

    monkeypatch.undo()
    assert_untouched(path)


def test_a_folder_without_permission_is_told_before_training(path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)

    with pytest.raises(SaveError, match="no permission to write in"):
        check_folder(path)


def test_a_folder_under_the_name_is_told(tmp_path):
    with pytest.raises(SaveError, match="it is a folder: name a file in it"):
        write_aside(tmp_path, b"new")


@pytest.mark.parametrize("name", ["a" * 300, "zero\0byte"])
def test_a_name_that_no_file_can_have_is_told(tmp_path, name):
    with pytest.raises(SaveError, match=r"cannot be written: .*; write somewhere else"):
        write_aside(os.path.join(tmp_path, name), b"new")

    assert os.listdir(tmp_path) == []


def test_a_link_stays_a_link_and_the_file_keeps_its_permissions(path):
    path.chmod(0o640)
    link = path.with_name("latest")
    link.symlink_to(path.name)

    write_aside(link, b"new")

    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_device_is_written_and_stays_a_device():
    write_aside("/dev/null", b"new")

    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_parts_are_written_one_after_the_other_and_counted_together(path, monkeypatch):
    parts = [b"12", memoryview(np.arange(3, dtype=np.int16)), b"", memoryview(np.empty((0, 4)))]

    write_aside(path, parts)
    assert path.read_bytes() == b"12" + bytes([0, 0, 1, 0, 2, 0])

    monkeypatch.setattr(os, "write", failing(errno.ENOSPC))
    with pytest.raises(SaveError, match="the disk is full: 8 bytes are needed"):
        write_aside(path, parts)


def test_a_style_names_the_error_that_its_users_know(tmp_path):
    class SnapshotError(SaveError):
        pass

    with pytest.raises(SnapshotError):
        write_aside(tmp_path, b"new", SnapshotError)
    with pytest.raises(SnapshotError):
        check_folder(tmp_path / "gone" / "file", SnapshotError)
