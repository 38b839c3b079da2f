"""What must hold for training on a device: optimizers, and a small whole network, eagerly and as one program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import frozen

from .. import config, ops
from ..autodiff import gradients
from ..backend import Device
from ..graph import Graph
from ..optimizer import Memory, Optimizer, apply_gradients
from ..passes import PASSES
from ..program import Program
from ..tensor import Parameter, Tensor, recording
from .samples import Array, Make
from .tolerances import assert_same_bits

SHAPES = ((3, 4), (4,), ())
RATES = (0.1, 0.1, 0.05, 0.025)
MULTIPLIERS: tuple[dict[str, float], ...] = ({}, {"learning_rate": 2.0}, {"learning_rate": 0.5, "weight_decay": 0.0})


@frozen(eq=False)
class OptimizerCase:
    """An optimizer with its settings."""

    optimizer: Optimizer
    number: int

    def __str__(self) -> str:
        return f"{type(self.optimizer).__name__}-{self.number}"


def optimizer_cases(cls: type[Optimizer]) -> Iterator[OptimizerCase]:
    """The examples that an optimizer brings."""
    for number, optimizer in enumerate(cls.samples()):
        yield OptimizerCase(optimizer, number)


class Course:
    """Parameters, and the gradients that they get one step after another."""

    def __init__(self, optimizer: Optimizer, device: Device) -> None:
        make = Make(7)
        starts = [make(*shape).astype(np.float32) for shape in SHAPES]
        self.steps = [[make(*shape).astype(np.float32) for shape in SHAPES] for _ in RATES]
        self.parameters = [Parameter(x, name=f"p{i}", device=device) for i, x in enumerate(starts)]
        self.optimizer, self.device, self.memory = optimizer, device, Memory()
        known = set(optimizer.hyper)
        self.multipliers = [{n: f for n, f in factors.items() if n in known} for factors in MULTIPLIERS]

    def told(self) -> list[Array]:
        """Parameters, and all that the optimizer remembers."""
        held = [*self.parameters, *self.memory.slots.values()]
        return [np.array(p.numpy()) for p in held]

    def eagerly(self) -> Iterator[list[Array]]:
        """Step by step, computed now."""
        for rate, step in zip(RATES, self.steps, strict=True):
            with config.device(self.device):
                pairs = [(p, Tensor.of(g, device=self.device)) for p, g in zip(self.parameters, step, strict=True)]
                apply_gradients(self.optimizer, pairs, self.memory, {"learning_rate": rate}, self.multipliers)
            yield self.told()

    def programmed(self) -> Iterator[list[Array]]:
        """Step by step, by one program that is fed the learning rate."""
        graph = Graph()
        rate = graph.placeholder((), "float32", name="learning_rate")
        fed = [graph.placeholder(shape) for shape in SHAPES]
        with config.device(self.device):
            pairs = list(zip(self.parameters, fed, strict=True))
            updates = apply_gradients(self.optimizer, pairs, self.memory, {"learning_rate": rate}, self.multipliers)
        program = Program([], updates=updates, device=self.device)
        for now, step in zip(RATES, self.steps, strict=True):
            program.run({rate: np.float32(now), **dict(zip(fed, step, strict=True))})
            yield self.told()


def check_optimizer(case: OptimizerCase, device: Device) -> None:
    """Several steps with a changing learning rate and with multipliers: eager calls and a program, equal bits."""
    eager, planned = Course(case.optimizer, device), Course(case.optimizer, device)

    for number, (expected, actual) in enumerate(zip(eager.eagerly(), planned.programmed(), strict=True)):
        assert len(actual) == len(expected)
        for i, (value, bits) in enumerate(zip(actual, expected, strict=True)):
            assert_same_bits(value, bits, f"{case.optimizer!r}, step {number}: value {i}")
        assert all([np.isfinite(value).all() for value in actual])


# -- a small whole network, of ops only --------------------------------------------------------------


class Network:
    """Convolution, pooling, batch normalization, dropout and two products: the words that most networks use."""

    def __init__(self, device: Device) -> None:
        make = Make(3)
        shapes = {
            "filters": (4, 1, 3, 3),
            "bias": (4,),
            "scale": (4,),
            "shift": (4,),
            "hidden": (16, 6),
            "last": (6, 3),
        }
        self.device = device
        self.parameters = {
            name: Parameter(make(*shape).astype(np.float32) * np.float32(0.5), name=name, device=device)
            for name, shape in shapes.items()
        }
        self.random = Parameter(make.stream(seed=5), name="random", trainable=False, dtype="uint64", device=device)
        self.velocities = {
            name: Parameter(np.zeros(p.shape, np.float32), name=f"{name}.velocity", trainable=False, device=device)
            for name, p in self.parameters.items()
        }
        self.images = [make(5, 1, 6, 6).astype(np.float32) for _ in range(3)]
        self.labels = [make.integers(5, high=3) for _ in range(3)]

    def loss(self, x: Any, labels: Any, p: Mapping[str, Any], random: Any) -> Any:
        """The loss of a batch."""
        y = ops.convolution(x, p["filters"], p["bias"], padding=1)
        y, _ = ops.max_pool(y, kernel=3, stride=3)
        y, _, _ = ops.batch_norm(ops.relu(y), p["scale"], p["shift"])
        y = ops.matmul(ops.reshape(y, shape=(x.shape[0], 16)), p["hidden"])
        y, _ = ops.dropout(ops.tanh(y), 0.25, random)
        loss, _ = ops.softmax_cross_entropy(ops.matmul(y, p["last"]), labels)
        return loss

    def advanced(self, random: Any) -> Any:
        """The random state of the next step."""
        return ops.advance(random, count=ops.blocks((5, 6)))  # type: ignore[no-untyped-call]

    def updated(self, value: Any, gradient: Any, velocity: Any) -> Any:
        """One step with momentum."""
        return ops.sgd_update(value, gradient, velocity, 0.1, 0.9, 0.01)

    def told(self) -> dict[str, Array]:
        """All parameters, velocities and the random state."""
        held = [*self.parameters.values(), *self.velocities.values(), self.random]
        return {p.name: np.array(p.numpy()) for p in held}

    def eagerly(self) -> list[Array]:
        """The loss of each step, computed now."""
        losses = []
        for images, labels in zip(self.images, self.labels, strict=True):
            x, t = Tensor.of(images, device=self.device), Tensor.of(labels, device=self.device)
            with recording(True):
                loss = self.loss(x, t, self.parameters, self.random)
            loss.backward()
            with recording(False):
                for name, p in self.parameters.items():
                    after, velocity = self.updated(p, p.gradient, self.velocities[name])
                    Tensor.assign(p, after)
                    Tensor.assign(self.velocities[name], velocity)
                    p.gradient = None
                Tensor.assign(self.random, self.advanced(self.random))
            losses.append(np.array(loss.numpy()))
        return losses

    def programmed(self, without: Sequence[str] = ()) -> list[Array]:
        """The loss of each step, by one program."""
        graph = Graph()
        x, t = graph.placeholder(("batch", 1, 6, 6)), graph.placeholder(("batch",), "int64")
        p = {name: graph.capture(parameter) for name, parameter in self.parameters.items()}
        random = graph.capture(self.random)
        loss = self.loss(x, t, p, random)
        updates = [graph.assign(self.random, self.advanced(random))]
        for name, g in zip(p, gradients([loss], list(p.values())), strict=True):
            after, velocity = self.updated(p[name], g, graph.capture(self.velocities[name]))
            updates += [graph.assign(self.parameters[name], after), graph.assign(self.velocities[name], velocity)]
        program = Program([loss], updates=updates, fed=[x, t], device=self.device, without=without)
        return [np.array(program.run({x: i, t: n})[0].numpy()) for i, n in zip(self.images, self.labels, strict=True)]


def check_network(device: Device) -> None:
    """A training step as one program, updates included, gives the bits of eager steps; whatever pass is left out."""
    eager = Network(device)
    losses = eager.eagerly()

    for without in ([], *[[name] for name in PASSES]):
        planned = Network(device)
        what = f"a small network without {without}" if without else "a small network"
        for step, (actual, expected) in enumerate(zip(planned.programmed(without), losses, strict=True)):
            assert_same_bits(actual, expected, f"{what}: loss of step {step}")
        after = planned.told()
        for name, bits in eager.told().items():
            assert_same_bits(after[name], bits, f"{what}: {name} after training")
