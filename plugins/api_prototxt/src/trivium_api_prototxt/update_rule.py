"""From gradients to the next weights, in Caffe's order: clip, divide by iter_size, regularize, update."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from trivium import ops
from trivium.clipping import clip_by_global_norm
from trivium.errors import did_you_mean
from trivium.optimizer import Memory, Optimizer, apply_gradients
from trivium.registry import find_optimizer
from trivium.tensor import Parameter
from trivium_api_prototxt.errors import PrototxtError, in_words
from trivium_api_prototxt.places import Place
from trivium_api_prototxt.wiring import Learned


def sgd(solver: Any) -> Optimizer:
    """V = momentum * V + rate * g; w = w - V; with the rate outside V = momentum * V + g; w = w - rate * V"""
    return find_optimizer("SGD")(momentum=solver.momentum, rate=momentum_rate(solver))  # type: ignore[no-any-return]


def nesterov(solver: Any) -> Optimizer:
    """V' = momentum * V + rate * g; w = w - (1 + momentum) * V' + momentum * V"""
    return find_optimizer("SGD")(momentum=solver.momentum, rate=momentum_rate(solver), nesterov=True)  # type: ignore[no-any-return]


def momentum_rate(solver: Any) -> str:
    """Where the learning rate stands: in Caffe's place, unless the solver says otherwise."""
    return "outside" if solver.momentum_rate == type(solver).OUTSIDE else "inside"


def adam(solver: Any) -> Optimizer:
    """epsilon beside the root of v, whose bias is corrected in the rate"""
    return find_optimizer("Adam")(  # type: ignore[no-any-return]
        beta1=solver.momentum, beta2=solver.momentum2, epsilon=solver.delta, epsilon_form="hat"
    )


def adagrad(solver: Any) -> Optimizer:
    """h = h + g^2; w = w - rate * g / (sqrt(h) + delta)"""
    return find_optimizer("Adagrad")(epsilon=solver.delta)  # type: ignore[no-any-return]


def rmsprop(solver: Any) -> Optimizer:
    """h = rms_decay * h + (1 - rms_decay) * g^2; w = w - rate * g / (sqrt(h) + delta)"""
    return find_optimizer("RMSprop")(decay=solver.rms_decay, epsilon=solver.delta)  # type: ignore[no-any-return]


def adadelta(solver: Any) -> Optimizer:
    """h = m * h + (1 - m) * g^2; u = g * sqrt((k + delta) / (h + delta)), k of u as h of g; w = w - rate * u"""
    return find_optimizer("Adadelta")(decay=solver.momentum, epsilon=solver.delta)  # type: ignore[no-any-return]


# type -> its optimizer, and how many histories Caffe keeps for each blob
RULES: dict[str, tuple[Callable[[Any], Optimizer], int]] = {
    "SGD": (sgd, 1),
    "Nesterov": (nesterov, 1),
    "AdaGrad": (adagrad, 1),
    "RMSProp": (rmsprop, 1),
    "AdaDelta": (adadelta, 2),
    "Adam": (adam, 2),
}


class UpdateRule:
    """How a solver changes what its net learns.

    solver: a SolverParameter
    """

    def __init__(self, solver: Any, type: str, place: Place) -> None:
        if type not in RULES:
            raise PrototxtError(
                f"{place.at('type')}: unknown solver type '{type}': choose {in_words(list(RULES))}."
                f"{did_you_mean(type, RULES)}"
            )
        make, self.histories = RULES[type]
        self.solver, self.optimizer, self.memory = solver, make(solver), Memory()

    def updates(self, pairs: Sequence[tuple[Learned, Any]], rate: Any, step: Any) -> list[Any]:
        """Assignments that make one step.

        pairs: (what learns, the sum of its gradients over iter_size batches), symbols of one graph
        rate:  the learning rate;  step: the number of the iteration, from 1
        """
        solver = self.solver
        learned = [one for one, _ in pairs]
        grads = [g.dense() if hasattr(g, "dense") else g for _, g in pairs]
        if solver.clip_gradients >= 0:
            grads = clip_by_global_norm(grads, solver.clip_gradients)
        if solver.iter_size > 1:
            grads = [g * float(np.float32(1.0 / solver.iter_size)) for g in grads]
        is_l1 = solver.regularization_type == "L1" and solver.weight_decay
        if is_l1:
            grads = [
                g + signs(g.graph.capture(one.parameter)) * (solver.weight_decay * one.decay)
                for one, g in zip(learned, grads)
            ]
        hyper = {"learning_rate": rate, "weight_decay": 0.0 if is_l1 else solver.weight_decay}
        if "step" in self.optimizer.hyper:
            hyper["step"] = step
        factors = [{"learning_rate": one.rate, "weight_decay": one.decay} for one in learned]
        wanted = [(one.parameter, g) for one, g in zip(learned, grads)]
        return apply_gradients(self.optimizer, wanted, self.memory, hyper, factors)

    def history(self, learned: Sequence[Learned]) -> list[Parameter | None]:
        """What is remembered, in the order of Caffe's solver states; None where nothing has to be."""
        slots = self.optimizer.slots()
        names = [*slots, *[None] * (self.histories - len(slots))]
        return [
            self.memory.slot(one.parameter, name, slots[name]) if name and one.is_learning else None
            for name in names
            for one in learned
        ]


def signs(x: Any) -> Any:
    """1 where x is positive, -1 where it is negative, else 0."""
    return ops.where(x > 0.0, ops.ones_like(x), ops.where(x < 0.0, -ops.ones_like(x), ops.zeros_like(x)))
