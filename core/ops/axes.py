"""How an `axis` setting is read."""

from ..errors import ShapeError
from ..spec import Shape, product

__all__ = ["one_axis", "all_axes", "reduced", "reduced_count"]


def one_axis(axis: int, ndim: int) -> int:
    """`axis` counted from the front.

    >>> one_axis(-1, 3)
    2
    """
    if not -ndim <= axis < ndim:
        raise ShapeError(f"axis {axis} does not exist in {ndim} axes")
    return axis % ndim


def all_axes(axis: int | tuple[int, ...] | None, ndim: int) -> tuple[int, ...]:
    """The axes that `axis` means, counted from the front; None means all of them.

    >>> all_axes((0, -1), 3)
    (0, 2)
    """
    if axis is None:
        return tuple(range(ndim))
    if isinstance(axis, int):
        return (one_axis(axis, ndim),)
    axes = tuple([one_axis(a, ndim) for a in axis])
    if len(set(axes)) < len(axes):
        raise ShapeError(f"axis {axis} names one axis twice")
    return axes


def reduced(shape: Shape, axis: int | tuple[int, ...] | None, keepdims: bool) -> Shape:
    """`shape` once `axis` is reduced: gone, or kept with size 1.

    >>> reduced((2, 3, 4), 1, keepdims=True)
    (2, 1, 4)
    """
    gone = all_axes(axis, len(shape))
    return tuple([1 if i in gone else size for i, size in enumerate(shape) if keepdims or i not in gone])


def reduced_count(shape: Shape, axis: int | tuple[int, ...] | None) -> int | None:
    """How many elements `axis` reduces to one, or None where that is not known yet.

    >>> reduced_count((2, 3, 4), (0, 2))
    8
    """
    count = product([shape[i] for i in all_axes(axis, len(shape))])
    return count if isinstance(count, int) else None
