"""Element types under PyTorch's names."""

from typing import Any

import ml_dtypes
import numpy as np

from .errors import ArgumentError, DTypeMismatchError

CATEGORIES = {"b": 0, "i": 1, "u": 1, "f": 2, "V": 2, "c": 3}


class DType:
    """An element type; equal to the NumPy dtype of the same name, and accepted wherever one is."""

    __slots__ = ("category", "dtype", "itemsize", "kind", "name")

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype, self.name, self.kind, self.itemsize = dtype, dtype.name, dtype.kind, dtype.itemsize
        self.category = CATEGORIES[dtype.kind]

    @property
    def is_floating_point(self) -> bool:
        """Whether it holds fractions."""
        return self.category == 2

    @property
    def is_complex(self) -> bool:
        """Whether it holds complex numbers."""
        return self.category == 3

    @property
    def is_signed(self) -> bool:
        """Whether it holds numbers below 0."""
        return self.kind not in "bu"

    def __eq__(self, other: object) -> bool:
        try:
            return bool(self.dtype == other)
        except TypeError:
            return False

    def __hash__(self) -> int:
        return hash(self.dtype)

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return as_torch_dtype, (self.name,)


DTYPES = {
    np.dtype(d): DType(np.dtype(d))
    for d in (
        np.bool_, np.uint8, np.int8, np.int16, np.int32, np.int64, np.uint16, np.uint32, np.uint64,
        np.float16, ml_dtypes.bfloat16, np.float32, np.float64, np.complex64, np.complex128,
    )
}  # fmt: skip
NAMED = {made.name: made for made in DTYPES.values()}


def as_torch_dtype(dtype: Any) -> DType:
    """The DType that a name, a NumPy dtype or a Python type means."""
    if type(dtype) is DType:
        return dtype
    if isinstance(dtype, str) and dtype in NAMED:
        return NAMED[dtype]
    try:
        return DTYPES[np.dtype(dtype)]
    except (KeyError, TypeError, ValueError):
        raise DTypeMismatchError(f"no dtype {dtype!r}; there are {', '.join(NAMED)}") from None


class Default:
    """The dtype that Python floats become."""

    dtype = np.dtype(np.float32)


def set_default_dtype(dtype: Any) -> None:
    """Let Python floats become tensors of another floating-point dtype."""
    wanted = as_torch_dtype(dtype)
    if not wanted.is_floating_point:
        raise ArgumentError(f"only floating-point types are supported as the default type, got {wanted}")
    Default.dtype = wanted.dtype


def get_default_dtype() -> DType:
    """The dtype that Python floats become."""
    return DTYPES[Default.dtype]


def finfo(type: Any = None) -> Any:
    """The limits of a floating-point dtype: eps, max, min, tiny, bits."""
    dtype = Default.dtype if type is None else as_torch_dtype(type).dtype
    if CATEGORIES[dtype.kind] < 2:
        raise DTypeMismatchError(
            f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle '{dtype}'"
        )
    return ml_dtypes.finfo(dtype)


def iinfo(type: Any) -> Any:
    """The limits of a dtype of whole numbers: max, min, bits."""
    dtype = as_torch_dtype(type).dtype
    if CATEGORIES[dtype.kind] != 1:
        raise DTypeMismatchError(f"torch.iinfo() requires an integer input type. Use torch.finfo to handle '{dtype}'")
    return np.iinfo(dtype)
