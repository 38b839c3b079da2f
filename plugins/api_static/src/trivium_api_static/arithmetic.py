"""Arithmetic, one element at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trivium import ops

from .build import FLOATS, NUMBERS, REALS, call, convert_to_tensor, operation
from .operation import Tensor

__all__ = [
    "add", "subtract", "multiply", "scalar_mul", "divide", "truediv", "realdiv", "div", "div_no_nan", "floordiv",
    "floor_div", "truncatediv", "mod", "floormod", "truncatemod", "negative", "abs", "sign", "square", "sqrt", "rsqrt",
    "reciprocal", "exp", "expm1", "log", "log1p", "pow", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh",
    "cosh", "tanh", "asinh", "acosh", "atanh", "sigmoid", "log_sigmoid", "erf", "erfc", "lgamma", "digamma", "maximum",
    "minimum", "squared_difference", "floor", "ceil", "round", "rint", "clip_by_value", "add_n", "accumulate_n",
]  # fmt: skip

add = operation("Add", NUMBERS, known=np.add)(ops.add)
subtract = operation("Sub", NUMBERS, known=np.subtract)(ops.subtract)
multiply = operation("Mul", NUMBERS, known=np.multiply)(ops.multiply)
negative = operation("Neg", NUMBERS, known=np.negative)(ops.negative)
abs = operation("Abs", REALS)(ops.absolute)
sign = operation("Sign", REALS)(ops.sign)
square = operation("Square", NUMBERS)(ops.square)
pow = operation("Pow", NUMBERS)(ops.power)
maximum = operation("Maximum", REALS)(ops.maximum)
minimum = operation("Minimum", REALS)(ops.minimum)

sqrt = operation("Sqrt", FLOATS)(ops.sqrt)
rsqrt = operation("Rsqrt", FLOATS)(ops.rsqrt)
reciprocal = operation("Reciprocal", FLOATS)(ops.reciprocal)
exp = operation("Exp", FLOATS)(ops.exp)
expm1 = operation("Expm1", FLOATS)(ops.expm1)
log = operation("Log", FLOATS)(ops.log)
log1p = operation("Log1p", FLOATS)(ops.log1p)
erf = operation("Erf", FLOATS)(ops.erf)
erfc = operation("Erfc", FLOATS)(ops.erfc)
lgamma = operation("Lgamma", FLOATS)(ops.lgamma)
digamma = operation("Digamma", FLOATS)(ops.digamma)
sigmoid = operation("Sigmoid", FLOATS)(ops.sigmoid)
log_sigmoid = operation("LogSigmoid", FLOATS)(ops.log_sigmoid)

sin = operation("Sin", FLOATS)(ops.sin)
cos = operation("Cos", FLOATS)(ops.cos)
tan = operation("Tan", FLOATS)(ops.tan)
asin = operation("Asin", FLOATS)(ops.asin)
acos = operation("Acos", FLOATS)(ops.acos)
atan = operation("Atan", FLOATS)(ops.atan)
atan2 = operation("Atan2", FLOATS)(ops.atan2)
sinh = operation("Sinh", FLOATS)(ops.sinh)
cosh = operation("Cosh", FLOATS)(ops.cosh)
tanh = operation("Tanh", FLOATS)(ops.tanh)
asinh = operation("Asinh", FLOATS)(ops.asinh)
acosh = operation("Acosh", FLOATS)(ops.acosh)
atanh = operation("Atanh", FLOATS)(ops.atanh)

floor = operation("Floor", FLOATS)(ops.floor)
ceil = operation("Ceil", FLOATS)(ops.ceil)
rint = operation("Rint", FLOATS)(ops.round)


def round(x: Any, name: str | None = None) -> Tensor:
    """The nearest whole number, the even one of two; whole numbers are as they were."""
    tensor = convert_to_tensor(x, name="x")
    return tensor if tensor.dtype.is_integer else call("Round", ops.round, name, x=tensor)


@operation("SquaredDifference", NUMBERS)
def squared_difference(x: Any, y: Any) -> Any:
    """(x - y)**2."""
    return ops.square(x - y)


def scalar_mul(scalar: Any, x: Any) -> Tensor:
    """x times one number."""
    if np.ndim(scalar) if not hasattr(scalar, "get_shape") else scalar.get_shape().ndims:
        raise ValueError(f"Only scalar multiply works, got shape {np.shape(scalar)}")
    return multiply(scalar, x)


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Tensor:
    """t, moved into the given limits."""
    return call(
        "ClipByValue", ops.clip, name, default="clip_by_value",
        t=t, clip_value_min=clip_value_min, clip_value_max=clip_value_max,
    )  # fmt: skip


def add_n(inputs: Sequence[Any], name: str | None = None) -> Tensor:
    """The sum of tensors of one shape."""
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise ValueError("inputs must be a list of at least one Tensor with the same dtype and shape")

    def total(first: Any, *others: Any) -> Any:
        for x in others:
            first = first + x
        return first if others else ops.copy(first)

    return call("AddN", total, name, **{f"inputs_{i}": x for i, x in enumerate(inputs)})


def accumulate_n(inputs: Sequence[Any], shape: Any = None, tensor_dtype: Any = None, name: str | None = None) -> Tensor:
    """The sum of tensors of one shape; a shape that is given is checked."""
    total = add_n(inputs, name)
    if shape is not None:
        total.shape.assert_is_compatible_with(shape)
    return total


# -- quotients -------------------------------------------------------------------------------------------


@operation("RealDiv", NUMBERS, default="truediv")
def truediv(x: Any, y: Any) -> Any:
    """x / y; of whole numbers too, as float64 (float32 where they have 8 or 16 bits)."""
    if x.dtype.kind in "iu":
        wider = "float32" if x.dtype.itemsize <= 2 else "float64"
        x, y = ops.cast(x, dtype=wider), ops.cast(y, dtype=wider)
    return ops.divide(x, y)


divide = truediv
realdiv = operation("RealDiv", (*FLOATS, "complex64", "complex128"))(ops.divide)
floordiv = operation("FloorDiv", REALS, default="floordiv", known=np.floor_divide)(ops.floor_divide)
floor_div = operation("FloorDiv", REALS, known=np.floor_divide)(ops.floor_divide)
mod = floormod = operation("FloorMod", REALS, known=np.mod)(ops.mod)
truncatemod = operation("TruncateMod", REALS)(ops.fmod)


@operation("TruncateDiv", REALS)
def truncatediv(x: Any, y: Any) -> Any:
    """x / y without its fraction."""
    return ops.floor_divide(x - ops.fmod(x, y), y)


@operation("DivNoNan", FLOATS, default="div_no_nan")
def div_no_nan(x: Any, y: Any) -> Any:
    """x / y, and 0 where y is 0."""
    is_zero = ops.equal(y, 0.0)
    return ops.where(is_zero, 0.0, x / ops.where(is_zero, ops.ones_like(y), y))


@operation("Div", NUMBERS, default="div")
def div(x: Any, y: Any) -> Any:
    """x / y as Python 2 divides: of whole numbers, the whole number below."""
    return ops.floor_divide(x, y) if x.dtype.kind in "iu" else ops.divide(x, y)
