"""L-BFGS, which asks for the loss several times in one step."""

import math
from collections.abc import Callable
from typing import Any

from attrs import define, field

from trivium import ops

from .line_search import Point, strong_wolfe

Evaluate = Callable[[Any], tuple[float, Any]]


@define(eq=False)
class Memory:
    """What is remembered between steps: where the search stood, and the latest moves.

    pairs: (gradient change, move, 1 / their product)
    """

    pairs: list[tuple[Any, Any, float]] = field(factory=list)
    direction: Any = None
    length: float = 0.0
    scale: float = 1.0
    gradient: Any = None
    iterations: int = 0
    evaluations: int = 0


@define
class LBFGS:
    """Steps along a direction that recent gradients make out of the curvature (Liu & Nocedal, 1989).

    iterations, evaluations: at most so many of each in one step (evaluations: 1.25 * iterations if None)
    tolerance_gradient:      done when no element of the gradient is larger
    tolerance_change:        done when the step, or the change of the loss, is smaller
    history:                 how many pairs are remembered
    line_search:             None, or "strong_wolfe"
    """

    learning_rate: float = 1.0
    iterations: int = field(default=20, kw_only=True)
    evaluations: int | None = field(default=None, kw_only=True)
    tolerance_gradient: float = field(default=1e-7, kw_only=True)
    tolerance_change: float = field(default=1e-9, kw_only=True)
    history: int = field(default=100, kw_only=True)
    line_search: str | None = field(default=None, kw_only=True)

    @staticmethod
    def memory() -> Memory:
        """What is remembered before the first step: nothing."""
        return Memory()

    def minimize(self, evaluate: Evaluate, x: Any, memory: Memory) -> tuple[Any, float]:
        """One step.

        evaluate: x -> (loss, gradient)
        x:        all parameters as one vector
        return:   the next x, and the loss at the first one
        """
        allowed = self.iterations * 5 // 4 if self.evaluations is None else self.evaluations
        loss, gradient = evaluate(x)
        first, used = loss, 1
        memory.evaluations += 1
        if largest(gradient) <= self.tolerance_gradient:
            return x, first
        for done in range(1, self.iterations + 1):
            memory.iterations += 1
            self.turn(memory, gradient)
            memory.gradient, before = gradient, loss
            if memory.iterations == 1:
                memory.length = min(1.0, 1.0 / total_size(gradient)) * self.learning_rate
            else:
                memory.length = self.learning_rate
            slope = dot(gradient, memory.direction)
            if slope > -self.tolerance_change:
                break
            is_last = done == self.iterations
            if self.line_search is not None:
                start = Point(0.0, loss, gradient, slope)
                x, loss, gradient, tried = self.searched(evaluate, x, start, memory, allowed - used)
            else:
                x, tried = x + memory.length * memory.direction, 0
                if not is_last:
                    loss, gradient = evaluate(x)
                    tried = 1
            used += tried
            memory.evaluations += tried
            if (
                is_last
                or used >= allowed
                or largest(gradient) <= self.tolerance_gradient
                or largest(memory.direction * memory.length) <= self.tolerance_change
                or abs(loss - before) < self.tolerance_change
            ):
                break
        return x, first

    def searched(
        self, evaluate: Evaluate, x: Any, start: Point, memory: Memory, most: int
    ) -> tuple[Any, float, Any, int]:
        """The point that the line search finds: x, loss, gradient, and how often the loss was asked for."""
        if self.line_search != "strong_wolfe":
            raise ValueError(f"LBFGS: line_search is {self.line_search!r}; it may be None or 'strong_wolfe'")

        def along(length: float) -> Point:
            loss, gradient = evaluate(x + length * memory.direction)
            return Point(length, loss, gradient, dot(gradient, memory.direction))

        reach = largest(memory.direction)
        found, tried = strong_wolfe(along, start, memory.length, reach, self.tolerance_change, most)
        memory.length = found.length
        return x + found.length * memory.direction, found.loss, found.gradient, tried

    def turn(self, memory: Memory, gradient: Any) -> None:
        """Take in the last move, and set the next direction."""
        if memory.iterations == 1:
            memory.direction, memory.pairs, memory.scale = -gradient, [], 1.0
            return
        change, move = gradient - memory.gradient, memory.direction * memory.length
        curvature = dot(change, move)
        if curvature > 1e-10:
            memory.pairs = [*memory.pairs, (change, move, 1.0 / curvature)][-self.history :]
            memory.scale = curvature / dot(change, change)
        q, shares = -gradient, []
        for change, move, weight in reversed(memory.pairs):
            shares.append(dot(move, q) * weight)
            q = q - shares[-1] * change
        q = q * memory.scale
        for (change, move, weight), share in zip(memory.pairs, reversed(shares), strict=True):
            q = q + move * (share - dot(change, q) * weight)
        memory.direction = q


def dot(x: Any, y: Any) -> float:
    return float(ops.sum(x * y).item())


def largest(x: Any) -> float:
    """The size of the largest element."""
    size = float(ops.max(ops.absolute(x)).item()) if x.spec.size else 0.0
    return math.inf if math.isnan(size) else size


def total_size(x: Any) -> float:
    return float(ops.sum(ops.absolute(x)).item())
