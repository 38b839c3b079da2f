"""Fully connected layers, and those without weights that stand between them."""

from __future__ import annotations

from typing import Any

from attrs import define

from trivium import ops
from trivium.registry import find_layer

from ..build import call
from ..conversion import as_tensor
from ..dropout import dropout as dropped
from ..graph import get_default_graph
from ..operation import Tensor
from ..random import drawn, random_slot
from .base import Layer, Weighted, functional, known_size, phase, through

__all__ = ["Dense", "Dropout", "Flatten", "dense", "dropout", "flatten"]


@define(slots=False, eq=False)
class Dense(Weighted):
    """activation(inputs @ kernel + bias).

    inputs: (..., features)
    return: (..., units)
    """

    units: int
    activation: Any = None
    use_bias: bool = True

    def build(self, input_shape: Any) -> None:
        features = known_size(input_shape[-1], "The last dimension")
        self.owned([features, self.units], self.units)

    def call(self, inputs: Tensor) -> Tensor:
        layer = find_layer("Dense")(int(self.units), has_bias=self.use_bias)

        def compute(x: Any, kernel: Any, bias: Any) -> Any:
            return through(layer, x, {"weight": ops.transpose(kernel), "bias": bias})

        return self.computed(compute, inputs, kernel=self.kernel)


@define(slots=False, eq=False)
class Flatten(Layer):
    """All axes but the first as one."""

    data_format: str = "channels_last"

    def call(self, inputs: Tensor) -> Tensor:
        layer = find_layer("Flatten")()
        return call("Reshape", lambda x: through(layer, x, {}), inputs=inputs)


@define(slots=False, eq=False)
class Dropout(Layer):
    """Zero a random part of the elements while training; pass all on otherwise.

    rate:        the part that is dropped
    noise_shape: where it has a 1, the elements along that axis are kept or dropped together
    training:    of a call: a bool, or a tensor that tells when the graph runs
    """

    rate: Any = 0.5
    noise_shape: Any = None
    seed: int | None = None

    def __call__(self, inputs: Any, training: Any = False) -> Tensor:
        return super().__call__(inputs, training=training)

    def call(self, inputs: Tensor, training: Any = False) -> Tensor:
        graph, when = get_default_graph(), phase(training)
        if when is False:
            return inputs
        if self.noise_shape is not None:
            if when is not True:
                raise NotImplementedError("layers.dropout: noise_shape needs training=True or False; use tf.cond")
            return dropped(inputs, noise_shape=self.noise_shape, seed=self.seed, rate=self.rate)
        rate = as_tensor(self.rate, graph)

        def drop(symbol: Any) -> Any:
            layer = find_layer("Dropout")(self.rate if rate is None else rate.symbol)
            slot = random_slot(graph, f"{graph.get_name_scope()}/state", self.seed)
            return drawn(
                graph, slot, ops.blocks(symbol.shape), lambda state: layer.apply([symbol], {"random": state}, when)[0]
            )  # fmt: skip

        return call("Dropout", drop, default="dropout", inputs=inputs)


dense = functional(Dense)
flatten = functional(Flatten)


def dropout(
    inputs: Any, rate: Any = 0.5, noise_shape: Any = None, seed: int | None = None, training: Any = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Zero a random part of the elements while training; pass all on otherwise."""
    return Dropout(rate, noise_shape, seed, name=name)(inputs, training=training)
