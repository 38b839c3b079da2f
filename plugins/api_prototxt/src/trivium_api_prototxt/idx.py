"""Read idx files, the form in which MNIST and Fashion-MNIST are given away, plain or compressed (`.gz`).

An idx file is: two zero bytes, a code for the element type, the number of axes; one big-endian uint32
for each axis; then the elements in row-major order, big-endian.
"""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from trivium.errors import TriviumError

ELEMENT_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MOST_AXES = 8
CHUNK = 1 << 20
# deflate codes at best 258 bytes in 2 bits
BEST_COMPRESSION = 1032

HOW_TO_GET = (
    "set TRIVIUM_DATA to the folder that holds it; for Fashion-MNIST, Debian's package "
    "dataset-fashion-mnist installs /usr/share/datasets/fashion-mnist"
)


class DataError(TriviumError, ValueError):
    """A data file whose content is not what its name or header promises."""


class MissingDataError(DataError, FileNotFoundError):
    """A data file that is in none of the places where it may be."""


def find_data(name: str | Path, prototxt: str | Path | None = None) -> Path:
    """The file `name`: in the folder TRIVIUM_DATA, as given, or beside the prototxt that names it.

    Under TRIVIUM_DATA the last part of the name is enough, so one prototxt serves a subset and the full set.
    """
    places = list(dict.fromkeys(_places(Path(name), prototxt)))
    for place in places:
        if place.is_file():
            return place
    for place in places:
        if os.path.exists(place):
            kind = "a folder" if place.is_dir() else "a device"
            raise DataError(f"{place}: cannot be read: it is {kind}: name an idx file")
    raise MissingDataError(f"{name}: no such data file; looked at {', '.join(map(str, places))}; {HOW_TO_GET}")


def _places(name: Path, prototxt: str | Path | None) -> Iterator[Path]:
    folder = os.environ.get("TRIVIUM_DATA")
    if folder:
        if not Path(folder).is_dir():
            raise MissingDataError(f"TRIVIUM_DATA: not a folder: {folder!r}; name an existing one, or unset it")
        yield Path(folder) / name.name
    yield name
    if prototxt is not None and not name.is_absolute():
        yield Path(prototxt).parent / name


def read_images_and_labels(images: str | Path, labels: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Images and their labels, from two idx files that must belong together.

    return: (items, *image), (items,)
    """
    image_array, label_array = read_idx(images), read_idx(labels)
    if label_array.ndim != 1:
        raise DataError(f"{labels}: labels have one axis, this file has {label_array.ndim}: {label_array.shape}")
    if len(image_array) != len(label_array):
        raise DataError(
            f"{images}: {len(image_array)} images, but {labels} has {len(label_array)} labels; "
            "name two files of one set"
        )
    return image_array, label_array


def read_idx(path: str | Path) -> np.ndarray:
    """The array that an idx file holds, in this machine's byte order.

    Never takes more memory than the file can fill, whatever its header claims.
    """
    path = Path(path)
    try:
        with open(path, "rb") as stored:
            available = os.fstat(stored.fileno()).st_size
            if path.suffix != ".gz":
                return _read_array(path, stored, available)
            if stored.read(2) != b"\x1f\x8b":
                raise DataError(f"{path}: named .gz, but it is not a gzip file; compress it or rename it")
            stored.seek(0)
            with gzip.GzipFile(fileobj=stored) as content:
                return _read_array(path, content, available * BEST_COMPRESSION)
    except FileNotFoundError as error:
        raise MissingDataError(f"{path}: no such data file; {HOW_TO_GET}") from error
    except EOFError as error:
        raise DataError(f"{path}: the compressed data ends too early; fetch the file again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: damaged gzip data ({error}); fetch the file again") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def _read_array(path: Path, content: BinaryIO | gzip.GzipFile, most_bytes: int) -> np.ndarray:
    dtype, shape = _read_header(path, content)
    claimed = math.prod(shape) * dtype.itemsize
    if claimed > most_bytes:
        raise DataError(f"{path}: the header claims {claimed} bytes {shape}, the file holds at most {most_bytes}")
    elements = _read_at_most(content, claimed)
    if len(elements) < claimed:
        raise DataError(f"{path}: truncated: the header claims {claimed} bytes {shape}, the file holds {len(elements)}")
    if content.read(1):
        raise DataError(f"{path}: more data than the {claimed} bytes {shape} that the header claims")
    return np.frombuffer(elements, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _read_header(path: Path, content: BinaryIO | gzip.GzipFile) -> tuple[np.dtype, tuple[int, ...]]:
    magic = content.read(4)
    if len(magic) < 4:
        raise DataError(f"{path}: truncated: an idx file starts with 4 bytes, this one has {len(magic)}")
    zero, code, ndim = struct.unpack(">HBB", magic)
    if zero != 0 or code not in ELEMENT_TYPES:
        raise DataError(f"{path}: not an idx file: it starts with {magic.hex(' ')}, not with 00 00 and a type code")
    if not 1 <= ndim <= MOST_AXES:
        raise DataError(f"{path}: not an idx file: the header claims {ndim} axes, 1 to {MOST_AXES} make sense")
    sizes = content.read(4 * ndim)
    if len(sizes) < 4 * ndim:
        raise DataError(f"{path}: truncated: the header ends before the sizes of its {ndim} axes")
    return np.dtype(ELEMENT_TYPES[code]), struct.unpack(f">{ndim}I", sizes)


def _read_at_most(content: BinaryIO | gzip.GzipFile, count: int) -> bytearray:
    """Up to `count` bytes; by chunks, because `read(count)` would take the memory before it has the data."""
    elements = bytearray()
    while len(elements) < count:
        chunk = content.read(min(CHUNK, count - len(elements)))
        if not chunk:
            break
        elements += chunk
    return elements
