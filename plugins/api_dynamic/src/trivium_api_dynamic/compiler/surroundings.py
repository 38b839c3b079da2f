"""What a function sees besides its arguments, as keys that are equal while it would do the same."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

from trivium.tensor import Tensor as CoreTensor

from ..nn.module import Module
from .structure import PLAIN, flattened

# what no program depends on: functions, classes and packages that a name stands for
STEADY = (FunctionType, ModuleType, type)


def names_of(function: Callable[..., Any]) -> list[tuple[Any, Any]]:
    """Where a function finds what it names: (a dict of globals, name), or (a cell, None)."""
    code = getattr(function, "__code__", None)
    if code is None:
        return []
    space = function.__globals__
    found: list[tuple[Any, Any]] = [(cell, None) for cell in function.__closure__ or ()]
    return found + [(space, name) for name in code.co_names if not isinstance(space.get(name), STEADY)]


def seen(places: list[tuple[Any, Any]], objects: list[Any]) -> list[Any]:
    """What stands in these places: numbers and strings by value, everything else by being the same one."""
    key = []
    for place, name in places:
        try:
            value = place.cell_contents if name is None else place.get(name)
        except ValueError:  # a cell that is still empty
            value = None
        key.append(described(value, objects))
    return key


def described(value: Any, objects: list[Any]) -> Any:
    if isinstance(value, PLAIN):
        return flattened(value, [], objects)
    objects.append(value)
    return id(value)


def state_of(module: Module) -> Any:
    """What a module does depends on this: its parts, and the numbers and switches among its attributes."""
    attributes = vars(module)
    parts = [
        id(part) for table in ("_parameters", "_buffers", "_modules", "_private") for part in attributes[table].values()
    ]
    return parts, [(name, value) for name, value in attributes.items() if isinstance(value, PLAIN)]


def held_by(objects: list[Any]) -> list[tuple[dict[str, Any], str, Any]]:
    """The tensors and modules that objects hold as attributes: (attributes, name, what it is)."""
    holders = [
        vars(thing) for thing in objects if hasattr(thing, "__dict__") and not isinstance(thing, (*STEADY, Module))
    ]
    return [(held, name, x) for held in holders for name, x in held.items() if isinstance(x, (CoreTensor, Module))]
