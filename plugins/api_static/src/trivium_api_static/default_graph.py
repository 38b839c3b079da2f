"""Functions of the default graph: what `tf.name_scope`, `tf.device` and the like change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .graph import get_default_graph

__all__ = [
    "add_to_collection", "add_to_collections", "get_collection", "get_collection_ref", "name_scope",
    "control_dependencies", "device", "colocate_with", "container", "set_random_seed",
]  # fmt: skip


def add_to_collection(name: str, value: Any) -> None:
    """Remember a value under a name in the default graph."""
    get_default_graph().add_to_collection(name, value)


def add_to_collections(names: Any, value: Any) -> None:
    """Remember a value under several names in the default graph."""
    get_default_graph().add_to_collections(names, value)


def get_collection(name: str, scope: str | None = None) -> list[Any]:
    """The values under a name in the default graph."""
    return get_default_graph().get_collection(name, scope)


def get_collection_ref(name: str) -> list[Any]:
    """The list under a name in the default graph."""
    return get_default_graph().get_collection_ref(name)


@contextmanager
def name_scope(name: str | None, default_name: str | None = None, values: Sequence[Any] | None = None) -> Iterator[str]:
    """Prefix the names of operations made inside.

    values: tensors whose graph is meant, where it is not the default one
    """
    graph = next((x.graph for x in values or () if hasattr(x, "graph")), None) or get_default_graph()
    with graph.as_default(), graph.name_scope(default_name if name is None else name) as scope:
        yield scope


def control_dependencies(control_inputs: Sequence[Any] | None) -> Any:
    """Let operations made inside run after these."""
    return get_default_graph().control_dependencies(control_inputs)


def device(name_or_function: Any) -> Any:
    """Record the device that operations made inside ask for."""
    return get_default_graph().device(name_or_function)


def colocate_with(op: Any, ignore_existing: bool = False) -> Any:
    """Let operations made inside ask for the device of another one."""
    return get_default_graph().colocate_with(op, ignore_existing)


def container(container_name: str) -> Any:
    """Name the resources made inside; in one process nothing else shares them."""
    return get_default_graph().container(container_name)


def set_random_seed(seed: int | None) -> None:
    """Let the random operations of the default graph start from a seed."""
    get_default_graph().seed = None if seed is None else int(np.uint32(seed & 0xFFFFFFFF))
