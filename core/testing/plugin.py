"""The pytest plugin: `--device NAME` for conformance.  pytest finds it by entry point, wherever core is installed."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--device`."""
    group = parser.getgroup("trivium")
    group.addoption("--device", metavar="NAME", help="device that trivium.testing.conformance tests, for example cpu")
    group.addoption("--only-op", metavar="NAME", action="append", help="the only op that is tested; may be given again")


pytest.register_assert_rewrite("trivium.testing.conformance")
