"""The pytest plugin: `--device NAME` for conformance.  pytest finds it by entry point, wherever core is installed."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--device`."""
    group = parser.getgroup("trivium")
    group.addoption("--device", metavar="NAME", help="device that trivium.testing.conformance tests, for example cpu")


pytest.register_assert_rewrite("trivium.testing.conformance")
