"""Python's operators for tensors and variables.  Their operations have lower-case names: `a + b` is `add`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from trivium import ops

from . import math
from .array import indexed
from .build import call
from .operation import Tensor


def _binary(kind: str, name: str, compute: Any, known: Any = None) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """An operator and its reflection."""

    def forward(x: Any, y: Any) -> Any:
        return call(kind, compute, name, known=known, x=x, y=y)

    def reflected(y: Any, x: Any) -> Any:
        return call(kind, compute, name, known=known, x=x, y=y)

    return forward, reflected


_PAIRS = {
    "add": _binary("AddV2", "add", ops.add, np.add),
    "sub": _binary("Sub", "sub", ops.subtract, np.subtract),
    "mul": _binary("Mul", "mul", ops.multiply, np.multiply),
    "truediv": _binary("RealDiv", "truediv", math._true_quotient),
    "pow": _binary("Pow", "pow", ops.power),
    "and": _binary("LogicalAnd", "and", ops.logical_and),
    "or": _binary("LogicalOr", "or", ops.logical_or),
    "xor": _binary("LogicalXor", "LogicalXor", ops.not_equal),
}

OPERATORS: dict[str, Callable[..., Any]] = {
    **{f"__{word}__": pair[0] for word, pair in _PAIRS.items()},
    **{f"__r{word}__": pair[1] for word, pair in _PAIRS.items()},
    "__matmul__": lambda a, b: math.matmul(a, b, name="matmul"),
    "__rmatmul__": lambda b, a: math.matmul(a, b, name="matmul"),
    "__neg__": lambda x: math.negative(x),
    "__abs__": lambda x: math.abs(x),
    "__invert__": lambda x: math.logical_not(x),
    "__lt__": lambda x, y: math.less(x, y),
    "__le__": lambda x, y: math.less_equal(x, y),
    "__gt__": lambda x, y: math.greater(x, y),
    "__ge__": lambda x, y: math.greater_equal(x, y),
    "__getitem__": indexed,
}


def give_operators(cls: type) -> type:
    """Let a class that stands for tensors take part in Python's expressions."""
    for name, function in OPERATORS.items():
        setattr(cls, name, function)
    return cls


give_operators(Tensor)
