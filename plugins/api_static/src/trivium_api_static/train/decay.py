"""Learning rates that fall with the number of steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from trivium import ops
from trivium.registry import find_schedule

from ..build import call, convert_to_tensor
from ..operation import Tensor

__all__ = [
    "cosine_decay", "cosine_decay_restarts", "exponential_decay", "inverse_time_decay", "natural_exp_decay",
    "piecewise_constant", "polynomial_decay",
]  # fmt: skip


def exponential_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """learning_rate * decay_rate ** (global_step / decay_steps).

    staircase: the exponent is rounded down
    """

    def decayed(rate: Any, step: Any, steps: Any, factor: Any) -> Any:
        return find_schedule("exponential")(rate, step, factor=factor, steps=steps, staircase=staircase)

    return _decay("ExponentialDecay", decayed, name, learning_rate, global_step, decay_steps, decay_rate=decay_rate)


def natural_exp_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """learning_rate * exp(-decay_rate * global_step / decay_steps)."""

    def decayed(rate: Any, step: Any, steps: Any, factor: Any) -> Any:
        return find_schedule("natural_exponential")(rate, step, factor=factor, steps=steps, staircase=staircase)

    return _decay("NaturalExpDecay", decayed, name, learning_rate, global_step, decay_steps, decay_rate=decay_rate)


def inverse_time_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """learning_rate / (1 + decay_rate * global_step / decay_steps)."""

    def decayed(rate: Any, step: Any, steps: Any, factor: Any) -> Any:
        return find_schedule("inverse")(rate, step, factor=factor, steps=steps, staircase=staircase)

    return _decay("InverseTimeDecay", decayed, name, learning_rate, global_step, decay_steps, decay_rate=decay_rate)


def polynomial_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, end_learning_rate: Any = 0.0001, power: Any = 1.0,
    cycle: bool = False, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Down to end_learning_rate in decay_steps steps, as (1 - global_step / decay_steps) ** power.

    cycle: down again and again, each time from the rate that the longer way has by then
    """

    def decayed(rate: Any, step: Any, steps: Any, end: Any, power: Any) -> Any:
        return find_schedule("polynomial")(rate, step, steps=steps, end=end, power=power, cycle=cycle)

    return _decay(
        "PolynomialDecay", decayed, name, learning_rate, global_step, decay_steps,
        end_learning_rate=end_learning_rate, power=power,
    )  # fmt: skip


def cosine_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, alpha: Any = 0.0, name: str | None = None
) -> Tensor:
    """Down a cosine to a part alpha of the learning rate in decay_steps steps (arXiv:1608.03983)."""

    def decayed(rate: Any, step: Any, steps: Any, alpha: Any) -> Any:
        return find_schedule("cosine_decay")(rate, step, steps=steps, end=alpha * rate)

    return _decay("CosineDecay", decayed, name, learning_rate, global_step, decay_steps, alpha=alpha)


def cosine_decay_restarts(
    learning_rate: Any, global_step: Any, first_decay_steps: Any, t_mul: float = 2.0, m_mul: float = 1.0,
    alpha: Any = 0.0, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Down a cosine again and again, each time t_mul as long and from a rate m_mul as high (arXiv:1608.03983)."""

    def decayed(rate: Any, step: Any, steps: Any, alpha: Any) -> Any:
        fallen = find_schedule("cosine_restarts")(1.0, step, steps=steps, stretch=t_mul, factor=m_mul)
        return rate * ((1.0 - alpha) * fallen + alpha)

    return _decay("SGDRDecay", decayed, name, learning_rate, global_step, first_decay_steps, alpha=alpha)


def piecewise_constant(
    x: Any, boundaries: Sequence[float], values: Sequence[Any], name: str | None = None
) -> Tensor:  # fmt: skip
    """One value up to and with each boundary, and the last one after them."""
    if len(boundaries) != len(values) - 1:
        raise ValueError("The length of boundaries should be 1 less than the length of values")

    def chosen(x: Any, *values: Any) -> Any:
        return find_schedule("piecewise")(values[0], x, boundaries=boundaries, rates=values)

    named = {f"values_{i}": value for i, value in enumerate(values)}
    return call("PiecewiseConstant", chosen, name, free=("x",), x=x, **named)


def _decay(
    kind: str, decayed: Callable[..., Any], name: str | None, learning_rate: Any, global_step: Any,
    decay_steps: Any, **numbers: Any,
) -> Tensor:  # fmt: skip
    if global_step is None:
        raise ValueError(f"global_step is required for {kind}.")
    rate = convert_to_tensor(learning_rate, name="learning_rate")
    dtype = rate.dtype.name

    def compute(rate: Any, step: Any, steps: Any, *numbers: Any) -> Any:
        return decayed(rate, ops.cast(step, dtype=dtype), ops.cast(steps, dtype=dtype), *numbers)

    return call(
        kind, compute, name, default=kind, free=("global_step", "decay_steps"),
        learning_rate=rate, global_step=global_step, decay_steps=decay_steps, **numbers,
    )  # fmt: skip
