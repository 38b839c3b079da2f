"""What schedules are written with: the same words for numbers and for tensors and symbols."""

import math
from typing import Any

from trivium import ops
from trivium.value import Value


def is_value(*xs: Any) -> bool:
    return any([isinstance(x, Value) for x in xs])


def floor(x: Any) -> Any:
    """The whole part of a number that is not negative."""
    return ops.cast(ops.cast(x, dtype="int64"), dtype=x.spec.dtype.name) if is_value(x) else math.floor(x)


def ceil(x: Any) -> Any:
    """The next whole number from one that is not negative."""
    if not is_value(x):
        return math.ceil(x)
    below = floor(x)
    return ops.where(below < x, below + 1.0, below)


def exp(x: Any) -> Any:
    return ops.exp(x) if is_value(x) else math.exp(x)


def log(x: Any) -> Any:
    return ops.log(x) if is_value(x) else math.log(x)


def logistic(x: Any) -> Any:
    """1 / (1 + e ** -x), where e ** -x may be too large for a number."""
    if is_value(x):
        return ops.sigmoid(x)
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def power(x: Any, y: Any) -> Any:
    return ops.power(x, y) if is_value(x, y) else x**y


def cosine(x: Any) -> Any:
    """The cosine; of tensors and symbols, where x is between 0 and pi."""
    if not is_value(x):
        return math.cos(x)
    x = math.pi / 2 - x
    square, total = x * x, 0.0
    for factor in reversed(_SINE):
        total = total * square + factor
    return x * total


# of the series of the sine: enough for float32 within a quarter of a turn
_SINE = [(-1) ** i / math.factorial(2 * i + 1) for i in range(7)]


def smaller(x: Any, y: Any) -> Any:
    return ops.minimum(x, y) if is_value(x, y) else min(x, y)


def larger(x: Any, y: Any) -> Any:
    return ops.maximum(x, y) if is_value(x, y) else max(x, y)


def choose(condition: Any, x: Any, y: Any) -> Any:
    """x where a condition holds, else y."""
    if not is_value(condition):
        return x if condition else y
    if not is_value(x, y):
        x = ops.cast(condition, dtype="float32") * 0.0 + x
    return ops.where(condition, x, y)
