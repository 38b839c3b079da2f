"""Each failure prints a few lines that repeat it alone; here each check fails once, and its lines are executed."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from trivium.testing import conformance

SUITES = (conformance.TestDevice, conformance.TestOps, conformance.TestLayers)  # named so that they are not run here
CHECKS = [check for suite in SUITES for check in suite.checks()]
SUBJECTS = (
    "tanh-0 or matmul-0 or add-0 or relu-0 or copy-0 or multiply-0 or square-0 or argmax-1 or negative-0 or mean-4 or "
    "sqrt-0 or lame or mute or Lame or Tanh-0 or SGD-0 or small_network"
)
LINES = re.compile(r"^(from trivium\.testing\.conformance import repeat\n\nrepeat\('(\w+)', .*\))$", re.MULTILINE)

REPEAT = """
import json, sys
errors = {}
for check, lines in json.load(sys.stdin).items():
    try:
        exec(lines, {})
    except Exception as error:
        errors[check] = f"{type(error).__name__}: {error}"
print(json.dumps(errors))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """An environment with the plugin that fails every check."""
    folder = tmp_path_factory.mktemp("broken")
    shutil.copy(Path(__file__).with_name("broken.py"), folder / "trivium_broken.py")
    info = folder / "trivium_broken-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: trivium-broken\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(
        "[trivium.backends]\nbroken = trivium_broken:backend\n"
        "[trivium.ops]\nbroken = trivium_broken\n[trivium.layers]\nbroken = trivium_broken\n"
    )
    return {**os.environ, "PYTHONPATH": str(folder), "PYTHONWARNINGS": "ignore"}


@pytest.fixture(scope="module")
def printed(environment, tmp_path_factory):
    """The lines that failures print, by check."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--pyargs", "trivium.testing.conformance", "--device", "broken",
         "-p", "no:cacheprovider", "-q", "--tb=line", "-k", SUBJECTS],
        env=environment, cwd=tmp_path_factory.mktemp("away"), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr[-3000:]
    return {check: lines for lines, check in LINES.findall(done.stdout)}


@pytest.fixture(scope="module")
def errors(printed, environment):
    """What those lines raise in a process of their own, by check."""
    done = subprocess.run(
        [sys.executable, "-c", REPEAT],
        input=json.dumps(printed), env=environment, capture_output=True, text=True, timeout=100, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.mark.parametrize("check", CHECKS)
def test_the_lines_that_a_failure_prints_repeat_it(check, printed, errors):
    assert check in printed, f"nothing fails in {check}; give broken.py a fault for it"

    assert errors[check].startswith("AssertionError"), printed[check]


def test_the_page_about_conformance_describes_every_check():
    page = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text(encoding="utf-8")

    assert not [check for check in CHECKS if f"`{check}`" not in page]
