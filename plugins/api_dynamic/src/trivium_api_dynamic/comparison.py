"""Comparison, logic, bits, and the choice between two."""

from typing import Any

import numpy as np

from trivium import ops
from trivium.value import Value

from .arithmetic import Binary, binary, called
from .dtypes import Default
from .errors import DTypeMismatchError, UnsupportedDTypeError
from .promotion import Number, cast, category, matched
from .tensors import Tensor, on_host
from .words import method, word

COMPARE = {
    "eq": ops.equal, "ne": ops.not_equal, "lt": ops.less, "le": ops.less_equal, "gt": ops.greater,
    "ge": ops.greater_equal,
}  # fmt: skip


def compared(name: str, pair: Binary) -> Any:
    def function(input, other):
        return pair.function(input, other)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Where input {name} other."
    setattr(Tensor, f"__{name}__", pair.forward)
    return word(function)


eq, ne, lt, le, gt, ge = [compared(name, binary(op)) for name, op in COMPARE.items()]
Tensor.__hash__ = object.__hash__


# -- logic ---------------------------------------------------------------------------------------


def truth(value: Any) -> Any:
    """Where an element is not 0."""
    if not isinstance(value, Value):
        return value != 0
    return value if value.spec.dtype == np.bool_ else ops.not_equal(value, 0)


@word
def logical_and(input, other):
    """Where both are true."""
    return ops.logical_and(truth(input), truth(other))


@word
def logical_or(input, other):
    """Where either is true."""
    return ops.logical_or(truth(input), truth(other))


@word
def logical_not(input):
    """Where it is false."""
    return ops.logical_not(truth(input))


@word
def logical_xor(input, other):
    """Where one is true and the other is not."""
    return ops.not_equal(truth(input), truth(other))


# -- bits ----------------------------------------------------------------------------------------


def bitwise(name: str, op: Any, logical: Any = None, operator: str = "") -> Any:
    """A word of the bits of two whole numbers, or of two bools, and its operator."""

    def function(input, other):
        x, y = matched(input, other)
        if x.spec.dtype == np.bool_ and logical is not None:
            return logical(x, y)
        if category(x.spec.dtype) > 1:
            raise UnsupportedDTypeError(f"{name}: not implemented for {x.dtype}; it takes whole numbers and bools")
        return called(op, x, y)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = op.doc

    def forward(self, other):
        return function(self, other) if isinstance(other, (Value, Number)) else NotImplemented

    def backward(self, other):
        return function(other, self) if isinstance(other, (Value, Number)) else NotImplemented

    setattr(Tensor, f"__{operator}__", forward)
    setattr(Tensor, f"__r{operator}__", backward)
    return word(function)


BITWISE = {
    name: bitwise(name, *how)
    for name, how in {
        "bitwise_and": (ops.bitwise_and, ops.logical_and, "and"),
        "bitwise_or": (ops.bitwise_or, ops.logical_or, "or"),
        "bitwise_xor": (ops.bitwise_xor, ops.logical_xor, "xor"),
        "bitwise_left_shift": (ops.left_shift, None, "lshift"),
        "bitwise_right_shift": (ops.right_shift, None, "rshift"),
    }.items()
}


@word
def bitwise_not(input):
    """Not, of bools; every bit turned over, of whole numbers."""
    if category(input.spec.dtype) > 1:
        raise UnsupportedDTypeError(f"bitwise_not: not implemented for {input.dtype}; it takes whole numbers and bools")
    return ops.logical_not(input) if input.spec.dtype == np.bool_ else ops.bitwise_not(input)


Tensor.__invert__ = bitwise_not


# -- closeness -----------------------------------------------------------------------------------


@word
def isclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Where |input - other| <= atol + rtol * |other|."""
    same_dtype(input, other)
    x, y = input, other
    if category(x.spec.dtype) < 2:
        x, y = ops.cast(x, dtype="float64"), ops.cast(y, dtype="float64")
    difference = ops.absolute(ops.subtract(x, y))
    is_near = ops.less_equal(difference, ops.absolute(y) * rtol + atol)
    result = ops.logical_or(ops.logical_and(is_near, ops.isfinite(difference)), ops.equal(x, y))
    return ops.logical_or(result, ops.logical_and(ops.isnan(x), ops.isnan(y))) if equal_nan else result


def same_dtype(x: Any, y: Any) -> None:
    if x.spec.dtype != y.spec.dtype:
        raise DTypeMismatchError(f"{x.dtype} did not match {y.dtype}; convert one of them with .to()")


@word
def allclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Whether every element is close."""
    return bool(np.all(on_host(isclose(input, other, rtol, atol, equal_nan))))


@word
def equal(input, other):
    """Whether shape and every element agree."""
    if tuple(input.spec.shape) != tuple(other.spec.shape):
        return False
    return bool(np.all(on_host(ops.equal(*matched(input, other)))))


# -- choice --------------------------------------------------------------------------------------


@word(is_method=False)
def where(condition, input=None, other=None):
    """input where the condition holds, else other; of a condition alone, where it holds: an index for each axis."""
    if input is None and other is None:
        return tuple(ops.unstack(ops.nonzero(condition), axis=1))
    check_condition(condition)
    if not isinstance(input, Value) and not isinstance(other, Value):
        dtype = Default.dtype if np.result_type(input, other).kind == "f" else np.result_type(input, other)
        input = ops.full(shape=(), dtype=dtype.name, value=input, place=condition.place)
    return ops.where(truth(condition), *matched(input, other))


def check_condition(condition: Any) -> None:
    if condition.spec.dtype not in (np.dtype(bool), np.dtype(np.uint8)):
        raise DTypeMismatchError(f"where expected condition to be a boolean tensor, but got {condition.dtype}")


@method(name="where")
def where_method(self, condition, other):
    """The tensor where the condition holds, else other."""
    return where(condition, self, other)


@word
def isin(elements, test_elements, *, assume_unique=False, invert=False):
    """Where an element is among others."""
    x, y = matched(elements, test_elements)
    found = ops.any(ops.equal(ops.expand(x, axis=x.spec.ndim), ops.reshape(y, shape=(-1,))), axis=-1)
    return ops.logical_not(found) if invert else found


@word
def nonzero(input, *, as_tuple=False):
    """Where elements are not 0: a row for each; or, as a tuple, an index for each axis."""
    rows = ops.nonzero(input)
    return tuple(ops.unstack(rows, axis=1)) if as_tuple else rows


@method
def is_nonzero(self):
    """Whether the one element is not 0."""
    return bool(self)


def masked(mask: Any, name: str) -> Any:
    """A mask as bools; numbers are refused, but for the uint8 of old."""
    if mask.spec.dtype not in (np.dtype(bool), np.dtype(np.uint8)):
        raise DTypeMismatchError(f"{name} only supports boolean masks, but got mask with dtype {mask.dtype}")
    return cast(mask, np.dtype(bool))
