"""What a network is like: `summary` of a module, a graph or a prototxt file; the work of each op in FLOPs."""

from .advice import Advice
from .flops import flops
from .overview import Line, Summary, summary

__all__ = ["Advice", "Line", "Summary", "flops", "summary"]
