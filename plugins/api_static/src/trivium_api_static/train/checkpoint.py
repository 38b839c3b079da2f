"""Checkpoint files: a set `name.index`, `name.data-00000-of-00001`, `name.meta`, and a list of sets named `checkpoint`.

The data file alone holds everything that a restore needs, in the safetensors layout: eight bytes that say how long
the header is, a header of JSON, the elements.  Nothing in any of them is code.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define

from trivium.errors import did_you_mean
from trivium.saving import write_aside
from trivium.spec import as_dtype as numpy_dtype

from ..dtypes import DType, as_dtype
from ..errors import DataLossError, NotFoundError

__all__ = [
    "CheckpointReader", "CheckpointState", "NewCheckpointReader", "checkpoint_exists", "get_checkpoint_state",
    "latest_checkpoint", "list_variables", "load_checkpoint", "load_variable", "update_checkpoint_state",
]  # fmt: skip

INDEX, DATA, META = ".index", ".data-00000-of-00001", ".meta"
_HEADER_AT_MOST = 100_000_000
_WORDS = {
    "float16": "F16", "bfloat16": "BF16", "float32": "F32", "float64": "F64", "int8": "I8", "int16": "I16",
    "int32": "I32",
    "int64": "I64", "uint8": "U8", "uint16": "U16", "uint32": "U32", "uint64": "U64", "bool": "BOOL",
    "complex64": "C64",
}  # fmt: skip
_DTYPES = {word: name for name, word in _WORDS.items()}


# -- one set ---------------------------------------------------------------------------------------------


def write_tensors(prefix: str, arrays: Mapping[str, np.ndarray], meta: Any | None) -> None:
    """Write a set; a file that exists is replaced by a complete one, or stays."""
    header: dict[str, Any] = {}
    at, sums = 0, {}
    for name, array in arrays.items():
        if array.dtype.name not in _WORDS:
            raise TypeError(f"{name}: {array.dtype} has no place in a checkpoint; cast it")
        header[name] = {
            "dtype": _WORDS[array.dtype.name],
            "shape": array.shape,
            "data_offsets": [at, at + array.nbytes],
        }
        sums[name] = zlib.crc32(np.ascontiguousarray(array))
        at += array.nbytes
    header["__metadata__"] = {"crc32": json.dumps(sums)}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    data = [len(text).to_bytes(8, "little"), text, *map(_elements, arrays.values())]
    write_aside(f"{prefix}{DATA}", data)
    described = {name: {"dtype": array.dtype.name, "shape": list(array.shape)} for name, array in arrays.items()}
    write_aside(f"{prefix}{INDEX}", json.dumps({"format": "trivium", "tensors": described}, indent=1).encode())
    if meta is not None:
        write_aside(f"{prefix}{META}", json.dumps(meta).encode())


def _elements(array: np.ndarray) -> memoryview:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data  # bfloat16 itself lends no memory


class Reader:
    """The tensors of one set."""

    def __init__(self, prefix: str) -> None:
        self.path = f"{prefix}{DATA}"
        try:
            self._bytes = Path(self.path).read_bytes()
        except OSError as error:
            raise NotFoundError(
                None, None, f"Unsuccessful TensorSliceReader constructor: {self.path}: {error.strerror}"
            ) from error
        self._header, self._start = self._read_header()
        metadata = self._header.pop("__metadata__", {})
        self._sums = json.loads(metadata.get("crc32", "{}"))

    def _read_header(self) -> tuple[dict[str, Any], int]:
        length = int.from_bytes(self._bytes[:8], "little")
        if len(self._bytes) < 8 or length > min(len(self._bytes) - 8, _HEADER_AT_MOST):
            raise self._damaged("its header is cut short")
        try:
            header = json.loads(self._bytes[8 : 8 + length])
            for entry in header.values():
                if "data_offsets" in entry:
                    _ = [_DTYPES[entry["dtype"]], [int(n) for n in entry["shape"]], entry["data_offsets"][1]]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise self._damaged(f"its header cannot be read: {error}") from error
        return header, 8 + length

    def _damaged(self, why: str) -> DataLossError:
        return DataLossError(None, None, f"{self.path}: {why}; restore an older checkpoint")

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each tensor."""
        return {name: tuple(entry["shape"]) for name, entry in self._header.items()}

    def read(self, name: str) -> np.ndarray:
        """A tensor, checked."""
        if name not in self._header:
            raise NotFoundError(
                None, None, f"Key {name} not found in checkpoint {self.path}{did_you_mean(name, self._header, 3)}"
            )
        entry = self._header[name]
        first, last = entry["data_offsets"]
        raw = self._bytes[self._start + first : self._start + last]
        dtype = numpy_dtype(_DTYPES[entry["dtype"]])
        if len(raw) != last - first or len(raw) != int(np.prod(entry["shape"], dtype=np.int64)) * dtype.itemsize:
            raise self._damaged(f"the elements of {name} are cut short")
        if name in self._sums and zlib.crc32(raw) != self._sums[name]:
            raise self._damaged(f"the elements of {name} were changed: the checksum differs")
        return np.frombuffer(raw, dtype).reshape(entry["shape"])


def checkpoint_exists(checkpoint_prefix: str) -> bool:
    """Whether there is a set of this name."""
    return os.path.isfile(f"{checkpoint_prefix}{INDEX}") and os.path.isfile(f"{checkpoint_prefix}{DATA}")


def remove(prefix: str) -> None:
    """Remove a set."""
    for end in (INDEX, DATA, META):
        Path(f"{prefix}{end}").unlink(missing_ok=True)


def _reader(folder_or_prefix: str) -> Reader:
    prefix = latest_checkpoint(folder_or_prefix) if os.path.isdir(folder_or_prefix) else folder_or_prefix
    if prefix is None:
        raise ValueError(f"Couldn't find 'checkpoint' file or checkpoints in given directory {folder_or_prefix}")
    return Reader(prefix)


def list_variables(ckpt_dir_or_file: str) -> list[tuple[str, list[int]]]:
    """(name, shape) of each tensor in a set, or in the newest one of a folder."""
    return [(name, list(shape)) for name, shape in sorted(_reader(str(ckpt_dir_or_file)).shapes().items())]


def load_variable(ckpt_dir_or_file: str, name: str) -> np.ndarray:
    """A tensor of a set, or of the newest one of a folder."""
    return _reader(str(ckpt_dir_or_file)).read(name.removesuffix(":0")).copy()


class CheckpointReader:
    """Looks into a set without a graph."""

    def __init__(self, filepattern: str) -> None:
        self._reader = _reader(str(filepattern))

    def has_tensor(self, tensor_name: str) -> bool:
        """Whether the set has a tensor of this name."""
        return tensor_name in self._reader.shapes()

    def get_tensor(self, tensor_name: str) -> np.ndarray:
        """A tensor."""
        return self._reader.read(tensor_name).copy()

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """The shape of each tensor."""
        return {name: list(shape) for name, shape in self._reader.shapes().items()}

    def get_variable_to_dtype_map(self) -> dict[str, DType]:
        """The dtype of each tensor."""
        return {name: as_dtype(self._reader.read(name).dtype) for name in self._reader.shapes()}


NewCheckpointReader = load_checkpoint = CheckpointReader


# -- the list of sets ------------------------------------------------------------------------------------


@define
class CheckpointState:
    """What the file `checkpoint` says: the newest set, and all that are kept."""

    model_checkpoint_path: str
    all_model_checkpoint_paths: list[str]


def update_checkpoint_state(
    save_dir: str, model_checkpoint_path: str, all_model_checkpoint_paths: Sequence[str] | None = None,
    latest_filename: str | None = None, save_relative_paths: bool = False,
) -> None:  # fmt: skip
    """Write the file `checkpoint`; relative paths are written relative to its folder, absolute ones where asked."""
    paths = list(all_model_checkpoint_paths or [])
    if model_checkpoint_path not in paths:
        paths.append(model_checkpoint_path)

    def written(path: str) -> str:
        stays = os.path.isabs(path) and not save_relative_paths
        return path if stays else os.path.relpath(path, save_dir or ".")

    lines = [f"model_checkpoint_path: {json.dumps(written(model_checkpoint_path))}"]
    lines += [f"all_model_checkpoint_paths: {json.dumps(written(path))}" for path in paths]
    text = "".join(f"{line}\n" for line in lines)
    write_aside(os.path.join(save_dir, latest_filename or "checkpoint"), text.encode())


def get_checkpoint_state(checkpoint_dir: str, latest_filename: str | None = None) -> CheckpointState | None:
    """What the file `checkpoint` of a folder says, or None."""
    try:
        text = Path(checkpoint_dir, latest_filename or "checkpoint").read_text()
    except OSError:
        return None
    found: dict[str, list[str]] = {"model_checkpoint_path": [], "all_model_checkpoint_paths": []}
    for key, value in re.findall(r'^\s*(\w+)\s*:\s*("(?:[^"\\]|\\.)*")\s*$', text, re.MULTILINE):
        path = json.loads(value)
        found.setdefault(key, []).append(path if os.path.isabs(path) else os.path.join(checkpoint_dir, path))
    if not found["model_checkpoint_path"]:
        return None
    return CheckpointState(found["model_checkpoint_path"][-1], found["all_model_checkpoint_paths"])


def latest_checkpoint(checkpoint_dir: str, latest_filename: str | None = None) -> str | None:
    """The newest set of a folder that is there, or None."""
    state = get_checkpoint_state(str(checkpoint_dir), latest_filename)
    if state is None or not checkpoint_exists(state.model_checkpoint_path):
        return None
    return state.model_checkpoint_path
