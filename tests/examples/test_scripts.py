"""The example scripts run and show what they promise."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(script, folder, *arguments):
    """What a script prints, once it has ended well, in an empty folder and blind to this machine's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRIVIUM_")}
    homes = {"XDG_CONFIG_HOME": str(folder), "MPLCONFIGDIR": str(folder), "COLUMNS": "100"}
    result = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / script), *arguments], cwd=folder, env={**kept, **homes},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert not list(folder.iterdir()), "it left something behind"
    return result.stdout


@pytest.fixture(scope="module")
def of_three_styles(tmp_path_factory):
    return run("three_styles.py", tmp_path_factory.mktemp("three_styles"))


def test_three_styles_agree_bit_for_bit(of_three_styles):
    assert of_three_styles.count("losses and parameters equal bit for bit") == 3
    assert of_three_styles.count("largest relative difference") == 3


def test_the_readme_shows_what_three_styles_prints(of_three_styles):
    readme = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
    shown = readme[readme.index("LeNet, plain: one convention") :]

    assert numbers_in(shown) == pytest.approx(numbers_in(of_three_styles), rel=1e-4)


def numbers_in(text):
    """The numbers of the first table; their last digits depend on the processor and its libraries."""
    return [float(number) for number in re.findall(r"\d+\.\d+", text.partition("bit for bit")[0])]


def test_mixed_styles_train(tmp_path):
    printed = run("mixed_styles.py", tmp_path).splitlines()

    assert [line.partition("  ")[0] for line in printed] == [
        "a prototxt net as a module",
        "a module in a graph",
        "a solver driving a module",
    ]
    assert all("loss" in line and "->" in line for line in printed)


@pytest.mark.parametrize("style", ["torch", "tensorflow"])
def test_char_rnn_learns_and_writes(style, tmp_path):
    small = ["--batch-size", "20", "--bptt", "25", "--hidden", "64", "--length", "40"]

    printed = run(f"char_rnn/char_rnn_{style}.py", tmp_path, "--steps", "60", "--log-interval", "20", *small)

    losses = [float(loss) for loss in re.findall(r"loss (\d\.\d+)", printed)]
    assert losses[0] > losses[1] > losses[2]
    assert losses[2] < 3.2
    assert len(printed.partition("\n\n")[2]) >= len("PATIENCE, n.  ") + 40
