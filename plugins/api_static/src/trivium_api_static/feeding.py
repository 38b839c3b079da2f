"""What `Session.run` is given: values for tensors, checked and cast before anything runs."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from trivium.graph import Symbol
from trivium.tensor import Tensor as CoreTensor

from .graph import Graph
from .operation import Tensor
from .tensor_shape import TensorShape


def feeds_of(graph: Graph, feed_dict: Mapping[Any, Any] | None) -> tuple[dict[Symbol, np.ndarray], dict[Tensor, Any]]:
    """An array for each symbol that is fed, and a value for each text."""
    if feed_dict is None:
        return {}, {}
    if not isinstance(feed_dict, Mapping):
        raise TypeError(f"feed_dict maps tensors to values, got {type(feed_dict).__name__}")
    feeds: dict[Symbol, np.ndarray] = {}
    texts: dict[Tensor, Any] = {}
    for key, value in feed_dict.items():
        tensor = _fed_tensor(graph, key)
        if tensor.symbol is None:
            texts[tensor] = fed_text(tensor, value)
        else:
            feeds[tensor.symbol] = fed_array(tensor, value)
    return feeds, texts


def fed_text(tensor: Tensor, value: Any) -> Any:
    """A value as bytes, or an array of them."""
    array = np.asarray(value, object)
    if not all(isinstance(text, (str, bytes)) for text in array.ravel()):
        raise ValueError(f"Cannot feed {type(value).__name__} {value!r} for Tensor {tensor.name!r} of string")
    made = np.empty(array.shape, object)
    made.ravel()[:] = [text.encode() if isinstance(text, str) else text for text in array.ravel()]
    return made[()]


def _fed_tensor(graph: Graph, key: Any) -> Tensor:
    try:
        tensor = graph.as_graph_element(key, allow_operation=False)
    except (TypeError, ValueError, KeyError) as error:
        raise TypeError(f"Cannot interpret feed_dict key as Tensor: {error.args[0]}") from None
    if not graph.is_feedable(tensor):
        raise ValueError(f"Tensor {tensor} may not be fed.")
    return tensor


def fed_array(tensor: Tensor, value: Any) -> np.ndarray:
    """A value as an array of the tensor's dtype; a cast that loses something is warned about."""
    if isinstance(value, Tensor) or hasattr(value, "as_tensor"):
        raise TypeError(
            "The value of a feed cannot be a tf.Tensor object. Acceptable feed values include Python scalars, strings, "
            f"lists and numpy ndarrays. The tensor object was {value}, fed for {tensor}."
        )
    try:
        given = value.numpy() if isinstance(value, CoreTensor) else np.asarray(value)
    except ValueError as error:
        raise ValueError(
            f"Cannot feed {type(value).__name__} for Tensor {tensor.name!r}: its rows differ in length: {error}"
        ) from error
    dtype = tensor.spec.dtype
    if given.dtype.kind in "OSU":
        raise ValueError(
            f"Cannot feed {type(value).__name__} {value!r} for Tensor {tensor.name!r} of {tensor.dtype.name}"
        )
    array = given if given.dtype == dtype else _cast(given, dtype, tensor)
    if not tensor.spec.accepts(array.shape):
        raise ValueError(
            f"Cannot feed value of shape {TensorShape(array.shape)} for Tensor '{tensor.name}', which has shape "
            f"'{tensor.shape}'"
        )
    return array


def _cast(given: np.ndarray, dtype: np.dtype, tensor: Tensor) -> np.ndarray:
    with np.errstate(invalid="ignore", over="ignore"):
        array = given.astype(dtype)
    is_narrower = dtype.kind in "iub" and given.dtype.kind not in "b"
    if is_narrower and not np.array_equal(array, given):
        warnings.warn(
            f"feed for {tensor.name}: {given.dtype} was cast to {tensor.dtype.name} and lost something; "
            f"cast it yourself "
            "if that is meant",
            UserWarning, stacklevel=6,
        )  # fmt: skip
    return array
