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

    def __init__(
        self, name: str, numpy: Any, word: str | None = None, base: DType | None = None, number: int = 0
    ) -> None:
        self.name, self.word, self.as_datatype_enum = name, word or name, number
        self.as_numpy_dtype = numpy
        self.base_dtype = self if base is None else base

    @property
    def numpy(self) -> np.dtype:
        """NumPy's description of it."""
        return np.dtype(self.as_numpy_dtype)

    @property
    def _ref(self) -> DType:
        return DType(f"{self.name}_ref", self.as_numpy_dtype, f"{self.word}_ref", self, 100 + self.as_datatype_enum)

    @property
    def real_dtype(self) -> DType:
        """The type of real and imaginary parts; its own where it is not complex."""
        return {"complex64": float32, "complex128": float64}.get(self.base_dtype.name, self)

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
    def is_unsigned(self) -> Any:
        """Whether it holds no negative numbers."""
        return self.numpy.kind == "u"

    @property
    def is_quantized(self) -> Any:
        """Whether it stands for steps of a range: none does here."""
        return False

    @property
    def is_numpy_compatible(self) -> Any:
        """Whether NumPy has it."""
        return True

    @property
    def limits(self) -> tuple[Any, Any]:
        """The lowest and the highest number of an image of this type: 0 to 1 for fractions."""
        return (0, 1) if self.is_floating else (0 if self.is_bool else self.min, 1 if self.is_bool else self.max)

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


# the second name is the one that TensorFlow's runtime messages use, the number that of its files
float16 = half = DType("float16", np.float16, "half", number=19)
float32 = DType("float32", np.float32, "float", number=1)
float64 = double = DType("float64", np.float64, "double", number=2)
bfloat16 = DType("bfloat16", ml_dtypes.bfloat16, number=14)
int8 = DType("int8", np.int8, number=6)
int16 = DType("int16", np.int16, number=5)
int32 = DType("int32", np.int32, number=3)
int64 = DType("int64", np.int64, number=9)
uint8 = DType("uint8", np.uint8, number=4)
uint16 = DType("uint16", np.uint16, number=17)
uint32 = DType("uint32", np.uint32, number=22)
uint64 = DType("uint64", np.uint64, number=23)
bool = DType("bool", np.bool_, number=10)
string = DType("string", np.object_, number=7)
complex64 = DType("complex64", np.complex64, number=8)
complex128 = DType("complex128", np.complex128, number=18)

_ALL = {
    dtype.name: dtype
    for dtype in (
        float16, float32, float64, bfloat16, int8, int16, int32, int64, uint8, uint16, uint32, uint64, bool, string,
        complex64, complex128,
    )
}  # fmt: skip
_SHORT = {"float": float32, "double": float64, "half": float16, "int": int32}
_NUMBERED = {dtype.as_datatype_enum: dtype for dtype in _ALL.values()}


def as_dtype(value: Any) -> DType:
    """The DType that a DType, a NumPy type, a Python type or a name stands for."""
    if isinstance(value, DType):
        return value
    if isinstance(value, str) and value.removesuffix("_ref") in {**_ALL, **_SHORT}:
        found = {**_SHORT, **_ALL}[value.removesuffix("_ref")]
        return found._ref if value.endswith("_ref") else found
    if value is float:
        return float32
    if type(value) is int and value % 100 in _NUMBERED:
        return _NUMBERED[value] if value < 100 else _NUMBERED[value - 100]._ref
    try:
        return _ALL["string" if np.dtype(value).kind in "OSU" else np.dtype(value).name]
    except (TypeError, KeyError):
        raise TypeError(f"Cannot convert value {value!r} to a TensorFlow DType.") from None
