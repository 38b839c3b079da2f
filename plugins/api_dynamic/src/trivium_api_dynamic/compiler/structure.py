"""Arguments and results as a flat list of tensors, and the structure that they stood in."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from trivium.tensor import Tensor as CoreTensor

PLAIN = (bool, int, float, complex, str, bytes, type(None))


def flattened(value: Any, tensors: list[CoreTensor], objects: list[Any]) -> Any:
    """A key that is equal for equal structures; tensors are appended to a list, and things that are no data to another.

    Numbers and strings are part of the key by value; objects by being the same one.
    """
    if isinstance(value, CoreTensor):
        tensors.append(value)
        return CoreTensor
    if isinstance(value, PLAIN):
        return type(value), repr(value) if isinstance(value, float) else value  # NaN, and -0.0
    if isinstance(value, (np.generic, range, slice)):
        return type(value), repr(value)
    if isinstance(value, (list, tuple)):
        return type(value), *[flattened(part, tensors, objects) for part in value]
    if isinstance(value, dict):
        return type(value), *[(key, flattened(part, tensors, objects)) for key, part in value.items()]
    objects.append(value)
    return object, id(value)


def tensors_in(value: Any) -> list[CoreTensor]:
    """The tensors in a structure."""
    tensors: list[CoreTensor] = []
    flattened(value, tensors, [])
    return tensors


def has_arrays(objects: list[Any]) -> bool:
    """Whether a NumPy array is among the objects."""
    return any([isinstance(thing, np.ndarray) for thing in objects])


def refilled(value: Any, tensors: Iterator[Any]) -> Any:
    """The same structure with other tensors."""
    if isinstance(value, CoreTensor):
        return next(tensors)
    if hasattr(value, "_fields"):
        return type(value)(*[refilled(part, tensors) for part in value])
    if isinstance(value, (list, tuple)):
        return type(value)([refilled(part, tensors) for part in value])
    if isinstance(value, dict):
        made = value.copy()
        made.update({key: refilled(part, tensors) for key, part in value.items()})
        return made
    return value


def emptied(value: Any) -> Any:
    """The same structure, where each tensor is but a mark of its place."""
    return refilled(value, iter(lambda: PLACE, None))


PLACE = CoreTensor.__new__(CoreTensor)
