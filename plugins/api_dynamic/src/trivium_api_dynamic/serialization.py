"""save and load: tensors as safetensors, the rest as JSON in the same file.  Nothing is ever executed.

A file of `save(module.state_dict(), path)` is a plain safetensors file, whose tensors have the names of the state.
"""

import json
import struct
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import safetensors.numpy

from trivium.saving import write_aside
from trivium.tensor import Tensor as CoreTensor

from . import pytorch_file
from .errors import FileFormatError
from .sizes import Size
from .tensors import Tensor, around, on_host

NAMES = {
    "BOOL": np.bool_, "U8": np.uint8, "I8": np.int8, "I16": np.int16, "U16": np.uint16, "I32": np.int32,
    "U32": np.uint32, "I64": np.int64, "U64": np.uint64, "F16": np.float16, "BF16": ml_dtypes.bfloat16,
    "F32": np.float32, "F64": np.float64,
}  # fmt: skip
CODES = {np.dtype(dtype): name for name, dtype in NAMES.items()}
STRUCTURE = "trivium.structure"


# -- structure: plain data around tensors --------------------------------------------------------


class Packing:
    """Nested data turned into JSON, with its tensors set aside by name."""

    def __init__(self) -> None:
        self.tensors: dict[str, np.ndarray[Any, Any]] = {}
        self.known: dict[int, str] = {}

    def packed(self, value: Any, path: str) -> Any:
        """What stands for a value in the JSON text."""
        if isinstance(value, CoreTensor):
            return {"tensor": self.set_aside(value, path)}
        if value is None or isinstance(value, (bool, str)):
            return value
        if isinstance(value, (int, np.integer)):
            return int(value)
        if isinstance(value, (float, np.floating)):
            return {"float": float(value).hex()}
        if isinstance(value, Mapping):
            kind = "OrderedDict" if isinstance(value, OrderedDict) else "dict"
            return {kind: [[self.packed(k, "key"), self.packed(v, joined(path, k))] for k, v in value.items()]}
        if isinstance(value, (list, tuple)):
            kind = "Size" if isinstance(value, Size) else "tuple" if isinstance(value, tuple) else "list"
            return {kind: [self.packed(v, joined(path, i)) for i, v in enumerate(value)]}
        raise TypeError(
            f"save: {path or 'the object'} is a {type(value).__name__}; tensors, numbers, strings, None, lists, "
            "tuples and "
            "dicts can be saved; save module.state_dict() instead of a module"
        )

    def set_aside(self, tensor: CoreTensor, path: str) -> str:
        if id(tensor) in self.known:
            return self.known[id(tensor)]
        name = path or "tensor"
        while name in self.tensors:
            name += "'"
        if tensor.spec.dtype not in CODES:
            raise TypeError(f"save: {name} is {tensor.spec}, a dtype that the file format lacks")
        self.known[id(tensor)] = name
        self.tensors[name] = np.ascontiguousarray(on_host(tensor)).reshape(tensor.spec.shape)
        return name


def joined(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)


CONTAINERS = {"list": list, "tuple": tuple, "Size": Size}


def unpacked(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    """`Packing.packed`, undone."""
    if not isinstance(value, dict):
        return value
    ((kind, inside),) = value.items()
    if kind == "tensor":
        return tensors[inside]
    if kind == "float":
        return float.fromhex(inside)
    if kind in CONTAINERS:
        return CONTAINERS[kind]([unpacked(v, tensors) for v in inside])
    pairs = [(unpacked(k, tensors), unpacked(v, tensors)) for k, v in inside]
    return OrderedDict(pairs) if kind == "OrderedDict" else dict(pairs)


# -- files ---------------------------------------------------------------------------------------


def save(obj: Any, f: Any) -> None:
    """Write tensors and plain data around them to a path or a binary file.

    A file that stands there already is replaced only once the new one is complete.
    """
    packing = Packing()
    structure = json.dumps(packing.packed(obj, ""))
    content = safetensors.numpy.save(packing.tensors, {STRUCTURE: structure})
    if hasattr(f, "write"):
        f.write(content)
    else:
        write_aside(f, content)


def load(f: Any, map_location: Any = None, *, weights_only: bool = True) -> Any:
    """Read what `save` wrote, any safetensors file (a dict of its tensors), or what PyTorch's own torch.save wrote.

    Nothing in a file is ever executed; `weights_only=False` changes nothing.
    map_location: the device of the tensors; for PyTorch's files also a dict, or a function (storage, location)
    """
    name = getattr(f, "name", f)
    if not hasattr(f, "read") and Path(f).is_char_device():
        raise FileFormatError(f"load: {name} is a device without an end; name a safetensors file")
    content = f.read() if hasattr(f, "read") else Path(f).read_bytes()
    if pytorch_file.is_pytorchs(content):
        return pytorch_file.read(content, name, map_location)
    try:
        stored = safetensors.deserialize(content)
        (length,) = struct.unpack("<Q", content[:8])
        header = json.loads(content[8 : 8 + length])
        tensors = {key: made(described, map_location) for key, described in stored}
        structure = (header.get("__metadata__") or {}).get(STRUCTURE)
        return tensors if structure is None else unpacked(json.loads(structure), tensors)
    except (
        safetensors.SafetensorError,
        struct.error,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        raise FileFormatError(
            f"load: {name} is no complete safetensors file ({len(content)} bytes): {error}; it may be "
            "truncated, or of another kind"
        ) from error


def made(described: Mapping[str, Any], device: Any) -> Tensor:
    array = np.frombuffer(described["data"], NAMES[described["dtype"]]).reshape(described["shape"]).copy()
    tensor = around(array)
    return tensor if device is None else tensor.to(device)
