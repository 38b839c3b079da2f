"""Fillers: what Caffe's parameters hold before training, as initializers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from attrs import frozen

from trivium.errors import did_you_mean
from trivium.initializer import Constant, Initializer, Normal, Uniform, VarianceScaling, bilinear
from trivium_api_prototxt.errors import PrototxtError, in_words
from trivium_api_prototxt.places import Place

FANS = {"FAN_IN": "in", "FAN_OUT": "out", "AVERAGE": "average"}


def initializer_of(filler: Any, place: Place) -> Initializer:
    """The initializer that a FillerParameter describes; without a type, nothing but 0."""
    if filler.type not in FILLERS:
        raise PrototxtError(
            f"{place.at('type')}: unknown filler '{filler.type}': choose {in_words(list(FILLERS))}."
            f"{did_you_mean(filler.type, FILLERS)}"
        )
    if filler.type == "gaussian" and filler.std < 0:
        raise PrototxtError(f"{place.at('std')}: filler 'gaussian': std is {filler.std:g}: it must be at least 0")
    if filler.type == "uniform" and filler.min > filler.max:
        raise PrototxtError(f"{place}: filler 'uniform': min {filler.min:g} is above max {filler.max:g}: swap them")
    return FILLERS[filler.type](filler)


def as_written(number: float) -> float:
    """The number that the file has, of which a message keeps the nearest float32: 0.1, not 0.10000000149."""
    return float(str(np.float32(number)))


def gaussian(filler: Any) -> Initializer:
    """Normally distributed; with `sparse`, all but about that many inputs of each output are 0."""
    normal = Normal(as_written(filler.mean), as_written(filler.std))
    return normal if filler.sparse < 0 else Sparse(normal, filler.sparse)


def scaled(scale: float, distribution: str) -> Callable[[Any], Initializer]:
    """A filler whose variance depends on how many numbers an element connects."""

    def make(filler: Any) -> Initializer:
        enum = filler.DESCRIPTOR.enum_types_by_name["VarianceNorm"]
        fan = FANS[enum.values_by_number[filler.variance_norm].name]
        return VarianceScaling(scale=scale, fan=fan, distribution=distribution)

    return make


@frozen
class Sparse:
    """Most elements 0; each of the rest stays with probability `count` / number of outputs."""

    dense: Initializer
    count: int

    def __call__(self, shape: tuple[int, ...], stream: Any) -> Any:
        values = self.dense(shape, stream)
        is_kept = stream.uniform(shape, 0.0, 1.0) < self.count / shape[0]
        return np.where(is_kept, values, np.float32(0))


def positive_unitball(shape: tuple[int, ...], stream: Any) -> Any:
    """Between 0 and 1, scaled so that what belongs to one output adds up to 1."""
    values = stream.uniform(shape, 0.0, 1.0)
    return values / values.reshape(shape[0], -1).sum(axis=1).reshape(-1, *[1] * (len(shape) - 1))


FILLERS: dict[str, Callable[[Any], Initializer]] = {
    "constant": lambda filler: Constant(filler.value),
    "uniform": lambda filler: Uniform(as_written(filler.min), as_written(filler.max)),
    "gaussian": gaussian,
    "xavier": scaled(1.0, "uniform"),
    "msra": scaled(2.0, "normal"),
    "positive_unitball": lambda filler: positive_unitball,
    "bilinear": lambda filler: bilinear,
}
