"""What conformance found: a cell for each op and dtype, as text, JSON, Markdown or HTML."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Iterable

from attrs import asdict, define, field

from .. import config
from ..backend import Device
from ..errors import TriviumError
from ..kernel import bind
from ..op import OPS
from .op_checks import Quiet, declares
from .samples import Case, cases

# From best to worst.  `fallback` is what a backend does for any op; `gap` is a failure that its profile announces.
STATES = ("works", "native", "fallback", "composed", "host", "unsupported", "gap", "fail")
MEANING = {
    "works": "a layer, an optimizer or a network that passes",
    "native": "a kernel of its own",
    "fallback": "what the backend does for any op",
    "composed": "runs as its decomposition into other ops",
    "host": "runs on the host, with copies both ways",
    "unsupported": "nothing runs it",
    "gap": "fails, as its profile says",
    "fail": "fails",
}


DECLARABLE = ("out", "in_place")  # what a kernel may do, and says so


@define
class Failure:
    """A check that failed, and the lines that repeat it alone."""

    check: str
    case: str
    message: str
    reproduce: str


@define
class Cell:
    """What is known of one op, layer or optimizer, in one dtype where it has any.

    not_declared: checks of what its kernel need not declare, and does not: they did not run, which is no pass
    """

    subject: str
    dtype: str | None
    how: str
    provider: str = ""
    not_declared: list[str] = field(factory=list)
    passed: int = 0
    failures: list[Failure] = field(factory=list)
    gaps: list[str] = field(factory=list)

    @property
    def state(self) -> str:
        """One word of STATES."""
        if self.failures:
            return "fail"
        return "gap" if self.gaps else self.how


@define
class Report:
    """All cells of one device."""

    device: str
    cells: dict[tuple[str, str | None], Cell] = field(factory=dict)
    seconds: float = 0.0

    def cell(self, subject: str, dtype: str | None) -> Cell:
        """The cell of a subject and dtype."""
        key = (subject, dtype)
        if key not in self.cells:
            device = config.as_device(self.device)
            how, provider = how_it_runs(subject, dtype, device)
            self.cells[key] = Cell(subject, dtype, how, provider, not_declared(subject, dtype, device))
        return self.cells[key]

    @property
    def failures(self) -> list[Failure]:
        """Everything that failed."""
        return [failure for cell in self.cells.values() for failure in cell.failures]

    def counts(self) -> Counter[str]:
        """How many cells are in each state."""
        return Counter([cell.state for cell in self.cells.values()])

    def summary(self) -> str:
        """One line."""
        found = self.counts()
        parts = [f"{found[state]} {state}" for state in STATES if found[state]]
        tests = sum([cell.passed + len(cell.failures) + len(cell.gaps) for cell in self.cells.values()])
        subjects = {cell.subject for cell in self.cells.values()}
        for check in DECLARABLE:
            count = sum([check in self.not_declared(subject).split(", ") for subject in subjects])
            parts += [f"{check} not declared by {count} ops"] if count else []
        return f"{self.device}: {', '.join(parts) or 'nothing tested'} ({tests} tests in {self.seconds:.0f} s)"

    def not_declared(self, subject: str) -> str:
        """What no cell of a subject declares."""
        cells = [cell for cell in self.cells.values() if cell.subject == subject]
        return ", ".join([check for check in cells[0].not_declared if all([check in c.not_declared for c in cells])])

    def rows(self) -> tuple[list[str], list[tuple[str, list[str]]]]:
        """The dtypes that head the columns, and for each subject its states."""
        dtypes = sorted({dtype for _, dtype in self.cells if dtype is not None})
        subjects = sorted({subject for subject, _ in self.cells})
        rows = []
        for subject in subjects:
            alone = self.cells.get((subject, None))
            states = [self.cells.get((subject, dtype), alone) for dtype in dtypes]
            rows.append((subject, ["" if cell is None else _worse(cell, alone) for cell in states]))
        return dtypes, rows

    def to_json(self) -> str:
        """Everything, for a program."""
        cells = [{**asdict(cell), "state": cell.state} for cell in self.cells.values()]
        facts = {
            "device": self.device,
            "seconds": round(self.seconds, 1),
            "counts": dict(self.counts()),
            "cells": cells,
        }
        return json.dumps(facts, indent=1)

    def to_markdown(self) -> str:
        """The matrix for a README."""
        dtypes, rows = self.rows()
        lines = [f"| {self.device} | {' | '.join(dtypes)} | not declared |", "|---" * (len(dtypes) + 2) + "|"]
        lines += [f"| {name} | {' | '.join(states)} | {self.not_declared(name)} |" for name, states in rows]
        return "\n".join([*lines, "", self.summary(), ""])

    def to_html(self) -> str:
        """The matrix as a page of its own."""
        dtypes, rows = self.rows()
        head = "".join([f"<th>{html.escape(dtype)}</th>" for dtype in dtypes])
        body = "\n".join(
            [
                f"<tr><th>{html.escape(subject)}</th>"
                + "".join([f'<td class="{state}">{state}</td>' for state in states])
                + f"<td>{self.not_declared(subject)}</td></tr>"
                for subject, states in rows
            ]
        )
        notes = "".join([f"<li><b>{state}</b>: {MEANING[state]}</li>" for state in STATES])
        failed = "\n".join(
            [
                f"<h3>{html.escape(failure.case)}: {html.escape(failure.check)}</h3>"
                f"<pre>{html.escape(failure.message)}</pre><pre>{html.escape(failure.reproduce)}</pre>"
                for failure in self.failures
            ]
        )
        return _PAGE.format(device=html.escape(self.device), summary=html.escape(self.summary()), head=head, body=body,
                            notes=notes, failed=failed)  # fmt: skip


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Conformance of {device}</title>
<style>
body {{ font-family: sans-serif; margin: 2em }} table {{ border-collapse: collapse }}
th {{ text-align: left; padding: 2px 8px }} td {{ padding: 2px 8px; border: 1px solid #fff }}
.works, .native {{ background: #b7e1b5 }} .fallback {{ background: #d7ecd5 }} .composed {{ background: #d6e6f5 }}
.host {{ background: #f6eebc }} .unsupported {{ background: #ddd }} .gap {{ background: #f7d9b0 }}
.fail {{ background: #f2a9a4 }}
</style>
<h1>Conformance of {device}</h1><p>{summary}</p><ul>{notes}</ul>
<table><tr><th></th>{head}<th>not declared</th></tr>
{body}
</table>
{failed}
</html>
"""


def _worse(cell: Cell, alone: Cell | None) -> str:
    states = [cell.state] + ([alone.state] if alone is not None else [])
    return max(states, key=STATES.index)


def how_it_runs(subject: str, dtype: str | None, device: Device) -> tuple[str, str]:
    """The worst way in which any example of an op runs on a device, and who provides it."""
    if subject not in OPS:
        return "works", ""
    found = [_how(case, dtype or "float32", device) for case in cases(OPS[subject])]
    return max(found, key=lambda pair: STATES.index(pair[0]), default=("unsupported", ""))


def _how(case: Case, dtype: str, device: Device) -> tuple[str, str]:
    try:
        bound = bind(case.op, device, tuple(case.specs(dtype)), case.settings, Quiet())
    except TriviumError:
        return "unsupported", ""
    return bound.how, bound.provider


def not_declared(subject: str, dtype: str | None, device: Device) -> list[str]:
    """The checks of what a kernel may declare that no example of an op can run."""
    if subject not in OPS:
        return []
    examples = list(cases(OPS[subject]))
    return [
        check for check in DECLARABLE
        if not any([declares(case, device, check, dtype or "float32") for case in examples])
    ]  # fmt: skip


def first_lines(text: str, count: int = 12) -> str:
    """The end of a failure's text, where the assertion stands."""
    lines = [line for line in text.splitlines() if line.strip()]
    wanted: Iterable[str] = [line for line in lines if line.startswith("E ")] or lines
    return "\n".join(list(wanted)[:count])
