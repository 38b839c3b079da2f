"""profile: how long each op took, as a table and as a trace that Chrome's viewer (chrome://tracing) shows."""

import json
import os
import threading
import time
from collections.abc import Callable
from contextlib import ContextDecorator
from typing import Any

from attrs import define, field

from trivium.saving import write_aside

from ..errors import ArgumentValueError
from ..listening import listen, stop


@define
class Event:
    """One call: when it began, and how long it took, with and without the calls inside it; in seconds."""

    name: str
    start: float
    thread: int
    duration: float = 0.0
    inside: float = 0.0

    @property
    def self_time(self) -> float:
        """Without the calls inside."""
        return self.duration - self.inside


@define
class Average:
    """All calls of one name; times in microseconds."""

    key: str
    count: int = 0
    cpu_time_total: float = 0.0
    self_cpu_time_total: float = 0.0

    @property
    def cpu_time(self) -> float:
        """Of one call, on average."""
        return self.cpu_time_total / self.count if self.count else 0.0


COLUMNS = {
    "self_cpu_time_total": "Self CPU",
    "cpu_time_total": "CPU total",
    "cpu_time": "CPU time avg",
    "count": "# of Calls",
}


class Averages(list[Average]):
    """A row for each name."""

    def table(self, sort_by: str | None = None, row_limit: int = 100, **unused: Any) -> str:
        """The rows as text, the largest `sort_by` first."""
        rows = list(self)
        if sort_by is not None:
            if sort_by not in COLUMNS:
                raise ArgumentValueError(f"profiler table: sort_by={sort_by!r}: there are {', '.join(COLUMNS)}")
            rows.sort(key=lambda row: -getattr(row, sort_by))
        total = sum([row.self_cpu_time_total for row in self]) or 1.0
        width = max([len("Name"), *[len(row.key) for row in rows]])
        line = "  ".join(["-" * width, *["-" * 12] * 5])
        heads = ["Self CPU", "Self CPU %", "CPU total", "CPU time avg", "# of Calls"]
        lines = [line, "  ".join(["Name".rjust(width), *[h.rjust(12) for h in heads]]), line]
        for row in rows[:row_limit]:
            cells = [
                microseconds(row.self_cpu_time_total), f"{100 * row.self_cpu_time_total / total:.2f}%",
                microseconds(row.cpu_time_total), microseconds(row.cpu_time), str(row.count),
            ]  # fmt: skip
            lines.append("  ".join([row.key.rjust(width), *[cell.rjust(12) for cell in cells]]))
        return "\n".join([*lines, line, f"Self CPU time total: {microseconds(total)}", ""])

    __str__ = __repr__ = table


def microseconds(value: float) -> str:
    for limit, unit in ((1e6, "s"), (1e3, "ms")):
        if value >= limit:
            return f"{value / limit:.3f}{unit}"
    return f"{value:.3f}us"


@define(eq=False)
class profile(ContextDecorator):
    """Notes the calls of ops inside a `with` block."""

    enabled: bool = True
    use_cuda: bool = field(default=False, kw_only=True)
    record_shapes: bool = field(default=False, kw_only=True)
    events: list[Event] = field(factory=list, init=False)
    _open: dict[int, list[Event]] = field(factory=dict, init=False)

    def __enter__(self) -> "profile":
        if self.enabled:
            listen(self._note)
            _profiles.append(self)
        return self

    def __exit__(self, *error: Any) -> None:
        if self.enabled:
            stop(self._note)
            _profiles.remove(self)

    def _note(self, op: Any, compute: Callable[[], Any]) -> Any:
        event = self.begin(op.name)
        try:
            return compute()
        finally:
            self.end(event)

    def begin(self, name: str) -> Event:
        """A call begins in this thread."""
        thread = threading.get_ident()
        event = Event(name, time.perf_counter(), thread)
        self._open.setdefault(thread, []).append(event)
        return event

    def end(self, event: Event) -> None:
        """It is done: the call around it did nothing in the meantime."""
        event.duration = time.perf_counter() - event.start
        around = self._open[event.thread]
        around.remove(event)
        if around:
            around[-1].inside += event.duration
        self.events.append(event)

    @property
    def function_events(self) -> list[Event]:
        """Each call, in the order in which they ended."""
        return self.events

    def key_averages(self, group_by_input_shape: bool = False) -> Averages:
        """A row for each op."""
        rows: dict[str, Average] = {}
        for event in self.events:
            row = rows.setdefault(event.name, Average(event.name))
            row.count += 1
            row.cpu_time_total += event.duration * 1e6
            row.self_cpu_time_total += event.self_time * 1e6
        return Averages(rows.values())

    def total_average(self) -> Average:
        """All calls in one row."""
        rows = self.key_averages()
        own = sum([row.self_cpu_time_total for row in rows])
        return Average("Total", sum([row.count for row in rows]), own, own)

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds in all calls."""
        return self.total_average().self_cpu_time_total

    def table(self, sort_by: str | None = None, row_limit: int = 100, **unused: Any) -> str:
        """A row for each op, as text."""
        return self.key_averages().table(sort_by, row_limit)

    def __str__(self) -> str:
        return self.table()

    def export_chrome_trace(self, path: Any) -> None:
        """Write a file for chrome://tracing."""
        calls = [
            {"name": e.name, "ph": "X", "ts": e.start * 1e6, "dur": e.duration * 1e6, "pid": os.getpid(),
             "tid": e.thread, "args": {}}
            for e in sorted(self.events, key=lambda e: e.start)
        ]  # fmt: skip
        write_aside(path, json.dumps({"traceEvents": calls}).encode())


_profiles: list[profile] = []


class record_function(ContextDecorator):
    """A name for what happens inside, as a call of its own in every profile that is open."""

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name

    def __enter__(self) -> "record_function":
        self.events = [(p, p.begin(self.name)) for p in _profiles]
        return self

    def __exit__(self, *error: Any) -> None:
        for open_profile, event in self.events:
            open_profile.end(event)
