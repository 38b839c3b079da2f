"""The operators that tensors and symbols share; each is one call of one op."""

from __future__ import annotations

from typing import Any, ClassVar

from . import ops
from .op import Edge
from .spec import Shape, Spec


class Value:
    """A tensor or a symbol: something an op can be called with."""

    __slots__ = ()

    kind: ClassVar[Any]
    strength: ClassVar[int]
    spec: Spec
    edge: Edge | None

    @property
    def current_edge(self) -> Edge | None:
        """The edge, brought up to date where the value may have been overwritten."""
        return self.edge

    def __add__(self, other: Any) -> Any:
        return ops.add(self, other)

    def __radd__(self, other: Any) -> Any:
        return ops.add(other, self)

    def __sub__(self, other: Any) -> Any:
        return ops.subtract(self, other)

    def __rsub__(self, other: Any) -> Any:
        return ops.subtract(other, self)

    def __mul__(self, other: Any) -> Any:
        return ops.multiply(self, other)

    def __rmul__(self, other: Any) -> Any:
        return ops.multiply(other, self)

    def __truediv__(self, other: Any) -> Any:
        return ops.divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return ops.divide(other, self)

    def __pow__(self, other: Any) -> Any:
        return ops.power(self, other)

    def __rpow__(self, other: Any) -> Any:
        return ops.power(other, self)

    def __matmul__(self, other: Any) -> Any:
        return ops.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return ops.matmul(other, self)

    def __neg__(self) -> Any:
        return ops.negative(self)

    def __abs__(self) -> Any:
        return ops.absolute(self)

    def __lt__(self, other: Any) -> Any:
        return ops.less(self, other)

    def __le__(self, other: Any) -> Any:
        return ops.less_equal(self, other)

    def __gt__(self, other: Any) -> Any:
        return ops.greater(self, other)

    def __ge__(self, other: Any) -> Any:
        return ops.greater_equal(self, other)

    @property
    def shape(self) -> Shape:
        """The size of each axis; a Dim where it is known only when the graph runs."""
        return self.spec.shape

    @property
    def dtype(self) -> Any:
        """The NumPy dtype of the elements."""
        return self.spec.dtype

    @property
    def ndim(self) -> int:
        """How many axes."""
        return self.spec.ndim

    @property
    def T(self) -> Any:
        """All axes in reverse."""
        return ops.transpose(self)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Add up along `axis` (all axes if None)."""
        return ops.sum(self, axis=axis, keepdims=keepdims)

    def reshape(self, *shape: Any) -> Any:
        """The same elements in another shape."""
        return ops.reshape(self, shape=shape[0] if len(shape) == 1 and type(shape[0]) is tuple else shape)
