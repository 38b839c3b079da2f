"""Arguments that are numbers and sizes: known while the graph is built, or learnt when it runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivium import ops
from trivium.spec import Dim

from .conversion import as_tensor
from .graph import get_default_graph
from .operation import Tensor
from .tensor_shape import Dimension


def as_sizes(shape: Any, what: str = "shape") -> tuple[Any, ...]:
    """A shape as core sizes: numbers, -1, and Dims where tensors stand.

    shape: a list of numbers, Dimensions and scalar tensors, a TensorShape, or a tensor of whole numbers
    """
    if isinstance(shape, Tensor) or hasattr(shape, "as_tensor"):
        tensor = as_tensor(shape, get_default_graph())
        return tuple([_size(entry, what) for entry in _elements(tensor, what).ravel()])
    if isinstance(shape, (int, np.integer, Dimension, Dim)):
        return (_size(shape, what),)
    return tuple([_size(entry, what) for entry in (shape if isinstance(shape, np.ndarray) else list(shape))])


def as_numbers(value: Any, what: str) -> tuple[int, ...]:
    """Whole numbers that a graph must know while it is built, such as axes."""
    numbers = as_sizes(value, what)
    if any(type(n) is Dim for n in numbers):
        raise ValueError(f"{what} must be known while the graph is built: {value} is known only when it runs")
    return numbers


def as_number(value: Any, what: str) -> int:
    """One of them."""
    return as_numbers(value, what)[0]


def _elements(tensor: Tensor, what: str) -> np.ndarray:
    """The elements of a tensor of whole numbers; those that only the run tells become sizes that it gives birth to."""
    if tensor.known is None:
        spec = tensor.spec
        if not tensor.dtype.is_integer:
            raise TypeError(f"{what} must be whole numbers, got {tensor}")
        if spec.shape is None or len(spec.shape) > 1 or not all(type(n) is int for n in spec.shape):
            raise ValueError(f"{what}: how many sizes {tensor} holds must be known while the graph is built")
        symbol, graph = tensor.symbol, tensor.symbol.graph
        parts = [symbol]
        if spec.shape:
            cut = graph.call(ops.split, (symbol,), {"sizes": (1,) * spec.shape[0]})
            parts = [graph.call(ops.reshape, (part,), {"shape": ()}) for part in cut]
        sizes = [graph.call(ops.count_up, (part,), {}).spec.shape[0] for part in parts]
        tensor.known = np.array([*sizes, None], object)[:-1].reshape(spec.shape)
    return tensor.known


def _size(entry: Any, what: str) -> Any:
    if isinstance(entry, Tensor) or hasattr(entry, "as_tensor"):
        return as_sizes(entry, what)[0]
    if type(entry) is Dim:
        return entry
    if isinstance(entry, Dimension):
        entry = entry.value
    if entry is None:
        raise TypeError(f"{what} holds None: a size that is known only when the graph runs; use -1, or tf.shape")
    return int(entry.__index__())
