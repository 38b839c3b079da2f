"""Sizes as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trivium import ops
from trivium.errors import ShapeError
from trivium.spec import Dim, product
from trivium.spec import broadcast as broadcast_specs

from . import dtypes
from .build import call, convert_to_tensor, graph_of
from .conversion import constant_in
from .dtypes import as_dtype
from .operation import Tensor
from .tensor_shape import TensorShape

__all__ = ["shape", "shape_n", "size", "rank", "broadcast_static_shape", "broadcast_dynamic_shape", "get_shape"]


def shape(input: Any, name: str | None = None, out_type: Any = dtypes.int32) -> Tensor:
    """The sizes as a tensor; those that only the run tells are found then."""
    tensor = convert_to_tensor(input, name="input")
    sizes, dtype = tensor.spec.shape, as_dtype(out_type).name
    if sizes is None:
        raise ShapeError(
            f"shape: the number of axes of {tensor} is not known; give its placeholder a shape, or set_shape"
        )
    made = call("Shape", lambda x: _sizes_of(x, sizes, dtype), name, free=("input",), input=tensor)
    made.known = np.array([*sizes, None], object)[:-1]
    return made


def shape_n(input: Sequence[Any], out_type: Any = dtypes.int32, name: str | None = None) -> list[Tensor]:
    """The sizes of several tensors."""
    return [shape(x, name or "ShapeN", out_type) for x in input]


def size(input: Any, name: str | None = None, out_type: Any = dtypes.int32) -> Tensor:
    """How many elements there are."""
    tensor = convert_to_tensor(input, name="input")
    count, dtype = product(tensor.spec.shape), as_dtype(out_type).name
    made = call("Size", lambda x: _number_of(x, count, dtype), name, free=("input",), input=tensor)
    made.known = np.array([count, None], object)[0:1].reshape(())
    return made


def rank(input: Any, name: str | None = None) -> Tensor:
    """How many axes there are."""
    graph = graph_of([input])
    ndim = convert_to_tensor(input, name="input").spec.ndim
    return constant_in(graph, graph.unique_name(name or "Rank"), np.array(ndim, np.int32))


def get_shape(x: Any) -> TensorShape:
    """The sizes, as far as they are known: `x.get_shape()`."""
    return convert_to_tensor(x).get_shape()


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """The shape of x + y, for shapes that are known while the graph is built."""
    a, b = TensorShape(shape_x), TensorShape(shape_y)
    if a.dims is None or b.dims is None:
        return TensorShape(None)
    try:
        return TensorShape(broadcast_specs(a.spec, b.spec))
    except ShapeError:
        raise ValueError(f"Incompatible shapes for broadcasting: {a} and {b}") from None


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Tensor:
    """The shape of x + y, from the shapes as tensors."""

    def broadcast(a: Any, b: Any) -> Any:
        n = max(a.shape[0], b.shape[0])
        a, b = [ops.pad(s, widths=((n - s.shape[0], 0),), value=1) for s in (a, b)]
        return ops.where(ops.equal(a, 1), b, a)

    return call("BroadcastArgs", broadcast, s0=shape_x, s1=shape_y)


def _sizes_of(x: Any, sizes: Sequence[Any], dtype: str) -> Any:
    if not any(type(n) is Dim for n in sizes):
        return x.graph.constant(np.array(sizes, dtype))
    return ops.concatenate(*[ops.reshape(_number_of(x, n, dtype), shape=(1,)) for n in sizes])


def _number_of(x: Any, count: Any, dtype: str) -> Any:
    with x.graph.after(x):  # a size is learnt from what is fed
        return ops.full(shape=(), value=count, dtype=dtype, place=x.graph)
