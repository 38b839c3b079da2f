"""Tensor(...), FloatTensor(...) and their like: what made tensors before torch.tensor did."""

from typing import Any

import numpy as np

from trivium.backend import Device
from trivium.tensor import Tensor as CoreTensor

from .conversion import TYPE_NAMES
from .creation import array_of, empty, place_of
from .devices import device as find_device
from .dtypes import DTYPES, NAMED, Default, DType, set_default_dtype
from .errors import ArgumentError
from .sizes import Size
from .tensors import Tensor, around, fields_of
from .words import word


def constructed(args: tuple[Any, ...], dtype: Any, device: Any) -> Tensor:
    """A tensor of some size, or with some elements: FloatTensor(2, 3), FloatTensor([2, 3])."""
    if not args or all([isinstance(a, (int, np.integer)) for a in args]) or isinstance(args[0], Size):
        sizes = tuple(args[0]) if args and isinstance(args[0], Size) else args
        return empty(*sizes or (0,), dtype=dtype, device=device)
    if len(args) > 1:
        names = ", ".join([type(a).__name__ for a in args])
        raise ArgumentError(f"new() received an invalid combination of arguments - got ({names})")
    data = args[0]
    if isinstance(data, CoreTensor):
        if data.spec.dtype != DTYPES[np.dtype(dtype.dtype)].dtype:
            raise ArgumentError(f"expected {dtype} (got {data.dtype}); convert it with .to()")
        return fields_of(data, Tensor.__new__(Tensor))
    return around(np.array(array_of(data, dtype), order="C"), place_of(device))


def construct(self: Tensor, *args: Any, device: Any = None) -> None:
    fields_of(constructed(args, DTYPES[Default.dtype], device), self)


Tensor.__init__ = construct


class TensorType(type):
    """A name for tensors of one dtype in one kind of memory: isinstance(x, FloatTensor) and x.type(FloatTensor)."""

    dtype: DType
    device: str

    def __call__(cls, *args: Any, device: Any = None) -> Tensor:
        return constructed(args, cls.dtype, device or cls.device)

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, CoreTensor) and value.spec.dtype == cls.dtype.dtype and cls.is_place(value.device)

    def is_place(cls, device: Device) -> bool:
        """Whether tensors of this type may be on a device."""
        return device.type == cls.device

    def __str__(cls) -> str:
        return f"torch.{'' if cls.device == 'cpu' else cls.device + '.'}{cls.__name__}"


def types_on(device: str) -> dict[str, Any]:
    return {
        name: TensorType(name, (), {"dtype": NAMED[dtype], "device": device, "__doc__": f"Tensors of {dtype}."})
        for dtype, name in TYPE_NAMES.items()
    }


TYPES, CUDA_TYPES = types_on("cpu"), types_on("cuda")


@word(is_method=False)
def set_default_tensor_type(t):
    """Let Python floats become tensors of the dtype of a type, such as DoubleTensor."""
    name = str(t).removeprefix("torch.").removeprefix("cuda.")
    if name not in TYPES:
        raise ArgumentError(f"invalid type object: {t}; there are {', '.join(TYPES)}")
    set_default_dtype(TYPES[name].dtype)


def new(self, *args, dtype=None, device=None):
    """A tensor of some size, or with some elements, of the dtype and on the device of this one."""
    return constructed(args, dtype or self.dtype, find_device(device) if device else self.device)


Tensor.new = new
