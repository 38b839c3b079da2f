"""From one dtype to another."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivium import ops

from . import dtypes
from .build import call, convert_to_tensor
from .dtypes import as_dtype
from .operation import Tensor

__all__ = [
    "cast", "saturate_cast", "to_float", "to_double", "to_int32", "to_int64", "to_bfloat16", "bitcast",
]  # fmt: skip


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


def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Tensor:
    """A value in another dtype; numbers beyond its limits become the limits."""
    wanted = as_dtype(dtype).base_dtype
    tensor = convert_to_tensor(value, name="value")
    if tensor.dtype == wanted:
        return tensor
    low, high = max(tensor.dtype.min, wanted.min), min(tensor.dtype.max, wanted.max)
    if not tensor.dtype.is_integer:  # the nearest float may be beyond a limit of whole numbers
        low, high = (_inside(limit, tensor.dtype.numpy, wanted) for limit in (low, high))
    return call(
        "SaturateCast", lambda x: ops.cast(ops.clip(x, low, high), dtype=wanted.name), name, default="saturate_cast",
        value=tensor,
    )  # fmt: skip


def _inside(limit: Any, of: np.dtype, wanted: dtypes.DType) -> float:
    nearest = of.type(limit)
    if wanted.is_integer and not wanted.min <= int(nearest) <= wanted.max:
        nearest = np.nextafter(nearest, of.type(0))
    return float(nearest)


def bitcast(input: Any, type: Any, name: str | None = None) -> Tensor:
    """The bits of a tensor, read as another dtype."""
    wanted = as_dtype(type)
    return call("Bitcast", lambda x: ops.bitcast(x, dtype=wanted.name), name, attributes={"type": wanted}, input=input)


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


def to_bfloat16(x: Any, name: str = "ToBFloat16") -> Tensor:
    """x as bfloat16."""
    return cast(x, dtypes.bfloat16, name)
