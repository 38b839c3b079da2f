"""Tables as modules, for a training loop in PyTorch's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trivium.layer import Layer
from trivium_api_dynamic import nn

from .table import IMAGE, LABEL, Placed, Table, total


def build(table: Table) -> Network:
    """The network as a module; its parameters are there, with their first values."""
    return Network(table)


class Network(nn.Module):
    """A module for each layer of a table, under its name: the row `inception_3a/1x1` is `inception_3a.1x1`.

    images: (batch, channels, height, width)
    return: scores (batch, classes); while training, of a table with auxiliary classifiers, a tuple: theirs come last
    """

    def __init__(self, table: Table) -> None:
        super().__init__()
        self.table = table
        for at in table.placed():
            if at.row.weight is None:
                *folders, name = at.row.name.split("/")
                self._folder(folders).add_module(name, _module(at))

    def _folder(self, path: list[str]) -> nn.Module:
        inside: nn.Module = self
        for name in path:
            if name not in inside._modules:
                inside.add_module(name, Folder())
            inside = inside.get_submodule(name)
        return inside

    def forward(self, images: Any) -> Any:
        """The scores."""
        heads = self.table.heads if self.training else [self.table.scores]
        values = {IMAGE: images}
        for one in self.table.needed(*heads):
            module = self.get_submodule(one.name.replace("/", "."))
            values[one.name] = module(*[values[name] for name in one.inputs])
        return values[heads[0]] if len(heads) == 1 else tuple([values[name] for name in heads])

    def loss(self, scores: Any, labels: Any) -> Any:
        """What to train on: the losses on what `forward` returned, each as much as the table says."""
        given = scores if isinstance(scores, tuple) else (scores,)
        values = {**dict(zip(self.table.heads, given)), LABEL: labels}
        return total(self.table, values, lambda layer, *inputs: layer(*inputs))


class Folder(nn.Module):
    """Modules whose rows begin with the same word."""


class Joint(nn.Module):
    """An op of several values."""

    def __init__(self, kind: str, op: Callable[..., Any]) -> None:
        super().__init__()
        self.kind, self.op = kind, op

    def forward(self, *inputs: Any) -> Any:
        """The op's result."""
        return self.op(*inputs)

    def _get_name(self) -> str:
        return self.kind


def _module(at: Placed) -> Any:
    if not isinstance(at.layer, Layer):
        return Joint(at.row.type, at.layer)
    at.layer.build(*at.inputs)
    return at.layer
