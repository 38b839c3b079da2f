"""Reading traced modules: nothing in a file is executed, and no source is needed."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import safetensors

from trivium.errors import TriviumError
from trivium.graph import Slot
from trivium.graph_file import from_plain

from ..compiler.structure import PLACE
from ..errors import FileFormatError
from ..nn.parameter import Parameter
from ..serialization import made
from .trace import TABLES, Held, Trace
from .traced_module import TracedModule
from .writing import GRAPH


def load(f: Any, map_location: Any = None) -> TracedModule:
    """The traced module that `save` wrote."""
    name = getattr(f, "name", f)
    content = f.read() if hasattr(f, "read") else Path(f).read_bytes()
    try:
        stored = {key: made(told, map_location) for key, told in safetensors.deserialize(content)}
        (length,) = struct.unpack("<Q", content[:8])
        header = json.loads(content[8 : 8 + length])
        described = json.loads(header["__metadata__"][GRAPH])
        return module_of(described, stored)
    except (
        safetensors.SafetensorError, struct.error, ValueError, LookupError, TypeError, AttributeError, RecursionError,
        AssertionError, TriviumError,
    ) as error:  # fmt: skip
        raise FileFormatError(
            f"jit.load: {name} is no file of jit.save ({len(content)} bytes): {type(error).__name__}: {error}; it may "
            "be truncated, or of another kind"
        ) from error


def module_of(described: dict[str, Any], stored: dict[str, Any]) -> TracedModule:
    graph, symbols, slots = from_plain(described["graph"])
    inputs, outputs, updates = described["counts"]
    left = iter(symbols)
    take = [[next(left) for _ in range(count)] for count in (inputs, outputs, updates)]
    graph.updates = take[2]
    state = {}
    for name, table in described["tables"].items():
        if table not in TABLES:
            raise FileFormatError(f"{name} is in {table!r}; state is in {', '.join(TABLES)}")
        tensor = Parameter(stored[name]) if table == TABLES[0] else stored[name]
        slot = slots.setdefault(name, Slot(tensor.spec, name=name))  # not all state is read
        if tensor.spec is not slot.spec:
            raise FileFormatError(f"{name} is {tensor.spec}, the graph wants {slot.spec}")
        state[slot] = Held(name, table, tensor)
    ends = [(slots[name], symbol) for name, symbol in zip(described["ends"], left)]
    trace = Trace(graph, take[0], take[1], thing(described["structure"]), state, ends)
    return TracedModule(trace, bool(described["training"]))


def thing(told: Any) -> Any:
    """`plain`, undone."""
    if not isinstance(told, dict):
        return told
    ((kind, inside),) = told.items()
    if kind == "tensor":
        return PLACE
    if kind == "dict":
        return {key: thing(x) for key, x in inside}
    return {"list": list, "tuple": tuple}[kind]([thing(x) for x in inside])
