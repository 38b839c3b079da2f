"""What a Session does itself around a run: values that Python gives before it, and values that Python takes after it.

A *source* gives the values of its operation's outputs anew for each run that needs them: the next element of a data
set, a decoded file.  Its inputs are texts, which never enter the core.  A *sink* is called with the values of its
operation's inputs once they are computed: it starts an iterator, or puts an element into a queue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, field

from trivium.graph import PLACEHOLDER, Node, Symbol

from .dtypes import DType, string
from .errors import InvalidArgumentError
from .feeding import fed_array
from .graph import Graph
from .operation import Operation, Tensor
from .tensor_shape import TensorShape

__all__ = ["Drawing", "sink", "source"]


def source(
    graph: Graph, kind: str, name: str, outputs: Sequence[tuple[DType, Any]], give: Callable[..., Sequence[Any]],
    inputs: Sequence[Tensor] = (),
) -> list[Tensor]:  # fmt: skip
    """The tensors of an operation whose values `give(session, *texts)` makes for each run.

    name:    final
    outputs: the dtype and the shape of each
    inputs:  text
    """
    for x in inputs:
        if x.symbol is not None:
            raise TypeError(f"{kind}: {x} is computed by the graph; only text and the names of files can be read so")
    numbers = [(dtype, TensorShape(shape)) for dtype, shape in outputs if dtype.base_dtype != string]
    made = graph.operation(
        kind, name, inputs,
        lambda *_: [
            graph.core.placeholder(None if shape.dims is None else shape.as_list(), dtype.base_dtype.name)
            for dtype, shape in numbers
        ],
    )  # fmt: skip
    ready, tensors = iter(made.outputs), []
    for i, (dtype, _) in enumerate(outputs):
        tensor = Tensor(made, i, None, string) if dtype.base_dtype == string else next(ready)
        tensor.value_index = i
        tensors.append(tensor)
    made.outputs, made.source = tensors, give
    return tensors


def sink(graph: Graph, kind: str, name: str, take: Callable[..., None], inputs: Sequence[Tensor] = ()) -> Operation:
    """An operation that calls `take(session, *values of the inputs)` when it runs.

    name: final
    """
    made = graph.effect(kind, name, ())
    made.inputs, made.sink = list(inputs), take
    return made


def sinks_of(elements: Iterable[Any]) -> list[Operation]:
    """The sinks among operations, and among those that groups wait for."""
    found: dict[Operation, None] = {}
    queue = [element for element in elements if isinstance(element, Operation)]
    for op in queue:
        if op.sink is not None:
            found[op] = None
        if not op.outputs:
            queue += [other for other in op.control_inputs if other not in queue]
    return list(found)


def sources_of(graph: Graph, nodes: Iterable[Node], fed: Sequence[Symbol], texts: Iterable[Tensor]) -> list[Operation]:
    """The sources that some core calls and some texts need."""
    found: dict[Operation, None] = {}
    for node in nodes:
        op = graph.owner(node) if node.op is PLACEHOLDER and node.outputs[0] not in fed else None
        if op is not None and op.source is not None:
            found[op] = None
    for tensor in texts:
        if tensor.symbol is None and tensor.op.source is not None:
            found[tensor.op] = None
    return list(found)


@define
class Drawing:
    """What sources give for one run; each gives only once.

    texts: what was fed for text
    """

    session: Any
    texts: Mapping[Tensor, Any]
    values: dict[Operation, Sequence[Any]] = field(factory=dict)

    def symbols(self, sources: Sequence[Operation]) -> dict[Symbol, np.ndarray]:
        """The numbers that sources give."""
        drawn: dict[Symbol, np.ndarray] = {}
        for op in sources:
            for tensor, value in zip(op.outputs, self.of(op)):
                if tensor.symbol is not None:
                    drawn[tensor.symbol] = _checked(tensor, value)
        return drawn

    def of(self, op: Operation) -> Sequence[Any]:
        """What a source gives."""
        if op not in self.values:
            self.values[op] = op.source(self.session, *[self.text(x) for x in op.inputs])
        return self.values[op]

    def text(self, tensor: Tensor) -> Any:
        """The value of a tensor that never enters the core."""
        if tensor in self.texts:
            return self.texts[tensor]
        if tensor.op.source is not None:
            return self.of(tensor.op)[tensor.value_index]
        return tensor.op.evaluate(self.session)


def _checked(tensor: Tensor, value: Any) -> np.ndarray:
    try:
        return fed_array(tensor, value)
    except (ValueError, TypeError) as error:
        raise InvalidArgumentError(tensor.op.node_def, tensor.op, str(error)) from error
