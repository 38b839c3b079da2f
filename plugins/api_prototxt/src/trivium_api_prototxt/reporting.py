"""What a solver tells while it works."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from trivium_api_prototxt.solver import Solver


class Reporter:
    """Says nothing; a subclass says what it likes."""

    def notice(self, text: str) -> None:
        """Something that the user should know."""

    def started(self, solver: Solver) -> None:
        """Training begins."""

    def step(self, solver: Solver, number: int, rate: float, results: Mapping[str, Any]) -> None:
        """Iteration `number` has been made; `solver.loss` is the smoothed loss."""

    def testing(self, solver: Solver, index: int) -> None:
        """Test net `index` begins to run."""

    def tested(self, solver: Solver, index: int, results: Mapping[str, Any]) -> None:
        """Test net `index` has run; the means of its outputs."""

    def snapshot(self, solver: Solver, path: str) -> None:
        """A snapshot was written."""

    def finished(self, solver: Solver) -> None:
        """Training has ended, or was stopped."""


class LogLines(Reporter):
    """Caffe's lines.

    say: what to do with each
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say

    def notice(self, text: str) -> None:
        self.say(text)

    def started(self, solver: Solver) -> None:
        self.say(f"Solving {solver.net.name}")
        self.say(f"Learning Rate Policy: {solver.param.lr_policy}")

    def step(self, solver: Solver, number: int, rate: float, results: Mapping[str, Any]) -> None:
        if not solver.param.display or number % solver.param.display:
            return
        self.say(f"Iteration {number}, loss = {solver.loss:.6g}")
        weights = {part.tops[i]: weight for part, i, weight in solver.net.losses}
        for line in output_lines("Train", results, weights):
            self.say(line)
        self.say(f"Iteration {number}, lr = {rate:.6g}")

    def testing(self, solver: Solver, index: int) -> None:
        self.say(f"Iteration {solver.iter}, Testing net (#{index})")

    def tested(self, solver: Solver, index: int, results: Mapping[str, Any]) -> None:
        net = solver.test_nets[index]
        weights = {part.tops[i]: weight for part, i, weight in net.losses}
        for line in output_lines("Test", results, weights):
            self.say(line)

    def snapshot(self, solver: Solver, path: str) -> None:
        self.say(f"Snapshotting solver state to binary proto file {path}")


def output_lines(phase: str, results: Mapping[str, Any], weights: Mapping[str, float]) -> list[str]:
    """`    Test net output #0: loss = 0.25 (* 1 = 0.25 loss)`, a line for each number."""
    lines = []
    for name, value in results.items():
        for number in np.ravel(value):
            weight = weights.get(name, 0.0)
            share = f" (* {weight:g} = {weight * number:.6g} loss)" if weight else ""
            lines.append(f"    {phase} net output #{len(lines)}: {name} = {number:.6g}{share}")
    return lines
