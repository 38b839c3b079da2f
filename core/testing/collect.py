"""Gathers what the conformance tests find into a report, while pytest runs them."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from .conformance import row_of
from .report import Failure, Report, first_lines


class Collector:
    """A pytest plugin: one cell for each op and dtype."""

    def __init__(self, device: str) -> None:
        self.report = Report(device)
        self.errors: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Generator[None, Any, Any]:
        """Note the outcome of a test."""
        outcome = yield
        if outcome.when == "call" or outcome.outcome == "failed":
            self._note(item, outcome)
        return outcome

    def pytest_collectreport(self, report: Any) -> None:
        """Note what could not even be collected."""
        if report.failed:
            self.errors.append(f"{report.nodeid}: {report.longreprtext}")

    def _note(self, item: Any, outcome: Any) -> None:
        check = item.originalname.removeprefix("test_")
        name, _, dtype = row_of(item)
        cell = self.report.cell(name, dtype)
        if outcome.outcome == "passed":
            cell.passed += 1
        elif hasattr(outcome, "wasxfail"):
            cell.gaps.append(str(outcome.wasxfail))
        else:
            message = first_lines(outcome.longreprtext)
            cell.failures.append(Failure(check, item.name, message, item.cls.reproduction(item)))
