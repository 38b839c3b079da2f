"""Writing traced modules: the graph as JSON in a safetensors file, whose tensors are the state."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import safetensors.numpy

from trivium.graph import Graph
from trivium.graph_file import to_plain
from trivium.saving import write_aside
from trivium.tensor import Tensor as CoreTensor

from ..serialization import CODES
from .trace import Trace

GRAPH = "trivium.graph"


def save(m: Any, f: Any) -> None:
    """Write a traced module to a path or a binary file."""
    trace = getattr(m, "trace", None)
    if not isinstance(trace, Trace):
        raise TypeError(f"jit.save: a {type(m).__name__} is no traced module; trace it first: torch.jit.trace(m, x)")
    symbols = [*trace.inputs, *trace.outputs, *trace.graph.updates, *[symbol for _, symbol in trace.ends]]
    forward = Graph()
    forward.nodes = list(trace.calls)
    described = {
        "graph": to_plain(forward, symbols),
        "counts": [len(trace.inputs), len(trace.outputs), len(trace.graph.updates)],
        "ends": [slot.name for slot, _ in trace.ends],
        "tables": {slot.name: held.table for slot, held in trace.state.items()},
        "structure": plain(trace.structure),
        "training": m.training,
    }
    tensors = {}
    for slot in trace.state:
        array = CoreTensor.numpy(m.tensor_of(slot))
        if array.dtype not in CODES:
            raise TypeError(f"jit.save: {slot.name} is {array.dtype}, a dtype that the file format lacks")
        tensors[slot.name] = np.ascontiguousarray(array).reshape(array.shape)
    content = safetensors.numpy.save(tensors, {GRAPH: json.dumps(described)})
    if hasattr(f, "write"):
        f.write(content)
    else:
        write_aside(f, content)


def plain(structure: Any) -> Any:
    """A structure of results as JSON."""
    if isinstance(structure, CoreTensor):
        return {"tensor": None}
    if isinstance(structure, (list, tuple)):
        return {"list" if isinstance(structure, list) else "tuple": [plain(x) for x in structure]}
    if isinstance(structure, dict):
        return {"dict": [[key, plain(x)] for key, x in structure.items()]}
    if structure is None or isinstance(structure, (bool, int, float, str)):
        return structure
    raise TypeError(f"jit.save: the function returns a {type(structure).__name__}, which a file cannot hold")
