"""What must hold for an example of a layer on a device: one definition gives the same bits however it is run."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from attrs import frozen

from .. import config
from ..autodiff import dense, gradients
from ..backend import Device
from ..graph import Graph, Symbol
from ..layer import Layer
from ..passes import PASSES
from ..program import Program
from ..randomness import seed
from ..tensor import Tensor, recording
from .op_checks import is_float
from .samples import Array, Make
from .tolerances import assert_same_bits

# What a run made, by name: results, gradients, and what the layer owns afterwards.
Made: TypeAlias = "dict[str, Array]"


@frozen(eq=False)
class LayerCase:
    """A layer with inputs: floats in float32, whole numbers as they are; None for one that is left out."""

    layer: Layer
    number: int
    inputs: tuple[Array | None, ...]

    def __str__(self) -> str:
        return f"{type(self.layer).__name__}-{self.number}"

    def __repr__(self) -> str:
        given = ["None" if x is None else f"{x.dtype}{list(x.shape)}" for x in self.inputs]
        return f"{self.layer!r} of {', '.join(given)}"


def layer_cases(cls: type[Layer]) -> Iterator[LayerCase]:
    """The examples that a layer brings, made anew."""
    seed(1)
    for number, (layer, *inputs) in enumerate(cls.samples(Make(zlib.crc32(cls.__name__.encode())))):
        yield LayerCase(layer, number, tuple([None if x is None else _in_float32(np.asarray(x)) for x in inputs]))


def _in_float32(x: Array) -> Array:
    return x.astype(np.float32) if x.dtype == np.float64 else x


class Trial:
    """A layer on a device, with its values kept apart, so that every run starts from the same ones."""

    def __init__(self, case: LayerCase, device: Device) -> None:
        self.case, self.layer, self.device = case, case.layer, device
        inputs = self._uploaded()
        with config.device(device), recording(False):
            self.layer.build(*[None if x is None else x.spec for x in inputs])
            self.values = self._owned()
            outs = _tuple(self.layer(*inputs, training=True))
        random = np.random.default_rng(zlib.crc32(str(case).encode()))
        self.weights = [random.normal(size=out.shape).astype(np.float32) for out in outs if is_float(out.dtype)]
        self.trained = {name: p for name, p in self.layer.owned.items() if p.trainable}

    def change(self) -> None:
        """Let later runs start from other values."""
        for name, value in self.values.items():
            if is_float(value.dtype):
                self.values[name] = value * np.float32(0.75) + np.float32(0.125)

    def eagerly(self, training: bool) -> Made:
        """What calls on tensors make."""
        self.restore()
        inputs = self._uploaded()
        floats = [x.require_gradient() for x in inputs if x is not None and is_float(x.dtype)]
        sources = floats + list(self.trained.values())
        with recording(True):
            outs = _tuple(self.layer(*inputs, training=training))
        seeds = [Tensor.of(w, device=self.device) for w in self.weights]
        with recording(False):
            found = map(dense, gradients([out for out in outs if is_float(out.dtype)], sources, seeds))
            return self.told(outs, list(found))

    def program(self, training: bool | None, without: Sequence[str] = ()) -> Planned:
        """The same as a program for any batch.

        training: None where it is fed
        """
        graph = Graph()
        inputs = [None if x is None else graph.placeholder(("batch", *x.shape[1:]), x.dtype) for x in self.case.inputs]
        given = [x for x in inputs if x is not None]
        phase = graph.placeholder((), "bool") if training is None else training
        with config.device(self.device):
            outs = _tuple(self.layer(*inputs, training=phase))
        weighted = [out for out in outs if is_float(out.dtype)]
        seeds = [graph.placeholder(out.spec.shape, out.dtype) for out in weighted]
        sources = [x for x in given if is_float(x.dtype)] + [graph.capture(p) for p in self.trained.values()]
        found = [dense(g) for g in gradients(weighted, sources, seeds)]
        fed = [*given, *seeds, *([phase] if isinstance(phase, Symbol) else [])]
        fetches = [*outs, *[g for g in found if g is not None]]
        made = Program(fetches, updates=graph.updates, fed=fed, device=self.device, without=without)
        return Planned(self, made, fed, len(outs), [g is not None for g in found])

    def restore(self) -> None:
        """Give the layer the values to start from."""
        for name, value in self.values.items():
            self.layer.owned[name].storage.write(self.device.upload(value))

    def told(self, outs: Sequence[Any], found: Sequence[Any]) -> Made:
        """Everything that a run made, on the host."""
        made = {f"result {i}": np.array(out.numpy()) for i, out in enumerate(outs)}
        made |= {f"gradient {i}": np.array(g.numpy()) for i, g in enumerate(found) if g is not None}
        return made | {f"{name}, afterwards": value for name, value in self._owned().items()}

    def _uploaded(self) -> list[Tensor | None]:
        return [None if x is None else Tensor.of(x, device=self.device) for x in self.case.inputs]

    def _owned(self) -> Made:
        return {name: np.array(p.numpy()) for name, p in self.layer.owned.items()}


@frozen(eq=False)
class Planned:
    """A program of a layer, and what it is fed and returns."""

    trial: Trial
    program: Program
    fed: list[Symbol]
    results: int
    has_gradient: list[bool]

    def run(self, training: bool) -> Made:
        """What the program makes."""
        self.trial.restore()
        inputs = [x for x in self.trial.case.inputs if x is not None]
        values = [*inputs, *self.trial.weights, np.array(training)]
        made = self.program.run(dict(zip(self.fed, values, strict=False)))
        given = iter(made[self.results :])
        return self.trial.told(made[: self.results], [next(given) if has else None for has in self.has_gradient])


def _tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def assert_same(actual: Made, expected: Made, what: str) -> None:
    """Compare bit for bit.  A gradient that is 0 everywhere may stand for none."""
    for name in {**expected, **actual}:
        if name in actual and name in expected:
            assert_same_bits(actual[name], expected[name], f"{what}: {name}")
        else:
            lonely = actual.get(name, expected.get(name))
            assert name.startswith("gradient") and not np.any(lonely), f"{what}: {name} is there in one case only"


def check_layer(case: LayerCase, device: Device, training: bool) -> None:
    """Run eagerly and as a program for any batch, change the parameters, run again: equal bits."""
    trial = Trial(case, device)
    planned = trial.program(training)

    for what in ("at first", "with other parameters"):
        assert_same(planned.run(training), trial.eagerly(training), f"{case!r} as a program, {what}")
        trial.change()


def check_fed_phase(case: LayerCase, device: Device) -> None:
    """One program that is fed `training` does in each phase what eager calls do."""
    trial = Trial(case, device)
    planned = trial.program(None)

    for training in (True, False, True):
        assert_same(planned.run(training), trial.eagerly(training), f"{case!r}, fed training={training}")
        trial.change()


def check_passes(case: LayerCase, device: Device, training: bool) -> None:
    """With any one pass switched off, a program gives the same bits."""
    trial = Trial(case, device)
    expected = trial.program(training).run(training)

    for name in PASSES:
        assert_same(trial.program(training, without=[name]).run(training), expected, f"{case!r} without {name}")
