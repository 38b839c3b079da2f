"""Checks: of values when the graph runs (operations that fail), of types and ranks while it is built."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from . import comparison
from .arithmetic import subtract
from .arranging import reshape
from .build import convert_to_tensor, graph_of
from .comparison import greater, greater_equal, is_finite, is_inf, is_nan, less, less_equal
from .control import group, no_op
from .dtypes import as_dtype, float32
from .graph import get_default_graph
from .host import Assert, check_numerics, verify_tensor_all_finite
from .observing import disable_check_numerics, enable_check_numerics  # noqa: F401 - words of tf.debugging
from .operation import Operation, Tensor
from .reduction import reduce_all
from .slicing import indexed

__all__ = [
    "assert_equal", "assert_none_equal", "assert_less", "assert_less_equal", "assert_greater", "assert_greater_equal",
    "assert_negative", "assert_positive", "assert_non_negative", "assert_non_positive", "assert_rank",
    "assert_rank_at_least", "assert_rank_in", "assert_scalar", "assert_type", "assert_integer",
    "assert_same_float_dtype", "assert_proper_iterable", "is_numeric_tensor", "is_non_decreasing",
    "is_strictly_increasing", "add_check_numerics_ops",
]  # fmt: skip

# the words of tf.debugging that live elsewhere
__all__ += ["Assert", "check_numerics", "is_finite", "is_inf", "is_nan"]
assert_all_finite = verify_tensor_all_finite


# -- values ----------------------------------------------------------------------------------------------


def _of_pairs(word: str, sign: str, holds: Callable[..., Tensor]) -> Callable[..., Operation]:
    def check(
        x: Any, y: Any, data: Sequence[Any] | None = None, summarize: int | None = None, message: str | None = None,
        name: str | None = None,
    ) -> Operation:  # fmt: skip
        return _checked(f"assert_{word}", f"x {sign} y", holds, {"x": x, "y": y}, data, summarize, message, name)

    check.__name__ = check.__qualname__ = f"assert_{word}"
    check.__doc__ = f"An operation that fails unless x {sign} y everywhere."
    return check


def _of_one(word: str, sign: str, holds: Callable[..., Tensor]) -> Callable[..., Operation]:
    def check(
        x: Any, data: Sequence[Any] | None = None, summarize: int | None = None, message: str | None = None,
        name: str | None = None,
    ) -> Operation:  # fmt: skip
        return _checked(
            f"assert_{word}", f"x {sign} 0", lambda x: holds(x, 0), {"x": x}, data, summarize, message, name
        )

    check.__name__ = check.__qualname__ = f"assert_{word}"
    check.__doc__ = f"An operation that fails unless x {sign} 0 everywhere."
    return check


def _checked(
    word: str, claim: str, holds: Callable[..., Tensor], given: dict[str, Any], data: Sequence[Any] | None,
    summarize: int | None, message: str | None, name: str | None,
) -> Operation:  # fmt: skip
    graph = graph_of(list(given.values()))
    with graph.as_default(), graph.name_scope(name or word):
        tensors = {arg: convert_to_tensor(x, name=arg) for arg, x in given.items()}
        if data is None:
            data = [message or "", f"Condition {claim} did not hold element-wise:"]
            for arg, x in tensors.items():
                data += [f"{arg} ({x.name}) = ", x]
        return Assert(reduce_all(holds(*tensors.values())), [x for x in data if not isinstance(x, str) or x], summarize)


assert_equal = _of_pairs("equal", "==", comparison.equal)
assert_none_equal = _of_pairs("none_equal", "!=", comparison.not_equal)
assert_less = _of_pairs("less", "<", less)
assert_less_equal = _of_pairs("less_equal", "<=", less_equal)
assert_greater = _of_pairs("greater", ">", greater)
assert_greater_equal = _of_pairs("greater_equal", ">=", greater_equal)
assert_negative = _of_one("negative", "<", less)
assert_positive = _of_one("positive", ">", greater)
assert_non_negative = _of_one("non_negative", ">=", greater_equal)
assert_non_positive = _of_one("non_positive", "<=", less_equal)


def is_non_decreasing(x: Any, name: str | None = None) -> Tensor:
    """Whether no element is below the one before it."""
    return _in_order(x, name or "is_non_decreasing", greater_equal)


def is_strictly_increasing(x: Any, name: str | None = None) -> Tensor:
    """Whether every element is above the one before it."""
    return _in_order(x, name or "is_strictly_increasing", greater)


def _in_order(x: Any, name: str, holds: Callable[..., Tensor]) -> Tensor:
    graph = graph_of([x])
    with graph.as_default(), graph.name_scope(name):
        tensor = convert_to_tensor(x, name="x")
        row = tensor if tensor.shape.ndims == 1 else reshape(tensor, [-1])
        steps = subtract(indexed(row, slice(1, None)), indexed(row, slice(None, -1)))
        return reduce_all(holds(steps, 0))


def add_check_numerics_ops() -> Operation:
    """An operation that fails, and names the first tensor, where any tensor of the graph holds NaN or Inf."""
    graph = get_default_graph()
    with graph.name_scope("add_check_numerics_ops"):
        checks: list[Any] = []
        for op in graph.get_operations():
            for x in op.outputs:
                if (
                    x.symbol is not None
                    and x.symbol.graph is graph.core
                    and x.dtype.is_floating
                    and op.type != "VariableV2"
                ):
                    with graph.control_dependencies(checks[-1:]):
                        checks.append(check_numerics(x, x.name))
        return group(*checks) if checks else no_op()


# -- ranks -------------------------------------------------------------------------------------------------


def assert_rank(
    x: Any, rank: int, data: Any = None, summarize: Any = None, message: str | None = None, name: str | None = None
) -> Operation:
    """Raise while the graph is built unless x has this many axes."""
    return _ranked(x, f"must have rank {rank}", lambda n: n == rank, message, name or "assert_rank")


def assert_rank_at_least(
    x: Any, rank: int, data: Any = None, summarize: Any = None, message: str | None = None, name: str | None = None
) -> Operation:
    """Raise while the graph is built unless x has this many axes or more."""
    return _ranked(x, f"must have rank at least {rank}", lambda n: n >= rank, message, name or "assert_rank_at_least")


def assert_rank_in(
    x: Any, ranks: Iterable[int], data: Any = None, summarize: Any = None, message: str | None = None,
    name: str | None = None,
) -> Operation:  # fmt: skip
    """Raise while the graph is built unless the number of axes of x is one of these."""
    ranks = tuple(ranks)
    return _ranked(x, f"must have rank in {ranks}", lambda n: n in ranks, message, name or "assert_rank_in")


def _ranked(x: Any, claim: str, holds: Callable[[int], bool], message: str | None, name: str) -> Operation:
    graph = graph_of([x])
    with graph.as_default(), graph.name_scope(name):
        tensor = convert_to_tensor(x, name="x")
        count = tensor.shape.ndims
        if count is None:
            raise ValueError(f"{name}: the rank of {tensor} is not known while the graph is built; use set_shape")
        if not holds(count):
            text = f"{message} " if message else ""
            raise ValueError(f"{text}Tensor {tensor.name} {claim}. Received rank {count}, shape {tensor.shape}")
        return no_op("static_checks_determined_all_ok")


def assert_scalar(tensor: Any, name: str | None = None) -> Tensor:
    """The tensor, which has no axes."""
    x = convert_to_tensor(tensor, name="tensor")
    if x.shape.ndims != 0:
        raise ValueError(f"Expected scalar shape for {x.name}, saw shape: {x.shape}.")
    return x


# -- types -------------------------------------------------------------------------------------------------


def assert_type(tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None) -> Operation:
    """Raise while the graph is built unless a tensor has this dtype."""
    x, wanted = convert_to_tensor(tensor, name="tensor"), as_dtype(tf_type)
    if x.dtype != wanted:
        raise TypeError(f"{message or ''}{x.name} must be of type {wanted!r}")
    return no_op(name or "statically_determined_correct_type")


def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> Operation:
    """Raise while the graph is built unless a tensor holds whole numbers."""
    tensor = convert_to_tensor(x, name="x")
    if not tensor.dtype.is_integer:
        raise TypeError(f'{message or ""}Expected "x" to be integer type.  Found: {tensor.dtype!r}')
    return no_op(name or "statically_determined_was_integer")


def assert_same_float_dtype(tensors: Sequence[Any] | None = None, dtype: Any = None) -> Any:
    """The floating dtype that all tensors have; float32 when there is nothing to tell it from."""
    found = [convert_to_tensor(x).dtype for x in tensors or ()] + ([as_dtype(dtype)] if dtype else [])
    if any(each != found[0] for each in found):
        raise ValueError(f"Tensor types do not match: {', '.join(map(repr, found))}")
    if found and not found[0].is_floating:
        raise ValueError(f"Expected floating point type, got {found[0]!r}.")
    return found[0].base_dtype if found else float32


def assert_proper_iterable(values: Any) -> None:
    """Raise unless values are a list or the like: text, arrays and tensors are not."""
    if isinstance(values, (str, bytes, Tensor)) or hasattr(values, "dtype") or not hasattr(values, "__iter__"):
        raise TypeError(f'Expected argument "values" to be a "proper" iterable.  Found: {type(values)}')


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether something is a tensor of numbers."""
    return isinstance(tensor, Tensor) and (tensor.dtype.is_floating or tensor.dtype.is_integer)
