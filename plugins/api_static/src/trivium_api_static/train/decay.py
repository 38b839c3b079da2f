"""Learning rates that fall with the number of steps."""

from __future__ import annotations

from typing import Any

from trivium import ops

from ..build import call, convert_to_tensor
from ..operation import Tensor

__all__ = ["exponential_decay", "natural_exp_decay", "inverse_time_decay"]


def exponential_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """learning_rate * decay_rate ** (global_step / decay_steps).

    staircase: the exponent is rounded down
    """

    def decayed(rate: Any, factor: Any, exponent: Any) -> Any:
        return rate * ops.power(factor, exponent)

    return _decay("ExponentialDecay", decayed, learning_rate, global_step, decay_steps, decay_rate, staircase, name)


def natural_exp_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """learning_rate * exp(-decay_rate * global_step / decay_steps)."""

    def decayed(rate: Any, factor: Any, exponent: Any) -> Any:
        return rate * ops.exp(-factor * exponent)

    return _decay("NaturalExpDecay", decayed, learning_rate, global_step, decay_steps, decay_rate, staircase, name)


def inverse_time_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """learning_rate / (1 + decay_rate * global_step / decay_steps)."""

    def decayed(rate: Any, factor: Any, exponent: Any) -> Any:
        return rate / (1.0 + factor * exponent)

    return _decay("InverseTimeDecay", decayed, learning_rate, global_step, decay_steps, decay_rate, staircase, name)


def _decay(
    kind: str, decayed: Any, learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool,
    name: str | None,
) -> Tensor:  # fmt: skip
    if global_step is None:
        raise ValueError(f"global_step is required for {kind}.")
    rate = convert_to_tensor(learning_rate, name="learning_rate")
    dtype = rate.dtype.name

    def compute(rate: Any, factor: Any, step: Any, steps: Any) -> Any:
        exponent = ops.cast(step, dtype=dtype) / ops.cast(steps, dtype=dtype)
        if staircase:
            exponent = ops.cast(ops.cast(exponent, dtype="int64"), dtype=dtype)
        return decayed(rate, factor, exponent)

    return call(
        kind, compute, name, default=kind, free=("global_step", "decay_steps"),
        learning_rate=rate, decay_rate=decay_rate, global_step=global_step, decay_steps=decay_steps,
    )  # fmt: skip
