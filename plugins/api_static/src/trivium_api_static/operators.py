"""Python's operators for tensors and variables.  Their operations have lower-case names: `a + b` is `add`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from trivium import ops

from . import arithmetic, comparison
from .build import NUMBERS, REALS, call
from .comparison import TRUTH
from .operation import Tensor
from .slicing import indexed

_Pair = tuple[Callable[..., Any], Callable[..., Any]]


def _binary(kind: str, name: str, compute: Any, only: Collection[str] = NUMBERS, known: Any = None) -> _Pair:
    """An operator and its reflection."""

    def forward(x: Any, y: Any) -> Any:
        return call(kind, compute, name, known=known, only=only, x=x, y=y)

    def reflected(y: Any, x: Any) -> Any:
        return call(kind, compute, name, known=known, only=only, x=x, y=y)

    return forward, reflected


def _reflected(function: Callable[..., Any]) -> _Pair:
    return lambda x, y: function(x, y), lambda y, x: function(x, y)


_PAIRS = {
    "add": _binary("AddV2", "add", ops.add, known=np.add),
    "sub": _binary("Sub", "sub", ops.subtract, known=np.subtract),
    "mul": _binary("Mul", "mul", ops.multiply, known=np.multiply),
    "truediv": _reflected(arithmetic.truediv),
    "floordiv": _reflected(arithmetic.floordiv),
    "mod": _binary("FloorMod", "mod", ops.mod, REALS, np.mod),
    "pow": _binary("Pow", "pow", ops.power),
    "and": _binary("LogicalAnd", "and", ops.logical_and, TRUTH),
    "or": _binary("LogicalOr", "or", ops.logical_or, TRUTH),
    "xor": _binary("LogicalXor", "LogicalXor", ops.logical_xor, TRUTH),
    "matmul": _binary("MatMul", "matmul", ops.matmul),
}

OPERATORS: dict[str, Callable[..., Any]] = {
    **{f"__{word}__": pair[0] for word, pair in _PAIRS.items()},
    **{f"__r{word}__": pair[1] for word, pair in _PAIRS.items()},
    "__div__": arithmetic.div,
    "__neg__": lambda x: arithmetic.negative(x),
    "__abs__": lambda x: arithmetic.abs(x),
    "__invert__": lambda x: comparison.logical_not(x),
    "__lt__": lambda x, y: comparison.less(x, y),
    "__le__": lambda x, y: comparison.less_equal(x, y),
    "__gt__": lambda x, y: comparison.greater(x, y),
    "__ge__": lambda x, y: comparison.greater_equal(x, y),
    "__getitem__": indexed,
}


def give_operators(cls: type) -> type:
    """Let a class that stands for tensors take part in Python's expressions."""
    for name, function in OPERATORS.items():
        setattr(cls, name, function)
    return cls


give_operators(Tensor)
