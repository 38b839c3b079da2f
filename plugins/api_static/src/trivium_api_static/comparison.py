"""Comparisons, and what is true of elements."""

from __future__ import annotations

from trivium import ops

from .build import FLOATS, REALS, operation

__all__ = [
    "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or", "logical_not",
    "logical_xor", "is_finite", "is_nan", "is_inf",
]  # fmt: skip

TRUTH = ("bool",)

equal = operation("Equal")(ops.equal)
not_equal = operation("NotEqual")(ops.not_equal)
less = operation("Less", REALS)(ops.less)
less_equal = operation("LessEqual", REALS)(ops.less_equal)
greater = operation("Greater", REALS)(ops.greater)
greater_equal = operation("GreaterEqual", REALS)(ops.greater_equal)

logical_and = operation("LogicalAnd", TRUTH)(ops.logical_and)
logical_or = operation("LogicalOr", TRUTH)(ops.logical_or)
logical_not = operation("LogicalNot", TRUTH)(ops.logical_not)
logical_xor = operation("LogicalXor", TRUTH)(ops.logical_xor)

is_finite = operation("IsFinite", FLOATS)(ops.isfinite)
is_nan = operation("IsNan", FLOATS)(ops.isnan)
is_inf = operation("IsInf", FLOATS)(ops.isinf)
