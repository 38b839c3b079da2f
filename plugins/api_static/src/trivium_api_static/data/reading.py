"""One walk through a data set: values of the tensors in it, and the functions that it calls on elements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define, field

from ..build import convert_to_tensor
from ..creation import placeholder
from ..graph import Graph, get_default_graph
from ..operation import Tensor
from ..session import Session
from .structure import flat, is_nest, kinds_of, mapped, packed_like

__all__ = ["Function", "Reading", "ordinal"]


_STREAMS = 1000  # random operations of one function, so that no two functions draw the same numbers


class FunctionSession(Session):
    """The session in which functions of elements run; it goes with the walk."""

    def __del__(self) -> None:
        pass


@define(eq=False)
class Reading:
    """A walk through a data set.

    values:   of the tensors from which data sets are made
    sessions: one for each function, so that random operations go on from element to element
    caches:   what data sets have kept
    """

    values: Mapping[Tensor, Any] = field(factory=dict)
    sessions: dict[Any, Session] = field(factory=dict)
    caches: dict[Any, list[Any]] = field(factory=dict)

    def value(self, x: Any) -> Any:
        """An array as it is; of a tensor, its value."""
        return self.values[x] if isinstance(x, Tensor) else x

    def inside(self, values: Mapping[Tensor, Any]) -> Reading:
        """The same walk where more tensors have values."""
        return Reading({**self.values, **values}, self.sessions, self.caches)

    def session(self, function: Function) -> Session:
        """Where a function runs."""
        if function not in self.sessions:
            self.sessions[function] = FunctionSession(graph=function.graph)
        return self.sessions[function]


class Function:
    """A function of elements, built once as a graph of its own and run for each of them.

    result: what it returns: tensors, or a data set made of tensors
    """

    def __init__(self, function: Any, kinds: Any, who: str) -> None:
        outer = get_default_graph()
        self.graph = Graph()
        self.graph.seed = outer.seed
        self.graph.random_layers = self.graph.random_weights = _STREAMS * ordinal(outer)
        with self.graph.as_default():
            self.inputs = mapped(lambda kind: placeholder(kind.dtype, kind.shape), kinds)
            apart = isinstance(self.inputs, tuple) and not hasattr(self.inputs, "_fields")
            try:
                result = function(*self.inputs) if apart else function(self.inputs)
            except ValueError as error:
                if "same graph" in str(error):
                    raise ValueError(
                        f"Dataset.{who}: its function uses a tensor of the graph around, which it cannot see: {error}; "
                        "put the value into the elements, or make the tensor inside the function"
                    ) from error
                raise
            is_plain = hasattr(result, "elements")
            self.result = result if is_plain else mapped(convert_to_tensor, _with_tuples(result))
        self.is_dataset = is_plain

    @property
    def kinds(self) -> Any:
        """What the results are."""
        return self.result.kinds if self.is_dataset else kinds_of(self.result)

    def run(self, element: Any, reading: Reading) -> Any:
        """The values of the results for an element."""
        tensors = self.result.tensors() if self.is_dataset else flat(self.result)
        values = reading.session(self).run(tensors, dict(zip(flat(self.inputs), flat(element)))) if tensors else []
        if self.is_dataset:
            return reading.inside(dict(zip(tensors, values)))
        return packed_like(self.result, values)


def ordinal(graph: Graph) -> int:
    """A number for each part of a data set that draws random numbers and was given no seed."""
    graph.random_layers += 1
    return graph.random_layers


def _with_tuples(result: Any) -> Any:
    """Lists of results count as tuples."""
    if isinstance(result, list) and any(isinstance(x, Tensor) or is_nest(x) for x in result):
        return tuple(result)
    return result
