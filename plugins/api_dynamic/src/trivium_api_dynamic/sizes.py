"""torch.Size: a shape that knows how many elements it has."""

import math
from typing import Any

from trivium.spec import Dim

from .errors import ArgumentError


class Size(tuple):
    """A tuple of sizes.

    >>> Size((2, 3))
    torch.Size([2, 3])
    >>> Size((2, 3)).numel()
    6
    """

    __slots__ = ()

    def numel(self) -> int:
        """How many elements a tensor of this shape has."""
        return math.prod(self)

    def __getitem__(self, index: Any) -> Any:
        got = tuple.__getitem__(self, index)
        return Size(got) if isinstance(index, slice) else got

    def __add__(self, other: Any) -> "Size":
        return Size(tuple.__add__(self, tuple(other)))

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"


def as_shape(sizes: tuple[Any, ...]) -> tuple[Any, ...]:
    """Sizes given one by one or as one sequence."""
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    for at, size in enumerate(sizes):
        if type(size) is not int and type(size) is not Dim and not hasattr(size, "__index__"):
            raise ArgumentError(
                f"argument 'size' must be tuple of ints, but found element of type {type(size).__name__} at pos {at}"
            )
    return sizes
