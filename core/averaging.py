"""Moving averages of weights: functions of ops that every style shares."""

from __future__ import annotations

from typing import Any

from . import ops

__all__ = ["moving_average", "young_decay"]


def moving_average(average: Any, value: Any, decay: Any) -> Any:
    """decay * average + (1 - decay) * value."""
    return average - (1.0 - decay) * (average - value)


def young_decay(decay: Any, updates: Any) -> Any:
    """A decay that is smaller while an average is young: at most (1 + updates) / (10 + updates)."""
    return ops.minimum((1.0 + updates) / (10.0 + updates), decay)
