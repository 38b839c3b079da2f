"""The global step: how many training steps a model has made."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..collection import GraphKeys
from ..graph import Graph, get_default_graph
from ..initializers import zeros
from ..variable import Variable
from ..variable_scope import get_variable

__all__ = ["get_global_step", "create_global_step", "get_or_create_global_step", "global_step"]


def get_global_step(graph: Graph | None = None) -> Variable | None:
    """The variable that counts steps, or None."""
    found = (graph or get_default_graph()).get_collection(GraphKeys.GLOBAL_STEP)
    if len(found) > 1:
        raise TypeError("Multiple tensors in global_step collection.")
    return found[0] if found else None


def create_global_step(graph: Graph | None = None) -> Variable:
    """A variable `global_step` that starts at 0."""
    graph = graph or get_default_graph()
    if get_global_step(graph) is not None:
        raise ValueError('"global_step" already exists.')
    with graph.as_default(), graph.name_scope(None):
        collections = [GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP]
        return get_variable("global_step", [], dtypes.int64, zeros(), trainable=False, collections=collections)


def get_or_create_global_step(graph: Graph | None = None) -> Variable:
    """The variable that counts steps."""
    found = get_global_step(graph)
    return create_global_step(graph) if found is None else found


def global_step(sess: Any, global_step_tensor: Any) -> int:
    """How many steps were made in a session."""
    return int(np.asarray(sess.run(global_step_tensor)))
