"""Tables as modules, for a training loop in PyTorch's words."""

from __future__ import annotations

from typing import Any

from trivium.layer import Layer
from trivium_api_dynamic import nn

from .table import IMAGE, LABEL, Row, Table, total


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
            if isinstance(at.layer, Layer) and at.row.weight is None:
                at.layer.build(*at.inputs)
                *folders, name = at.row.name.split("/")
                self._folder(folders).add_module(name, at.layer)

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
            values[one.name] = self._function(one)(*[values[name] for name in one.inputs])
        return values[heads[0]] if len(heads) == 1 else tuple([values[name] for name in heads])

    def _function(self, one: Row) -> Any:
        return one.make() if one.is_op else self.get_submodule(one.name.replace("/", "."))

    def loss(self, scores: Any, labels: Any) -> Any:
        """What to train on: the losses on what `forward` returned, each as much as the table says."""
        given = scores if isinstance(scores, tuple) else (scores,)
        values = {**dict(zip(self.table.heads, given)), LABEL: labels}
        return total(self.table, values, lambda layer, *inputs: layer(*inputs))


class Folder(nn.Module):
    """Modules whose rows begin with the same word."""
