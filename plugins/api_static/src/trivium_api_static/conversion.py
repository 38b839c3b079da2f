"""Python's values as arrays and constants, of the dtypes that TensorFlow gives them."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivium.graph import Slot, Symbol
from trivium.tensor import Tensor as CoreTensor

from . import dtypes
from .dtypes import DType, as_dtype
from .graph import Graph, get_default_graph
from .operation import Tensor
from .tensor_shape import Dimension, TensorShape

__all__ = ["constant"]


def constant(
    value: Any, dtype: Any = None, shape: Any = None, name: str = "Const", verify_shape: bool = False
) -> Tensor:
    """A tensor with the elements of a number, list or array.

    shape: that of the result; missing elements repeat the last one
    """
    graph = get_default_graph()
    return constant_in(graph, graph.unique_name(name), _filled(value, dtype, shape, verify_shape))


def _filled(value: Any, dtype: Any, shape: Any, verify_shape: bool) -> np.ndarray:
    array = as_array(value, dtype)
    if shape is None:
        return array
    sizes = tuple(TensorShape(shape).as_list())
    if verify_shape and array.shape != sizes:
        raise TypeError(f"Expected Tensor's shape: {sizes}, got {array.shape}.")
    count = int(np.prod(sizes))
    if array.size > count or (array.size == 0 and count):
        raise ValueError(f"Too many elements provided. Needed at most {count}, but received {array.size}")
    elements = array.ravel()
    return np.concatenate([elements, np.repeat(elements[-1:], count - array.size)]).reshape(sizes)


def constant_in(graph: Graph, name: str, array: np.ndarray) -> Tensor:
    """A constant under a name that is final."""
    if array.dtype.kind == "O":
        return graph.hosted("Const", name, lambda session: array[()], dtypes.string)
    made = graph.operation("Const", name, (), lambda: graph.core.constant(array))
    made.attributes.update(dtype=made.outputs[0].dtype, value=array)
    return made.outputs[0]


def as_tensor(value: Any, graph: Graph) -> Tensor | None:
    """The tensor that a tensor, variable, symbol or parameter stands for; None for plain values."""
    if isinstance(value, Tensor):
        return value
    if hasattr(value, "as_tensor"):
        return value.as_tensor()
    if isinstance(value, Symbol):
        return graph.adopt(value)
    if isinstance(value, (CoreTensor, Slot)):
        with graph.recorded():
            symbol = graph.core.capture(value)
        return graph.adopt(symbol)
    return None


def has_tensor(values: Any) -> bool:
    return any(
        has_tensor(value)
        if isinstance(value, (list, tuple))
        else isinstance(value, Tensor) or hasattr(value, "as_tensor")
        for value in values
    )


def as_array(value: Any, dtype: Any = None) -> np.ndarray:
    """An array of the dtype that TensorFlow gives a value: whole numbers are int32, others float32."""
    if value is None:
        raise ValueError("None values not supported.")
    wanted = None if dtype is None else as_dtype(dtype).base_dtype
    if isinstance(value, (TensorShape, Dimension)):
        value = value.as_list() if isinstance(value, TensorShape) else value.value
        if value is None or (isinstance(value, list) and None in value):
            raise ValueError("Cannot convert a partially known TensorShape to a Tensor; use tf.shape")
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
    else:
        array = _array_of_python(value)
    if array.dtype.kind in "OSU":
        return _text(value, array)
    if wanted is None:
        return array
    return _cast_exactly(value, array, wanted)


def _array_of_python(value: Any) -> np.ndarray:
    try:
        array = np.array(value)
    except ValueError as error:
        raise ValueError(f"Argument must be a dense tensor: {value!r}: {error}") from None
    if array.dtype == np.float64:
        return array.astype(np.float32)
    if array.dtype == np.int64 and (array.size == 0 or np.array_equal(array.astype(np.int32), array)):
        return array.astype(np.int32)
    return array


def _text(value: Any, array: np.ndarray) -> np.ndarray:
    elements = array.ravel().tolist()
    if not all(isinstance(element, (str, bytes)) for element in elements):
        raise TypeError(
            f"Failed to convert object of type {type(value)} to Tensor. Contents: {value}. Consider casting elements "
            "to a supported type."
        )
    out = np.empty(array.shape, object)
    out.ravel()[:] = [element.encode() if isinstance(element, str) else element for element in elements]
    return out


def _cast_exactly(value: Any, array: np.ndarray, wanted: DType) -> np.ndarray:
    target = wanted.numpy
    if not array.size:
        return array.astype(target)
    loses_kind = "biufcV".index(target.kind) < "biufcV".index(array.dtype.kind) and target.kind not in "fcV"
    if (target.kind == "b") != (array.dtype.kind == "b") and array.size:
        loses_kind = True
    cast = array.astype(target)
    is_array = isinstance(value, (np.ndarray, np.generic))
    if (loses_kind and not (is_array and np.array_equal(cast, array))) or (
        target.kind in "iu" and not np.array_equal(cast, array)
    ):
        first = array.ravel()[0].item() if array.size else value
        raise TypeError(f"Expected {wanted.name}, got {first!r} of type '{type(first).__name__}' instead.")
    return cast
