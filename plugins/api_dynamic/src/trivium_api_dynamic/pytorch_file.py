"""Reading the files of PyTorch's own `torch.save`: zip archives, and the streams of before 2020.

Both hold pickles, and a pickle can name any function to be called.  Here it can name those in a table: they make
tensors and containers; anything else is refused, and never looked up.
"""

import io
import math
import struct
import zipfile
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import ml_dtypes
import numpy as np

from trivium import config
from trivium.backend import is_contiguous
from trivium.errors import TriviumError
from trivium.spec import Spec
from trivium.storage import Storage
from trivium.tensor import Tensor as CoreTensor

from .devices import device as find_device
from .dtypes import NAMED
from .errors import FileFormatError
from .nn.parameter import Parameter
from .plain_pickle import Name, PlainPickle, called
from .sizes import Size
from .tensors import Tensor, around

ZIP = (b"PK\x03\x04", b"PK\x05\x06")
MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001

STORAGES = {
    "BoolStorage": np.bool_, "ByteStorage": np.uint8, "CharStorage": np.int8, "ShortStorage": np.int16,
    "IntStorage": np.int32, "LongStorage": np.int64, "HalfStorage": np.float16, "BFloat16Storage": ml_dtypes.bfloat16,
    "FloatStorage": np.float32, "DoubleStorage": np.float64, "ComplexFloatStorage": np.complex64,
    "ComplexDoubleStorage": np.complex128, "UntypedStorage": np.uint8,
}  # fmt: skip

DAMAGE = (
    zipfile.BadZipFile, EOFError, AttributeError, LookupError, ValueError, TypeError, OverflowError, MemoryError,
    RuntimeError, struct.error, TriviumError,
)  # fmt: skip


def is_pytorchs(content: bytes) -> bool:
    """Whether a file begins as those of torch.save do."""
    is_pickle = content[:1] == b"\x80" and content[8:9] != b"{"  # there a safetensors file has its header
    return content[:4] in ZIP or is_pickle


def read(content: bytes, name: Any, map_location: Any) -> Any:
    """What torch.save wrote: tensors and plain data."""
    read_it = read_archive if content[:4] in ZIP else read_stream
    try:
        return read_it(content, name, map_location)
    except FileFormatError:
        raise
    except DAMAGE as error:
        raise FileFormatError(
            f"load: {name} is a damaged or unknown file of PyTorch ({len(content)} bytes): {type(error).__name__}: "
            f"{error}; it may be truncated"
        ) from error


def read_archive(content: bytes, name: Any, map_location: Any) -> Any:
    """A zip archive: data.pkl, and a file for each storage."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (main,) = [entry for entry in archive.namelist() if entry.endswith("/data.pkl")]
        folder = main.removesuffix("data.pkl")
        if any([entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()]):
            raise FileFormatError(f"load: {name} is a compressed archive; torch.save writes none: it is another file")
        names = archive.namelist()
        order = archive.read(f"{folder}byteorder") if f"{folder}byteorder" in names else b"little"

        def find(kind: Any, key: str, location: str, count: int) -> np.ndarray[Any, Any]:
            return ordered(np.frombuffer(bytearray(archive.read(f"{folder}data/{key}")), kind, count), order == b"big")

        memory = Memory(find, map_location)
        return data_in(io.BytesIO(archive.read(main)), memory, name)


def read_stream(content: bytes, name: Any, map_location: Any) -> Any:
    """Pickles one after another, then the elements of each storage."""
    file = io.BytesIO(content)

    def find(kind: Any, key: str, location: str, count: int) -> np.ndarray[Any, Any]:
        if count * np.dtype(kind).itemsize > len(content):
            raise FileFormatError(f"it names {count} elements, more than the file holds; it may be truncated")
        return np.zeros(count, kind)

    memory = Memory(find, map_location)
    heads = [data_in(file, memory, name) for _ in range(3)]
    if heads[:2] != [MAGIC, PROTOCOL] or not isinstance(heads[2], dict):
        raise FileFormatError(f"load: {name} is a pickle, but none that torch.save wrote; it is not read")
    result = data_in(file, memory, name)
    is_big = not heads[2].get("little_endian", True)
    for key in data_in(file, memory, name):
        array = memory.arrays[key]
        count = int.from_bytes(file.read(8), "big" if is_big else "little")
        elements = file.read(count * array.itemsize)
        array[:] = ordered(np.frombuffer(elements, array.dtype, count), is_big)
    memory.upload()
    return result


def ordered(array: np.ndarray[Any, Any], is_swapped: bool) -> np.ndarray[Any, Any]:
    return array.byteswap() if is_swapped else array


class Memory:
    """The storages that a file speaks of.

    find: (dtype, key, location, count) -> the elements
    """

    def __init__(self, find: Callable[..., np.ndarray[Any, Any]], map_location: Any) -> None:
        self.find, self.map_location = find, map_location
        self.arrays: dict[str, np.ndarray[Any, Any]] = {}
        self.storages: dict[str, Storage] = {}

    def storage(self, kind: Any, key: str, location: str, count: int) -> Storage:
        """The storage of this key, on the device where it is to be."""
        if key not in self.storages:
            array = self.arrays[key] = self.find(kind, key, location, count)
            device = placed(self.map_location, location, array)
            self.storages[key] = Storage(device.upload(array), device)
        return self.storages[key]

    def upload(self) -> None:
        """Let devices with memory of their own have what has come since."""
        for key, storage in self.storages.items():
            if not storage.device.backend.is_host:
                storage.write(storage.device.upload(self.arrays[key]))


def placed(map_location: Any, location: str, array: np.ndarray[Any, Any]) -> Any:
    """The device for a storage that was on another one when it was saved."""
    if callable(map_location):
        answer = map_location(around(array), location)
        wanted: Any = answer.device if isinstance(answer, CoreTensor) else answer
    elif isinstance(map_location, Mapping):
        wanted = map_location.get(location, location)
    else:
        wanted = map_location
    if wanted is None:
        wanted = config.current_device() if location == "cpu" else location
    try:
        return find_device(wanted)
    except (RuntimeError, LookupError, ValueError) as error:
        raise FileFormatError(
            f"Attempting to deserialize object on device {wanted!r}, which is not here ({error}); use load with "
            "map_location='cpu'"
        ) from error


def data_in(file: Any, memory: Memory, name: Any) -> Any:
    """One pickle: tensors and containers of them."""

    def find(module: str, word: str) -> Name:
        module = "builtins" if module == "__builtin__" else module
        if module in ("torch", "torch.storage") and word in STORAGES:
            return Name(np.dtype(STORAGES[word]))
        if module == "torch" and word in NAMED:
            return Name(NAMED[word])
        if (module, word) not in KNOWN:
            raise FileFormatError(
                f"it names {module}.{word}: that is code, and only tensors and plain data are read.  Where PyTorch is, "
                "save the state instead: torch.save(model.state_dict(), path)"
            )
        return Name(word, KNOWN[module, word])

    def persist(pid: Any) -> Any:
        what, kind, key, location, count, *rest = pid
        if what != "storage":
            raise FileFormatError(f"it holds a {what!r}, which is no storage")
        storage = memory.storage(kind, str(key), str(location), int(count))
        if rest and rest[0] is not None:
            _, start, size = rest[0]
            return Storage(storage.buffer.reshape(-1)[start : start + size], storage.device)
        return storage

    try:
        return PlainPickle(file, find, persist).load()
    except FileFormatError as error:
        raise FileFormatError(f"load: {name} is not read: {error}") from error


# -- what a file may call ------------------------------------------------------------------------


def tensor_of(
    storage: Any, offset: int, size: Any, stride: Any, requires_grad: bool = False, hooks: Any = None, *rest: Any
) -> Tensor:
    """A tensor that sees part of a storage."""
    if not isinstance(storage, Storage):
        raise FileFormatError("a tensor stands in the file without its storage")
    count = int(storage.buffer.size)
    size, stride = tuple([int(n) for n in size]), tuple([int(n) for n in stride])
    if len(size) != len(stride) or any([n < 0 for n in (*size, *stride, offset)]):
        raise FileFormatError(f"a tensor has sizes {size} and strides {stride} from {offset}")
    last = offset + sum([(n - 1) * step for n, step in zip(size, stride)])
    if 0 not in size and last >= count:
        raise FileFormatError(f"a tensor of sizes {size} reaches element {last} of {count}")
    if 0 in size:
        made = around(np.zeros(size, storage.buffer.dtype), storage.device)
    else:
        made = seen(storage, (size, stride, int(offset)))
    return made.requires_grad_() if requires_grad else made


def seen(storage: Storage, layout: Any) -> Tensor:
    """A tensor on a storage; the first that takes all of it in order gives it its shape."""
    size, _, offset = layout
    buffer = storage.buffer
    if offset == 0 and math.prod(size) == buffer.size and is_contiguous(layout) and buffer.ndim <= 1:
        storage.buffer = buffer.reshape(size)
    whole = Tensor.on(storage, Spec(storage.buffer.shape, buffer.dtype))
    if storage.buffer.shape == size and is_contiguous(layout):
        return whole
    made: Tensor = whole.seen_as(layout)
    made.base = None
    return made


def tensor_of_bytes(
    storage: Any, offset: int, size: Any, stride: Any, requires_grad: bool, hooks: Any, dtype: Any, *rest: Any
) -> Tensor:
    """A tensor of a dtype that has no storage of its own."""
    elements = storage.buffer.view(dtype.dtype)
    return tensor_of(Storage(elements, storage.device), offset, size, stride, requires_grad)


def parameter_of(data: Tensor, requires_grad: bool = True, hooks: Any = None, *rest: Any) -> Parameter:
    """A parameter."""
    return Parameter(data, bool(requires_grad))


def of_type(function: Any, kind: Any, args: Any, state: Any) -> Any:
    """A tensor with attributes, which are left out."""
    return called(function, *args)


KNOWN: dict[tuple[str, str], Any] = {
    ("torch._utils", "_rebuild_tensor"): tensor_of,
    ("torch._utils", "_rebuild_tensor_v2"): tensor_of,
    ("torch._utils", "_rebuild_tensor_v3"): tensor_of_bytes,
    ("torch._utils", "_rebuild_parameter"): parameter_of,
    ("torch._utils", "_rebuild_parameter_with_state"): parameter_of,
    ("torch._tensor", "_rebuild_from_type_v2"): of_type,
    ("torch", "Tensor"): None,
    ("torch.nn.parameter", "Parameter"): None,
    ("torch", "Size"): Size,
    ("torch", "device"): lambda *args: ":".join(map(str, args)),
    ("collections", "OrderedDict"): OrderedDict,
    ("collections", "Counter"): Counter,
    ("collections", "defaultdict"): lambda factory=None, *args: defaultdict(None, *args),
    ("builtins", "set"): set,
    ("builtins", "frozenset"): frozenset,
    ("builtins", "complex"): complex,
    ("builtins", "bytearray"): bytearray,
    ("_codecs", "encode"): lambda text, encoding: text.encode(encoding),
}
