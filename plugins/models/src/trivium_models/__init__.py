"""Known networks, each one table of layers: `dynamic.build`, `static.build` and `prototxt.write` make them.

A style is imported when its builder is asked for.
"""

from importlib import import_module
from typing import Any

from .alexnet import alexnet
from .googlenet import googlenet
from .lenet import lenet
from .resnet import resnet, resnet18, resnet34, resnet50, resnet101, se_resnet18, se_resnet50
from .table import Row, Table, TableError, loss, row
from .vgg import vgg, vgg11, vgg16, vgg19

MODELS = {
    made.__name__: made
    for made in (
        lenet, alexnet, vgg11, vgg16, vgg19, googlenet, resnet18, resnet34, resnet50, resnet101, se_resnet18,
        se_resnet50,
    )
}  # fmt: skip
STYLES = ("dynamic", "static", "prototxt")

__all__ = [*MODELS, "MODELS", "Row", "Table", "TableError", "loss", "resnet", "row", "vgg"]


def __getattr__(name: str) -> Any:
    if name in STYLES:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
