"""Batches on their way between processes: what is large goes as memory, the rest through the pipe."""

import io
import math
import pickle
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from typing import Any

import numpy as np

from trivium import config
from trivium.op import Leaf
from trivium.shared_memory import SharedMemory
from trivium.spec import Spec
from trivium.tensor import Parameter as CoreParameter
from trivium.tensor import Tensor as CoreTensor

# so few bytes are copied sooner than memory is mapped, and keep no file open
SMALL = 1 << 16
ALIGNMENT = 64


class Packer(pickle.Pickler):
    """Sets the elements of tensors and arrays aside; everything else is pickled as ever."""

    def reducer_override(self, obj: Any) -> Any:
        """How a tensor is packed: as bytes, of a dtype that NumPy alone need not know."""
        if not isinstance(obj, CoreTensor):
            return NotImplemented
        if obj.current_edge is not None and type(obj.edge) is not Leaf:
            raise RuntimeError(
                f"DataLoader: a worker made {obj.spec} with a gradient that cannot leave its process; detach() it"
            )
        array = np.ascontiguousarray(CoreTensor.numpy(obj))
        held = pickle.PickleBuffer(array.reshape(-1).view(np.uint8))
        name = getattr(obj, "name", None)
        return unpacked, (type(obj), held, obj.spec, obj.device.name, obj.edge is not None, name)


def unpacked(kind: type[CoreTensor], held: Any, spec: Spec, device: str, is_leaf: bool, name: str | None) -> CoreTensor:
    """The tensor, in the memory that it came in."""
    place = config.as_device(device)
    array: Any = np.frombuffer(held, spec.dtype).reshape(spec.shape)  # type: ignore[arg-type]
    made = kind.around(place.upload(array), spec, place)
    if isinstance(made, CoreParameter):
        made.name, made.trainable = name or "parameter", is_leaf
    return made.require_gradient() if is_leaf else made


def send(connection: Connection, value: Any) -> None:
    """Send anything that can be pickled."""
    buffers: list[pickle.PickleBuffer] = []
    stream = io.BytesIO()
    Packer(stream, 5, buffer_callback=buffers.append).dump(value)
    parts = [stream.getbuffer(), *[buffer.raw() for buffer in buffers]]
    sizes = [part.nbytes for part in parts]
    starts, total = places(sizes)
    if total <= SMALL:
        whole = bytearray(total)
        fill(whole, parts, starts)
        connection.send((True, sizes))
        connection.send_bytes(whole)
        return
    memory = SharedMemory.of_size(total)
    fill(memory.memory, parts, starts)
    connection.send((False, sizes))
    assert memory.descriptor is not None
    send_handle(connection, memory.descriptor, None)


def receive(connection: Connection) -> Any:
    """What the other end has sent; arrays and tensors keep the memory that they came in."""
    is_small, sizes = connection.recv()
    if is_small:
        whole: Any = memoryview(bytearray(connection.recv_bytes()))
    else:
        memory = SharedMemory(recv_handle(connection))
        memory.close()
        whole = memoryview(memory.memory)
    starts, _ = places(sizes)
    first, *buffers = [whole[start : start + size] for start, size in zip(starts, sizes)]
    return pickle.loads(first, buffers=buffers)


def places(sizes: list[int]) -> tuple[list[int], int]:
    """Where each part begins, and the size of the whole."""
    starts, end = [], 0
    for size in sizes:
        starts.append(end)
        end += math.ceil(size / ALIGNMENT) * ALIGNMENT
    return starts, end


def fill(whole: Any, parts: list[Any], starts: list[int]) -> None:
    for part, start in zip(parts, starts):
        whole[start : start + part.nbytes] = part
