"""Writing binary messages."""

from __future__ import annotations

import os

from google.protobuf.message import EncodeError, Message

from trivium import saving
from trivium_api_prototxt.errors import SnapshotError


def write_message(path: str | os.PathLike[str], message: Message) -> None:
    """Write a binary message, replacing the file only when all is written."""
    try:
        data = message.SerializeToString()
    except (EncodeError, ValueError) as error:
        raise SnapshotError(f"{os.fspath(path)}: cannot be written: {error}") from error
    saving.write_aside(path, data, SnapshotError)
