"""What must hold for an example of a layer on a device: one definition gives the same bits however it is run."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import frozen

from .. import config
from ..autodiff import gradients
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


@frozen(eq=False)
class LayerCase:
    """A layer with inputs: floats in float32, whole numbers as they are."""

    layer: Layer
    number: int
    inputs: tuple[Array, ...]

    def __str__(self) -> str:
        return f"{type(self.layer).__name__}-{self.number}"


def layer_cases(cls: type[Layer]) -> Iterator[LayerCase]:
    """The examples that a layer brings, made anew."""
    seed(1)
    for number, (layer, *inputs) in enumerate(cls.samples(Make(zlib.crc32(cls.__name__.encode())))):
        arrays = [np.asarray(x) for x in inputs]
        yield LayerCase(layer, number, tuple([x.astype(np.float32) if x.dtype == np.float64 else x for x in arrays]))


class Trial:
    """A layer on a device, with what it owns kept apart, so that every run starts from the same values."""

    def __init__(self, case: LayerCase, device: Device) -> None:
        self.case, self.layer, self.device = case, case.layer, device
        with config.device(device):
            self.layer.is_built = False
            self.layer.build(*[Tensor.of(x, device=device).spec for x in case.inputs])
        self.values = self.owned()
        self.trained = [p for p in self.layer if p.trainable]

    def owned(self) -> dict[str, Array]:
        """The present values of what the layer owns."""
        return {name: np.array(p.numpy()) for name, p in self.layer.owned.items()}

    def restore(self) -> None:
        """Give the layer the values back that it had."""
        for name, value in self.values.items():
            parameter = self.layer.owned[name]
            parameter.storage.write(self.device.upload(value))

    def change(self) -> None:
        """Give the layer other values, to start from in later runs."""
        for name, p in self.layer.owned.items():
            if is_float(p.dtype):
                self.values[name] = self.values[name] * np.float32(0.75) + np.float32(0.125)
        self.restore()

    def eagerly(self, training: bool) -> list[tuple[str, Array]]:
        """Results, gradients, and what the layer owns afterwards."""
        self.restore()
        xs = [Tensor.of(x, device=self.device) for x in self.case.inputs]
        sources = [x.require_gradient() for x in xs if is_float(x.dtype)] + self.trained
        with recording(True):
            outs = _tuple(self.layer(*xs, training=training))
        with recording(False):
            found = gradients([out for out in outs if out.edge is not None], sources)
        return self._told([*outs, *[g for g in found if g is not None]])

    def program(self, training: bool | None, without: Sequence[str] = ()) -> Planned:
        """The same as a program for any batch.

        training: None where it is fed
        """
        graph = Graph()
        fed = [graph.placeholder(("batch", *x.shape[1:]) if x.ndim else (), x.dtype) for x in self.case.inputs]
        phase = graph.placeholder((), "bool") if training is None else training
        with config.device(self.device):
            outs = _tuple(self.layer(*fed, training=phase))
        sources = [x for x in fed if is_float(x.dtype)] + [graph.capture(p) for p in self.trained]
        differentiable = [out for out in outs if is_float(out.dtype)]
        found = gradients(differentiable, sources) if differentiable else []
        fetches = [*outs, *[g for g in found if g is not None]]
        if isinstance(phase, Symbol):
            fed.append(phase)
        return Planned(self, Program(fetches, updates=graph.updates, fed=fed, device=self.device, without=without), fed)

    def _told(self, results: Sequence[Any]) -> list[tuple[str, Array]]:
        told = [(f"result {i}", np.array(x.numpy())) for i, x in enumerate(results)]
        return told + [(f"{name}, afterwards", value) for name, value in self.owned().items()]


@frozen(eq=False)
class Planned:
    """A program of a layer, and what it is fed."""

    trial: Trial
    program: Program
    fed: list[Symbol]

    def run(self, training: bool) -> list[tuple[str, Array]]:
        """Results, gradients, and what the layer owns afterwards."""
        self.trial.restore()
        feeds: dict[Symbol, Any] = dict(zip(self.fed, self.trial.case.inputs, strict=False))
        if len(self.fed) > len(feeds):
            feeds[self.fed[-1]] = np.array(training)
        return self.trial._told(self.program.run(feeds))


def _tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def assert_same(actual: Sequence[tuple[str, Array]], expected: Sequence[tuple[str, Array]], what: str) -> None:
    """Compare results bit for bit."""
    assert len(actual) == len(expected), f"{what}: {len(actual)} results, expected {len(expected)}"
    for (name, value), (_, bits) in zip(actual, expected, strict=True):
        assert_same_bits(value, bits, f"{what}: {name}")


def check_layer(case: LayerCase, device: Device, training: bool) -> None:
    """Run eagerly and as a program for any batch, change the parameters, run again: equal bits."""
    trial = Trial(case, device)
    planned = trial.program(training)

    for what in ("at first", "with other parameters"):
        assert_same(planned.run(training), trial.eagerly(training), f"{case} as a program, {what}")
        trial.change()


def check_fed_phase(case: LayerCase, device: Device) -> None:
    """One program that is fed `training` does in each phase what a program for that phase does."""
    trial = Trial(case, device)
    planned = trial.program(None)

    for training in (True, False, True):
        expected = _with_zeros(trial.eagerly(training), planned)
        assert_same(planned.run(training), expected, f"{case}, fed training={training}")
        trial.change()


def _with_zeros(eager: list[tuple[str, Array]], planned: Planned) -> list[tuple[str, Array]]:
    """A `cond` gives zeros where no gradient flows in the phase that runs; eager calls give nothing."""
    surplus = len(planned.program.block.fetches) + len(planned.trial.values) - len(eager)
    assert surplus >= 0
    return eager if surplus == 0 else [*eager, *[("zeros", np.zeros(()))] * surplus]


def check_passes(case: LayerCase, device: Device, training: bool) -> None:
    """With any one pass switched off, a program gives the same bits."""
    trial = Trial(case, device)
    expected = trial.program(training).run(training)

    for name in PASSES:
        assert_same(trial.program(training, without=[name]).run(training), expected, f"{case} without {name}")


def check_copy_is_equal(values: Mapping[str, Array], others: Mapping[str, Array], what: str) -> None:
    """Compare named values bit for bit."""
    assert list(values) == list(others), f"{what}: {list(values)}, expected {list(others)}"
    for name, value in values.items():
        assert_same_bits(value, others[name], f"{what}: {name}")
