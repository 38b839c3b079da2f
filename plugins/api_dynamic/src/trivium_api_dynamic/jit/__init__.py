"""Modules and functions as graphs that need no source: `trace`, `save`, `load`."""

from .reading import load
from .traced_module import TracedModule
from .tracer import TracerWarning
from .tracing import from_graph, to_graph, trace
from .writing import save

__all__ = ["TracedModule", "TracerWarning", "from_graph", "load", "save", "to_graph", "trace"]
