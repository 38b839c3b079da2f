"""Runs that are looked at: how long each step takes, and which one makes NaN first."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from trivium.graph import Node

from . import errors
from .graph import Graph
from .options import DeviceStepStats, NodeExecStats, RunMetadata, StepStats

__all__ = ["enable_check_numerics", "disable_check_numerics"]

_checking = [False]


def enable_check_numerics() -> None:
    """Let every run from now on fail at the first operation that makes NaN or Inf, and name it."""
    _checking[0] = True


def disable_check_numerics() -> None:
    """Let runs go on with NaN and Inf again."""
    _checking[0] = False


def is_checking() -> bool:
    """Whether runs fail where NaN or Inf is made."""
    return _checking[0]


class Observer:
    """Runs the steps of a program, and looks at them.

    device:  where the program runs, and its name for reports
    """

    def __init__(self, graph: Graph, device: Any, name: str, traced: bool, checked: bool) -> None:
        self._graph, self._device, self._traced, self._checked = graph, device, traced, checked
        self._stats = DeviceStepStats(name)

    def __call__(self, node: Node, call: Callable[[], None], read: Callable[[Any], Any] | None) -> None:
        began, start = time.time_ns(), time.perf_counter_ns()
        call()
        if self._traced:
            self._device.synchronize()
            self._note(node, began, time.perf_counter_ns() - start)
        if self._checked and read is not None:
            self._check(node, read)

    def _note(self, node: Node, began: int, took: int) -> None:
        op = self._graph.owner(node)
        name = op.name if op else node.name or node.op.name
        label = f"{name} = {op.type if op else node.op.name}({', '.join([x.op.name for x in op.inputs] if op else [])})"
        micros = max(took // 1000, 1)
        self._stats.node_stats.append(NodeExecStats(name, began // 1000, micros, micros, label))

    def _check(self, node: Node, read: Callable[[Any], Any]) -> None:
        for out in node.outputs:
            if out.spec.dtype.kind not in "fV":
                continue
            array = np.asarray(self._device.download(read(out)), np.float64)
            found = [word for word, there in (("Inf", np.isinf(array)), ("NaN", np.isnan(array))) if there.any()]
            if found:
                op = self._graph.owner(node)
                text = f"the first {' and '.join(found)} of this run was made by {node.op.name} in"
                raise errors.InvalidArgumentError(
                    op and op.node_def, op, f"{text} '{op.name if op else node.name}', of shape {array.shape}"
                )

    def report(self, metadata: RunMetadata | None) -> None:
        """Tell how long the steps took."""
        if metadata is not None and self._traced:
            metadata.step_stats = StepStats([self._stats])
