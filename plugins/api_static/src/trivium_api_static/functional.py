"""Functions applied along the first axis: `map_fn`, `foldl`, `foldr`, `scan`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from trivium import control, ops
from trivium.graph import Symbol

from .build import converted, graph_of
from .dtypes import as_dtype
from .fetching import leaves, rebuilt
from .graph import Graph
from .operation import Tensor

__all__ = ["map_fn", "foldl", "foldr", "scan"]


def map_fn(
    fn: Callable[[Any], Any], elems: Any, dtype: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
    swap_memory: bool = False, infer_shape: bool = True, name: str | None = None,
) -> Any:  # fmt: skip
    """fn of each row, stacked again.

    elems: a tensor, or a structure of tensors with equally many rows; fn gets the same structure of rows
    dtype: of what fn returns, where that is another dtype or structure
    """
    _check_callable(fn)
    with _Rows(elems, name or "map", back_prop) as rows:
        structure = elems if dtype is None else dtype
        wanted = None if dtype is None else [as_dtype(each) for each in leaves(dtype)]

        def body(_: Any, xs: Sequence[Symbol]) -> Any:
            result = leaves(fn(rows.given(xs)))
            if len(result) != len(leaves(structure)):
                raise TypeError(
                    f"map_fn: fn returned {len(result)} values for {len(leaves(structure))}; say what: dtype="
                )
            kinds = wanted or [x.dtype for x in rows.tensors]
            return (), tuple([converted(x, kind, rows.graph, "Const").symbol for x, kind in zip(result, kinds)])

        _, made = rows.scanned(body, (), False)
        return rows.finished(structure, made, "TensorArrayStack")


def foldl(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """a = fn(a, row), from the first row to the last; the first one is the start where there is no initializer."""
    return _folded(fn, elems, initializer, False, name or "foldl", back_prop)


def foldr(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """a = fn(a, row), from the last row to the first; the last one is the start where there is no initializer."""
    return _folded(fn, elems, initializer, True, name or "foldr", back_prop)


def scan(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, infer_shape: bool = True, reverse: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Every a of a fold, stacked; without an initializer the first of them is the first row."""
    _check_callable(fn)
    with _Rows(elems, name or "scan", back_prop) as rows:
        start, structure = rows.begun(initializer, reverse)

        def body(carry: Sequence[Symbol], xs: Sequence[Symbol]) -> Any:
            after = rows.stepped(fn, structure, carry, xs)
            return after, after

        _, made = rows.scanned(body, start, reverse)
        if initializer is None:
            first = [ops.expand(x, axis=0) for x in start]
            pairs = zip(made, first) if reverse else zip(first, made)
            made = [ops.concatenate(*pair, axis=0) for pair in pairs]
        return rows.finished(structure, made, "TensorArrayStack")


def _folded(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any, reverse: bool, name: str, back_prop: bool
) -> Any:
    _check_callable(fn)
    with _Rows(elems, name, back_prop) as rows:
        start, structure = rows.begun(initializer, reverse)
        last, _ = rows.scanned(lambda carry, xs: (rows.stepped(fn, structure, carry, xs), ()), start, reverse)
        return rows.finished(structure, last, "Exit")


def _check_callable(fn: Any) -> None:
    if not callable(fn):
        raise TypeError("fn must be callable.")


class _Rows:
    """A structure of tensors taken row by row, within a name scope."""

    def __init__(self, elems: Any, name: str, back_prop: bool) -> None:
        self.structure, self.graph, self._back_prop = elems, graph_of(leaves(elems)), back_prop
        self._scopes = [self.graph.as_default(), self.graph.name_scope(name)]

    def __enter__(self) -> _Rows:
        for scope in self._scopes:
            scope.__enter__()
        self.tensors: list[Tensor] = [converted(x, None, self.graph, "elems") for x in leaves(self.structure)]
        self.symbols = [x.symbol for x in self.tensors]
        return self

    def __exit__(self, *error: Any) -> None:
        for scope in reversed(self._scopes):
            scope.__exit__(*error)

    def given(self, symbols: Sequence[Symbol]) -> Any:
        """Symbols of one row in the structure of the tensors."""
        return rebuilt(self.structure, iter([self.graph.adopt(x, "Identity") for x in symbols]))

    def finished(self, structure: Any, symbols: Sequence[Symbol], kind: str) -> Any:
        """The tensors of results, in a structure."""
        kept = symbols if self._back_prop else [ops.stop_gradient(x) for x in symbols]
        return rebuilt(structure, iter([self.graph.adopt(x, kind) for x in kept]))

    def begun(self, initializer: Any, reverse: bool) -> tuple[tuple[Symbol, ...], Any]:
        """What a fold starts with, and its structure; without an initializer that is the first row, which goes."""
        if initializer is not None:
            return tuple(
                [converted(x, None, self.graph, "initializer").symbol for x in leaves(initializer)]
            ), initializer
        first = [_end(x, is_last=reverse) for x in self.symbols]
        cut: dict[str, Any] = {"stop": (-1,)} if reverse else {"start": (1,)}
        self.symbols = [ops.slice(x, **cut) for x in self.symbols]
        return tuple(first), self.structure

    def stepped(self, fn: Any, structure: Any, carry: Sequence[Symbol], xs: Sequence[Symbol]) -> tuple[Symbol, ...]:
        """One step of a fold."""
        before = rebuilt(structure, iter([self.graph.adopt(x, "Identity") for x in carry]))
        result = leaves(fn(before, self.given(xs)))
        kinds = [x.spec.dtype for x in carry]
        if len(result) != len(kinds):
            raise ValueError(f"fn returned {len(result)} values, the initializer has {len(kinds)}")
        return tuple([_of_dtype(x, kind, self.graph) for x, kind in zip(result, kinds)])

    def scanned(self, body: Callable[..., Any], carry: tuple[Symbol, ...], reverse: bool) -> Any:
        """What the core's scan makes of a body."""
        with self.graph.enclosed() as made:
            last, ys = control.scan(body, carry, tuple(self.symbols), reverse=reverse)
            made += [*last, *ys]
        return last, ys


def _end(x: Symbol, is_last: bool) -> Symbol:
    return ops.squeeze(ops.slice(x, start=(-1,)) if is_last else ops.slice(x, stop=(1,)), axis=0)


def _of_dtype(value: Any, dtype: Any, graph: Graph) -> Symbol:
    return converted(value, as_dtype(dtype), graph, "Const").symbol
