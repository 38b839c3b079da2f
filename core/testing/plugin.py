"""The pytest plugin: `--device NAME` for conformance.  pytest finds it by entry point, wherever core is installed."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--device`."""
    group = parser.getgroup("trivium")
    group.addoption("--device", metavar="NAME", help="device that trivium.testing.conformance tests, for example cpu")
    group.addoption("--only-op", metavar="NAME", action="append", help="the only op that is tested; may be given again")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A check that nothing is to be said of is no test, not a skipped one."""
    empty = [item for item in items if _is_generated(item) and item.name.endswith("[NOTSET]")]
    if empty:
        config.hook.pytest_deselected(items=empty)
        items[:] = [item for item in items if item not in empty]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Generator[None, Any, Any]:
    """Tell beside a failure how it is repeated alone."""
    report = yield
    if report.failed and _is_generated(item):
        report.sections.append(("to repeat it alone", item.cls.reproduction(item)))
    return report


def _is_generated(item: Any) -> bool:
    return getattr(getattr(item, "cls", None), "is_generated", False)


pytest.register_assert_rewrite("trivium.testing.conformance")
