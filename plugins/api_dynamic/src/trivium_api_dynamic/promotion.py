"""PyTorch's type promotion, done before a core op is called.

Tensors with axes outrank tensors of shape (), and both outrank Python numbers: a lower rank changes the dtype
only by bringing a higher category (bool < int < float < complex).
"""

from functools import cache
from typing import Any

import numpy as np

from trivium import config, ops
from trivium.graph import Symbol
from trivium.tensor import Tensor as CoreTensor
from trivium.value import Value

from .dtypes import CATEGORIES, DTYPES, Default, DType, as_torch_dtype
from .tensors import Tensor

Number = (int, float, complex, np.generic)

WITH_AXES, SCALAR, NUMBER = 0, 1, 2


def category(dtype: Any) -> int:
    """0 bool, 1 whole numbers, 2 floating point, 3 complex."""
    return CATEGORIES[dtype.kind]


@cache
def promoted(a: Any, b: Any) -> Any:
    """The smallest NumPy dtype of the lattice that holds both."""
    if a == b:
        return a
    high, low = (a, b) if category(a) >= category(b) else (b, a)
    if category(high) == 3 and category(low) >= 2:
        is_wide = np.dtype(np.complex128) in (high, low) or np.dtype(np.float64) in (high, low)
        return np.dtype(np.complex128 if is_wide else np.complex64)
    if category(high) != category(low):
        return high
    if category(high) == 2:
        if high.itemsize == low.itemsize:  # float16 and bfloat16
            return np.dtype(np.float32)
        return max(high, low, key=lambda dtype: dtype.itemsize)
    return np.promote_types(high, low)


def promote_types(a: Any, b: Any) -> DType:
    """The dtype that tensors of these two become beside each other."""
    return DTYPES[promoted(as_torch_dtype(a).dtype, as_torch_dtype(b).dtype)]


def number_dtype(value: Any) -> Any:
    """The dtype that a Python number would have on its own."""
    if isinstance(value, (bool, np.bool_)):
        return np.dtype(bool)
    if isinstance(value, (int, np.integer)):
        return np.dtype(np.int64)
    if isinstance(value, (float, np.floating)):
        return Default.dtype
    return np.dtype(np.complex128 if Default.dtype == np.float64 else np.complex64)


def ranked(value: Any) -> tuple[Any, int]:
    if isinstance(value, Value):
        spec = value.spec
        return spec.dtype, SCALAR if spec.has_rank and spec.ndim == 0 else WITH_AXES
    if isinstance(value, Number):
        return number_dtype(value), NUMBER
    raise TypeError(f"unsupported operand type: {type(value).__name__!r} is no tensor or number")


@cache
def result_dtype(*operands: tuple[Any, int]) -> Any:
    """The NumPy dtype of a result, from (dtype, rank) of each operand."""
    by_rank: list[Any] = [None, None, None]
    for dtype, rank in operands:
        by_rank[rank] = dtype if by_rank[rank] is None else promoted(by_rank[rank], dtype)
    return combined(by_rank[WITH_AXES], combined(by_rank[SCALAR], by_rank[NUMBER]))


def combined(higher: Any, lower: Any) -> Any:
    if higher is None or lower is None:
        return lower if higher is None else higher
    if category(lower) <= category(higher):
        return higher
    if category(higher) == 2:  # a float beside a complex of lower rank keeps its width
        return np.dtype(np.complex128 if higher.itemsize == 8 else np.complex64)
    return promoted(higher, lower)


def result_type(*values: Any) -> DType:
    """The dtype that a computation on these tensors and numbers has."""
    return DTYPES[result_dtype(*map(ranked, values))]


def can_cast(source: Any, target: Any) -> bool:
    """Whether an in-place result of one dtype may be stored in another: never to a lower category."""
    return category(as_torch_dtype(source)) <= category(as_torch_dtype(target))


def cast(value: Any, dtype: Any) -> Any:
    """The value in this NumPy dtype; itself where it has it.  No gradient flows through whole numbers."""
    if value.spec.dtype == dtype:
        return value
    made = ops.cast(value, dtype=dtype.name)
    if dtype.kind in "biu" and isinstance(made, CoreTensor):
        made.edge = None
    return made


_numbers: dict[Any, Tensor] = {}


def number(value: Any, dtype: Any, device: Any) -> Tensor:
    """A number as a tensor of shape (); often used ones are kept, so none may be written to."""
    if value == 0 or len(_numbers) > 1000:  # 0.0 and -0.0 are one key
        return Tensor.adopt(value, device, dtype, "number")
    key = (value, type(value), dtype, device)
    made = _numbers.get(key)
    if made is None:
        made = _numbers[key] = Tensor.adopt(value, device, dtype, "number")
    return made


def matched(*values: Any, at_least: Any = None) -> tuple[Any, ...]:
    """The operands as values of one dtype, with numbers as tensors of shape () (or left to a graph).

    at_least: "float": whole numbers become the default dtype, as division and exp want them
    """
    like = next((v for v in values if isinstance(v, Value)), None)
    dtype = result_dtype(*[ranked(v) for v in values])
    if at_least == "float" and category(dtype) < 2:
        dtype = Default.dtype
    is_graph = any([isinstance(v, Symbol) for v in values])
    device = like.device if isinstance(like, CoreTensor) else config.current_device()
    made = []
    for v in values:
        if isinstance(v, Value):
            made.append(cast(v, dtype))
        else:
            v = v.item() if isinstance(v, np.generic) else v
            v = float(v) if dtype.kind in "fV" else v
            made.append(v if is_graph else number(v, dtype, device))
    return tuple(made)


def floating(value: Any) -> Any:
    """The value, whole numbers as the default dtype."""
    return value if category(value.spec.dtype) >= 2 else cast(value, Default.dtype)
