"""Branches, loops, and operations that only order others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from trivium import control
from trivium.graph import Symbol

from .array import identity
from .build import assumed, convert_to_tensor, converted, graph_of
from .dtypes import bool as boolean
from .graph import Graph, get_default_graph
from .operation import Operation, Tensor, unique_operations

__all__ = ["cond", "while_loop", "group", "no_op", "tuple"]


def cond(
    pred: Any, true_fn: Callable[[], Any] | None = None, false_fn: Callable[[], Any] | None = None,
    strict: bool = False,
    name: str | None = None, fn1: Callable[[], Any] | None = None, fn2: Callable[[], Any] | None = None,
) -> Any:  # fmt: skip
    """What one of two functions gives, chosen when the graph runs; the other does not run.

    Both functions return one tensor, or lists of equal length.
    """
    true_fn, false_fn = true_fn or fn1, false_fn or fn2
    if not callable(true_fn) or not callable(false_fn):
        raise TypeError("true_fn and false_fn must be callable.")
    if isinstance(pred, bool):
        raise TypeError("pred must not be a Python bool")
    graph = graph_of([pred])
    condition = convert_to_tensor(pred, boolean)
    was_list: list[bool] = []

    def branch(function: Callable[[], Any]) -> Callable[[], Any]:
        def run() -> Any:
            return _unwrapped(function(), graph, was_list)

        return run

    with graph.as_default(), graph.name_scope(name or "cond"):
        with graph.recorded():
            results = control.cond(assumed(condition.symbol, ()), branch(true_fn), branch(false_fn))
        tensors = (
            [graph.adopt(x, "Merge") for x in results] if isinstance(results, (list, _tuple)) else graph.adopt(results)
        )
    if isinstance(tensors, list) and len(tensors) == 1 and not (strict and was_list[0]):
        return tensors[0]
    return tensors


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Sequence[Any], shape_invariants: Any = None,
    parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
    maximum_iterations: int | None = None,
) -> Any:  # fmt: skip
    """Repeat `loop_vars = body(*loop_vars)` while `cond(*loop_vars)` holds; the variables keep their shapes."""
    if not loop_vars:
        raise ValueError("No loop variables provided")
    if not callable(cond) or not callable(body):
        raise TypeError("cond and body must be callable.")
    graph = graph_of(list(loop_vars))
    with graph.as_default(), graph.name_scope(name or "while"), _inside_loop(graph):
        start = [converted(x, None, graph, f"loop_var_{i}") for i, x in enumerate(loop_vars)]
        counted = maximum_iterations is not None
        if counted:
            start = [converted(0, None, graph, "iteration"), *start]

        def test(*symbols: Symbol) -> Symbol:
            tensors = _wrapped(symbols, graph)
            going = convert_to_tensor(cond(*tensors[counted:]), boolean).symbol
            if counted:
                from_limit = symbols[0] < int(maximum_iterations)
                going = control.ops.logical_and(from_limit, going)
            return going

        def step(*symbols: Symbol) -> Any:
            tensors = _wrapped(symbols, graph)
            made = _unwrapped(body(*tensors[counted:]), graph, [])
            made = made if isinstance(made, _tuple) else (made,)
            if len(made) != len(tensors) - counted:
                raise ValueError(
                    f"while_loop: body returned {len(made)} values for {len(tensors) - counted} loop variables: "
                    "return one for each"
                )
            return (symbols[0] + 1, *made) if counted else made

        with graph.recorded():
            results = control.while_loop(test, step, *[x.symbol for x in start])
        tensors = [graph.adopt(x, "Exit") for x in results][counted:]
    return (
        tensors[0] if len(tensors) == 1 else type(loop_vars)(tensors) if type(loop_vars) in (list, _tuple) else tensors
    )


_tuple = tuple


@contextmanager
def _inside_loop(graph: Graph) -> Iterator[None]:
    graph.loops += 1
    try:
        yield
    finally:
        graph.loops -= 1


def _wrapped(symbols: Sequence[Symbol], graph: Graph) -> list[Tensor]:
    return [graph.adopt(symbol) for symbol in symbols]


def _unwrapped(result: Any, graph: Graph, was_list: list[bool]) -> Any:
    """The symbols of what a branch or body returned."""
    if result is None:
        raise ValueError("A branch or loop body must return a value")
    was_list.append(isinstance(result, (list, _tuple)))
    if not was_list[-1]:
        return _value(result, graph).symbol
    return _tuple([_value(x, graph).symbol for x in result])


def _value(value: Any, graph: Graph) -> Tensor:
    if isinstance(value, Operation):
        raise TypeError(
            f"{value!r} cannot be the result of a branch or loop body: state changes outside of them only; return the "
            "new value and assign it after tf.cond or tf.while_loop"
        )
    return converted(value, None, graph, "Const")


def group(*inputs: Any, name: str | None = None) -> Operation:
    """An operation that has run once all the others have."""
    flat = [x for value in inputs for x in (value if isinstance(value, (list, _tuple)) else (value,))]
    graph = graph_of(flat)
    for x in flat:
        if isinstance(x, Operation):
            graph = x.graph
    if any(x is None for x in flat):
        raise TypeError("Expected tf.group() expected Tensor objects not None")
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
