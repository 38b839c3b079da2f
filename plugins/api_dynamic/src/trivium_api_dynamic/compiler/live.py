"""Live numbers: hyperparameters that a compiled function asks for anew each time it runs."""

import operator
from collections.abc import Callable
from typing import Any


class Live:
    """A number, and what can be computed from it in Python's precision; where it meets a tensor, it will be fed.

    key:     equal for the same computation
    compute: its value now
    """

    def __init__(self, key: Any, compute: Callable[[], float]) -> None:
        self.key, self.compute = key, compute

    def __neg__(self) -> "Live":
        return Live(("neg", self.key), lambda: -self.compute())


def computed(name: str, is_reversed: bool) -> Callable[[Live, Any], Any]:
    function = getattr(operator, name)

    def method(self: Live, other: Any) -> Any:
        if not isinstance(other, (Live, int, float)):
            return NotImplemented
        a, b = (other, self) if is_reversed else (self, other)
        return Live((name, *[x.key if isinstance(x, Live) else x for x in (a, b)]), lambda: function(now(a), now(b)))

    return method


def now(x: Any) -> Any:
    """The value of a number, live or not."""
    return x.compute() if isinstance(x, Live) else x


for _name in ("add", "sub", "mul", "truediv", "pow"):
    setattr(Live, f"__{_name}__", computed(_name, False))
    setattr(Live, f"__r{_name}__", computed(_name, True))
