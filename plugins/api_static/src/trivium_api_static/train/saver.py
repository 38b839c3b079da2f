"""Saver: a session's variables to files and back."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import errors
from ..collection import GraphKeys
from ..graph import get_default_graph
from ..variable import Variable
from ..variable import global_variables as all_variables
from .checkpoint import Reader, checkpoint_exists, remove, update_checkpoint_state, write_tensors
from .meta_graph import MetaGraph, described, read_meta_graph, restore_meta_graph

__all__ = ["Saver", "export_meta_graph", "import_meta_graph"]


class Saver:
    """Saves and restores variables.

    var_list:    variables, or a dict from the names in files to variables; all of the graph when left out
    max_to_keep: how many sets of files stay; 0 or None for all
    keep_checkpoint_every_n_hours: sets that stay beyond that, one each so many hours
    save_relative_paths: whether the file `checkpoint` names sets so that their folder may move
    """

    def __init__(
        self, var_list: Any = None, reshape: bool = False, sharded: bool = False, max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000.0, name: str | None = None, restore_sequentially: bool = False,
        saver_def: Any = None, builder: Any = None, defer_build: bool = False, allow_empty: bool = False,
        write_version: Any = None, pad_step_number: bool = False, save_relative_paths: bool = False,
        filename: str | None = None,
    ) -> None:  # fmt: skip
        variables = all_variables() if var_list is None else var_list
        if not isinstance(variables, Mapping):
            variables = {_name(variable): variable for variable in variables}
        if not variables and not allow_empty:
            raise ValueError("No variables to save")
        self._variables: dict[str, Variable] = dict(variables)
        self._max_to_keep, self._reshape, self._relative = max_to_keep or 0, reshape, save_relative_paths
        self._keep_for = keep_checkpoint_every_n_hours * 3600.0
        self._next_kept = time.time() + self._keep_for
        self._last: list[tuple[str, float]] = []

    def save(
        self, sess: Any, save_path: str, global_step: Any = None, latest_filename: str | None = None,
        meta_graph_suffix: str = "meta", write_meta_graph: bool = True, write_state: bool = True,
        strip_default_attrs: bool = False,
    ) -> str:  # fmt: skip
        """Write the variables' values; return the path to give `restore`.

        global_step: is appended to the path: `model-1000`
        """
        path = str(save_path)
        if global_step is not None:
            step = sess.run(global_step) if hasattr(global_step, "graph") else global_step
            path = f"{path}-{int(np.asarray(step))}"
        folder = os.path.dirname(path)
        if folder and not os.path.isdir(folder):
            raise ValueError(f"Parent directory of {path} doesn't exist, can't save.")
        arrays = {name: sess.state_of(variable) for name, variable in self._variables.items()}
        try:
            write_tensors(path, arrays, described(sess.graph, self._plain()) if write_meta_graph else None)
            if write_state:
                self._remember(path)
                kept = [kept for kept, _ in self._last]
                update_checkpoint_state(folder, path, kept, latest_filename, self._relative)
        except OSError as error:
            raise errors.ResourceExhaustedError(None, None, f"{error}; what was saved before is untouched") from error
        return path

    def _remember(self, path: str) -> None:
        self._last = [entry for entry in self._last if entry[0] != path]
        self._last.append((path, time.time()))
        while self._max_to_keep and len(self._last) > self._max_to_keep:
            oldest, saved = self._last.pop(0)
            if saved > self._next_kept:
                self._next_kept += self._keep_for
            else:
                remove(oldest)

    def restore(self, sess: Any, save_path: str) -> None:
        """Give the variables the values in a set of files.  Either all of them change or none."""
        if save_path is None:
            raise ValueError("Can't load save_path when it is None.")
        path = str(save_path)
        if not checkpoint_exists(path):
            raise ValueError(f"The passed save_path is not a valid checkpoint: {path}")
        reader = Reader(path)
        values = {name: self._fitting(name, variable, reader.read(name)) for name, variable in self._variables.items()}
        for name, variable in self._variables.items():
            sess.load(variable, values[name])

    def _fitting(self, name: str, variable: Variable, value: np.ndarray) -> np.ndarray:
        shape = tuple(variable.shape.as_list())
        if value.shape != shape and self._reshape and value.size == int(np.prod(shape)):
            value = value.reshape(shape)
        if value.shape != shape:
            raise errors.InvalidArgumentError(
                variable.op.node_def, variable.op,
                f"Assign requires shapes of both tensors to match. lhs shape= {list(shape)} rhs shape= "
                f"{list(value.shape)}: {name} in the checkpoint",
            )  # fmt: skip
        if value.dtype != variable.spec.dtype:
            raise errors.InvalidArgumentError(
                variable.op.node_def, variable.op,
                f"tensor_name = {name}; expected dtype {variable.dtype.base_dtype.name} does not equal original dtype "
                f"{value.dtype.name}",
            )  # fmt: skip
        return value

    def export_meta_graph(self, filename: str | None = None, **options: Any) -> MetaGraph:
        """The graph of its variables, and which of them it saves, written to a file where one is named."""
        graph = next((variable.graph for variable in self._variables.values()), None)
        return export_meta_graph(filename, saver_def=self._plain(), graph=graph, **options)

    def as_saver_def(self) -> dict[str, Any]:
        """Which variables it saves under which names, and how many sets it keeps."""
        return self._plain()

    def _plain(self) -> dict[str, Any]:
        named = {name: variable.op.name for name, variable in self._variables.items()}
        return {"variables": named, "max_to_keep": self._max_to_keep}

    @property
    def last_checkpoints(self) -> list[str]:
        """The sets that are kept, oldest first."""
        return [path for path, _ in self._last]

    def set_last_checkpoints(self, last_checkpoints: list[str]) -> None:
        """Say which sets are kept."""
        self._last = [(path, time.time()) for path in last_checkpoints]

    def recover_last_checkpoints(self, checkpoint_paths: list[str]) -> None:
        """Take over the sets that are there."""
        self._last = [(path, os.path.getmtime(f"{path}.index")) for path in checkpoint_paths if checkpoint_exists(path)]


def _name(variable: Any) -> str:
    if not isinstance(variable, Variable):
        raise TypeError(f"Variable to save is not a Variable: {variable}")
    return variable.op.name


def export_meta_graph(
    filename: str | None = None, meta_info_def: Any = None, graph_def: Any = None, saver_def: Any = None,
    collection_list: Any = None, as_text: bool = False, graph: Any = None, export_scope: str | None = None,
    clear_devices: bool = False, clear_extraneous_savers: bool = False, strip_default_attrs: bool = False,
) -> MetaGraph:  # fmt: skip
    """A graph as plain data, written to a file where one is named."""
    meta = MetaGraph.of(graph or get_default_graph(), saver_def)
    if filename:
        meta.write(filename)
    return meta


def import_meta_graph(
    meta_graph_or_file: Any, clear_devices: bool = False, import_scope: str | None = None, **_: Any
) -> Saver | None:
    """Put a graph that was exported into the default one; a Saver of its variables, or None where it has none.

    import_scope: prefixes the names of operations and variables; the names in checkpoints stay what they were
    """
    is_meta = isinstance(meta_graph_or_file, MetaGraph)
    meta = meta_graph_or_file if is_meta else read_meta_graph(str(meta_graph_or_file))
    graph, variables = restore_meta_graph(meta, import_scope, clear_devices)
    if meta.saver is not None:
        named = {name: variables[op] for name, op in meta.saver["variables"].items()}
        return Saver(named, max_to_keep=meta.saver["max_to_keep"])
    kept = graph.get_collection(GraphKeys.GLOBAL_VARIABLES)
    named = {name: variable for name, variable in variables.items() if variable in kept}
    return Saver(named) if named else None
