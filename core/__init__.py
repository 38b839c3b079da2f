"""Trivium: one tiny core, three ways to write a network, any device that a plugin brings.

Public names are looked up when they are first used, so that `import trivium` costs next to nothing.
"""

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

if __name__ != "trivium":
    raise ImportError(
        f"this folder was imported as {__name__!r}; it is the package `trivium`: "
        "install it with `pip install .` and write `import trivium`"
    )

if TYPE_CHECKING:
    from . import config as config
    from . import errors as errors
    from . import ops as ops
    from . import registry as registry
    from .backend import Backend as Backend
    from .backend import Device as Device
    from .config import current_device as current_device
    from .config import device as device
    from .errors import TriviumError as TriviumError
    from .graph import Graph as Graph
    from .graph import Symbol as Symbol
    from .hookspecs import hookimpl as hookimpl
    from .kernel import KernelTable as KernelTable
    from .kernel import Refused as Refused
    from .layer import Layer as Layer
    from .layer import ParamSpec as ParamSpec
    from .optimizer import Optimizer as Optimizer
    from .program import Program as Program
    from .registry import plugins as plugins
    from .spec import Dim as Dim
    from .spec import Spec as Spec
    from .tensor import Parameter as Parameter
    from .tensor import Tensor as Tensor

    __version__: str

_HOMES = {
    "Backend": "backend",
    "Device": "backend",
    "Dim": "spec",
    "Graph": "graph",
    "KernelTable": "kernel",
    "Layer": "layer",
    "Optimizer": "optimizer",
    "ParamSpec": "layer",
    "Parameter": "tensor",
    "Program": "program",
    "Refused": "kernel",
    "Spec": "spec",
    "Symbol": "graph",
    "Tensor": "tensor",
    "TriviumError": "errors",
    "current_device": "config",
    "device": "config",
    "hookimpl": "hookspecs",
    "plugins": "registry",
}
_MODULES = ("api", "config", "errors", "ops", "registry", "testing")

__all__ = [*_HOMES, "config", "errors", "ops", "registry"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        found = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    elif name in _MODULES:
        found = import_module(f".{name}", __name__)
    elif name == "__version__":
        found = _version()
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES, "__version__"})


def _version() -> str:
    try:
        return metadata.version("trivium")
    except metadata.PackageNotFoundError:
        return "0+unknown"  # run from a folder that was never installed
