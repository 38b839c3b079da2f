"""Graphs as plain data: numbers, strings, lists and dicts, which any format can hold and loading cannot execute."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, field

from .control import COND, SCAN, WHILE, WHILE_GRADIENT, Body
from .errors import GraphError
from .graph import ASSIGN, CONSTANT, PLACEHOLDER, READ, Graph, Node, Slot, Symbol
from .op import Op, find_op
from .spec import Dim, Spec, as_dtype
from .transfer import TRANSFER

FORMAT = 1
OF_CORE = {op.name: op for op in (PLACEHOLDER, CONSTANT, READ, ASSIGN, COND, SCAN, WHILE, WHILE_GRADIENT, TRANSFER)}


def to_plain(graph: Graph, results: Sequence[Symbol] = ()) -> dict[str, Any]:
    """A graph as plain data, each call with the version of its op.

    results: symbols to find again after loading, in this order
    """
    _check_names(graph)
    number = {node: i for i, node in enumerate(graph.nodes)}
    return {
        "format": FORMAT,
        "calls": [_call(node, number) for node in graph.nodes],
        "results": [_place(symbol, number) for symbol in results],
    }


def from_plain(
    plain: dict[str, Any], slots: Mapping[str, Slot] | None = None
) -> tuple[Graph, list[Symbol], dict[str, Slot]]:
    """The graph, its results, and its state by name; values of the state are not part of a graph.

    slots: state that is there already, by name
    An op that is unknown, or whose version is newer than ours, is refused.
    """
    if plain.get("format") != FORMAT:
        raise GraphError(f"saved graph: format {plain.get('format')!r} is unknown; this version reads {FORMAT}")
    return _loaded(plain, _Known(dict(slots or {})))


@define
class _Known:
    """What a saved graph and the bodies in it speak of more than once.

    nameless: the Dims without a name, by their number in the saved graph, which here may be another one's
    """

    slots: dict[str, Slot] = field(factory=dict)
    nameless: dict[int, Dim] = field(factory=dict)


def _loaded(plain: dict[str, Any], known: _Known) -> tuple[Graph, list[Symbol], dict[str, Slot]]:
    graph = Graph()
    for i, call in enumerate(plain["calls"]):
        try:
            _add(graph, call, known)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise GraphError(f"saved graph: call {i} cannot be read: {error}") from error
    return graph, [graph.nodes[i].outputs[k] for i, k in plain["results"]], known.slots


def _check_names(graph: Graph) -> None:
    """State is found again by its name, so each slot needs one of its own."""
    slots: dict[str, Any] = {}
    for node in graph.nodes:
        slot = node.settings.get("slot")
        if slot is not None and slots.setdefault(slot.name, slot) is not slot:
            raise GraphError(f"saved graph: two slots are named {slot.name!r}; give their layers names")


def _call(node: Node, number: dict[Node, int]) -> dict[str, Any]:
    return {
        "op": node.op.name,
        "version": node.op.version,
        "name": node.name,
        "inputs": [None if x is None else _place(x, number) for x in node.inputs],
        "settings": {name: _plain(value) for name, value in node.settings.items()},
        "specs": [_plain(spec) for spec in node.specs],
        "after": [number[control] for control in node.controls],
    }


def _place(symbol: Symbol, number: dict[Node, int]) -> list[int]:
    return [number[symbol.node], symbol.index]


def _add(graph: Graph, call: dict[str, Any], known: _Known) -> None:
    op = OF_CORE.get(call["op"]) or find_op(call["op"])
    if call["version"] > op.version:
        raise GraphError(
            f"{op.name} has version {call['version']}, this one knows {op.version}; install a newer release"
        )
    inputs = tuple([None if at is None else graph.nodes[at[0]].outputs[at[1]] for at in call["inputs"]])
    settings = {name: _thing(value, known) for name, value in call["settings"].items()}
    specs = tuple([_thing(spec, known) for spec in call["specs"]])
    _insert(graph, op, inputs, settings, specs, call)


def _insert(
    graph: Graph, op: Op, inputs: tuple[Symbol | None, ...], settings: dict[str, Any], specs: tuple[Spec, ...],
    call: dict[str, Any],
) -> None:  # fmt: skip
    node = Node(op, inputs, settings, specs)
    node.outputs = tuple([Symbol(spec, node, i, graph) for i, spec in enumerate(specs)])
    node.name = call["name"]
    node.controls = tuple([graph.nodes[i] for i in call["after"]])
    graph.nodes.append(node)


def _plain(value: Any) -> Any:
    """A setting as plain data; what JSON has no form for is a dict with one key that names it."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, (tuple, list)):
        return {"tuple": [_plain(part) for part in value]}
    if isinstance(value, Dim):
        return {"dim": _plain(value.terms)}
    if isinstance(value, Spec):
        return {"spec": [_plain(value.shape) if value.has_rank else None, value.dtype.name]}
    if isinstance(value, np.ndarray):
        data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
        return {"array": [list(value.shape), value.dtype.name, data]}
    if hasattr(value, "spec") and hasattr(value, "trainable"):
        return {"slot": [value.name, _plain(value.spec), bool(value.trainable)]}
    if isinstance(value, Body):
        inner = to_plain(value.graph, (*value.inputs, *value.inner, *value.outputs))
        return {"body": [inner, len(value.inputs), len(value.inner)]}
    raise GraphError(f"{value!r} ({type(value).__name__}) cannot be saved; settings are plain data")


def _thing(plain: Any, known: _Known) -> Any:
    if not isinstance(plain, dict):
        return plain
    ((what, value),) = plain.items()
    if what == "float":
        return float(value)
    if what == "tuple":
        return tuple([_thing(part, known) for part in value])
    if what == "dim":
        return _renumbered(_thing(value, known), known)
    if what == "spec":
        return Spec(None if value[0] is None else _thing(value[0], known), value[1])
    if what == "array":
        array = np.frombuffer(base64.b64decode(value[2]), as_dtype(value[1]))
        return array.reshape(value[0])
    if what == "slot":
        name, spec, trainable = value
        return known.slots.setdefault(name, Slot(_thing(spec, known), name=name, trainable=trainable))
    if what == "body":
        graph, ends, _ = _loaded(value[0], known)
        inputs, inner = value[1], value[2]
        return Body(
            graph, tuple(ends[:inputs]), tuple(ends[inputs + inner :]), (), tuple(ends[inputs : inputs + inner])
        )
    raise GraphError(f"saved graph: {what!r} is no kind of setting")


def _renumbered(terms: Any, known: _Known) -> Dim:
    """The Dim with these terms, made of the nameless Dims of this process."""
    total: Any = 0
    for atoms, factor in terms:
        part: Any = factor
        for atom in atoms:
            nameless = atom[0] == "anonymous"
            part = part * (known.nameless.setdefault(atom[1], Dim()) if nameless else Dim.of_terms((((atom,), 1),)))
        total = total + part
    assert type(total) is Dim
    return total
