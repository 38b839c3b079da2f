"""To another dtype, another device, or a copy."""

import numpy as np

from trivium import ops
from trivium.backend import Device
from trivium.tensor import Tensor as CoreTensor

from .autograd.function import Function
from .devices import device as find_device
from .dtypes import NAMED, DType, as_torch_dtype
from .errors import ArgumentError, UnsupportedError
from .promotion import cast
from .tensors import Tensor, around, on_host
from .words import method, word


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
            raise ArgumentError(f"to() received an invalid combination of arguments - got ({type(arg).__name__})")
    return None if dtype is None else as_torch_dtype(dtype).dtype, None if device is None else find_device(device)


@method
def to(input, *args, dtype=None, device=None, non_blocking=False, copy=False, memory_format=None):
    """The tensor with another dtype, on another device, or both; itself where it is so already."""
    wanted, place = target_of(args, dtype, device)
    out = input if wanted is None else cast(input, wanted)
    if place is not None and place is not input.device:
        return Move.apply(out, place)
    return ops.copy(out) if copy and out is input else out


def converter(name, dtype):
    def convert(self, memory_format=None):
        return cast(self, dtype.dtype)

    convert.__name__ = convert.__qualname__ = name
    convert.__doc__ = f"The tensor as {dtype}."
    method(convert)


CONVERTERS = {
    "bool": "bool", "byte": "uint8", "char": "int8", "short": "int16", "int": "int32", "long": "int64",
    "half": "float16", "bfloat16": "bfloat16", "float": "float32", "double": "float64", "cfloat": "complex64",
    "cdouble": "complex128",
}  # fmt: skip

for _name, _dtype in CONVERTERS.items():
    converter(_name, NAMED[_dtype])

# dtype name: how the type of such tensors is called
TYPE_NAMES = {
    "float32": "FloatTensor", "float64": "DoubleTensor", "float16": "HalfTensor", "bfloat16": "BFloat16Tensor",
    "int64": "LongTensor", "int32": "IntTensor", "int16": "ShortTensor", "int8": "CharTensor", "uint8": "ByteTensor",
    "bool": "BoolTensor",
}  # fmt: skip


@method(name="type")
def type_(self, dtype=None, non_blocking=False):
    """The tensor as another dtype, or the name of its own type."""
    if dtype is None:
        place = "" if self.device.type == "cpu" else f"{self.device.type}."
        return f"torch.{place}{TYPE_NAMES.get(self.spec.dtype.name, self.spec.dtype.name)}"
    if isinstance(dtype, str) or hasattr(dtype, "is_place"):  # the latter: FloatTensor and its like
        *_, place, name = f"cpu.{dtype}".replace("torch.", "").split(".")
        known = {type_name: dtype_name for dtype_name, type_name in TYPE_NAMES.items()}
        return to(self, NAMED[known[name]], place) if name in known else cast(self, as_torch_dtype(name).dtype)
    return cast(self, as_torch_dtype(dtype).dtype)


@method
def type_as(input, other):
    """The tensor with the dtype of another."""
    return cast(input, other.spec.dtype)


@word
def clone(input, *, memory_format=None):
    """A copy that the gradient flows through."""
    return ops.copy(input)


@method
def contiguous(input, *, memory_format=None):
    """The tensor, or a copy whose elements stand row by row."""
    return input if input.is_contiguous() else ops.copy(input)


@method
def cpu(input, memory_format=None):
    """The tensor in host memory."""
    return to(input, "cpu")


@method
def cuda(input, device=None, non_blocking=False):
    """The tensor on a CUDA device."""
    return to(input, "cuda" if device is None else f"cuda:{device}" if isinstance(device, int) else device)


@word
def detach(input):
    """The same memory, without a gradient."""
    return CoreTensor.detach(input)


@method
def pin_memory(self, device=None):
    """The tensor: host memory here is taken as it is."""
    return self


@method
def is_pinned(self, device=None):
    """Whether the memory is pinned: it is not."""
    return False


@method
def to_dense(self, dtype=None):
    """The tensor: all are dense."""
    return self


def refused(name):
    def function(self, *args, **settings):
        raise UnsupportedError(f"{name}: there are dense tensors alone; an embedding's gradient names rows by itself")

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "An error: all tensors are dense."
    method(function)


for _name in ("to_sparse", "to_mkldnn", "coalesce", "to_sparse_csr"):
    refused(_name)


def like_numpy(self, array, context=None, return_scalar=False):
    """What a NumPy function made of a tensor, as a tensor again."""
    return around(array) if isinstance(array, np.ndarray) and array.dtype.kind in "biufc" else array


Tensor.__array_wrap__ = like_numpy
