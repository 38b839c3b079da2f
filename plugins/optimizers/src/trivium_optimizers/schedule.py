"""Learning rates as pure functions of the number of steps made, of numbers, tensors or symbols.

    schedule(rate, step, *, settings) -> rate of this step

rate: at the start;  step: counted from 0
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .arithmetic import ceil, choose, cosine, exp, floor, larger, log, logistic, power, smaller

# log(8) / log(2) and the like may come out just below a whole number
_AHEAD = 1e-6


def constant(rate: Any, step: Any) -> Any:
    """The same rate for ever: Caffe's "fixed"."""
    return rate


def exponential(rate: Any, step: Any, *, factor: Any, steps: Any = 1, staircase: bool = False) -> Any:
    """Times `factor` every `steps` steps: Caffe's "exp", PyTorch's ExponentialLR, TensorFlow's exponential_decay.

    staircase: at once, at the end of each: Caffe's "step", PyTorch's StepLR
    """
    return rate * power(factor, _times(step, steps, staircase))


def natural_exponential(rate: Any, step: Any, *, factor: Any, steps: Any = 1, staircase: bool = False) -> Any:
    """Times e ** -factor every `steps` steps: TensorFlow's natural_exp_decay."""
    return rate * exp(-factor * _times(step, steps, staircase))


def inverse(
    rate: Any, step: Any, *, factor: Any, power: float = 1.0, steps: Any = 1, staircase: bool = False
) -> Any:  # fmt: skip
    """rate / (1 + factor * step / steps) ** power: Caffe's "inv", TensorFlow's inverse_time_decay (power 1)."""
    below = 1 + factor * _times(step, steps, staircase)
    return rate / below if power == 1 else rate * below**-power


def multistep(rate: Any, step: Any, *, milestones: Sequence[int], factor: float) -> Any:
    """Times `factor` at each milestone: Caffe's "multistep", PyTorch's MultiStepLR."""
    rates = [rate * factor**i for i in range(len(milestones) + 1)]
    return piecewise(rate, step, boundaries=[first - 1 for first in sorted(milestones)], rates=rates)


def piecewise(rate: Any, step: Any, *, boundaries: Sequence[Any], rates: Sequence[Any]) -> Any:
    """One rate up to and with each boundary, and the last one after them: TensorFlow's piecewise_constant."""
    now = rates[-1]
    for boundary, earlier in reversed(list(zip(boundaries, rates[:-1], strict=True))):
        now = choose(step <= boundary, earlier, now)
    return now


def polynomial(
    rate: Any, step: Any, *, steps: Any, end: Any = 0.0, power: Any = 1.0, cycle: bool = False
) -> Any:  # fmt: skip
    """Down to `end` in `steps` steps: Caffe's "poly", TensorFlow's polynomial_decay, PyTorch's PolynomialLR.

    cycle: from the rate of that time down again, in as many steps as were made so far
    """
    if cycle:
        steps = steps * larger(ceil(step / steps), 1.0)
    else:
        step = smaller(step, steps)
    return (rate - end) * _raised(1 - step / steps, power) + end


def sigmoid(rate: Any, step: Any, *, factor: Any, middle: Any) -> Any:
    """rate / (1 + e ** (-factor * (step - middle))): Caffe's "sigmoid"."""
    return rate * logistic(factor * (step - middle))


def linear(rate: Any, step: Any, *, steps: Any, start: Any = 1 / 3, end: Any = 1.0) -> Any:
    """From a fraction of the rate to another in `steps` steps: PyTorch's LinearLR."""
    return rate * (start + (end - start) * smaller(step, steps) / steps)


def cosine_wave(rate: Any, step: Any, *, steps: Any, end: Any = 0.0) -> Any:
    """Down a cosine to `end` in `steps` steps, and up again: PyTorch's CosineAnnealingLR (arXiv:1608.03983)."""
    return _between(rate, end, step / steps)


def cosine_decay(rate: Any, step: Any, *, steps: Any, end: Any = 0.0) -> Any:
    """Down a cosine to `end` in `steps` steps, and there for ever: TensorFlow's cosine_decay."""
    return _between(rate, end, smaller(step, steps) / steps)


def cosine_restarts(
    rate: Any, step: Any, *, steps: Any, end: Any = 0.0, stretch: float = 1.0, factor: float = 1.0
) -> Any:  # fmt: skip
    """Down a cosine to `end` again and again (Loshchilov & Hutter, 2017, arXiv:1608.03983).

    steps:   of the first fall;  stretch: how much longer each one is
    factor:  how much lower each one starts
    PyTorch's CosineAnnealingWarmRestarts, TensorFlow's cosine_decay_restarts.
    """
    made = step / steps
    if stretch == 1:
        count = floor(made + _AHEAD)
        part = made - count
    else:
        count = floor(log(1 - made * (1 - stretch)) / math.log(stretch) + _AHEAD)
        length = power(stretch, count)
        part = (made - (1 - length) / (1 - stretch)) / length
    top = rate if factor == 1 else end + (rate - end) * power(factor, count)
    return _between(top, end, larger(part, 0.0))


def cyclic(
    rate: Any, step: Any, *, high: Any, up: Any, down: Any, shrink: float = 1.0, factor: float = 1.0
) -> Any:  # fmt: skip
    """Up to `high` in `up` steps, back in `down` steps, again and again (Smith, 2017, arXiv:1506.01186).

    shrink: of the height, with each cycle ("triangular2": 0.5);  factor: with each step ("exp_range")
    PyTorch's CyclicLR.
    """
    made = step / (up + down)
    count = floor(made)
    part, top = made - count, up / (up + down)
    height = choose(part <= top, part / top, (1 - part) / (1 - top))
    return rate + (high - rate) * height * power(shrink, count) * power(factor, step)


def one_cycle(
    rate: Any, step: Any, *, peak: Any, end: Any, steps: Any, rise: float = 0.3, curve: str = "cosine",
    phases: int = 2,
) -> Any:  # fmt: skip
    """Up to `peak`, and down to `end` (Smith & Topin, 2018, arXiv:1708.07120): PyTorch's OneCycleLR.

    rise:   the part of the steps that goes up
    curve:  "cosine" or "linear"
    phases: with 3, down to the rate of the start in as many steps as it took to rise, and then to `end`
    """
    top = rise * steps - 1
    if phases == 3:
        ends, rates = [top, 2 * rise * steps - 2, steps - 1], [rate, peak, rate, end]
    else:
        ends, rates = [top, steps - 1], [rate, peak, end]
    starts = [0, *ends[:-1]]
    made = [
        _between(before, after, (step - first) / (last - first), curve)
        for before, after, first, last in zip(rates[:-1], rates[1:], starts, ends, strict=True)
    ]
    return piecewise(rate, step, boundaries=ends[:-1], rates=made)


SCHEDULES = (
    constant, exponential, natural_exponential, inverse, multistep, piecewise, polynomial, sigmoid, linear,
    cosine_wave, cosine_decay, cosine_restarts, cyclic, one_cycle,
)  # fmt: skip


def _times(step: Any, steps: Any, staircase: bool) -> Any:
    made = step if isinstance(steps, int) and steps == 1 else step / steps
    return floor(made) if staircase else made


def _raised(x: Any, exponent: Any) -> Any:
    is_one = isinstance(exponent, (int, float)) and exponent == 1
    return x if is_one else power(x, exponent)


def _between(start: Any, end: Any, part: Any, curve: str = "cosine") -> Any:
    """From start to end, of which a part is done."""
    if curve == "linear":
        return start + (end - start) * part
    return end + (start - end) * (1 + cosine(math.pi * part)) / 2
