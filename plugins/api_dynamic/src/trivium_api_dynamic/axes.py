"""How arguments that name axes and sizes are read."""

from typing import Any

from .errors import ArgumentError, AxisError


def whole(value: Any, name: str) -> int:
    """A whole number given as an argument."""
    if type(value) is int:
        return value
    try:
        return int(value.__index__())
    except (AttributeError, TypeError):
        raise ArgumentError(f"argument '{name}' must be int, not {type(value).__name__}") from None


def axis_in(dim: Any, ndim: int) -> int:
    """An axis counted from the front, checked; a tensor without axes has axis 0."""
    dim = whole(dim, "dim")
    limit = max(ndim, 1)
    if not -limit <= dim < limit:
        raise AxisError(f"Dimension out of range (expected to be in range of [{-limit}, {limit - 1}], but got {dim})")
    return dim % limit


def axes_of(input: Any, dim: Any) -> Any:
    """One axis, several, or all (None), as the core takes them."""
    ndim = input.spec.ndim
    if dim is None or dim == ():
        return None
    if not isinstance(dim, (tuple, list)):
        axis = axis_in(dim, ndim)
        return axis if ndim else None
    axes = [axis_in(d, ndim) for d in dim]
    for axis in axes:
        if axes.count(axis) > 1:
            raise AxisError(f"dim {axis} appears multiple times in the list of dims")
    return tuple(axes) if ndim else None
