"""How things of each style become a Network.  A style's reader is imported when something of that style comes."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from trivium.errors import TriviumError

from ..network import Network

PREFIX = "trivium_api_"


class UnreadableError(TriviumError, TypeError):
    """Something that is no network of any style."""


def read(thing: Any, *examples: Any, **options: Any) -> Network:
    """The network in a module (with example inputs), a tensor of a graph, or a prototxt file or net."""
    style = "prototxt" if isinstance(thing, (str, os.PathLike)) else style_of(thing)
    if style is None:
        raise UnreadableError(
            f"summary: {type(thing).__name__} is no network; give a module with an example input, a tensor of a graph, "
            "or a prototxt file"
        )
    network: Network = import_module(f"{__name__}.{style}").read(thing, *examples, **options)
    return network


def style_of(thing: Any) -> str | None:
    """The style whose class, or subclass, something is."""
    first = thing[0] if isinstance(thing, (list, tuple)) and thing else thing
    for cls in type(first).__mro__:
        package = cls.__module__.partition(".")[0]
        if package.startswith(PREFIX):
            return package.removeprefix(PREFIX)
    return None
