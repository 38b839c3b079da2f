"""TensorArrays: rows that a loop writes and reads one by one."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivium import ops
from trivium.graph import Slot
from trivium.spec import Dim, Spec

from .build import call, convert_to_tensor, converted, graph_of
from .conversion import constant_in
from .dtypes import as_dtype
from .graph import get_default_graph
from .operation import Operation, Tensor
from .sizes import shape as shape_of
from .sizing import as_sizes
from .tensor_shape import TensorShape

__all__ = ["TensorArray"]


class Rows(Slot):
    """What a TensorArray holds: state of one graph, which no Session keeps.

    varying: the axes whose size may change: the first one of a TensorArray that grows
    """

    def __init__(self, name: str, spec: Spec, grows: bool) -> None:
        loose = Spec((Dim(), *spec.shape[1:]), spec.dtype) if grows else spec
        super().__init__(loose, name=name, trainable=False)
        self.varying = (0,) if grows else ()


class TensorArray:
    """Tensors of one shape under the numbers 0, 1, ...

    size:          how many; with `dynamic_size`, how many at first
    element_shape: that of each; else that of the first one written

    Each method that writes returns the array to go on with.  A loop that writes has it among its variables.
    """

    def __init__(
        self, dtype: Any, size: Any = None, dynamic_size: bool | None = None, clear_after_read: bool | None = None,
        tensor_array_name: str | None = None, handle: Any = None, flow: Any = None, infer_shape: bool = True,
        element_shape: Any = None, colocate_with_first_write_call: bool = True, name: str | None = None,
    ) -> None:  # fmt: skip
        self.graph = graph_of([size]) if size is not None else get_default_graph()
        self.dtype = as_dtype(dtype)
        self._home, self._grows = self.graph.here, bool(dynamic_size)
        self._name = self.graph.unique_name(name or tensor_array_name or "TensorArray")
        self._size = 0 if size is None else as_sizes(size, "size")[0]
        self._rows: Rows | None = None
        shape = TensorShape(element_shape)
        if shape.is_fully_defined():
            self._start(tuple(shape.as_list()))

    def _start(self, sizes: tuple[Any, ...]) -> None:
        """Rows of zeros where the array was made."""
        if self._rows is None:
            spec, zero = Spec((self._size, *sizes), self.dtype.name), self.dtype.numpy.type(0).item()
            self._rows = Rows(self._name, spec, self._grows)
            empty = ops.full(shape=spec.shape, value=zero, dtype=self.dtype.name, place=self._home)
            self._home.hold(self._rows, empty)

    def _written(self) -> Rows:
        if self._rows is None:
            raise ValueError(
                f"TensorArray {self._name}: nothing was written, so the shape of its elements is not known; "
                "give it element_shape"
            )
        return self._rows

    def _read(self) -> Any:
        return self.graph.here.read(self._written())

    def _assign(self, value: Any) -> Any:
        return self.graph.here.assign(self._written(), value)

    # -- what it is ----------------------------------------------------------------------------------

    @property
    def flow(self) -> Tensor:
        """A number that stands for the order of writes; here the graph itself keeps them in order."""
        return constant_in(self.graph, self.graph.unique_name("flow"), np.array(0.0, np.float32))

    @property
    def handle(self) -> None:
        """There is no resource behind it."""
        return

    @property
    def element_shape(self) -> TensorShape:
        """The shape of each row."""
        return TensorShape(None) if self._rows is None else TensorShape(self._rows.spec)[1:]

    def size(self, name: str | None = None) -> Tensor:
        """How many rows there are."""
        if self._rows is None:
            return converted(self._size, None, self.graph, name or "TensorArraySizeV3")
        return shape_of(self.stack())[0]

    def identity(self) -> TensorArray:
        """The same array."""
        return self

    def close(self, name: str | None = None) -> Operation:
        """Nothing is to be let go."""
        return self.graph.effect("TensorArrayCloseV3", self.graph.unique_name(name or "TensorArrayCloseV3"), ())

    # -- reading it ----------------------------------------------------------------------------------

    def read(self, index: Any, name: str | None = None) -> Tensor:
        """One row."""
        return call(
            "TensorArrayReadV3", lambda i: ops.gather(self._read(), i), name, free=("index",), index=_number(index)
        )  # fmt: skip

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """Some rows along a new first axis."""
        return call(
            "TensorArrayGatherV3", lambda i: ops.gather(self._read(), i), name, free=("indices",),
            indices=_number(indices),
        )  # fmt: skip

    def stack(self, name: str | None = None) -> Tensor:
        """All rows along a new first axis."""
        self._written()
        return self._made("TensorArrayStack", name, lambda: ops.copy(self._read()))

    def concat(self, name: str | None = None) -> Tensor:
        """All rows one after another along their own first axis."""

        def joined() -> Any:
            x = self._read()
            return ops.reshape(x, shape=(x.shape[0] * x.shape[1], *x.shape[2:]))

        return self._made("TensorArrayConcatV3", name, joined)

    def _made(self, kind: str, name: str | None, compute: Any) -> Tensor:
        with self.graph.as_default(), self.graph.name_scope(name or kind) as scope:
            return self.graph.operation(kind, scope[:-1], (), compute).outputs[0]

    # -- writing it ----------------------------------------------------------------------------------

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """With another row under a number."""
        row = converted(value, self.dtype, self.graph, "value")
        self._check(row.shape)
        self._start(row.spec.shape)

        def written(i: Any, x: Any) -> Any:
            return self._assign(ops.scatter(self._with_room(self._read(), i), i, x))

        call("TensorArrayWriteV3", written, name, free=("index",), index=_number(index), value=row)
        return self

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """With other rows under some numbers."""
        rows = converted(value, self.dtype, self.graph, "value")
        self._check(rows.shape[1:])
        self._start(rows.spec.shape[1:])

        def written(i: Any, x: Any) -> Any:
            return self._assign(ops.scatter(self._with_room(self._read(), ops.max(i)), i, x))

        call("TensorArrayScatterV3", written, name, free=("indices",), indices=_number(indices), value=rows)
        return self

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """With the rows of a tensor."""
        rows = converted(value, self.dtype, self.graph, "value")
        if self._rows is None:
            self._size = rows.spec.shape[0]
        self._check(rows.shape[1:])
        self._start(rows.spec.shape[1:])
        call(
            "TensorArrayScatterV3", lambda x: self._assign(ops.copy(x)), name, default="TensorArrayUnstack", value=rows
        )
        return self

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """With the parts of a tensor, which must have one length."""
        sizes = as_sizes(lengths, "lengths")
        if any(n != sizes[0] for n in sizes):
            raise ValueError(f"TensorArray.split: the parts differ in length: {sizes}; all rows have one shape")
        rows = converted(value, self.dtype, self.graph, "value")
        parts = (len(sizes), sizes[0], *rows.spec.shape[1:])
        return self.unstack(call("Reshape", lambda x: ops.reshape(x, shape=parts), None, tensor=rows), name)

    def _check(self, shape: TensorShape) -> None:
        if not shape.is_compatible_with(self.element_shape):
            raise ValueError(f"Inconsistent shapes: saw {shape} but expected {self.element_shape}")

    def _with_room(self, rows: Any, index: Any) -> Any:
        """The rows, with zeros behind them so that the index is one of theirs, where the array grows."""
        if not self._grows:
            return rows
        with rows.graph.after(rows):
            count = ops.full(shape=(), value=rows.shape[0], dtype="int64", place=rows.graph)
        missing = ops.maximum(ops.cast(index, dtype="int64") + 1 - count, 0)
        more = ops.zeros(
            shape=(ops.count_up(missing).shape[0], *rows.shape[1:]), dtype=rows.dtype.name, place=self.graph.here
        )
        return ops.concatenate(rows, more, axis=0)


def _number(value: Any) -> Tensor:
    return convert_to_tensor(value, name="index")
