"""PyTorch itself, as the judge of what this style says it does."""

import importlib.util

import pytest

HAS_TORCH = importlib.util.find_spec("torch") is not None


@pytest.fixture(scope="session")
def peer():
    """The `torch` package."""
    if not HAS_TORCH:
        pytest.skip("PyTorch is not installed: install trivium[peers] to compare with it")
    import torch  # noqa: PLC0415 - only where it is there, and only for the tests that compare

    torch.set_num_threads(1)
    return torch


def pytest_terminal_summary(terminalreporter):
    if not HAS_TORCH:
        terminalreporter.section("api_dynamic was NOT compared with PyTorch", sep="!", red=True)
        terminalreporter.line(
            "PyTorch is not installed; `pip install 'trivium[peers]'` brings the version to compare with"
        )
