"""Branches, loops, and operations that only order others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trivium import control, ops
from trivium.graph import Symbol

from . import dtypes
from .build import assumed, convert_to_tensor, converted, graph_of
from .conversion import as_tensor
from .creation import identity, same
from .fetching import leaves, rebuilt
from .graph import Graph, get_default_graph
from .host import checked
from .operation import Operation, Tensor, unique_operations
from .tensor_array import TensorArray
from .tensor_shape import TensorShape

__all__ = ["cond", "case", "while_loop", "group", "no_op", "tuple"]

_tuple = tuple


# -- branches --------------------------------------------------------------------------------------------


def cond(
    pred: Any, true_fn: Callable[[], Any] | None = None, false_fn: Callable[[], Any] | None = None,
    strict: bool = False, name: str | None = None, fn1: Callable[[], Any] | None = None,
    fn2: Callable[[], Any] | None = None,
) -> Any:  # fmt: skip
    """What one of two functions gives, chosen when the graph runs; the other does not run.

    Both functions return one tensor or operation, or equal structures of them.
    """
    true_fn, false_fn = true_fn or fn1, false_fn or fn2
    for arg, function in (("true_fn", true_fn), ("false_fn", false_fn)):
        if not callable(function):
            raise TypeError(f"{arg} must be callable. true_fn and false_fn must be callable.")
    if isinstance(pred, bool):
        raise TypeError("pred must not be a Python bool")
    graph = graph_of([pred])
    condition = convert_to_tensor(pred, dtypes.bool)
    structures: list[Any] = []

    def branch(function: Callable[[], Any], arg: str) -> Callable[[], Any]:
        def run() -> Any:
            result = function()
            if result is None:
                raise ValueError(f"{arg} must have a return value.")
            structures.append(result)
            return _tuple([_result(x, graph).symbol for x in leaves(result)]) or _tuple([_truth(graph)])

        return run

    with graph.as_default(), graph.name_scope(name or "cond"):
        with graph.enclosed() as made:
            made += control.cond(
                assumed(condition.symbol, ()), branch(true_fn, "true_fn"), branch(false_fn, "false_fn")
            )
        tensors = [_named(x, "Merge", graph) for x in made]
    structure = structures[0]
    if isinstance(structure, (list, _tuple)) and len(tensors) == 1 and not strict:
        return tensors[0]
    return rebuilt(structure, iter(tensors))


def case(
    pred_fn_pairs: Any, default: Callable[[], Any] | None = None, exclusive: bool = False, strict: bool = False,
    name: str = "case",
) -> Any:  # fmt: skip
    """What the function of the first predicate that holds gives, or `default()`.

    pred_fn_pairs: a list of (predicate, function), or a dict
    exclusive:     more than one that holds is an error when the graph runs, as is none without a default
    """
    pairs = list(pred_fn_pairs.items() if isinstance(pred_fn_pairs, Mapping) else pred_fn_pairs)
    if not pairs:
        raise ValueError("pred_fn_pairs must be non-empty")
    for pair in pairs:
        if not isinstance(pair, _tuple) or len(pair) != 2 or not callable(pair[1]):
            raise TypeError("Each entry in pred_fn_pairs must be a 2-tuple of a predicate and a callable")
    graph = graph_of([pred for pred, _ in pairs])
    with graph.as_default(), graph.name_scope(name):
        checks = _checks([pred for pred, _ in pairs], exclusive, default is None, graph)
        chosen = pairs[-1][1] if default is None else default
        for pred, function in reversed(pairs[:-1] if default is None else pairs):
            chosen = _either(pred, function, chosen, strict)
        with graph.control_dependencies(checks):
            return chosen()


def _either(pred: Any, function: Callable[[], Any], otherwise: Callable[[], Any], strict: bool) -> Callable[[], Any]:
    return lambda: cond(pred, function, otherwise, strict=strict)


def _checks(preds: Sequence[Any], exclusive: bool, needs_one: bool, graph: Graph) -> list[Operation]:
    def check(*truths: Any) -> Any:
        count = sum([bool(truth.numpy()) for truth in truths])
        if needs_one and count == 0:
            return "None of the conditions evaluated as True"
        return f"More than one condition evaluated as True but exclusive=True: {count}" if count > 1 else None

    return [checked("Assert", check, preds, graph)] if exclusive or needs_one else []


# -- loops -----------------------------------------------------------------------------------------------


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, shape_invariants: Any = None,
    parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
    maximum_iterations: Any = None, return_same_structure: bool = False,
) -> Any:  # fmt: skip
    """Repeat `loop_vars = body(*loop_vars)` while `cond(*loop_vars)` holds.

    loop_vars:        tensors, TensorArrays, and structures of them
    shape_invariants: a TensorShape for each, where a size may change from step to step
    """
    if not isinstance(loop_vars, (list, _tuple)) or not loop_vars:
        raise ValueError("No loop variables provided")
    if not callable(cond):
        raise TypeError("cond must be callable.")
    if not callable(body):
        raise TypeError("body must be callable.")
    flat = leaves(loop_vars)
    graph = graph_of(flat)
    with graph.as_default(), graph.name_scope(name or "while"):
        loop = Loop(graph, loop_vars, None if shape_invariants is None else leaves(shape_invariants))
        counted = [] if maximum_iterations is None else [converted(0, None, graph, "iteration").symbol]
        limit = None if maximum_iterations is None else converted(maximum_iterations, None, graph, "limit").symbol
        shapes = [None] * len(counted) + loop.shapes

        def test(*symbols: Symbol) -> Symbol:
            going = convert_to_tensor(cond(*loop.arguments(symbols[len(counted) :])), dtypes.bool).symbol
            return ops.logical_and(symbols[0] < limit, going) if counted else assumed(going, ())

        def step(*symbols: Symbol) -> Any:
            after = loop.returned(body(*loop.arguments(symbols[len(counted) :])))
            return (symbols[0] + 1, *after) if counted else after

        with graph.enclosed() as made:
            made += control.while_loop(test, step, *counted, *[x.symbol for x in loop.start], shapes=shapes)
        results = [_named(x, "Exit", graph, back_prop) for x in made[len(counted) :]]
    finished = loop.structured(results)
    return finished[0] if len(finished) == 1 and not return_same_structure else finished


class Loop:
    """The variables of a loop: structures of tensors, of which the core sees the symbols.

    start:  the tensors that change; TensorArrays go through as they are, what they hold is state of the graph
    shapes: for each of them None, or its sizes, None for one that may change
    """

    def __init__(self, graph: Graph, structure: Any, invariants: Sequence[Any] | None = None) -> None:
        self.graph, self.structure = graph, structure
        self.places = leaves(structure)
        if invariants is not None and len(invariants) != len(self.places):
            raise ValueError(f"shape_invariants has {len(invariants)} shapes for {len(self.places)} loop variables")
        self.start: list[Tensor] = []
        self.shapes: list[Any] = []
        for i, x in enumerate(self.places):
            if isinstance(x, TensorArray):
                continue
            tensor = converted(x, None, graph, f"loop_var_{i}")
            self.start.append(tensor)
            self.shapes.append(None if invariants is None else _invariant(tensor, TensorShape(invariants[i])))

    def structured(self, tensors: Sequence[Any]) -> Any:
        """Tensors in the structure of the loop variables."""
        given = iter(tensors)
        return rebuilt(self.structure, iter([x if isinstance(x, TensorArray) else next(given) for x in self.places]))

    def arguments(self, symbols: Sequence[Symbol]) -> Any:
        """What the user's functions are called with."""
        return self.structured([self.graph.adopt(x, "Identity") for x in symbols])

    def returned(self, result: Any) -> _tuple[Symbol, ...]:
        """The symbols of what the user's body gave."""
        if len(self.structure) == 1 and not (isinstance(result, (list, _tuple)) and len(result) == 1):
            result = [result]
        given = leaves(result)
        if len(given) != len(self.places):
            raise ValueError(
                f"The two structures don't have the same number of elements: the body returned {len(given)} values for "
                f"{len(self.places)} loop variables; return one for each"
            )
        after = [x for x in given if not isinstance(x, TensorArray)]
        return _tuple([
            self._kept(x, before, shape) for x, before, shape in zip(after, self.start, self.shapes, strict=True)
        ])  # fmt: skip

    def _kept(self, value: Any, before: Tensor, shape: Any) -> Symbol:
        if isinstance(value, Operation):
            raise TypeError(f"{value!r} cannot be a loop variable: the body must return a tensor for each")
        after = converted(
            value, None if as_tensor(value, self.graph) is not None else before.dtype, self.graph, "Const"
        )
        declared = before.shape if shape is None else TensorShape(shape)
        if not after.shape.is_compatible_with(declared) or (shape is None and after.shape.ndims != before.shape.ndims):
            raise ValueError(
                f"The shape for {before.name} is not an invariant for the loop. It enters the loop with shape "
                f"{declared}, but has shape {after.shape} after one iteration. Provide shape invariants using either "
                "the `shape_invariants` argument of tf.while_loop or set_shape() on the loop variables."
            )
        return after.symbol


def _invariant(x: Tensor, shape: TensorShape) -> Any:
    """The sizes of a loop variable as the core wants them."""
    if not shape.is_compatible_with(x.shape):
        raise ValueError(
            f"The shape invariant specified for {x.name} is not compatible with the initial shape of the loop "
            f"variable. It enters the loop with shape {x.shape}, but the specified shape invariant is {shape}."
        )
    return _tuple(shape.as_list() if shape.dims is not None else [None] * x.shape.ndims)


# -- what branches give ------------------------------------------------------------------------------------


def _result(value: Any, graph: Graph) -> Tensor:
    """The tensor that stands for what a branch returned; of an operation, one that is there once it has run."""
    if not isinstance(value, Operation):
        return converted(value, None, graph, "Const")
    with graph.control_dependencies([value]):
        return graph.operation("Identity", graph.unique_name("Identity"), (), lambda: _truth(graph)).outputs[0]


def _truth(graph: Graph) -> Symbol:
    return ops.full(shape=(), value=True, dtype="bool", place=graph.here)


def _named(symbol: Symbol, kind: str, graph: Graph, back_prop: bool = True) -> Tensor:
    """The tensor of one result, under a name of its own."""
    pass_on = same if back_prop else ops.stop_gradient
    return graph.operation(kind, graph.unique_name(kind), [graph.adopt(symbol)], pass_on).outputs[0]


# -- order -------------------------------------------------------------------------------------------------


def group(*inputs: Any, name: str | None = None) -> Operation:
    """An operation that has run once all the others have."""
    flat = [x for value in inputs for x in leaves(value)]
    if any(x is None for x in flat):
        raise TypeError("Expected tf.group() expected Tensor objects not None")
    graph = next((x.graph for x in flat if hasattr(x, "graph")), None) or get_default_graph()
    with graph.as_default(), graph.name_scope(name or "group_deps") as scope:
        return graph.effect("NoOp", scope[:-1], [graph.as_graph_element(x) for x in flat])


def no_op(name: str | None = None) -> Operation:
    """An operation that does nothing, but waits for what it depends on."""
    graph = get_default_graph()
    return graph.effect("NoOp", graph.unique_name(name or "NoOp"), ())


def tuple(tensors: Sequence[Any], name: str | None = None, control_inputs: Sequence[Any] | None = None) -> list[Any]:
    """The same tensors, each available only once all of them are."""
    graph = graph_of(list(tensors))
    if all(x is None for x in tensors):
        raise ValueError("Must have at least one Tensor")
    with graph.as_default(), graph.name_scope(name or "tuple"):
        gate = group(*[x for x in tensors if x is not None], *(control_inputs or ()))
        with graph.control_dependencies([gate]):
            return [None if x is None else identity(x, "control_dependency") for x in tensors]


def with_dependencies(dependencies: Sequence[Any], output: Any, name: str | None = None) -> Tensor:
    """The same tensor, available only once some operations have run."""
    with graph_of([output]).control_dependencies(unique_operations(dependencies)):
        return identity(output, name or "control_dependency")
