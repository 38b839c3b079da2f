"""Weight decay that joins the gradient."""

from typing import Any


def decayed(gradient: Any, value: Any, weight_decay: Any) -> Any:
    """The gradient plus weight_decay * value; without a decay, the gradient as it is."""
    if isinstance(weight_decay, (int, float)) and weight_decay == 0.0:
        return gradient
    return gradient + weight_decay * value
