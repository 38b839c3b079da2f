"""Gradients that users write in place of the core's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from trivium import ops
from trivium.op import Op

__all__ = ["RegisterGradient", "NoGradient", "NotDifferentiable"]

REGISTERED: dict[str, Callable[..., Any] | None] = {}


class RegisterGradient:
    """Let `function(op, *gradients_of_outputs)` be found by a name; see `Graph.gradient_override_map`."""

    def __init__(self, op_type: str) -> None:
        if not isinstance(op_type, str):
            raise TypeError("op_type must be a string")
        self.op_type = op_type

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        _register(self.op_type, function)
        return function


def NotDifferentiable(op_type: str) -> None:
    """Let no gradient flow through operations that this name is given to."""
    _register(op_type, None)


NoGradient = NotDifferentiable


def _register(name: str, function: Callable[..., Any] | None) -> None:
    if name in REGISTERED:
        raise KeyError(f"Registering two gradient with name '{name}'!")
    REGISTERED[name] = function


def registered(name: str) -> Callable[..., Any] | None:
    """The gradient of a name."""
    if name not in REGISTERED:
        raise LookupError(f"gradient registry has no entry for: {name}; registered: {', '.join(REGISTERED) or 'none'}")
    return REGISTERED[name]


def with_gradient(
    outputs: Sequence[Any], inputs: Sequence[Any], rule: Callable[[Sequence[Any]], Sequence[Any]]
) -> tuple[Any, ...]:
    """Symbols equal to `outputs`, whose gradients with respect to `inputs` are what `rule` makes of theirs."""
    count = len(outputs)
    made = Op(lambda *xs: xs[:count], name="with_gradient", outputs="*", free=("xs",))
    made.shape(lambda *specs: tuple(specs[:count]))
    made.runner = lambda device, specs, settings: lambda *buffers, out=None: buffers[:count]
    made.gradient("xs")(lambda g: (*[None] * count, *rule(g)))
    results: tuple[Any, ...] = made(*[ops.stop_gradient(y) for y in outputs], *inputs)
    return results
