"""Random tensors.  Each random operation has a stream of its own, which starts over in each Session."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from trivium import ops, randomness
from trivium.graph import Slot, Symbol
from trivium.spec import Spec

from . import dtypes
from .build import call, graph_of
from .dtypes import as_dtype
from .graph import Graph
from .operation import Tensor
from .sizing import as_sizes

__all__ = [
    "random_uniform", "random_normal", "truncated_normal", "random_shuffle", "multinomial",
]  # fmt: skip

_STATE = Spec((2,), np.uint64)
_FIRST_WEIGHT = 1 << 31  # streams of initial values are numbered apart from those of layers
_CENTRAL = math.erf(math.sqrt(2.0))  # the part of a normal distribution within two standard deviations


class RandomSlot(Slot):
    """The state of a random operation, and what it starts as in a Session."""

    def __init__(self, name: str, start: np.ndarray) -> None:
        super().__init__(_STATE, name=name, trainable=False)
        self.start = start


def random_slot(graph: Graph, name: str, seed: int | None = None, is_weight: bool = False) -> RandomSlot:
    """State for one more random operation.

    seed: the number of its stream; else the next one
    """
    if seed is None and is_weight:
        number = _FIRST_WEIGHT + graph.random_weights
        graph.random_weights += 1
    elif seed is None:
        number = graph.random_layers
        graph.random_layers += 1
    else:
        number = int(seed) & 0xFFFFFFFF
    return RandomSlot(name, randomness.stream_state(number, graph.seed))


def drawn(graph: Graph, slot: RandomSlot, count: Any, draw: Callable[[Symbol], Any]) -> Any:
    """What `draw` makes of the slot's state, which moves on by `count` blocks in every run that draws."""
    here = graph.here
    state = here.read(slot)
    assigned = here.assign(slot, ops.advance(state, count=count))
    if here is graph.core:
        graph.react(state.node, [assigned])
    return draw(state)


def random_uniform(
    shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = dtypes.float32, seed: int | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Numbers evenly distributed over [minval, maxval); of whole numbers, maxval must be given."""
    wanted = as_dtype(dtype)
    if wanted.is_integer and maxval is None:
        raise ValueError(f"Must specify maxval for integer dtype {wanted!r}")
    maxval = 1 if maxval is None else maxval
    inner = "float64" if wanted.is_integer else wanted.name

    def scaled(unit: Any, low: Any, high: Any) -> Any:
        if not wanted.is_integer:
            return unit * (high - low) + low
        low, high = [x if isinstance(x, float) else ops.cast(x, dtype=inner) for x in (low, high)]
        return ops.cast(ops.floor(unit * (high - low) + low), dtype=wanted.name)

    return _random("RandomUniform", "random_uniform", ops.uniform, shape, inner, seed, name, scaled, minval, maxval)


def random_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32, seed: int | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Normally distributed numbers."""
    kind = ("RandomStandardNormal", "random_normal")
    if isinstance(mean, (int, float)) and isinstance(stddev, (int, float)):  # rounded once, as the core's initializers
        drawn_so = partial(ops.normal, mean=float(mean), std=float(stddev))
        return _random(*kind, drawn_so, shape, as_dtype(dtype).name, seed, name, lambda values: values)
    return _random(
        *kind, ops.normal, shape, as_dtype(dtype).name, seed, name, lambda unit, mean, std: unit * std + mean, mean,
        stddev,
    )  # fmt: skip


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32, seed: int | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Normally distributed numbers, none further than two standard deviations from the mean."""
    return _random(
        "TruncatedNormal", "truncated_normal", ops.uniform, shape, as_dtype(dtype).name, seed, name,
        lambda unit, mean, std: central_normal(unit) * std + mean, mean, stddev,
    )  # fmt: skip


def random_shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """The rows of a tensor in random order."""
    return _drawn_from("RandomShuffle", value, seed, name, lambda x: (x.shape[0],), ops.shuffle)


def multinomial(
    logits: Any, num_samples: Any, seed: int | None = None, name: str | None = None, output_dtype: Any = None
) -> Tensor:
    """Classes drawn by their chances, softmax(logits): (batch, classes) to (batch, num_samples)."""
    count = as_sizes(num_samples, "num_samples")[0]
    wanted = dtypes.int64 if output_dtype is None else as_dtype(output_dtype)

    def draw(state: Symbol, x: Any) -> Any:
        return ops.cast(ops.multinomial(state, x, count=count), dtype=wanted.name)

    return _drawn_from("Multinomial", logits, seed, name, lambda x: (x.shape[0], count, x.shape[1]), draw)


def _drawn_from(
    kind: str, x: Any, seed: int | None, name: str | None, shape: Callable[[Any], Any], draw: Callable[..., Any],
    default: str | None = None,
) -> Tensor:  # fmt: skip
    """What `draw(state, x)` gives; it uses up as many numbers as `shape(x)` holds."""
    graph = graph_of([x])

    def make(symbol: Any) -> Any:
        slot = random_slot(graph, f"{graph.get_name_scope()}/state", seed, is_weight=True)
        return drawn(graph, slot, ops.blocks(shape(symbol)), lambda state: draw(state, symbol))

    with graph.as_default():
        return call(kind, make, name, default=default, value=x)


def _random(
    kind: str, default: str, op: Any, shape: Any, dtype: str, seed: int | None, name: str | None,
    scaled: Callable[..., Any], *numbers: Any,
) -> Tensor:  # fmt: skip
    sizes, graph = as_sizes(shape), graph_of([shape, *numbers])
    late = {f"number_{i}": x for i, x in enumerate(numbers) if isinstance(x, Tensor) or hasattr(x, "as_tensor")}

    def make(*symbols: Any) -> Any:
        given = iter(symbols)
        values = [next(given) if f"number_{i}" in late else float(x) for i, x in enumerate(numbers)]
        slot = random_slot(graph, f"{graph.get_name_scope()}/state", seed, is_weight=True)
        unit = drawn(graph, slot, ops.blocks(sizes), lambda state: op(state, shape=sizes, dtype=dtype))
        return scaled(unit, *values)

    with graph.as_default():
        return call(kind, make, name, default=default, **late)


def central_normal(unit: Any) -> Any:
    """The normal distribution cut at two standard deviations, from a uniform one over [0, 1).

    The inverse error function of numbers this close to 0 is one polynomial (Giles, "Approximating the erfinv
    function", 2010).
    """
    x = (unit * 2.0 - 1.0) * _CENTRAL
    w = -ops.log((1.0 - x) * (1.0 + x)) - 2.5
    total = w * _GILES[0] + _GILES[1]
    for coefficient in _GILES[2:]:
        total = total * w + coefficient
    return ops.clip(total * x * math.sqrt(2.0), -2.0, 2.0)


_GILES = (
    2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503, -0.00417768164,
    0.246640727, 1.50140941,
)  # fmt: skip

# the words of tf.random
normal, uniform, shuffle, categorical = random_normal, random_uniform, random_shuffle, multinomial
