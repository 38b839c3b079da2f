"""Arithmetic of two operands and more: core ops after promotion, and their operators."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from trivium import ops
from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import tape
from trivium.value import Value

from .autograd.function import Function
from .autograd.grad_fn import as_title
from .errors import ArgumentValueError, DTypeMismatchError, ShapeError, SizeMismatchError
from .promotion import Number, category, floating, matched, number
from .tensors import Tensor
from .words import word


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


def check_subtraction(x: Any, y: Any) -> None:
    """Refuse to subtract bools."""
    bools = [isinstance(v, Value) and v.spec.dtype == np.bool_ for v in (x, y)]
    if all(bools):
        raise DTypeMismatchError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
            "operator instead."
        )
    if any(bools):
        raise DTypeMismatchError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, "
            "use the `~` or `logical_not()` operator instead."
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
        if refuses_bools:
            check_subtraction(input, other)
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
FLOOR_DIVIDE, REMAINDER = binary(ops.floor_divide), binary(ops.mod)


class Steps(Function):
    """A function that is flat but for its steps: its gradient is 0."""

    @staticmethod
    def forward(ctx, op, *values):
        ctx.save_for_backward(*values)
        return op(*values)

    @staticmethod
    def backward(ctx, gradient):
        return None, *[ops.zeros_like(value) for value in ctx.saved_tensors]


def in_steps(op: Any, *values: Any) -> Any:
    """An op that changes in steps; as in PyTorch, gradients of 0 flow through it."""
    if tape.recording and any([isinstance(v, Tensor) and v.edge is not None for v in values]):
        made = Steps.apply(op, *values)
        made.edge.name = f"{as_title(op.name)}Backward0"
        return made
    return called(op, *values) if len(values) == 2 else op(*values)


def scaled(other: Any, alpha: Any) -> Any:
    """alpha * other, for the functions that take an alpha or a value."""
    return other if alpha == 1 else other * alpha


@word
def add(input, other, *, alpha=1):
    """input + alpha * other."""
    return ADD.function(input, scaled(other, alpha))


@word
def sub(input, other, *, alpha=1):
    """input - alpha * other."""
    return SUBTRACT.function(input, scaled(other, alpha))


@word
def rsub(input, other, *, alpha=1):
    """other - alpha * input."""
    return sub(other, input, alpha=alpha)


@word
def mul(input, other):
    """input * other."""
    return MULTIPLY.function(input, other)


@word
def div(input, other, *, rounding_mode=None):
    """input / other; whole numbers divide as floating-point ones.

    rounding_mode: "trunc" or "floor": to a whole number, in the dtype of the operands
    """
    if rounding_mode is None:
        return DIVIDE.function(input, other)
    if rounding_mode == "floor":
        return in_steps(ops.floor_divide, *matched(input, other))
    if rounding_mode != "trunc":
        raise ArgumentValueError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
        )
    x, y = matched(input, other)
    return in_steps(ops.trunc, x / y) if category(x.spec.dtype) >= 2 else floored_up(x, y)


def floored_up(x, y):
    """Whole numbers divided, rounded towards 0."""
    down = ops.floor_divide(x, y)
    is_short = ops.logical_and(ops.less(down, 0), ops.not_equal(ops.multiply(down, y), x))
    return ops.where(is_short, ops.add(down, 1), down)


@word
def floor_divide(input, other):
    """input / other, rounded down."""
    return FLOOR_DIVIDE.function(input, other)


@word
def remainder(input, other):
    """What is left of input / other rounded down; it has the sign of `other`."""
    return REMAINDER.function(input, other)


@word
def fmod(input, other):
    """What is left of input / other rounded towards 0; it has the sign of `input`."""
    return called(ops.fmod, *matched(input, other))


@word
def pow(input, exponent):
    """input to the power of exponent."""
    if isinstance(exponent, Number) and isinstance(input, Value):
        if exponent == 2:
            return ops.square(input)
        if exponent == 0.5:
            return ops.sqrt(floating(input))
        if exponent < 0 and category(input.spec.dtype) < 2:
            if isinstance(exponent, int):
                raise DTypeMismatchError("Integers to negative integer powers are not allowed.")
    return POWER.function(input, exponent)


for _name, _pair in (
    ("add", ADD), ("sub", SUBTRACT), ("mul", MULTIPLY), ("truediv", DIVIDE), ("floordiv", FLOOR_DIVIDE),
    ("mod", REMAINDER),
):  # fmt: skip
    setattr(Tensor, f"__{_name}__", _pair.forward)
    setattr(Tensor, f"__r{_name}__", _pair.backward)
Tensor.__pow__ = lambda self, other: pow(self, other) if isinstance(other, (Value, Number)) else NotImplemented
Tensor.__rpow__ = POWER.backward
Tensor.__divmod__ = lambda self, other: (self // other, self % other)
Tensor.__hash__ = CoreTensor.__hash__


# -- functions of two without an operator ---------------------------------------------------------


@word
def atan2(input, other):
    """The angle of the point (other, input), from -pi to pi."""
    return called(ops.atan2, *matched(input, other, at_least="float"))


@word
def hypot(input, other):
    """sqrt(input**2 + other**2)."""
    x, y = matched(input, other, at_least="float")
    return ops.sqrt(ops.square(x) + ops.square(y))


@word
def logaddexp(input, other):
    """log(exp(input) + exp(other)), without overflow."""
    x, y = broadcast(*matched(input, other, at_least="float"))
    return ops.logsumexp(ops.stack(x, y), axis=0)


def broadcast(x, y):
    shape = tuple(np.broadcast_shapes(tuple(x.spec.shape), tuple(y.spec.shape)))
    return [v if tuple(v.spec.shape) == shape else ops.broadcast_to(v, shape=shape) for v in (x, y)]


@word
def maximum(input, other):
    """The larger of both, element by element."""
    return called(ops.maximum, *matched(input, other))


@word
def minimum(input, other):
    """The smaller of both, element by element."""
    return called(ops.minimum, *matched(input, other))


# -- functions of more ---------------------------------------------------------------------------


@word
def clamp(input, min=None, max=None):
    """input, but not below min and not above max."""
    if min is None and max is None:
        raise ArgumentValueError("torch.clamp: At least one of 'min' or 'max' must not be None")
    # `where`, for a gradient passes at the limits themselves
    if min is not None:
        x, low = matched(input, min)
        input = ops.where(ops.less(x, low), low, x)
    if max is not None:
        x, high = matched(input, max)
        input = ops.where(ops.greater(x, high), high, x)
    return input


@word
def clamp_min(input, min):
    """input, but not below min."""
    return clamp(input, min=min)


@word
def clamp_max(input, max):
    """input, but not above max."""
    return clamp(input, max=max)


@word
def lerp(input, end, weight):
    """input + weight * (end - input)."""
    return input + weight * (end - input)


@word
def addcmul(input, tensor1, tensor2, *, value=1):
    """input + value * tensor1 * tensor2."""
    return input + scaled(tensor1 * tensor2, value)


@word
def addcdiv(input, tensor1, tensor2, *, value=1):
    """input + value * tensor1 / tensor2."""
    if all([category(t.spec.dtype) < 2 for t in (tensor1, tensor2)]):
        raise DTypeMismatchError(
            "Integer division with addcdiv is no longer supported; use floating-point tensors, or div(rounding_mode=)"
        )
    return input + scaled(tensor1 / tensor2, value)


@word
def nan_to_num(input, nan=0.0, posinf=None, neginf=None):
    """nan where an element is no number, posinf and neginf where it is infinite: the largest numbers, if None."""
    if category(input.spec.dtype) < 2:
        return ops.copy(input)
    limit = float(np.finfo(input.spec.dtype).max) if input.spec.dtype.kind == "f" else math.inf
    input = ops.where(ops.isnan(input), nan, input)
    input = ops.where(ops.equal(input, math.inf), limit if posinf is None else posinf, input)
    return ops.where(ops.equal(input, -math.inf), -limit if neginf is None else neginf, input)
