"""Data sets of what stands in files."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from collections.abc import Iterator as Walk
from typing import Any

import numpy as np

from .. import errors
from ..dtypes import string
from ..tensor_shape import TensorShape
from .dataset import Dataset
from .reading import Reading
from .structure import Kind, array_of

__all__ = ["FixedLengthRecordDataset", "TextLineDataset"]


def TextLineDataset(filenames: Any, compression_type: str | None = None, buffer_size: int | None = None) -> Dataset:
    """The lines of text files, one file after the other, without their ends.

    compression_type: "", "GZIP" or "ZLIB"
    """

    def lines(content: bytes) -> list[bytes]:
        return [line.removesuffix(b"\r") for line in content.removesuffix(b"\n").split(b"\n")] if content else []

    return _of_files(filenames, compression_type, lines)


def FixedLengthRecordDataset(
    filenames: Any, record_bytes: int, header_bytes: int = 0, footer_bytes: int = 0, buffer_size: int | None = None,
    compression_type: str | None = None,
) -> Dataset:  # fmt: skip
    """Records of equal length, one file after the other.

    header_bytes, footer_bytes: left out at the start and the end of each file
    """

    def records(content: bytes) -> list[bytes]:
        body = len(content) - header_bytes - footer_bytes
        if body < 0 or body % record_bytes:
            raise errors.InvalidArgumentError(
                None, None,
                f"{body} bytes between header and footer are no multiple of record_bytes, {record_bytes}",
            )  # fmt: skip
        return [content[header_bytes + i : header_bytes + i + record_bytes] for i in range(0, body, record_bytes)]

    return _of_files(filenames, compression_type, records)


def _of_files(filenames: Any, compression_type: str | None, parts: Callable[[bytes], list[bytes]]) -> Dataset:
    is_dataset = isinstance(filenames, Dataset)
    names = None if is_dataset else array_of([filenames] if isinstance(filenames, (str, bytes)) else filenames)

    def walk(reading: Reading) -> Walk[Any]:
        given = filenames.elements(reading) if is_dataset else np.ravel(np.asarray(reading.value(names), object))
        for name in given:
            yield from parts(read_whole(name, compression_type))

    inputs, own = ((filenames,), ()) if is_dataset else ((), (names,))
    return Dataset(kinds=Kind(string, TensorShape([])), inputs=inputs, own=own, walk=walk)


def read_whole(name: Any, compression_type: str | None = None) -> bytes:
    """The bytes of a file."""
    path = name.decode() if isinstance(name, bytes) else str(name)
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise errors.NotFoundError(None, None, f"{path}; {error.strerror}") from error
    undo = {None: bytes, "": bytes, "GZIP": gzip.decompress, "ZLIB": zlib.decompress}
    if compression_type not in undo:
        raise errors.InvalidArgumentError(None, None, f"Unsupported compression_type: {compression_type}; GZIP or ZLIB")
    try:
        return undo[compression_type](content)
    except (OSError, zlib.error, EOFError) as error:
        raise errors.DataLossError(None, None, f"{path}: not {compression_type}: {error}") from error
