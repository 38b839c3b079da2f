"""Graphs as files: `m.meta` holds a graph, its collections and a saver's choice of variables as plain data.

The core's calls stand there as `trivium.graph_file` writes them; around them the operations, their names and what
the collections hold.  Nothing in it is code.  A graph that cannot be written, such as one that calls Python functions,
leaves a file that says why.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define

from trivium.control import Body
from trivium.errors import TriviumError
from trivium.graph import Node, Symbol
from trivium.graph_file import OF_CORE, from_plain, to_plain
from trivium.op import OPS
from trivium.saving import write_aside

from .. import dtypes
from ..graph import Graph, get_default_graph
from ..operation import Operation, Tensor
from ..random import RandomSlot
from ..tensor_shape import TensorShape
from ..variable import Variable

__all__ = ["MetaGraph", "read_meta_graph", "restore_meta_graph"]

FORMAT = 1


@define
class MetaGraph:
    """A graph as plain data.

    saver: which variables a Saver writes under which names, and how many sets of files it keeps
    """

    plain: dict[str, Any]
    saver: dict[str, Any] | None = None

    def as_plain(self) -> dict[str, Any]:
        """What a file holds."""
        return {"format": FORMAT, "graph": self.plain, "saver": self.saver}

    def write(self, path: str) -> None:
        """Write it, all or nothing."""
        write_aside(path, json.dumps(self.as_plain()).encode())

    @classmethod
    def of(cls, graph: Graph, saver: dict[str, Any] | None = None) -> MetaGraph:
        """What a graph is now."""
        return cls(_Writer(graph).plain(), saver)


def described(graph: Graph, saver: dict[str, Any] | None) -> dict[str, Any]:
    """The plain data of a graph, or of what keeps it from being written."""
    try:
        return MetaGraph.of(graph, saver).as_plain()
    except (TriviumError, ValueError) as error:
        return {"format": FORMAT, "graph": None, "why": str(error), "saver": saver}


def read_meta_graph(path: str) -> MetaGraph:
    """The graph in a file."""
    try:
        plain = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise OSError(f"File {path} does not exist or cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"{path}: it is no meta graph of this program: {error}") from error
    if not isinstance(plain, dict) or plain.get("format") != FORMAT or "graph" not in plain:
        raise ValueError(f"{path}: it is no meta graph of this program, or of a newer one")
    if plain["graph"] is None:
        raise ValueError(f"{path}: the graph was not written: {plain['why']}; build it again and restore its values")
    return MetaGraph(plain["graph"], plain["saver"])


# -- writing -----------------------------------------------------------------------------------------------


class _Writer:
    """A graph on its way to plain data."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.outer = {symbol for node in graph.core.nodes for symbol in node.outputs}
        self.number = {node: i for i, node in enumerate(graph.core.nodes)}
        kept = [op for op in graph.get_operations() if op.evaluate is None or op.type == "Const"]
        self.kept = dict.fromkeys(kept)  # what a Session finds out by itself belongs to it, not to the graph

    def plain(self) -> dict[str, Any]:
        graph = self.graph
        self._check_ops()
        slots = [node.settings["slot"] for node in graph.core.nodes if "slot" in node.settings]
        return {
            "core": to_plain(graph.core),
            "operations": [self._operation(op) for op in self.kept],
            "reactive": [
                [self.number[node], [self._place(s) for s in symbols]] for node, symbols in graph.reactive.items()
            ],
            "random": {slot.name: [int(n) for n in slot.start] for slot in slots if isinstance(slot, RandomSlot)},
            "counters": [graph.seed, graph.random_layers, graph.random_weights],
            "variables": [self._variable(variable) for variable in self._variables()],
            "collections": {key: self._collection(key) for key in graph.get_all_collection_keys()},
        }

    def _check_ops(self) -> None:
        for node in _all_nodes(self.graph.core):
            if node.op.name not in OF_CORE and OPS.get(node.op.name) is not node.op:
                owner = self.graph.owner(node)
                raise ValueError(f"{owner.name if owner else node.op.name} is a Python function")

    def _place(self, symbol: Symbol) -> list[int]:
        return [self.number[symbol.node], symbol.index]

    def _operation(self, op: Operation) -> dict[str, Any]:
        plain = {
            "name": op.name, "type": op.type, "device": op.device,
            "inputs": [x.name for x in op.inputs if x.op in self.kept and (self._is_outer(x) or x.symbol is None)],
            "controls": [other.name for other in op.control_inputs if other in self.kept],
            "outputs": [[self._place(x.symbol), x.dtype.name] for x in op.outputs if self._is_outer(x)],
            "hidden": [self._place(symbol) for symbol in op.hidden if symbol in self.outer],
            "attributes": {key: made for key, value in op.attributes.items() if (made := _plain(value)) is not None},
        }  # fmt: skip
        if op.evaluate is not None:
            value = op.evaluate(None)
            texts = np.asarray(value, object)
            plain["text"] = [list(texts.shape), [text.decode("latin-1") for text in texts.ravel()]]
        return plain

    def _is_outer(self, tensor: Tensor) -> bool:
        return tensor.symbol is not None and tensor.symbol.graph is self.graph.core

    def _variables(self) -> list[Variable]:
        found = [x for key in self.graph.get_all_collection_keys() for x in self.graph.get_collection(key)]
        return list(dict.fromkeys([x for x in found if isinstance(x, Variable)]))

    def _variable(self, variable: Variable) -> list[str]:
        return [
            variable.op.name, variable.initial_value.name, variable.initializer.name, variable.as_tensor().name,
        ]  # fmt: skip

    def _collection(self, key: str) -> list[Any]:
        made = [self._remembered(value) for value in self.graph.get_collection(key)]
        return [entry for entry in made if entry is not None]

    def _remembered(self, value: Any) -> Any:
        if isinstance(value, Variable):
            return {"variable": value.op.name}
        if isinstance(value, Tensor):
            return {"tensor": value.name} if value.op in self.kept else None
        if isinstance(value, Operation):
            return {"operation": value.name} if value in self.kept else None
        return {"value": value} if isinstance(value, (bool, int, float, str)) else None


def _all_nodes(graph: Any) -> Iterator[Node]:
    """The calls of a graph, and of the branches and loops in it."""
    for node in graph.nodes:
        yield node
        for setting in node.settings.values():
            for body in setting if isinstance(setting, tuple) else (setting,):
                if isinstance(body, Body):
                    yield from _all_nodes(body.graph)


def _plain(value: Any) -> Any:
    """An attribute as plain data; None for one that the core's call holds anyway."""
    if isinstance(value, dtypes.DType):
        return {"dtype": value.name}
    if isinstance(value, TensorShape):
        return {"shape": None if value.dims is None else value.as_list()}
    if isinstance(value, (list, tuple)):
        return {"list": [_plain(part) for part in value]}
    return value if isinstance(value, (bool, int, float, str)) else None


def _thing(plain: Any) -> Any:
    if not isinstance(plain, dict):
        return plain
    ((what, value),) = plain.items()
    return {"dtype": dtypes.as_dtype, "shape": TensorShape, "list": lambda parts: [_thing(p) for p in parts]}[what](
        value
    )


# -- reading -----------------------------------------------------------------------------------------------


def restore_meta_graph(meta: MetaGraph, scope: str | None, clear_devices: bool) -> tuple[Graph, dict[str, Variable]]:
    """Put a graph into the default one; the graph, and its variables by their names in the file."""
    graph, plain = get_default_graph(), meta.plain
    try:
        return graph, _Reader(graph, plain, f"{scope.rstrip('/')}/" if scope else "", clear_devices).read()
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError(f"the meta graph is damaged: {type(error).__name__}: {error}") from error


class _Reader:
    """Plain data on its way into a graph."""

    def __init__(self, graph: Graph, plain: Mapping[str, Any], prefix: str, clear_devices: bool) -> None:
        self.graph, self.plain, self.prefix, self.clear_devices = graph, plain, prefix, clear_devices
        self.parts: dict[str, list[Node]] = {}
        self.operations: dict[str, Operation] = {}
        self.variables: dict[str, Variable] = {}

    def read(self) -> dict[str, Variable]:
        plain, graph = self.plain, self.graph
        random = {name: RandomSlot(name, np.array(start, np.uint64)) for name, start in plain["random"].items()}
        loaded, _, slots = from_plain(plain["core"], random)
        self.nodes = loaded.nodes
        self._check_names()
        for slot in slots.values():
            slot.name = f"{self.prefix}{slot.name}"
        self._adopt_nodes()
        for entry in plain["operations"]:
            self._operation(entry)
        for node, symbols in plain["reactive"]:
            graph.react(self.nodes[node], [self._symbol(at) for at in symbols])
        seed, layers, weights = plain["counters"]
        graph.seed = seed if graph.seed is None else graph.seed
        graph.random_layers, graph.random_weights = graph.random_layers + layers, graph.random_weights + weights
        for op, initial, initializer, snapshot in plain["variables"]:
            made = self.operations[op]
            self.variables[op] = Variable.of_operations(
                made.outputs[0].symbol.node.settings["slot"], made, self._tensor(initial),
                self.operations[initializer], self._tensor(snapshot),
            )  # fmt: skip
        for key, entries in plain["collections"].items():
            for entry in entries:
                graph.add_to_collection(key, self._remembered(entry))
        return self.variables

    def _check_names(self) -> None:
        there = {op.name for op in self.graph.get_operations()}
        taken = [name for entry in self.plain["operations"] if (name := f"{self.prefix}{entry['name']}") in there]
        if taken:
            raise ValueError(
                f"import_meta_graph: the graph has an operation {taken[0]!r} already; give import_scope, or start from "
                "an empty graph"
            )

    def _adopt_nodes(self) -> None:
        core = self.graph.core
        for node in self.nodes:
            node.name = f"{self.prefix}{node.name}"
            self.parts.setdefault(node.name, []).append(node)
            for symbol in node.outputs:
                symbol.graph = core
        core.nodes.extend(self.nodes)

    def _operation(self, entry: Mapping[str, Any]) -> None:
        name = f"{self.prefix}{entry['name']}"
        made = Operation(
            self.graph, entry["type"], name, inputs=[self._tensor(x) for x in entry["inputs"]],
            controls=[self.operations[x] for x in entry["controls"]],
            device="" if self.clear_devices else entry["device"],
            attributes={key: _thing(value) for key, value in entry["attributes"].items()},
        )  # fmt: skip
        if "text" in entry:
            made.evaluate = _saying(*entry["text"])
            made.outputs = [Tensor(made, 0, None, dtypes.string)]
        else:
            made.outputs = [
                Tensor(made, i, self._symbol(at), dtypes.as_dtype(dtype))
                for i, (at, dtype) in enumerate(entry["outputs"])
            ]
        made.hidden = [self._symbol(at) for at in entry["hidden"]]
        self.operations[entry["name"]] = made
        self.graph.admit(made, self.parts.get(name, ()))

    def _symbol(self, place: Sequence[int]) -> Symbol:
        return self.nodes[place[0]].outputs[place[1]]

    def _tensor(self, name: str) -> Tensor:
        op, _, index = name.rpartition(":")
        return self.operations[op].outputs[int(index)]

    def _remembered(self, entry: Mapping[str, Any]) -> Any:
        ((what, value),) = entry.items()
        found = {"variable": self.variables.get, "operation": self.operations.get, "tensor": self._tensor}
        return found[what](value) if what in found else value


def _saying(shape: Sequence[int], texts: Sequence[str]) -> Callable[[Any], Any]:
    value = np.empty(len(texts), object)
    value[:] = [text.encode("latin-1") for text in texts]
    return lambda session: value.reshape(shape)[()]
