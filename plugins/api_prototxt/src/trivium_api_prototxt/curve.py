"""The picture of a training run: loss against iteration, and the test results."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import define, field

from trivium.saving import write_aside
from trivium_api_prototxt.errors import SnapshotError
from trivium_api_prototxt.reporting import Reporter

if TYPE_CHECKING:
    from trivium_api_prototxt.solver import Solver

MOST_POINTS = 10_000


@define(eq=False)
class Curve(Reporter):
    """Collects (iteration, loss) and (iteration, result of a test), thinned out in long runs."""

    losses: list[tuple[int, float]] = field(factory=list)
    tests: dict[str, list[tuple[int, float]]] = field(factory=dict)
    every: int = 1

    def step(self, solver: Solver, number: int, rate: float, results: Mapping[str, Any]) -> None:
        if number % self.every:
            return
        self.losses.append((number, solver.recent_losses[-1]))
        if len(self.losses) > MOST_POINTS:
            self.every *= 2
            self.losses = [point for point in self.losses if point[0] % self.every == 0]

    def tested(self, solver: Solver, index: int, results: Mapping[str, Any]) -> None:
        for name, value in results.items():
            if np.size(value) == 1:
                label = f"test {name}" if len(solver.test_nets) == 1 else f"test {index} {name}"
                self.tests.setdefault(label, []).append((solver.iter, float(np.ravel(value)[0])))

    def write(self, path: str, title: str) -> None:
        """Write the picture as a PNG file."""
        # matplotlib takes longer to import than all of Trivium, and most commands draw nothing
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415

        figure = Figure(figsize=(8, 4.5), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        if self.losses:
            iterations, losses = np.array(self.losses).T
            axes.plot(iterations, losses, color="0.75", linewidth=0.8, label="loss of each batch")
            axes.plot(iterations, smoothed(losses), color="tab:blue", label="loss, smoothed")
        lines = list(axes.lines)
        shares = axes.twinx() if any("loss" not in name for name in self.tests) else axes
        for i, (name, points) in enumerate(self.tests.items()):
            target = axes if "loss" in name else shares
            lines += target.plot(*np.array(points).T, "o-", markersize=3, label=name, color=f"C{i + 1}")
        axes.set(xlabel="iteration", ylabel="loss", title=title)
        if shares is not axes:
            shares.set(ylabel="test", ylim=(0, 1))
        if lines:
            figure.legend(handles=lines, loc="outside lower center", ncols=len(lines))
        picture = BytesIO()
        figure.savefig(picture, format="png", dpi=120)
        write_aside(path, picture.getvalue(), SnapshotError)


def smoothed(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The mean of each value and those shortly before it."""
    width = max(1, len(values) // 50)
    sums = np.cumsum(np.concatenate([[0.0], values]))
    starts = np.maximum(np.arange(len(values)) + 1 - width, 0)
    ends = np.arange(len(values)) + 1
    return (sums[ends] - sums[starts]) / (ends - starts)
