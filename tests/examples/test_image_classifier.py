"""The image classifier, made short."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "image_classifier" / "train.py"


@pytest.mark.parametrize("options", [(), ("--compile", "--workers", "0")], ids=["eager", "compiled"])
def test_it_learns_saves_loads_and_tells_how_well_it_knows_each_class(tmp_path, options):
    result = subprocess.run(
        [sys.executable, "-W", "error", str(SCRIPT), "--images", "3000", "--epochs", "1", *options], cwd=tmp_path,
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip

    assert result.returncode == 0, result.stderr
    assert not list(tmp_path.iterdir()), "it left something behind"
    accuracy = float(re.search(r"accuracy on 1000 test images: ([\d.]+)%", result.stdout)[1])
    classes = [float(share) for share in re.findall(r"^  \S.{9} +([\d.]+)%$", result.stdout, re.MULTILINE)]
    assert accuracy > 20 and len(classes) == 10
    assert sum(classes) / 10 == pytest.approx(accuracy, abs=2)
