"""Learning rates that respond to how training goes: `after(rate, metric) -> rate`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from attrs import define, field

from trivium.errors import ConfigError


@define
class Plateau:
    """Lower the rate when a metric has stopped to improve: PyTorch's ReduceLROnPlateau.

    mode:      whether less ("min") or more ("max") is better
    patience:  how many times in a row the metric may fail to improve
    threshold: how much better counts: a part of the best ("relative") or an amount ("absolute")
    cooldown:  how many times to wait after a fall
    least:     the lowest rate;  smallest_fall: smaller ones are not made
    """

    factor: float = 0.1
    patience: int = 10
    mode: str = "min"
    threshold: float = 1e-4
    threshold_kind: str = "relative"
    cooldown: int = 0
    least: float = 0.0
    smallest_fall: float = 1e-8
    best: float = field(init=False)
    bad: int = field(init=False, default=0)
    cooling: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        if self.factor >= 1.0:
            raise ConfigError(f"Plateau: factor is {self.factor}; it must be below 1")
        for name, value, choices in (
            ("mode", self.mode, ("min", "max")),
            ("threshold_kind", self.threshold_kind, ("relative", "absolute")),
        ):
            if value not in choices:
                raise ConfigError(f"Plateau: {name} is {value!r}; it may be {' or '.join(choices)}")
        self.best = math.inf if self.mode == "min" else -math.inf

    def is_better(self, metric: float) -> bool:
        """Whether a metric is better than the best so far by more than the threshold."""
        sign = 1 if self.mode == "min" else -1
        if self.threshold_kind == "absolute":
            return sign * metric < sign * self.best - self.threshold
        return sign * metric < sign * self.best * (1 - sign * self.threshold)

    def observe(self, metric: float) -> bool:
        """Take in a metric; whether the rate should fall now."""
        if self.is_better(metric):
            self.best, self.bad = metric, 0
        else:
            self.bad += 1
        if self.cooling > 0:
            self.cooling, self.bad = self.cooling - 1, 0
        if self.bad <= self.patience:
            return False
        self.cooling, self.bad = self.cooldown, 0
        return True

    def lowered(self, rate: float) -> float:
        """The next rate below this one."""
        lower = max(rate * self.factor, self.least)
        return lower if rate - lower > self.smallest_fall else rate

    def after(self, rate: float, metric: float) -> float:
        """The rate once a metric is known."""
        return self.lowered(rate) if self.observe(metric) else rate


@define
class Threshold:
    """Lower the rate, to a half if nothing is said, each time a metric passes a threshold.

    thresholds: each works once
    mode:       "max": passed when the metric is at least as large; "min": at most
    """

    thresholds: Sequence[float]
    factor: float = 0.5
    mode: str = "max"
    passed: set[float] = field(init=False, factory=set)

    def __attrs_post_init__(self) -> None:
        if self.mode not in ("min", "max"):
            raise ConfigError(f"Threshold: mode is {self.mode!r}; it may be min or max")

    def after(self, rate: float, metric: float) -> float:
        """The rate once a metric is known."""
        sign = 1 if self.mode == "max" else -1
        new = {limit for limit in self.thresholds if sign * metric >= sign * limit} - self.passed
        self.passed |= new
        return rate * self.factor ** len(new)


RESPONSES = (Plateau, Threshold)
