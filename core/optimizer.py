"""Optimizers: one pure rule for a parameter's next value, run eagerly or inside a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from attrs import define, field, frozen

from .errors import ConfigError, TriviumError
from .graph import Symbol
from .op import Op, Settings
from .tensor import Parameter, Tensor, recording


@frozen
class Fused:
    """A step as one op: its outputs are the value and, in the order of `slots`, the state."""

    op: Op
    operands: tuple[Any, ...]
    settings: Settings


@define
class Optimizer:
    """A subclass is an attrs class whose fields are the hyperparameters and the family's conventions.

    hyper:   names of fields that may change between steps: they are values (numbers, tensors, symbols)
    slots(): what is remembered for each parameter: {name: what it starts as}

    and one of two methods:

    update(value, gradient, state, **hyper) -> (next value, {slot: next value})     a composition of ops
    fused(value, gradient, state, **hyper) -> Fused                                 the same as one op
    """

    hyper: ClassVar[tuple[str, ...]] = ("learning_rate",)

    def slots(self) -> Mapping[str, float]:
        """What is remembered for each parameter, and what it starts as."""
        return {}

    @classmethod
    def samples(cls) -> Iterator[Optimizer]:
        """Example optimizers that cover the settings; generated tests run them."""
        yield cls()

    def update(self, value: Any, gradient: Any, state: Mapping[str, Any], **hyper: Any) -> tuple[Any, dict[str, Any]]:
        """The next value of a parameter, and of what is remembered for it."""
        step = self.fused(value, gradient, state, **hyper)
        if step is None:
            raise TriviumError(f"{type(self).__name__}: defines neither update nor fused")
        result = step.op(*step.operands, **step.settings)
        results = result if isinstance(result, tuple) else (result,)
        return results[0], dict(zip(self.slots(), results[1:], strict=True))

    def fused(self, value: Any, gradient: Any, state: Mapping[str, Any], **hyper: Any) -> Fused | None:
        """The same as one op, or None."""
        return None

    def values(self, changed: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The hyperparameters in force: the fields, but for those that are given."""
        given = dict(changed or {})
        if unknown := [name for name in given if name not in self.hyper]:
            raise ConfigError(
                f"{type(self).__name__}: has no hyperparameter {unknown[0]!r}; it has {', '.join(self.hyper)}"
            )
        return {name: given.get(name, getattr(self, name, None)) for name in self.hyper}


def _new_slot(parameter: Any, name: str, start: float) -> Parameter:
    shape: Any = parameter.spec.shape
    array = np.full(shape, start, parameter.spec.dtype)
    device = parameter.device if isinstance(parameter, Tensor) else None
    label = f"{parameter.name}.{name}" if getattr(parameter, "name", None) else name
    return Parameter(array, name=label, trainable=False, dtype=parameter.spec.dtype, device=device)


@define(eq=False)
class Memory:
    """What an optimizer remembers: a slot for each parameter and name, and how many steps it has made.

    make: makes a slot for (parameter, name, what it starts as); a style may own its slots
    """

    make: Callable[[Any, str, float], Any] = _new_slot
    slots: dict[tuple[int, str], Any] = field(factory=dict)
    parameters: dict[int, Any] = field(factory=dict)
    step: Any = None

    def slot(self, parameter: Any, name: str, start: float) -> Any:
        """The slot of this name for a parameter, made at its first use."""
        key = (id(parameter), name)
        if key not in self.slots:
            self.slots[key] = self.make(parameter, name, start)
            self.parameters[id(parameter)] = parameter
        return self.slots[key]

    def count(self, beside: Any = None) -> Parameter:
        """The number of steps made: a float32 of shape (), made where the parameter `beside` lives."""
        if self.step is None:
            device = beside.device if isinstance(beside, Tensor) else None
            self.step = Parameter(np.zeros((), np.float32), name="step", trainable=False, device=device)
        return self.step  # type: ignore[no-any-return]


def apply_gradients(
    optimizer: Optimizer,
    pairs: Sequence[tuple[Any, Any]],
    memory: Memory,
    hyper: Mapping[str, Any] | None = None,
    multipliers: Sequence[Mapping[str, float]] | None = None,
) -> list[Symbol]:
    """Let an optimizer make one step.

    pairs:       (parameter, gradient); on tensors the parameters are overwritten now, on symbols
                 assignments are added to the graph and returned
    hyper:       hyperparameters that differ from the optimizer's fields
    multipliers: for each pair, factors of hyperparameters: {"learning_rate": 2.0, "weight_decay": 0.0}
    """
    if not pairs:
        return []
    graph = next((g.graph for _, g in pairs if isinstance(g, Symbol)), None)
    values = optimizer.values(hyper)
    assigned: list[Symbol] = []
    if "step" in optimizer.hyper and values["step"] is None:
        values["step"] = _counted(memory.count(pairs[0][0]), graph, assigned)
    for i, (parameter, gradient) in enumerate(pairs):
        factors = multipliers[i] if multipliers else {}
        own = {name: _scaled(value, factors.get(name, 1.0)) for name, value in values.items()}
        gradient = gradient.dense() if hasattr(gradient, "dense") else gradient
        names = optimizer.slots()
        slots = {name: memory.slot(parameter, name, start) for name, start in names.items()}
        if graph is None:
            _step_now(optimizer, parameter, gradient, slots, own)
        else:
            state = {name: graph.capture(slot) for name, slot in slots.items()}
            value, state = optimizer.update(graph.capture(parameter), gradient, state, **own)
            assigned.append(graph.assign(parameter, value))
            assigned += [graph.assign(slots[name], after) for name, after in state.items()]
    return assigned


def _step_now(
    optimizer: Optimizer, parameter: Any, gradient: Any, slots: Mapping[str, Any], hyper: Mapping[str, Any]
) -> None:
    with recording(False):
        step = optimizer.fused(parameter, gradient, slots, **hyper)
        if step is not None:
            device, dtype = parameter.device, parameter.spec.dtype
            operands = [
                x if x is None or isinstance(x, Tensor) else Tensor.adopt(x, device, dtype, step.op.name)
                for x in step.operands
            ]  # fmt: skip
            Tensor.run_into(step.op, operands, step.settings, [parameter, *slots.values()])
            return
        value, state = optimizer.update(parameter, gradient, slots, **hyper)
        Tensor.assign(parameter, value)
        for name, after in state.items():
            Tensor.assign(slots[name], after)


def _counted(count: Parameter, graph: Any, assigned: list[Symbol]) -> Any:
    """The number of this step, counting from 1; remembered for the next one."""
    if graph is not None:
        following = graph.capture(count) + 1.0
        assigned.append(graph.assign(count, following))
        return following
    with recording(False):
        following = count + 1.0
        Tensor.assign(count, following)
    return following


def _scaled(value: Any, factor: float) -> Any:
    """A hyperparameter times its multiplier, rounded to float32 as it is inside a program."""
    if factor == 1.0:
        return value
    if isinstance(value, (int, float)):
        return float(np.float32(value) * np.float32(factor))
    return value * factor
