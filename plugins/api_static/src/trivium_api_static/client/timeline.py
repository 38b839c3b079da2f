"""Traced runs as Chrome draws them: open chrome://tracing and load what is written."""

from __future__ import annotations

import json
from typing import Any

from ..options import StepStats

__all__ = ["Timeline"]


class Timeline:
    """The steps of a run along the time they took."""

    def __init__(self, step_stats: StepStats, graph: Any = None) -> None:
        self._step_stats = step_stats

    def generate_chrome_trace_format(self, show_dataflow: bool = True, show_memory: bool = False) -> str:
        """JSON with one event for each step."""
        events: list[dict[str, Any]] = []
        for pid, device in enumerate(self._step_stats.dev_stats):
            events.append({"name": "process_name", "ph": "M", "pid": pid, "args": {"name": f"{device.device} Compute"}})
            for step in device.node_stats:
                _, _, call = step.timeline_label.partition(" = ")
                kind = call.partition("(")[0]
                events.append({
                    "ph": "X", "cat": "Op", "name": kind, "pid": pid, "tid": step.thread_id,
                    "ts": step.all_start_micros, "dur": step.all_end_rel_micros,
                    "args": {"name": step.node_name, "op": kind},
                })  # fmt: skip
        return json.dumps({"traceEvents": events}, indent=4)
