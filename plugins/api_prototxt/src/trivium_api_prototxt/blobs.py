"""BlobProto to NumPy array and back, without a loop over the numbers."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trivium_api_prototxt.errors import ModelFileError
from trivium_api_prototxt.messages import BlobProto, PackedBlob

LEGACY = ("num", "channels", "height", "width")
MOST_AXES = 32  # as in Caffe


def blob_shape(blob: Any) -> tuple[int, ...]:
    """The sizes of a blob: its `shape`, or the four numbers that older files give."""
    if any(blob.HasField(name) for name in LEGACY):
        return tuple(getattr(blob, name) for name in LEGACY)
    return tuple(blob.shape.dim)


def blob_to_array(blob: Any, part: str = "data", where: str = "blob") -> NDArray[Any]:
    """The numbers of a blob, read-only, float32 or float64 as they are stored.

    part:  'data', or 'diff' for the gradient
    where: what an error calls the blob
    """
    doubles = f"double_{part}"
    is_double = len(getattr(blob, doubles)) > 0
    # one packed run of numbers and one run of bytes are the same on the wire
    packed = PackedBlob.FromString(blob.SerializeToString())
    numbers = np.frombuffer(getattr(packed, doubles if is_double else part), "<f8" if is_double else "<f4")
    shape = blob_shape(blob)
    if len(shape) > MOST_AXES:
        raise ModelFileError(f"{where}: {len(shape)} axes: a blob has at most {MOST_AXES}")
    if min(shape, default=0) < 0 or prod(shape) != numbers.size:
        raise ModelFileError(f"{where}: shape {shape} needs {prod(shape):,} numbers, {part} has {numbers.size:,}")
    return numbers.reshape(shape)


def array_to_blob(array: NDArray[Any], diff: NDArray[Any] | None = None) -> Any:
    """A blob with these numbers: float64 is stored as double, everything else as float."""
    is_double = array.dtype == np.float64
    packed = PackedBlob()
    for part, numbers in (("data", array), ("diff", diff)):
        if numbers is not None:
            name = f"double_{part}" if is_double else part
            setattr(packed, name, np.asarray(numbers, "<f8" if is_double else "<f4").tobytes())
    blob = BlobProto.FromString(packed.SerializeToString())
    blob.shape.dim.extend(array.shape)
    return blob
