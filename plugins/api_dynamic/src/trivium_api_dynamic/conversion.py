"""To another dtype, another device, or a copy."""

import numpy as np

from trivium import ops
from trivium.backend import Device
from trivium.tensor import Tensor as CoreTensor

from .autograd.function import Function
from .devices import device as find_device
from .dtypes import NAMED, DType, as_torch_dtype
from .promotion import cast
from .tensors import around, method, on_host


class Move(Function):
    """The same elements on another device; the gradient travels back."""

    @staticmethod
    def forward(ctx, input, device):
        ctx.source = input.device
        return around(on_host(input).copy(), device)

    @staticmethod
    def backward(ctx, gradient):
        return Move.apply(gradient, ctx.source), None


def target_of(args, dtype, device):
    """What `to` was asked for, whatever the order of its arguments."""
    for arg in args:
        if isinstance(arg, CoreTensor):
            dtype, device = arg.spec.dtype, arg.device
        elif isinstance(arg, (DType, np.dtype)) or (
            isinstance(arg, type) and issubclass(arg, (np.generic, int, float))
        ):
            dtype = arg
        elif isinstance(arg, (str, Device)):
            device = arg
        elif arg is not None and not isinstance(arg, bool):
            raise TypeError(f"to() received an invalid combination of arguments - got ({type(arg).__name__})")
    return None if dtype is None else as_torch_dtype(dtype).dtype, None if device is None else find_device(device)


@method
def to(input, *args, dtype=None, device=None, non_blocking=False, copy=False):
    """The tensor with another dtype, on another device, or both; itself where it is so already."""
    wanted, place = target_of(args, dtype, device)
    out = input if wanted is None else cast(input, wanted)
    if place is not None and place is not input.device:
        return Move.apply(out, place)
    return ops.copy(out) if copy and out is input else out


def converter(name, dtype):
    def convert(self):
        return cast(self, dtype.dtype)

    convert.__name__ = convert.__qualname__ = name
    convert.__doc__ = f"The tensor as {dtype}."
    method(convert)


for _name in ("bool", "half", "bfloat16", "float", "double", "int", "long", "short"):
    converter(_name, NAMED.get(_name) or {
        "half": NAMED["float16"], "float": NAMED["float32"], "double": NAMED["float64"], "int": NAMED["int32"],
        "long": NAMED["int64"], "short": NAMED["int16"],
    }[_name])  # fmt: skip
converter("byte", NAMED["uint8"])
converter("char", NAMED["int8"])


@method(name="type")
def type_(input, dtype=None):
    """The tensor as another dtype, or the name of its own."""
    return repr(input.dtype) if dtype is None else cast(input, as_torch_dtype(dtype).dtype)


@method
def type_as(input, other):
    """The tensor with the dtype of another."""
    return cast(input, other.spec.dtype)


@method
def clone(input, *, memory_format=None):
    """A copy that the gradient flows through."""
    return ops.copy(input)


@method
def contiguous(input, *, memory_format=None):
    """The tensor, or a copy whose elements stand row by row."""
    return input if input.is_contiguous() else ops.copy(input)


@method
def cpu(input):
    """The tensor in host memory."""
    return to(input, "cpu")


@method
def cuda(input, device=None, non_blocking=False):
    """The tensor on a CUDA device."""
    return to(input, "cuda" if device is None else f"cuda:{device}" if isinstance(device, int) else device)
