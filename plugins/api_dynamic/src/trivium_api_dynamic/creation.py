"""New tensors."""

import math
import warnings
from typing import Any

import numpy as np

from trivium import config, ops
from trivium.spec import Spec
from trivium.storage import Storage
from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import recording

from . import generator as generators
from .devices import device as find_device
from .dtypes import Default, as_torch_dtype
from .errors import DTypeMismatchError, SizeMismatchError
from .promotion import cast
from .sizes import as_shape
from .tensors import Tensor, around, as_ours, method, on_host


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
        raise TypeError(f"can't convert {array.dtype} to a tensor; it holds numbers or bools")
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
                raise OverflowError(f"value {number} cannot be converted to {wanted} without overflow")


def array_of_lists(data: Any) -> np.ndarray[Any, Any]:
    try:
        array = np.array(deep_on_host(data))
    except ValueError as error:
        raise ValueError(f"expected sequences of equal lengths: {error}") from error
    if array.dtype == object:
        raise RuntimeError(f"Could not infer dtype of {type(data).__name__}")
    return array.astype(np.float64) if array.size == 0 else array


def deep_on_host(data: Any) -> Any:
    if isinstance(data, (list, tuple)):
        return [deep_on_host(part) for part in data]
    return on_host(data) if isinstance(data, CoreTensor) else data


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor with these elements, copied."""
    return finished(around(np.array(array_of(data, dtype), order="C"), place_of(device)), requires_grad)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """A tensor with these elements, sharing their memory where that is possible."""
    if isinstance(data, CoreTensor):
        return as_ours(data).to(dtype=dtype, device=device)
    if isinstance(data, np.ndarray) and device is None and config.current_device().backend.is_host:
        return from_numpy(data).to(dtype=dtype)
    return tensor(data, dtype=dtype, device=device)


def from_numpy(array: np.ndarray[Any, Any]) -> Tensor:
    """A tensor in the array's own memory: writing to either is seen in both."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
    device = config.current_device()
    if not device.backend.is_host:
        device = find_device("cpu")
    as_torch_dtype(array.dtype)
    if not array.flags.writeable:
        warnings.warn("from_numpy: the array is not writable, and writing to the tensor will fail", stacklevel=2)
    if any(s < 0 or s % array.itemsize for s in array.strides):
        raise ValueError(
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


def full(size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """One number everywhere."""
    if dtype is None:
        if isinstance(fill_value, (bool, np.bool_)):
            dtype = np.dtype(bool)
        else:
            dtype = np.dtype(np.int64) if isinstance(fill_value, (int, np.integer)) else Default.dtype
    shape = (size,) if isinstance(size, int) else tuple(size)
    fill_value = fill_value.item() if isinstance(fill_value, CoreTensor) else fill_value
    return filled(shape, fill_value, dtype_or(dtype, None), device, requires_grad)


def filled(shape: Any, value: Any, dtype: Any, device: Any, requires_grad: bool) -> Tensor:
    if any(n < 0 for n in shape):
        raise SizeMismatchError(f"Trying to create tensor with negative dimension in {list(shape)}")
    return finished(around(np.full(shape, value, dtype), place_of(device)), requires_grad)


def zeros(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """0 everywhere."""
    return filled(as_shape(size), 0, dtype_or(dtype, Default.dtype), device, requires_grad)


def ones(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """1 everywhere."""
    return filled(as_shape(size), 1, dtype_or(dtype, Default.dtype), device, requires_grad)


def empty(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Whatever happens to be there: 0."""
    return zeros(*size, dtype=dtype, device=device, requires_grad=requires_grad)


def eye(n: int, m: int | None = None, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """1 on the diagonal, 0 elsewhere."""
    return finished(around(np.eye(n, m, dtype=dtype_or(dtype, Default.dtype)), place_of(device)), requires_grad)


def arange(*bounds: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **named: Any) -> Tensor:
    """From start (0) up to, without, end in steps (of 1); whole numbers if all three are."""
    given = dict(zip(("end",) if len(bounds) == 1 else ("start", "end", "step"), bounds)) | named
    start, end, step = [plain(given.get(n, d)) for n, d in (("start", 0), ("end", None), ("step", 1))]
    if end is None:
        raise TypeError("arange() needs an end")
    if step == 0 or (end - start) * step < 0:
        raise RuntimeError(
            "upper bound and lower bound inconsistent with step sign" if step else "step must be nonzero"
        )
    is_whole = all([isinstance(b, int) for b in (start, end, step)])
    count = math.ceil((end - start) / step)
    values = start + np.arange(count) * step
    return finished(
        around(values.astype(dtype_or(dtype, np.dtype(np.int64) if is_whole else Default.dtype)), place_of(device)),
        requires_grad,
    )


def plain(number: Any) -> Any:
    return number.item() if isinstance(number, (np.generic, CoreTensor)) else number


def linspace(
    start: Any, end: Any, steps: int, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`steps` numbers evenly spaced from start to end, both included."""
    values = np.linspace(plain(start), plain(end), steps).astype(dtype_or(dtype, Default.dtype))
    return finished(around(values, place_of(device)), requires_grad)


# -- random --------------------------------------------------------------------------------------


def random_dtype(dtype: Any) -> Any:
    chosen = dtype_or(dtype, Default.dtype)
    if chosen.kind not in "fV":
        raise DTypeMismatchError(f"random numbers are floating point; got {chosen}")
    return chosen


def rand(
    *size: Any, generator: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Evenly distributed over [0, 1)."""
    drawn = generators.of(generator).uniform(as_shape(size), random_dtype(dtype), place_of(device))
    return finished(drawn, requires_grad)


def randn(
    *size: Any, generator: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Normally distributed with mean 0 and standard deviation 1."""
    drawn = generators.of(generator).normal(as_shape(size), random_dtype(dtype), place_of(device))
    return finished(drawn, requires_grad)


def randint(
    *bounds: Any, size: Any = None, generator: Any = None, dtype: Any = None, device: Any = None, **named: Any
) -> Tensor:
    """Whole numbers from low (0) up to, without, high: randint([low,] high, size)."""
    *ends, size = (*bounds, size) if size is not None else bounds
    low = named.get("low", ends[0] if len(ends) == 2 else 0)
    high = named.get("high", ends[-1] if ends else None)
    drawn = generators.of(generator).integers(low, high, tuple(size))
    return around(drawn.astype(dtype_or(dtype, np.dtype(np.int64))), place_of(device))


def randperm(n: int, *, generator: Any = None, dtype: Any = None, device: Any = None) -> Tensor:
    """The numbers 0 to n - 1 in random order."""
    order = generators.of(generator).permutation(n)
    return around(order.astype(dtype_or(dtype, np.dtype(np.int64))), place_of(device))


def normal(mean: Any, std: Any = 1.0, size: Any = None, *, generator: Any = None) -> Tensor:
    """Normally distributed with these means and standard deviations: numbers with a size, or tensors."""
    shape = size if size is not None else np.broadcast_shapes(*[tuple(getattr(v, "shape", ())) for v in (mean, std)])
    return randn(*shape, generator=generator) * std + mean


# -- like another --------------------------------------------------------------------------------


def like(maker: Any, name: str) -> Any:
    def make(input, *args, dtype=None, device=None, requires_grad=False, **settings):
        dtype, device = input.dtype if dtype is None else dtype, input.device if device is None else device
        with recording(False):
            made = maker(tuple(input.spec.shape), *args, dtype=dtype, device=device, **settings)
        return made.requires_grad_() if requires_grad else made

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"`{name[:-5]}` of the shape, dtype and device of another tensor."
    return make


zeros_like, ones_like, empty_like = like(zeros, "zeros_like"), like(ones, "ones_like"), like(empty, "empty_like")
full_like = like(full, "full_like")
rand_like, randn_like = like(rand, "rand_like"), like(randn, "randn_like")


def randint_like(input, *bounds, dtype=None, device=None):
    """`randint` of the shape, dtype and device of another tensor."""
    return randint(
        *bounds, tuple(input.spec.shape), dtype=dtype or input.dtype, device=input.device if device is None else device
    )


def new(maker: Any, name: str) -> None:
    def make(self, *args, dtype=None, device=None, requires_grad=False):
        dtype, device = dtype or self.dtype, self.device if device is None else device
        return maker(*args, dtype=dtype, device=device, requires_grad=requires_grad)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"`{name[4:]}` with the dtype and the device of this tensor."
    method(make)


for _name, _maker in (("zeros", zeros), ("ones", ones), ("empty", empty), ("full", full), ("tensor", tensor)):
    new(_maker, f"new_{_name}")


def one_hot(tensor: Any, num_classes: int = -1) -> Tensor:
    """1 at each position on a new last axis; int64."""
    depth = int(tensor.max().item()) + 1 if num_classes == -1 else num_classes
    return ops.one_hot(cast(tensor, np.dtype(np.int64)), depth=depth, dtype="int64")
