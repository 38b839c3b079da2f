"""Finding what a graph holds again: by name, by symbol; and what of it may be fed and fetched."""

from __future__ import annotations

from typing import Any

from trivium import graph as core
from trivium.errors import did_you_mean
from trivium.graph import Symbol

from .operation import Operation, Tensor


class Lookup:
    """The part of a graph that finds operations and tensors."""

    core: core.Graph

    def __init__(self) -> None:
        self._operations: dict[str, Operation] = {}
        self._unfeedable: set[Tensor] = set()
        self._unfetchable: set[Any] = set()

    def adopt(self, symbol: Symbol, kind: str | None = None) -> Tensor:
        """The tensor of a symbol."""
        raise NotImplementedError

    def get_operations(self) -> list[Operation]:
        """All operations, in the order in which they were made."""
        return list(self._operations.values())

    def get_operation_by_name(self, name: str) -> Operation:
        """The operation of this name."""
        if not isinstance(name, str):
            raise TypeError(f"Operation names are strings (or similar), not {type(name).__name__}.")
        return self.as_graph_element(name, allow_tensor=False)

    def get_tensor_by_name(self, name: str) -> Tensor:
        """The tensor of this name, `<operation>:<index>`."""
        if not isinstance(name, str):
            raise TypeError(f"Tensor names are strings (or similar), not {type(name).__name__}.")
        return self.as_graph_element(name, allow_operation=False)

    def as_graph_element(self, obj: Any, allow_tensor: bool = True, allow_operation: bool = True) -> Any:
        """The tensor or operation that a name, a tensor, an operation or a variable stands for."""
        wanted = " or ".join(["Tensor"] * allow_tensor + ["Operation"] * allow_operation)
        if isinstance(obj, str):
            return self._named(obj, allow_tensor, allow_operation, wanted)
        if isinstance(obj, Symbol) and obj.graph is self.core:
            return self.adopt(obj)
        element = obj.op.outputs[0] if hasattr(obj, "slot") else obj
        if isinstance(element, Tensor) and allow_tensor:
            kind = "Tensor"
        elif isinstance(element, Operation) and allow_operation:
            kind = "Operation"
        else:
            raise TypeError(f"Can not convert a {type(obj).__name__} into a {wanted}.")
        if element.graph is not self:
            raise ValueError(f"{kind} {obj} is not an element of this graph.")
        return element

    def _named(self, name: str, allow_tensor: bool, allow_operation: bool, wanted: str) -> Any:
        form = 'Tensor names must be of the form "<op_name>:<output_index>".'
        if ":" in name and allow_tensor:
            operation, _, index = name.partition(":")
            if not index.isdecimal():
                raise ValueError(f"The name {name!r} looks a like a Tensor name, but is not a valid one. {form}")
            found = self._operations.get(operation)
            missing = f"The name {name!r} refers to a Tensor which does not exist. The operation, {operation!r},"
            if found is None:
                raise KeyError(f"{missing} does not exist in the graph.{self._nearest(operation)}")
            if int(index) >= len(found.outputs):
                raise KeyError(f"{missing} exists but only has {len(found.outputs)} outputs.")
            return found.outputs[int(index)]
        if ":" in name:
            raise ValueError(f"Name {name!r} appears to refer to a Tensor, not a {wanted}.")
        if not allow_operation:
            if name in self._operations:
                raise ValueError(f"The name {name!r} refers to an Operation, not a {wanted}. {form}")
            raise ValueError(f"The name {name!r} looks like an (invalid) Operation name, not a {wanted}. {form}")
        if name not in self._operations:
            raise KeyError(f"The name {name!r} refers to an Operation not in the graph.{self._nearest(name)}")
        return self._operations[name]

    def _nearest(self, name: str) -> str:
        return did_you_mean(name, self._operations, 3)

    # -- what may be fed and fetched -----------------------------------------------------------------

    def prevent_feeding(self, tensor: Tensor) -> None:
        """Refuse values for a tensor."""
        self._unfeedable.add(tensor)

    def is_feedable(self, tensor: Tensor) -> bool:
        """Whether a value may be fed for a tensor."""
        return tensor not in self._unfeedable and (tensor.symbol is not None or tensor.op.type == "Placeholder")

    def prevent_fetching(self, op: Operation) -> None:
        """Refuse to give the values of an operation."""
        self._unfetchable.add(op)

    def is_fetchable(self, element: Any) -> bool:
        """Whether a value can be had: not inside a branch or a loop."""
        operation = element if isinstance(element, Operation) else element.op
        if operation in self._unfetchable:
            return False
        return all(x.symbol is None or x.symbol.graph is self.core for x in operation.outputs)
