"""A message that cannot be written is a SnapshotError, and the old file stays."""

from __future__ import annotations

import errno
import os

import pytest

from trivium_api_prototxt.errors import SnapshotError
from trivium_api_prototxt.messages import LayerParameter, NetParameter
from trivium_api_prototxt.saving import write_message
from trivium_api_prototxt.text import write_text


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "lenet_iter_100.caffemodel"
    path.write_bytes(b"the old weights")
    return path


def assert_untouched(path):
    assert path.read_bytes() == b"the old weights"
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("write", [write_message, write_text])
def test_a_full_disk_loses_nothing(path, monkeypatch, write):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(SnapshotError, match="cannot be written: the disk is full"):
        write(path, NetParameter(name="net"))

    monkeypatch.undo()
    assert_untouched(path)


def test_a_message_that_cannot_be_encoded_touches_no_file(path):
    net = NetParameter(layer=[LayerParameter(name="clip")])
    net.layer[0].clip_param.min = 0

    with pytest.raises(SnapshotError, match=r"cannot be written: .*clip_param.max"):
        write_message(path, net)

    assert_untouched(path)
