"""New tensors."""

import inspect
import math
import warnings
from typing import Any

import numpy as np

from trivium import config, ops
from trivium.spec import Spec
from trivium.storage import Storage
from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import recording

from .axes import whole
from .devices import device as find_device
from .devices import strided
from .dtypes import DTYPES, Default, as_torch_dtype
from .errors import (
    ArgumentError,
    ArgumentValueError,
    DTypeMismatchError,
    OverflowingError,
    SizeMismatchError,
    UnsupportedError,
)
from .promotion import cast, number_dtype
from .sizes import as_shape
from .tensors import Tensor, around, as_ours, on_host
from .words import WORDS, method, word


def place_of(device: Any) -> Any:
    return config.current_device() if device is None else find_device(device)


def dtype_or(dtype: Any, default: Any) -> Any:
    return default if dtype is None else as_torch_dtype(dtype).dtype


def finished(made: Any, requires_grad: bool) -> Tensor:
    made = as_ours(made)
    return made.requires_grad_() if requires_grad else made


# -- from data -----------------------------------------------------------------------------------


def array_of(data: Any, dtype: Any) -> np.ndarray[Any, Any]:
    """Numbers, lists, arrays and tensors as an array of the dtype that PyTorch would choose."""
    if isinstance(data, CoreTensor):
        array = on_host(data)
    elif isinstance(data, (np.ndarray, np.generic)):
        array = np.asarray(data)
    else:
        array = array_of_lists(data)
        check_fits(array, dtype)
        if dtype is None and array.dtype.kind in "fc":
            kind = Default.dtype
            dtype = kind if array.dtype.kind == "f" else np.result_type(kind, np.complex64)
    if array.dtype.kind not in "biufcV":
        raise ArgumentError(f"can't convert {array.dtype} to a tensor; it holds numbers or bools")
    return array if dtype is None else array.astype(dtype_or(dtype, None), copy=False)


def check_fits(array: np.ndarray[Any, Any], dtype: Any) -> None:
    """Refuse whole numbers that a whole-number dtype would wrap round."""
    if dtype is None or array.dtype.kind not in "iu" or array.size == 0:
        return
    wanted = dtype_or(dtype, None)
    if wanted.kind in "iu":
        limits = np.iinfo(wanted)
        for number in (int(array.min()), int(array.max())):
            if not limits.min <= number <= limits.max:
                raise OverflowingError(f"value cannot be converted to type {wanted} without overflow: {number}")


def array_of_lists(data: Any) -> np.ndarray[Any, Any]:
    data = deep_on_host(data)
    try:
        array = np.array(data)
    except ValueError as error:
        raise ArgumentValueError(f"{ragged(data)}: {error}") from error
    if array.dtype.kind not in "biufcV":
        raise DTypeMismatchError(f"Could not infer dtype of {type(first_of(data)).__name__}")
    return array.astype(np.float64) if array.size == 0 else array


def first_of(data: Any) -> Any:
    """The first thing in nested lists that is no number."""
    if isinstance(data, list):
        return next((x for x in map(first_of, data) if not isinstance(x, (bool, int, float, complex))), 0)
    return data


def ragged(data: Any, depth: int = 0) -> str:
    """Where nested lists are of different lengths."""
    if not isinstance(data, list) or not data:
        return "expected sequences of equal lengths"
    lengths = [len(part) if isinstance(part, list) else -1 for part in data]
    for length in lengths:
        if length != lengths[0]:
            return f"expected sequence of length {lengths[0]} at dim {depth + 1} (got {length})"
    return ragged(data[0], depth + 1)


def deep_on_host(data: Any) -> Any:
    if isinstance(data, (list, tuple)):
        return [deep_on_host(part) for part in data]
    return on_host(data) if isinstance(data, CoreTensor) else data


@word(is_method=False)
def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor with these elements, copied."""
    return finished(around(np.array(array_of(data, dtype), order="C"), place_of(device)), requires_grad)


@word(is_method=False)
def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """A tensor with these elements, sharing their memory where that is possible."""
    if isinstance(data, CoreTensor):
        return as_ours(data).to(dtype=dtype, device=device)
    if isinstance(data, np.ndarray) and device is None and config.current_device().backend.is_host:
        return from_numpy(data).to(dtype=dtype)
    return tensor(data, dtype=dtype, device=device)


@word(is_method=False)
def from_numpy(array: np.ndarray[Any, Any]) -> Tensor:
    """A tensor in the array's own memory: writing to either is seen in both."""
    if not isinstance(array, np.ndarray):
        raise ArgumentError(f"expected np.ndarray (got {type(array).__name__})")
    device = config.current_device()
    if not device.backend.is_host:
        device = find_device("cpu")
    if array.dtype not in DTYPES:
        raise ArgumentError(
            f"can't convert np.ndarray of type {array.dtype.type.__name__}. The only supported types are: "
            f"{', '.join([dtype.name for dtype in DTYPES])}"
        )
    if not array.flags.writeable:
        warnings.warn("from_numpy: the array is not writable, and writing to the tensor will fail", stacklevel=2)
    if any(s < 0 or s % array.itemsize for s in array.strides):
        raise ArgumentValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are "
            "not currently "
            "supported. (You can probably work around this by making a copy of your array with array.copy().)"
        )
    spec = Spec(array.shape, array.dtype)
    if array.flags.c_contiguous:
        return Tensor.around(array, spec, device)
    strides = tuple([s // array.itemsize for s in array.strides])
    span = 1 + sum([(n - 1) * s for n, s in zip(array.shape, strides)])
    whole = np.lib.stride_tricks.as_strided(array, (span,), (array.itemsize,))
    base = Tensor.on(Storage(whole, device), Spec((span,), array.dtype))
    return base.seen_as((array.shape, strides, 0))


# -- filled --------------------------------------------------------------------------------------


def maker(function: Any) -> Any:
    """A word that makes a tensor: with the arguments that all of them take.

    function: of its own arguments, a dtype that may be None, and a device that is not
    """

    def make(*args, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False, **named):
        if layout is not None and layout != strided:
            raise UnsupportedError(f"{function.__name__}: layout={layout}: there are strided tensors alone")
        with recording(False):
            made = as_ours(function(*args, dtype=dtype, device=place_of(device), **named))
        return made.requires_grad_() if requires_grad else made

    make.__name__, make.__doc__ = function.__name__, function.__doc__
    make.__signature__ = inspect.signature(function)
    return word(make, is_method=False)


def size_of(args: tuple[Any, ...], size: Any) -> tuple[int, ...]:
    """Sizes given one by one, as one sequence, or by name; none of them below 0."""
    shape = as_shape(args if size is None else (size if isinstance(size, (tuple, list)) else (size,),))
    shape = tuple([n.__index__() for n in shape])
    if any([n < 0 for n in shape]):
        raise SizeMismatchError(f"Trying to create tensor with negative dimension in {list(shape)}")
    return shape


def filled(shape: tuple[int, ...], value: Any, dtype: Any, device: Any) -> Tensor:
    check_fits(np.asarray(value), dtype)
    return around(np.full(shape, value, dtype), device)


@maker
def full(size, fill_value, *, dtype, device):
    """One number everywhere."""
    fill_value = plain(fill_value)
    if dtype is None:
        dtype = number_dtype(fill_value)
    return filled(size_of((), size), fill_value, as_torch_dtype(dtype).dtype, device)


@maker
def zeros(*args, size=None, dtype, device):
    """0 everywhere."""
    return filled(size_of(args, size), 0, dtype_or(dtype, Default.dtype), device)


@maker
def ones(*args, size=None, dtype, device):
    """1 everywhere."""
    return filled(size_of(args, size), 1, dtype_or(dtype, Default.dtype), device)


@maker
def empty(*args, size=None, dtype, device, memory_format=None):
    """Whatever happens to be there: 0."""
    return filled(size_of(args, size), 0, dtype_or(dtype, Default.dtype), device)


@maker
def eye(n, m=None, *, dtype, device):
    """1 on the diagonal, 0 elsewhere."""
    n, m = size_of((n, n if m is None else m), None)
    return around(np.eye(n, m, dtype=dtype_or(dtype, Default.dtype)), device)


@maker
def arange(*bounds, dtype, device, **named):
    """From start (0) up to, without, end in steps (of 1); whole numbers if all three are."""
    given = dict(zip(("end",) if len(bounds) == 1 else ("start", "end", "step"), bounds)) | named
    start, end, step = [plain(given.get(n, d)) for n, d in (("start", 0), ("end", None), ("step", 1))]
    if end is None:
        raise ArgumentError("arange() needs an end")
    if step == 0:
        raise ArgumentValueError("step must be nonzero")
    if (end - start) * step < 0:
        raise ArgumentValueError("upper bound and lower bound inconsistent with step sign")
    is_whole = all([isinstance(b, int) for b in (start, end, step)])
    values = start + np.arange(math.ceil((end - start) / step)) * step
    return around(values.astype(dtype_or(dtype, np.dtype(np.int64) if is_whole else Default.dtype)), device)


def plain(number: Any) -> Any:
    return number.item() if isinstance(number, (np.generic, CoreTensor)) else number


@maker
def linspace(start, end, steps, *, dtype, device):
    """`steps` numbers evenly spaced from start to end, both included."""
    values = np.linspace(plain(start), plain(end), count_of(steps))
    return around(values.astype(dtype_or(dtype, Default.dtype)), device)


@maker
def logspace(start, end, steps, base=10.0, *, dtype, device):
    """`steps` powers of `base`, their exponents evenly spaced from start to end, both included."""
    values = np.logspace(plain(start), plain(end), count_of(steps), base=base)
    return around(values.astype(dtype_or(dtype, Default.dtype)), device)


def count_of(steps: Any) -> int:
    if whole(steps, "steps") < 0:
        raise ArgumentValueError(f"number of steps must be non-negative; got {steps}")
    return whole(steps, "steps")


@maker
def scalar_tensor(s, *, dtype, device):
    """One number, as a tensor without axes."""
    return filled((), s, dtype_or(dtype, Default.dtype), device)


@maker
def empty_strided(size, stride, *, dtype, device):
    """Whatever happens to be there, in memory with strides of one's own."""
    span = 1 + sum([(n - 1) * s for n, s in zip(size, stride)]) if 0 not in size else 0
    return filled((span,), 0, dtype_or(dtype, Default.dtype), device).seen_as((tuple(size), tuple(stride), 0))


# -- like another --------------------------------------------------------------------------------


def like(name: str, maker: Any) -> None:
    """`name_like` and `new_name`: with the shape, dtype and device of another tensor, or with the last two."""

    def make_like(input, *args, dtype=None, device=None, memory_format=None, **named):
        dtype, device = dtype or input.dtype, input.device if device is None else device
        return maker(tuple(input.spec.shape), *args, dtype=dtype, device=device, **named)

    def make_new(self, *args, dtype=None, device=None, **named):
        return maker(*args, dtype=dtype or self.dtype, device=self.device if device is None else device, **named)

    for made, called, what in (
        (make_like, f"{name}_like", "shape, dtype and device"), (make_new, f"new_{name}", "dtype and device"),
    ):  # fmt: skip
        made.__name__ = made.__qualname__ = called
        made.__doc__ = f"`{name}` of the {what} of another tensor."
    word(make_like, is_method=False)
    method(make_new)


for _name, _maker in (("zeros", zeros), ("ones", ones), ("empty", empty), ("full", full)):
    like(_name, _maker)
zeros_like, ones_like, empty_like, full_like = [WORDS[f"{n}_like"] for n in ("zeros", "ones", "empty", "full")]


@method
def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False):
    """A tensor with these elements, copied, of the dtype and device of this one."""
    device = self.device if device is None else device
    return tensor(data, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


def one_hot(tensor: Any, num_classes: int = -1) -> Tensor:
    """1 at each position on a new last axis; int64."""
    depth = int(tensor.max().item()) + 1 if num_classes == -1 else num_classes
    return ops.one_hot(cast(tensor, np.dtype(np.int64)), depth=depth, dtype="int64")
