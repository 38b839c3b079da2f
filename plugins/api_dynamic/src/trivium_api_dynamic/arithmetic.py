"""Arithmetic, comparison and the functions of one element; each is one or a few core ops after promotion."""

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from trivium import ops
from trivium.tensor import Tensor as CoreTensor
from trivium.value import Value

from .dtypes import Default
from .errors import DTypeMismatchError, ShapeError, SizeMismatchError
from .promotion import Number, category, floating, matched, number, result_type
from .tensors import Tensor, method


def sizes_differ(x: Any, y: Any) -> SizeMismatchError | None:
    """The error for two shapes that do not broadcast, in PyTorch's words."""
    a, b = tuple(x.spec.shape), tuple(y.spec.shape)
    for back in range(1, min(len(a), len(b)) + 1):
        if a[-back] != b[-back] and 1 not in (a[-back], b[-back]):
            return SizeMismatchError(
                f"The size of tensor a ({a[-back]}) must match the size of tensor b ({b[-back]}) at non-singleton "
                f"dimension {max(len(a), len(b)) - back}"
            )
    return None


def called(op: Any, x: Any, y: Any) -> Any:
    """An op of two operands of one dtype."""
    try:
        return op(x, y)
    except ShapeError as error:
        raise sizes_differ(x, y) or error from None


NO_BOOLS = (
    "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
    "operator instead."
)


class Binary(NamedTuple):
    """A function of two operands, its operator, and both ways round."""

    function: Callable[[Any, Any], Any]
    forward: Callable[[Any, Any], Any]
    backward: Callable[[Any, Any], Any]


def binary(op: Any, at_least: str | None = None) -> Binary:
    """What an op of two operands becomes once it promotes."""
    refuses_bools = op is ops.subtract

    def function(input, other):
        if refuses_bools and result_type(input, other) == np.bool_:
            raise DTypeMismatchError(NO_BOOLS)
        return called(op, *matched(input, other, at_least=at_least))

    def forward(self, other):
        # the path of most calls: two of our tensors with one dtype, which is enough for the op
        if getattr(other, "kind", None) is Tensor and other.spec.dtype is self.spec.dtype:
            if (at_least is None or self.spec.dtype.kind == "f") and not (
                refuses_bools and self.spec.dtype == np.bool_
            ):
                try:
                    return Tensor.run(op, (self, other), {})
                except ShapeError as error:
                    raise sizes_differ(self, other) or error from None
        if (type(other) is float or type(other) is int) and self.spec.dtype.kind == "f":
            return Tensor.run(op, (self, number(float(other), self.spec.dtype, self.storage.device)), {})
        return function(self, other) if isinstance(other, (Value, Number)) else NotImplemented

    def backward(self, other):
        if (type(other) is float or type(other) is int) and self.spec.dtype.kind == "f":
            return Tensor.run(op, (number(float(other), self.spec.dtype, self.storage.device), self), {})
        return function(other, self) if isinstance(other, (Value, Number)) else NotImplemented

    return Binary(function, forward, backward)


ADD, SUBTRACT, MULTIPLY = binary(ops.add), binary(ops.subtract), binary(ops.multiply)
DIVIDE, POWER = binary(ops.divide, "float"), binary(ops.power)
COMPARE = {
    name: binary(op)
    for name, op in {
        "eq": ops.equal, "ne": ops.not_equal, "lt": ops.less, "le": ops.less_equal, "gt": ops.greater,
        "ge": ops.greater_equal,
    }.items()
}  # fmt: skip


def scaled(other, alpha):
    return other if alpha == 1 else other * alpha


@method
def add(input, other, *, alpha=1):
    """input + alpha * other."""
    return ADD.function(input, scaled(other, alpha))


@method
def sub(input, other, *, alpha=1):
    """input - alpha * other."""
    return SUBTRACT.function(input, scaled(other, alpha))


@method
def mul(input, other):
    """input * other."""
    return MULTIPLY.function(input, other)


@method
def div(input, other):
    """input / other; whole numbers divide as floating-point ones."""
    return DIVIDE.function(input, other)


@method
def pow(input, exponent):
    """input to the power of exponent."""
    if isinstance(exponent, Number) and isinstance(input, Value):
        if exponent == 2:
            return ops.square(input)
        if exponent == 0.5:
            return ops.sqrt(floating(input))
        if exponent < 0 and category(input.spec.dtype) < 2:
            raise DTypeMismatchError("Integers to negative integer powers are not allowed.")
    return POWER.function(input, exponent)


method(sub, name="subtract")
method(mul, name="multiply")
method(div, name="divide")
method(div, name="true_divide")
subtract, multiply, divide, true_divide = sub, mul, div, div
eq, ne, lt, le, gt, ge = [method(pair.function, name=name) for name, pair in COMPARE.items()]

for _name, _pair in (("add", ADD), ("sub", SUBTRACT), ("mul", MULTIPLY), ("truediv", DIVIDE)):
    method(_pair.forward, name=f"__{_name}__")
    method(_pair.backward, name=f"__r{_name}__")
for _name, _pair in COMPARE.items():
    method(_pair.forward, name=f"__{_name}__")
Tensor.__pow__ = lambda self, other: pow(self, other) if isinstance(other, (Value, Number)) else NotImplemented
Tensor.__rpow__ = POWER.backward
Tensor.__hash__ = CoreTensor.__hash__


@method
def rsub(input, other, *, alpha=1):
    """other - alpha * input."""
    return sub(other, input, alpha=alpha)


# -- one operand ---------------------------------------------------------------------------------


def unary(op, name, *, is_floating=True):
    """A function of one operand; whole numbers become floating-point ones first."""

    def function(input):
        return op(floating(input) if is_floating else input)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = op.doc
    return method(function)


exp, log, sqrt = unary(ops.exp, "exp"), unary(ops.log, "log"), unary(ops.sqrt, "sqrt")
sigmoid, tanh = unary(ops.sigmoid, "sigmoid"), unary(ops.tanh, "tanh")
square = unary(ops.square, "square", is_floating=False)
relu = unary(ops.relu, "relu", is_floating=False)
isfinite = unary(ops.isfinite, "isfinite")


@method
def neg(input):
    """-input."""
    if input.spec.dtype == np.bool_:
        raise DTypeMismatchError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, "
            "use the "
            "`~` or `logical_not()` operator instead."
        )
    return ops.negative(input)


@method
def abs(input):
    """The distance from 0."""
    return ops.absolute(input)


negative = method(neg, name="negative")
absolute = method(abs, name="absolute")
method(neg, name="__neg__")
method(abs, name="__abs__")


@method
def reciprocal(input):
    """1 / input."""
    return 1.0 / input


@method
def rsqrt(input):
    """1 / sqrt(input)."""
    return 1.0 / sqrt(input)


@method
def isnan(input):
    """Where an element is no number."""
    return ops.not_equal(input, input)


@method
def isinf(input):
    """Where an element is infinite."""
    return ops.logical_and(ops.logical_not(isfinite(input)), ops.equal(input, input))


@method
def maximum(input, other):
    """The larger of both, element by element."""
    return called(ops.maximum, *matched(input, other))


@method
def minimum(input, other):
    """The smaller of both, element by element."""
    return called(ops.minimum, *matched(input, other))


@method
def clamp(input, min=None, max=None):
    """input, but not below min and not above max."""
    if min is None and max is None:
        raise ValueError("torch.clamp: At least one of 'min' or 'max' must not be None")
    # `where`, for a gradient passes at the limits themselves
    if min is not None:
        x, low = matched(input, min)
        input = ops.where(ops.less(x, low), low, x)
    if max is not None:
        x, high = matched(input, max)
        input = ops.where(ops.greater(x, high), high, x)
    return input


clip = method(clamp, name="clip")


@method
def lerp(input, end, weight):
    """input + weight * (end - input)."""
    return input + weight * (end - input)


@method
def addcmul(input, tensor1, tensor2, *, value=1):
    """input + value * tensor1 * tensor2."""
    return input + scaled(tensor1 * tensor2, value)


@method
def addcdiv(input, tensor1, tensor2, *, value=1):
    """input + value * tensor1 / tensor2."""
    return input + scaled(tensor1 / tensor2, value)


# -- logic ---------------------------------------------------------------------------------------


def truth(value):
    """Where an element is not 0."""
    if not isinstance(value, Value):
        return value != 0
    return value if value.spec.dtype == np.bool_ else ops.not_equal(value, 0)


@method
def logical_and(input, other):
    """Where both are true."""
    return ops.logical_and(truth(input), truth(other))


@method
def logical_or(input, other):
    """Where either is true."""
    return ops.logical_or(truth(input), truth(other))


@method
def logical_not(input):
    """Where it is false."""
    return ops.logical_not(truth(input))


@method
def logical_xor(input, other):
    """Where one is true and the other is not."""
    return ops.not_equal(truth(input), truth(other))


def bitwise(name, logical):
    """An operator that exists for bool tensors; whole numbers need ops that the core does not have yet."""

    def operate(self, other):
        if not isinstance(other, (Value, bool, np.bool_)):
            return NotImplemented
        for value in (self, other):
            if isinstance(value, Value) and value.spec.dtype != np.bool_:
                raise DTypeMismatchError(f"{name}: is defined for bool tensors; got {value.spec}")
        return logical(self, other)

    method(operate, name=f"__{name}__")
    method(operate, name=f"__r{name}__")


bitwise("and", logical_and)
bitwise("or", logical_or)
bitwise("xor", logical_xor)


@method(name="__invert__")
def bitwise_not(input):
    """Not, of a bool tensor; -1 - x of whole numbers."""
    if input.spec.dtype == np.bool_:
        return ops.logical_not(input)
    if input.spec.dtype.kind == "i":
        return ops.subtract(-1, input)
    raise DTypeMismatchError(f"bitwise_not: is defined for bool and signed whole numbers; got {input.spec}")


# -- closeness -----------------------------------------------------------------------------------


def isclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Where |input - other| <= atol + rtol * |other|."""
    x, y = matched(input, other)
    if category(x.spec.dtype) < 2:
        x, y = ops.cast(x, dtype="float64"), ops.cast(y, dtype="float64")
    is_near = ops.logical_and(abs(x - y) <= abs(y) * rtol + atol, isfinite(y))
    result = logical_or(is_near, ops.equal(x, y))
    return logical_or(result, logical_and(isnan(x), isnan(y))) if equal_nan else result


def allclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Whether every element is close."""
    return bool(np.all(Tensor.numpy(isclose(input, other, rtol, atol, equal_nan), force=True)))


def equal(input, other):
    """Whether shape and every element agree."""
    if tuple(input.spec.shape) != tuple(other.spec.shape):
        return False
    return bool(np.all(Tensor.numpy(ops.equal(*matched(input, other)), force=True)))


method(isclose)
method(allclose)
method(equal)


@method
def where(condition, input=None, other=None):
    """input where the condition holds, else other."""
    if input is None:
        raise TypeError("where() of a condition alone needs the op `nonzero`; use x[condition]")
    x, y = (
        matched(input, other)
        if isinstance(input, Value) or isinstance(other, Value)
        else _both(condition, input, other)
    )
    return ops.where(truth(condition), x, y)


# the method is x.where(condition, other): x comes first
Tensor.where = lambda self, condition, other: where(condition, self, other)


def _both(condition, x, y):
    """Two numbers as values beside a condition."""
    both = operator.add(np.asarray(x), np.asarray(y)).dtype
    dtype = Default.dtype if both.kind == "f" else both
    beside = ops.cast(condition, dtype=dtype.name)
    return ops.full(shape=(), dtype=dtype.name, value=x, place=beside.place), y
