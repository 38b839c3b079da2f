"""The suite as a stranger uses it: a class in a file of their own, or the command line."""

import subprocess
import sys

import pytest

BACKEND = """
import numpy as np
from trivium.backend import Backend
from trivium.kernel import reference_kernel

backend = Backend(
    "mine", from_numpy=np.array, to_numpy=np.asarray,
    fallback=reference_kernel, strided=True,
)

@backend.kernel("tanh")
def tanh(x, out=None):
    return {result}
"""

SUITE = """
from trivium.testing.conformance import BackendConformance
from trivium.testing.profile import Gap, Profile
from backend_mine import backend

class TestMine(BackendConformance):
    backend = backend
    only = ("tanh", "sigmoid")
    profile = Profile(dtypes=("float32",), gaps=({gaps}))
"""

GAP = 'Gap("tanh is rough here", op="tanh", check="{check}"),'


def run_pytest(folder, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rxXf", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.fixture
def suite(tmp_path):
    """Write a backend and its test file, and run them."""

    def run(result, gaps=""):
        (tmp_path / "backend_mine.py").write_text(BACKEND.format(result=result))
        (tmp_path / "test_mine.py").write_text(SUITE.format(gaps=gaps))
        return run_pytest(tmp_path, "test_mine.py", "-k", "tanh or sigmoid")

    return run


def test_a_class_is_the_whole_test_file_of_a_backend(suite):
    status, output = suite("np.tanh(x, out=out)")

    assert status == 0, output
    assert "failed" not in output and "skipped" not in output


def test_a_broken_kernel_fails_under_its_own_name_and_alone(suite):
    status, output = suite("np.asarray(np.tanh(x) + np.float32(1e-3))")

    assert status == 1
    assert "TestMine::test_forward[tanh-0-float32]" in output
    assert "[sigmoid" not in output


def test_a_known_gap_is_an_expected_failure_with_its_reason(suite):
    gaps = "".join([GAP.format(check=check) for check in ("forward", "out")])
    _, output = suite("np.asarray(np.tanh(x) + np.float32(1e-3))", gaps)

    assert "XFAIL test_mine.py::TestMine::test_forward[tanh-0-float32] - tanh is rough here" in output


def test_a_gap_that_was_closed_must_go(suite):
    status, output = suite("np.tanh(x, out=out)", GAP.format(check="forward"))

    assert status == 1
    assert "[XPASS(strict)] tanh is rough here" in output


def test_any_device_is_tested_from_the_command_line(tmp_path):
    status, output = run_pytest(tmp_path, "--pyargs", "trivium.testing.conformance", "--device", "cpu", "-k", "tanh-0")

    assert status == 0, output
    assert "passed" in output


def test_a_device_that_does_not_exist_is_named(tmp_path):
    status, output = run_pytest(tmp_path, "--pyargs", "trivium.testing.conformance", "--device", "cpuu", "-k", "tanh-0")

    assert status != 0
    assert "no device type named 'cpuu'" in output and "Did you mean 'cpu'" in output
