"""Arithmetic, comparisons and reductions."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from trivium import ops

from . import dtypes
from .build import FLOATS, as_sizes, as_tensor, call, constant_in, convert_to_tensor, graph_of
from .dtypes import as_dtype
from .graph import get_default_graph
from .operation import Tensor

__all__ = [
    "add", "subtract", "multiply", "divide", "truediv", "realdiv", "div", "negative", "abs", "square", "sqrt", "rsqrt",
    "exp", "log", "pow", "maximum", "minimum", "sigmoid", "tanh", "squared_difference", "add_n", "accumulate_n",
    "matmul", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or",
    "logical_not", "logical_xor", "is_finite", "is_nan", "is_inf", "cast", "to_float", "to_double", "to_int32",
    "to_int64", "saturate_cast", "reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_logsumexp", "argmax",
    "argmin", "clip_by_value", "reciprocal", "count_nonzero", "scalar_mul",
]  # fmt: skip


# -- one element at a time -----------------------------------------------------------------------------


def add(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x + y."""
    return call("Add", ops.add, name, known=np.add, x=x, y=y)


def subtract(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x - y."""
    return call("Sub", ops.subtract, name, known=np.subtract, x=x, y=y)


def multiply(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x * y, element by element."""
    return call("Mul", ops.multiply, name, known=np.multiply, x=x, y=y)


def scalar_mul(scalar: Any, x: Any) -> Tensor:
    """x times one number."""
    return multiply(scalar, x)


def _true_quotient(x: Any, y: Any) -> Any:
    """Whole numbers are divided as float64, or as float32 where they are short."""
    if x.spec.dtype.kind in "iu":
        wider = "float32" if x.spec.dtype.itemsize <= 2 else "float64"
        x, y = ops.cast(x, dtype=wider), ops.cast(y, dtype=wider)
    return ops.divide(x, y)


def truediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y; of whole numbers too, as float64."""
    return call("RealDiv", _true_quotient, name, default="truediv", x=x, y=y)


def divide(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y, as Python divides."""
    return truediv(x, y, name)


def realdiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y of real numbers."""
    return call("RealDiv", ops.divide, name, only=FLOATS, x=x, y=y)


def div(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y of real numbers.  (Whole numbers need an op that rounds down, which the core does not have yet.)"""
    return call("RealDiv", ops.divide, name, default="div", only=FLOATS, x=x, y=y)


def negative(x: Any, name: str | None = None) -> Tensor:
    """-x."""
    return call("Neg", ops.negative, name, x=x)


def abs(x: Any, name: str | None = None) -> Tensor:
    """The distance of x from 0."""
    return call("Abs", ops.absolute, name, x=x)


def square(x: Any, name: str | None = None) -> Tensor:
    """x * x."""
    return call("Square", ops.square, name, x=x)


def sqrt(x: Any, name: str | None = None) -> Tensor:
    """The square root."""
    return call("Sqrt", ops.sqrt, name, only=FLOATS, x=x)


def rsqrt(x: Any, name: str | None = None) -> Tensor:
    """1 / sqrt(x)."""
    return call("Rsqrt", lambda x: 1.0 / ops.sqrt(x), name, only=FLOATS, x=x)


def reciprocal(x: Any, name: str | None = None) -> Tensor:
    """1 / x."""
    return call("Reciprocal", lambda x: 1.0 / x, name, only=FLOATS, x=x)


def exp(x: Any, name: str | None = None) -> Tensor:
    """e to the power x."""
    return call("Exp", ops.exp, name, only=FLOATS, x=x)


def log(x: Any, name: str | None = None) -> Tensor:
    """The natural logarithm."""
    return call("Log", ops.log, name, only=FLOATS, x=x)


def pow(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x to the power y."""
    return call("Pow", ops.power, name, x=x, y=y)


def maximum(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The larger of x and y."""
    return call("Maximum", ops.maximum, name, x=x, y=y)


def minimum(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The smaller of x and y."""
    return call("Minimum", ops.minimum, name, x=x, y=y)


def sigmoid(x: Any, name: str | None = None) -> Tensor:
    """1 / (1 + exp(-x))."""
    return call("Sigmoid", ops.sigmoid, name, only=FLOATS, x=x)


def tanh(x: Any, name: str | None = None) -> Tensor:
    """The hyperbolic tangent."""
    return call("Tanh", ops.tanh, name, only=FLOATS, x=x)


def squared_difference(x: Any, y: Any, name: str | None = None) -> Tensor:
    """(x - y)**2."""
    return call("SquaredDifference", lambda x, y: ops.square(x - y), name, x=x, y=y)


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


accumulate_n = add_n


# -- comparisons -----------------------------------------------------------------------------------------


def equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Whether x == y."""
    return call("Equal", ops.equal, name, x=x, y=y)


def not_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Whether x != y."""
    return call("NotEqual", ops.not_equal, name, x=x, y=y)


def less(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Whether x < y."""
    return call("Less", ops.less, name, x=x, y=y)


def less_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Whether x <= y."""
    return call("LessEqual", ops.less_equal, name, x=x, y=y)


def greater(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Whether x > y."""
    return call("Greater", ops.greater, name, x=x, y=y)


def greater_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Whether x >= y."""
    return call("GreaterEqual", ops.greater_equal, name, x=x, y=y)


def logical_and(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x and y."""
    return call("LogicalAnd", ops.logical_and, name, only=("bool",), x=x, y=y)


def logical_or(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x or y."""
    return call("LogicalOr", ops.logical_or, name, only=("bool",), x=x, y=y)


def logical_xor(x: Any, y: Any, name: str = "LogicalXor") -> Tensor:
    """Either x or y."""
    return call("NotEqual", ops.not_equal, name, only=("bool",), x=x, y=y)


def logical_not(x: Any, name: str | None = None) -> Tensor:
    """not x."""
    return call("LogicalNot", ops.logical_not, name, only=("bool",), x=x)


def is_finite(x: Any, name: str | None = None) -> Tensor:
    """Whether x is neither NaN nor infinite."""
    return call("IsFinite", ops.isfinite, name, only=FLOATS, x=x)


def is_nan(x: Any, name: str | None = None) -> Tensor:
    """Whether x is not a number."""
    return call("IsNan", lambda x: ops.not_equal(x, x), name, only=FLOATS, x=x)


def is_inf(x: Any, name: str | None = None) -> Tensor:
    """Whether x is infinite."""
    return call("IsInf", lambda x: ops.equal(ops.absolute(x), float("inf")), name, only=FLOATS, x=x)


# -- dtypes ------------------------------------------------------------------------------------------------


def cast(x: Any, dtype: Any, name: str | None = None) -> Tensor:
    """x in another dtype."""
    wanted = as_dtype(dtype).base_dtype
    tensor = convert_to_tensor(x, name="x")
    if tensor.dtype == wanted:
        return tensor
    keeps = wanted.is_integer and tensor.dtype.is_integer
    return call(
        "Cast", lambda x: ops.cast(x, dtype=wanted.name), name, known=(lambda x: x) if keeps else None,
        attributes={"DstT": wanted, "SrcT": tensor.dtype}, x=tensor,
    )  # fmt: skip


saturate_cast = cast


def to_float(x: Any, name: str = "ToFloat") -> Tensor:
    """x as float32."""
    return cast(x, dtypes.float32, name)


def to_double(x: Any, name: str = "ToDouble") -> Tensor:
    """x as float64."""
    return cast(x, dtypes.float64, name)


def to_int32(x: Any, name: str = "ToInt32") -> Tensor:
    """x as int32."""
    return cast(x, dtypes.int32, name)


def to_int64(x: Any, name: str = "ToInt64") -> Tensor:
    """x as int64."""
    return cast(x, dtypes.int64, name)


# -- products and reductions -----------------------------------------------------------------------------


def matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, adjoint_a: bool = False,
    adjoint_b: bool = False, a_is_sparse: bool = False, b_is_sparse: bool = False, name: str | None = None,
) -> Tensor:  # fmt: skip
    """The matrix product, for each index of the leading axes; either side may be transposed first."""

    def flipped(x: Any) -> Any:
        return ops.transpose(x, axes=(*builtins.range(x.ndim - 2), x.ndim - 1, x.ndim - 2))

    def product(x: Any, y: Any) -> Any:
        x = flipped(x) if transpose_a or adjoint_a else x
        return ops.matmul(x, flipped(y) if transpose_b or adjoint_b else y)

    is_batched = any((np.ndim(x) if tensor is None else tensor.shape.ndims or 2) > 2
                     for x in (a, b) for tensor in [as_tensor(x, get_default_graph())])  # fmt: skip
    attributes = {"transpose_a": transpose_a or adjoint_a, "transpose_b": transpose_b or adjoint_b}
    return call(
        "BatchMatMul" if is_batched else "MatMul", product, name, default="MatMul", attributes=attributes, a=a, b=b
    )


def _reduction(
    kind: str, reduce: Callable[..., Any], x: Any, axis: Any, keepdims: Any, name: str | None, old: tuple[Any, Any],
    default: str | None = None,
) -> Tensor:  # fmt: skip
    """A reduction.  `old` holds the names of 2016: reduction_indices and keep_dims."""
    axis = old[0] if axis is None else axis
    keepdims = bool(keepdims or old[1])
    graph = graph_of([x])
    with graph.as_default():
        tensor = convert_to_tensor(x, name="input_tensor")
        if axis is None:
            axes, indices = None, np.arange(tensor.shape.ndims or 0, dtype=np.int32)
            listed = constant_in(graph, graph.unique_name("Const"), indices)
        else:
            axes = as_sizes(axis, "axis")
            listed = None
        with graph.name_scope(name or default or kind) as scope:
            if listed is None:
                listed = constant_in(graph, graph.unique_name("reduction_indices"), np.asarray(axis_array(axis, axes)))
            graph.prevent_feeding(listed)
            made = graph.operation(
                kind, scope[:-1], [tensor], lambda s: reduce(s, axis=axes, keepdims=keepdims),
                attributes={"keep_dims": keepdims}, shown=[tensor, listed],
            )  # fmt: skip
    return made.outputs[0]


def axis_array(axis: Any, axes: tuple[int, ...]) -> np.ndarray:
    """The axes as TensorFlow stores them: a scalar for one that was given as a number."""
    return np.array(axes[0] if isinstance(axis, (int, np.integer)) else axes, np.int32)


def reduce_sum(
    input_tensor: Any, axis: Any = None, keepdims: Any = None, name: str | None = None, reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:  # fmt: skip
    """The sum along some axes, or all of them."""
    return _reduction("Sum", ops.sum, input_tensor, axis, keepdims, name, (reduction_indices, keep_dims))


def reduce_mean(
    input_tensor: Any, axis: Any = None, keepdims: Any = None, name: str | None = None, reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:  # fmt: skip
    """The average along some axes, or all of them."""
    return _reduction("Mean", ops.mean, input_tensor, axis, keepdims, name, (reduction_indices, keep_dims))


def reduce_max(
    input_tensor: Any, axis: Any = None, keepdims: Any = None, name: str | None = None, reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:  # fmt: skip
    """The largest element along some axes, or all of them."""
    return _reduction("Max", ops.max, input_tensor, axis, keepdims, name, (reduction_indices, keep_dims))


def reduce_min(
    input_tensor: Any, axis: Any = None, keepdims: Any = None, name: str | None = None, reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:  # fmt: skip
    """The smallest element along some axes, or all of them."""

    def smallest(x: Any, **settings: Any) -> Any:
        return -ops.max(-x, **settings)

    return _reduction("Min", smallest, input_tensor, axis, keepdims, name, (reduction_indices, keep_dims))


def reduce_logsumexp(
    input_tensor: Any, axis: Any = None, keepdims: Any = None, name: str | None = None, reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:  # fmt: skip
    """log(sum(exp(x))) along some axes, or all of them, without overflow."""

    def reduce(x: Any, *, axis: Any, keepdims: bool) -> Any:
        most = ops.stop_gradient(ops.max(x, axis=axis, keepdims=True))
        total = ops.log(ops.sum(ops.exp(x - most), axis=axis, keepdims=True)) + most
        return total if keepdims else ops.sum(total, axis=axis)

    old = (reduction_indices, keep_dims)
    return _reduction("LogSumExp", reduce, input_tensor, axis, keepdims, name, old, "ReduceLogSumExp")


def count_nonzero(input_tensor: Any, axis: Any = None, keepdims: Any = None, dtype: Any = dtypes.int64) -> Tensor:
    """How many elements along some axes, or all of them, are not 0."""
    return reduce_sum(cast(not_equal(input_tensor, 0), dtype), axis, keepdims)


def argmax(
    input: Any, axis: Any = None, name: str | None = None, dimension: Any = None, output_type: Any = dtypes.int64
) -> Tensor:
    """Where the largest element along an axis stands; along the first one when nothing is said."""
    return _position("ArgMax", lambda x: x, input, axis, dimension, output_type, name)


def argmin(
    input: Any, axis: Any = None, name: str | None = None, dimension: Any = None, output_type: Any = dtypes.int64
) -> Tensor:
    """Where the smallest element along an axis stands; along the first one when nothing is said."""
    return _position("ArgMin", ops.negative, input, axis, dimension, output_type, name)


def _position(
    kind: str, turned: Callable[[Any], Any], x: Any, axis: Any, dimension: Any, output_type: Any, name: str | None
) -> Tensor:
    axis = as_sizes(0 if axis is None and dimension is None else dimension if axis is None else axis, "axis")[0]
    wanted = as_dtype(output_type)

    def position(x: Any) -> Any:
        found = ops.argmax(turned(ops.stop_gradient(x)), axis=axis)
        return found if wanted == dtypes.int64 else ops.cast(found, dtype=wanted.name)

    return call(kind, position, name, attributes={"output_type": wanted}, input=x)
