"""Elements of data sets: tuples, named tuples and dicts of arrays; and what is known of them beforehand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from attrs import frozen

from .. import errors
from ..conversion import as_array
from ..dtypes import DType, as_dtype, string
from ..operation import Tensor
from ..tensor_shape import TensorShape

__all__ = ["Kind", "Structured", "array_of", "flat", "kinds_of", "kinds_said", "mapped", "packed_like"]


@frozen
class Kind:
    """What a component is: its dtype, and its shape as far as it is known."""

    dtype: DType
    shape: TensorShape

    def check(self, array: Any, i: int) -> Any:
        """The array, where it is of this kind."""
        if self.dtype != string and not self.shape.is_compatible_with(np.shape(array)):
            raise errors.InvalidArgumentError(
                None, None, f"component {i} has shape {TensorShape(np.shape(array))}, expected {self.shape}"
            )
        return array


def is_nest(value: Any) -> bool:
    """Whether a value has components; a list is one array."""
    return isinstance(value, (tuple, Mapping))


def flat(structure: Any) -> list[Any]:
    """The components in order, those of a dict by their names."""
    if isinstance(structure, Mapping):
        return [leaf for key in sorted(structure) for leaf in flat(structure[key])]
    if isinstance(structure, tuple):
        return [leaf for part in structure for leaf in flat(part)]
    return [structure]


def packed_like(structure: Any, leaves: Any) -> Any:
    """Components in the form of a structure."""
    return _packed(structure, iter(leaves))


def _packed(structure: Any, leaves: Iterator[Any]) -> Any:
    if isinstance(structure, Mapping):
        made = {key: _packed(structure[key], leaves) for key in sorted(structure)}
        return {key: made[key] for key in structure}
    if isinstance(structure, tuple):
        parts = [_packed(part, leaves) for part in structure]
        return type(structure)(*parts) if hasattr(structure, "_fields") else tuple(parts)
    return next(leaves)


def mapped(function: Callable[[Any], Any], structure: Any) -> Any:
    """The structure with function(component) for each component."""
    return packed_like(structure, [function(leaf) for leaf in flat(structure)])


def array_of(value: Any) -> Any:
    """A component as an array, or as the tensor that it is."""
    if isinstance(value, Tensor) or hasattr(value, "as_tensor"):
        return value if isinstance(value, Tensor) else value.as_tensor()
    return as_array(value)


def kinds_of(structure: Any) -> Any:
    """What arrays and tensors are."""
    return mapped(lambda x: Kind(_dtype(x), TensorShape(_shape(x))), structure)


def _dtype(x: Any) -> DType:
    return x.dtype.base_dtype if isinstance(x, Tensor) else as_dtype(x.dtype)


def _shape(x: Any) -> Any:
    return x.shape if isinstance(x, Tensor) else np.shape(x)


def kinds_said(types: Any, shapes: Any) -> Any:
    """What a user says about elements."""
    leaves = [as_dtype(t).base_dtype for t in flat(types)]
    if shapes is None:
        given: list[Any] = [TensorShape(None)] * len(leaves)
    elif is_nest(types):
        given = _shapes_like(types, shapes)
    else:
        given = [shapes]
    return packed_like(types, [Kind(t, TensorShape(s)) for t, s in zip(leaves, given, strict=True)])


def _shapes_like(types: Any, shapes: Any) -> list[Any]:
    """The shapes in the order of the types; a tuple of sizes is a shape where a type stands."""
    if isinstance(types, dict):
        return [s for key in sorted(types) for s in _shapes_like(types[key], shapes[key])]
    if isinstance(types, tuple):
        return [s for t, shape in zip(types, shapes, strict=True) for s in _shapes_like(t, shape)]
    return [shapes]


class Structured:
    """What has elements of one structure, and says what their components are."""

    kinds: Any

    @property
    def output_types(self) -> Any:
        """The dtype of each component."""
        return mapped(lambda kind: kind.dtype, self.kinds)

    @property
    def output_shapes(self) -> Any:
        """The shape of each component, as far as it is known."""
        return mapped(lambda kind: kind.shape, self.kinds)

    @property
    def output_classes(self) -> Any:
        """Tensor, for each component."""
        return mapped(lambda _: Tensor, self.kinds)
