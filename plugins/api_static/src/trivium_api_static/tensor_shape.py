"""Shapes as TensorFlow prints them: `(?, 2)`, or `<unknown>` where not even the number of axes is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trivium.spec import Dim, Spec

__all__ = ["Dimension", "TensorShape"]


class Dimension:
    """One size; its value is None where it is known only when the graph runs."""

    def __init__(self, value: Any) -> None:
        value = value.value if isinstance(value, Dimension) else value
        try:
            self.value = None if value is None or type(value) is Dim else int(value)
        except (TypeError, ValueError):
            raise TypeError(f"Dimension must be a whole number or None, not {value!r}") from None
        if self.value is not None and self.value < 0:
            raise ValueError(f"Dimension {self.value} must be >= 0")

    def is_compatible_with(self, other: Any) -> bool:
        """Whether both may be the same size."""
        other = Dimension(other)
        return self.value is None or other.value is None or self.value == other.value

    def merge_with(self, other: Any) -> Dimension:
        """What is known from both."""
        other = Dimension(other)
        if not self.is_compatible_with(other):
            raise ValueError(f"Dimensions {self} and {other} are not compatible")
        return other if self.value is None else self

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raise if the sizes surely differ."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Dimensions {self} and {other} are not compatible")

    def __int__(self) -> Any:
        return self.value

    def __index__(self) -> Any:
        if self.value is None:
            raise TypeError("Dimension value is None: it is known only when the graph runs; use tf.shape")
        return self.value

    def __eq__(self, other: object) -> Any:
        try:
            other = Dimension(other)
        except (TypeError, ValueError):
            return NotImplemented
        return None if self.value is None or other.value is None else self.value == other.value

    def __ne__(self, other: object) -> Any:
        is_equal = self.__eq__(other)
        return is_equal if is_equal is None or is_equal is NotImplemented else not is_equal

    def __hash__(self) -> int:
        return hash(self.value)

    def _with(self, other: Any, function: Any) -> Dimension:
        other = Dimension(other)
        return Dimension(None if self.value is None or other.value is None else function(self.value, other.value))

    def __add__(self, other: Any) -> Dimension:
        return self._with(other, lambda a, b: a + b)

    def __sub__(self, other: Any) -> Dimension:
        return self._with(other, lambda a, b: a - b)

    def __mul__(self, other: Any) -> Dimension:
        return self._with(other, lambda a, b: a * b)

    def __floordiv__(self, other: Any) -> Dimension:
        return self._with(other, lambda a, b: a // b)

    def __mod__(self, other: Any) -> Dimension:
        return self._with(other, lambda a, b: a % b)

    __radd__, __rmul__, __div__ = __add__, __mul__, __floordiv__

    def __rsub__(self, other: Any) -> Dimension:
        return Dimension(other) - self

    def __rfloordiv__(self, other: Any) -> Dimension:
        return Dimension(other) // self

    def __rmod__(self, other: Any) -> Dimension:
        return Dimension(other) % self

    def __lt__(self, other: Any) -> Any:
        return self._compared(other, lambda a, b: a < b)

    def __le__(self, other: Any) -> Any:
        return self._compared(other, lambda a, b: a <= b)

    def __gt__(self, other: Any) -> Any:
        return self._compared(other, lambda a, b: a > b)

    def __ge__(self, other: Any) -> Any:
        return self._compared(other, lambda a, b: a >= b)

    def _compared(self, other: Any, function: Any) -> Any:
        other = Dimension(other)
        return None if self.value is None or other.value is None else function(self.value, other.value)

    def __str__(self) -> str:
        return "?" if self.value is None else str(self.value)

    def __repr__(self) -> str:
        return f"Dimension({self.value})"


class TensorShape:
    """The sizes of a tensor, as far as they are known.

    >>> TensorShape([None, 2]), str(TensorShape([None, 2])), str(TensorShape(None))
    (TensorShape([Dimension(None), Dimension(2)]), '(?, 2)', '<unknown>')
    """

    def __init__(self, dims: Any) -> None:
        if isinstance(dims, TensorShape):
            self.dims = dims.dims
        elif isinstance(dims, Spec):
            self.dims = None if dims.shape is None else [Dimension(size) for size in dims.shape]
        elif dims is None:
            self.dims = None
        else:
            try:
                sizes = list(dims)
            except TypeError:
                sizes = [dims]
            self.dims = [Dimension(size) for size in sizes]

    @property
    def spec(self) -> Spec:
        """The sizes in the words of the core, of float32 elements."""
        return Spec(None if self.dims is None else [Dim() if n is None else n for n in self.as_list()])

    @property
    def ndims(self) -> int | None:
        """How many axes."""
        return None if self.dims is None else len(self.dims)

    rank = ndims

    def as_list(self) -> list[int | None]:
        """Numbers, and None for what is unknown."""
        if self.dims is None:
            raise ValueError("as_list() is not defined on an unknown TensorShape.")
        return [dim.value for dim in self.dims]

    def num_elements(self) -> int | None:
        """All sizes multiplied, if they are known."""
        if not self.is_fully_defined():
            return None
        total = 1
        for dim in self.dims:
            total *= dim.value
        return total

    def is_fully_defined(self) -> bool:
        """Whether every size is a number."""
        return self.dims is not None and all(dim.value is not None for dim in self.dims)

    def assert_is_fully_defined(self) -> None:
        """Raise if a size is unknown."""
        if not self.is_fully_defined():
            raise ValueError(f"Shape {self} is not fully defined")

    def is_compatible_with(self, other: Any) -> bool:
        """Whether both may be the same shape."""
        other = TensorShape(other)
        if self.dims is None or other.dims is None:
            return True
        same_rank = len(self.dims) == len(other.dims)
        return same_rank and all(a.is_compatible_with(b) for a, b in zip(self.dims, other.dims))

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raise if the shapes surely differ."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {TensorShape(other)} are incompatible")

    def merge_with(self, other: Any) -> TensorShape:
        """What is known from both."""
        other = TensorShape(other)
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {other} are not compatible")
        if self.dims is None or other.dims is None:
            return other if self.dims is None else self
        return TensorShape([a.merge_with(b) for a, b in zip(self.dims, other.dims)])

    def with_rank(self, rank: int) -> TensorShape:
        """The same, known to have this many axes."""
        self.assert_has_rank(rank)
        return TensorShape([None] * rank) if self.dims is None else self

    def with_rank_at_least(self, rank: int) -> TensorShape:
        """The same, which must not have fewer axes."""
        if self.dims is not None and len(self.dims) < rank:
            raise ValueError(f"Shape {self} must have rank at least {rank}")
        return self

    def with_rank_at_most(self, rank: int) -> TensorShape:
        """The same, which must not have more axes."""
        if self.dims is not None and len(self.dims) > rank:
            raise ValueError(f"Shape {self} must have rank at most {rank}")
        return self

    def assert_has_rank(self, rank: int | None) -> None:
        """Raise if it surely has another number of axes."""
        if None not in (self.ndims, rank) and self.ndims != rank:
            raise ValueError(f"Shape {self} must have rank {rank}")

    def assert_same_rank(self, other: Any) -> None:
        """Raise if the numbers of axes surely differ."""
        other = TensorShape(other)
        if None not in (self.ndims, other.ndims) and self.ndims != other.ndims:
            raise ValueError(f"Shapes {self} and {other} must have the same rank")

    def concatenate(self, other: Any) -> TensorShape:
        """These sizes, then the others."""
        other = TensorShape(other)
        return TensorShape(None if self.dims is None or other.dims is None else self.dims + other.dims)

    def __len__(self) -> int:
        if self.dims is None:
            raise ValueError("Cannot take the length of Shape with unknown rank.")
        return len(self.dims)

    def __bool__(self) -> bool:
        return self.dims is not None

    def __iter__(self) -> Iterator[Dimension]:
        if self.dims is None:
            raise ValueError("Cannot iterate over a shape with unknown rank.")
        return iter(self.dims)

    def __getitem__(self, key: Any) -> Any:
        if self.dims is None:
            return TensorShape(None) if isinstance(key, slice) else Dimension(None)
        return TensorShape(self.dims[key]) if isinstance(key, slice) else self.dims[key]

    def __eq__(self, other: object) -> bool:
        try:
            other = TensorShape(other)
        except (TypeError, ValueError):
            return NotImplemented
        values = [None if shape.dims is None else shape.as_list() for shape in (self, other)]
        return values[0] == values[1]

    def __hash__(self) -> int:
        return hash(None if self.dims is None else tuple(self.as_list()))

    def __str__(self) -> str:
        if self.dims is None:
            return "<unknown>"
        return f"({self.dims[0]},)" if len(self.dims) == 1 else f"({', '.join(map(str, self.dims))})"

    def __repr__(self) -> str:
        return f"TensorShape({self.dims})"
