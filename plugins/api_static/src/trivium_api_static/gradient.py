"""`tf.gradients`: derivatives of tensors, as more of the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trivium import autodiff
from trivium.graph import Slot, Symbol
from trivium.tensor import Tensor as CoreTensor

from .build import as_tensor, converted, graph_of
from .graph import Graph
from .operation import Tensor
from .variable import Variable, reads_of

__all__ = ["gradients"]


def gradients(
    ys: Any, xs: Any, grad_ys: Any = None, name: str = "gradients", colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False, aggregation_method: Any = None,
) -> list[Tensor | None]:  # fmt: skip
    """The derivative of the sum of `ys` with respect to each of `xs`; None where `ys` do not depend on it.

    grad_ys: what the derivatives start as, one for each of `ys`; ones when left out
    """
    ys, xs, grad_ys = _list(ys), _list(xs), [None] * len(_list(ys)) if grad_ys is None else _list(grad_ys)
    if len(grad_ys) != len(ys):
        raise ValueError(f"Passed {len(grad_ys)} grad_ys for {len(ys)} ys")
    graph = graph_of([*ys, *xs])
    with graph.as_default(), graph.name_scope(name):
        outputs = [converted(y, None, graph, "ys") for y in ys]
        for y in outputs:
            if not y.dtype.is_floating:
                raise TypeError(f"Gradients of {y.dtype.name} do not exist: {y}; cast it to float32 before the loss")
        seeds = [
            None if g is None else converted(g, y.dtype, graph, "grad_ys").symbol for g, y in zip(grad_ys, outputs)
        ]
        wanted = [_symbols_of(x, graph) for x in xs]
        flat = [symbol for symbols in wanted for symbol in symbols]
        with graph.recorded():
            found = dict(zip(flat, autodiff.gradients([y.symbol for y in outputs], flat, seeds)))
            totals = [_total([found[symbol] for symbol in symbols]) for symbols in wanted]
        return [None if total is None else graph.adopt(total) for total in totals]


def _list(values: Any) -> list[Any]:
    return list(values) if isinstance(values, (list, tuple)) else [values]


def _symbols_of(x: Any, graph: Graph) -> list[Symbol]:
    """Every symbol through which the graph uses x."""
    if isinstance(x, Variable):
        return x.reads()
    if isinstance(x, (CoreTensor, Slot)):
        return reads_of(graph, x)
    tensor = as_tensor(x, graph)
    if tensor is None:
        raise TypeError(f"gradients: {x!r} is no tensor or variable")
    return [tensor.symbol]


def _total(parts: Sequence[Any]) -> Any:
    total = None
    for part in parts:
        if part is not None:
            total = part if total is None else total + part
    return total
