"""`tf.gradients`: derivatives of tensors, as more of the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from trivium import autodiff
from trivium.graph import Slot, Symbol
from trivium.tensor import Tensor as CoreTensor

from .build import converted, graph_of
from .conversion import as_tensor
from .graph import Graph
from .operation import Tensor
from .overriding import with_gradient
from .variable import Variable, reads_of

__all__ = ["custom_gradient", "gradients", "AggregationMethod"]


def gradients(
    ys: Any, xs: Any, grad_ys: Any = None, name: str = "gradients", colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False, aggregation_method: Any = None, stop_gradients: Any = None,
) -> list[Tensor | None]:  # fmt: skip
    """The derivative of the sum of `ys` with respect to each of `xs`; None where `ys` do not depend on it.

    grad_ys:        what the derivatives start as, one for each of `ys`; ones when left out
    stop_gradients: tensors that count as constants; the `xs`, and any others
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
            inside = [graph.here.captures.get(symbol, symbol) for symbol in flat]  # of a body that is being built
            if stop_gradients is None:
                given = autodiff.gradients([y.symbol for y in outputs], inside, seeds)
            else:
                given = _up_to(outputs, inside, _list(stop_gradients), seeds, graph)
            found = dict(zip(flat, given))
            totals = [_total([found[symbol] for symbol in symbols]) for symbols in wanted]
        return [None if total is None else graph.adopt(total) for total in totals]


def _up_to(
    outputs: Sequence[Tensor], wanted: Sequence[Symbol], stops: Sequence[Any], seeds: Sequence[Any], graph: Graph
) -> list[Any]:
    """Gradients that do not go past some tensors, all that is wanted among them."""
    ends = [symbol for x in stops for symbol in _symbols_of(x, graph)]
    if not set(wanted) <= set(ends):
        raise NotImplementedError("gradients: stop_gradients must name all of xs; use tf.stop_gradient for the others")
    starts = [autodiff.ones_like(y.symbol) if g is None else g for y, g in zip(outputs, seeds)]
    found = autodiff.backprop([y.symbol for y in outputs], starts, [x.edge for x in ends], through=False)
    return [found.get(autodiff.slot(x.edge)) for x in wanted]


class AggregationMethod:
    """How gradients of several uses are added: always in one way here."""

    ADD_N = DEFAULT = 0
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of tensors with a gradient of its own: f returns its result and a function of that one's gradient."""

    @wraps(f)
    def function(*args: Any, **options: Any) -> Any:
        graph = graph_of(args)
        with graph.as_default():
            inputs = [converted(x, None, graph, "args") for x in args]
            result, gradient = f(*inputs, **options)
            outputs = [converted(y, None, graph, "result") for y in _list(result)]

            def rule(grads: Sequence[Any]) -> list[Any]:
                found = _list(gradient(*[graph.adopt(g) for g in grads]))
                return [
                    None if g is None else converted(g, x.dtype, graph, "grad").symbol for g, x in zip(found, inputs)
                ]

            with graph.recorded():
                made = with_gradient([y.symbol for y in outputs], [x.symbol for x in inputs], rule)
            tensors = [graph.adopt(y, "IdentityN") for y in made]
        return tensors if isinstance(result, (list, tuple)) else tensors[0]

    return function


def _list(values: Any) -> list[Any]:
    return list(values) if isinstance(values, (list, tuple)) else [values]


def _symbols_of(x: Any, graph: Graph) -> list[Symbol]:
    """Every symbol through which the graph uses x."""
    if isinstance(x, Variable):
        entry = graph.here.entries.get(x.slot)
        return [*x.reads(), *([entry[1]] if entry else [])]
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
