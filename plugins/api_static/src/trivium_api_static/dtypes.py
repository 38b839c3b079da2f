"""Element types as TensorFlow names and prints them."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

__all__ = [
    "DType", "as_dtype", "float16", "half", "float32", "float64", "double", "bfloat16", "int8", "int16",
    "int32", "int64",
    "uint8", "uint16", "uint32", "uint64", "bool", "string", "complex64", "complex128",
]  # fmt: skip


class DType:
    """An element type.  Variables have the `_ref` form of theirs, which equals the plain one's `base_dtype`.

    >>> float32, float32.is_floating, float32 == np.float32
    (tf.float32, True, True)
    """

    def __init__(self, name: str, numpy: Any, word: str | None = None, base: DType | None = None) -> None:
        self.name, self.word = name, word or name
        self.as_numpy_dtype = numpy
        self.base_dtype = self if base is None else base

    @property
    def numpy(self) -> np.dtype:
        """NumPy's description of it."""
        return np.dtype(self.as_numpy_dtype)

    @property
    def _ref(self) -> DType:
        return DType(f"{self.name}_ref", self.as_numpy_dtype, f"{self.word}_ref", self)

    @property
    def is_floating(self) -> Any:
        """Whether it is a real floating-point type."""
        return self.numpy.kind in "fV"

    @property
    def is_integer(self) -> Any:
        """Whether it is a whole-number type."""
        return self.numpy.kind in "iu"

    @property
    def is_bool(self) -> Any:
        """Whether it is the truth type."""
        return self.numpy.kind == "b"

    @property
    def is_complex(self) -> Any:
        """Whether it is a complex type."""
        return self.numpy.kind == "c"

    @property
    def size(self) -> int:
        """Bytes of one element."""
        return self.numpy.itemsize

    @property
    def min(self) -> Any:
        """The lowest number."""
        return (ml_dtypes.finfo if self.is_floating else np.iinfo)(self.numpy).min

    @property
    def max(self) -> Any:
        """The highest number."""
        return (ml_dtypes.finfo if self.is_floating else np.iinfo)(self.numpy).max

    def is_compatible_with(self, other: Any) -> Any:
        """Whether values of the other type may stand where this one is declared."""
        return as_dtype(other).base_dtype is self.base_dtype

    def __eq__(self, other: object) -> Any:
        if other is None:
            return False
        try:
            return self.name == as_dtype(other).name
        except TypeError:
            return False

    def __hash__(self) -> int:
        return hash(self.name)

    def __str__(self) -> str:
        return f"<dtype: {self.name!r}>"

    def __repr__(self) -> str:
        return f"tf.{self.name}"


# the second name is the one that TensorFlow's runtime messages use
float16 = half = DType("float16", np.float16, "half")
float32 = DType("float32", np.float32, "float")
float64 = double = DType("float64", np.float64, "double")
bfloat16 = DType("bfloat16", ml_dtypes.bfloat16)
int8 = DType("int8", np.int8)
int16 = DType("int16", np.int16)
int32 = DType("int32", np.int32)
int64 = DType("int64", np.int64)
uint8 = DType("uint8", np.uint8)
uint16 = DType("uint16", np.uint16)
uint32 = DType("uint32", np.uint32)
uint64 = DType("uint64", np.uint64)
bool = DType("bool", np.bool_)
string = DType("string", np.object_)
complex64 = DType("complex64", np.complex64)
complex128 = DType("complex128", np.complex128)

_ALL = {
    dtype.name: dtype
    for dtype in (
        float16, float32, float64, bfloat16, int8, int16, int32, int64, uint8, uint16, uint32, uint64, bool, string,
        complex64, complex128,
    )
}  # fmt: skip
_SHORT = {"float": float32, "double": float64, "half": float16, "int": int32}


def as_dtype(value: Any) -> DType:
    """The DType that a DType, a NumPy type, a Python type or a name stands for."""
    if isinstance(value, DType):
        return value
    if isinstance(value, str) and value.removesuffix("_ref") in {**_ALL, **_SHORT}:
        found = {**_SHORT, **_ALL}[value.removesuffix("_ref")]
        return found._ref if value.endswith("_ref") else found
    if value is float:
        return float32
    try:
        return _ALL["string" if np.dtype(value).kind in "OSU" else np.dtype(value).name]
    except (TypeError, KeyError):
        raise TypeError(f"Cannot convert value {value!r} to a TensorFlow DType.") from None
