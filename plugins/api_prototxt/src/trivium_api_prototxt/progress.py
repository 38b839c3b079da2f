"""Training on a terminal: a bar with loss and learning rate, tests and snapshots above it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from trivium_api_prototxt.reporting import Reporter

if TYPE_CHECKING:
    from trivium_api_prototxt.solver import Solver

REDRAW = 0.1  # seconds


class Bar(Reporter):
    """A progress bar; to be used in a `with` block."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]:.4f}  lr {task.fields[rate]:.3g}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task: Any = None
        self._drawn = 0.0

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def notice(self, text: str) -> None:
        self.console.print(f"[yellow]note:[/] {text}", highlight=False)

    def started(self, solver: Solver) -> None:
        self.progress.start()
        self._task = self.progress.add_task(
            f"training {solver.net.name}",
            total=solver.param.max_iter,
            completed=solver.iter,
            loss=float("nan"),
            rate=solver.lr if solver.iter < solver.param.max_iter else 0.0,
        )

    def step(self, solver: Solver, number: int, rate: float, results: Mapping[str, Any]) -> None:
        now = time.monotonic()
        if self._task is not None and (now - self._drawn > REDRAW or solver.iter == solver.param.max_iter):
            self._drawn = now
            self.progress.update(self._task, completed=solver.iter, loss=solver.loss, rate=rate)

    def tested(self, solver: Solver, index: int, results: Mapping[str, Any]) -> None:
        numbers = "  ".join(f"{name} = {number:.4f}" for name, value in results.items() for number in np.ravel(value))
        which = f" #{index}" if len(solver.test_nets) > 1 else ""
        self.progress.console.print(f"iteration {solver.iter:>6}  test{which}  {numbers}", highlight=False)

    def snapshot(self, solver: Solver, path: str) -> None:
        self.progress.console.print(f"iteration {solver.iter:>6}  snapshot  {path}", highlight=False, soft_wrap=True)

    def finished(self, solver: Solver) -> None:
        self.progress.stop()
