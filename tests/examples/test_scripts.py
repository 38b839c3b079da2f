"""The example scripts run and show what they promise."""

import os
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(script, folder):
    """What a script prints, once it has ended well, in an empty folder and blind to this machine's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRIVIUM_")}
    homes = {"XDG_CONFIG_HOME": str(folder), "MPLCONFIGDIR": str(folder), "COLUMNS": "100"}
    result = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / script)], cwd=folder, env={**kept, **homes},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert not list(folder.iterdir()), "it left something behind"
    return result.stdout


def test_three_styles_agree_bit_for_bit(tmp_path):
    printed = run("three_styles.py", tmp_path)

    assert printed.count("losses and parameters equal bit for bit") == 3
    assert printed.count("largest relative difference") == 3


def test_the_readme_shows_what_three_styles_prints(tmp_path):
    readme = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
    shown = readme[readme.index("LeNet, plain: one convention") :].partition("bit for bit")[0]

    printed = run("three_styles.py", tmp_path).partition("bit for bit")[0]

    assert shape_of(shown) == shape_of(printed)


def shape_of(table):
    """A table without its last digits, which depend on the processor and its libraries."""
    return [[word[:6] for word in line.split()] for line in table.strip().splitlines()]


def test_mixed_styles_train(tmp_path):
    printed = run("mixed_styles.py", tmp_path).splitlines()

    assert [line.partition("  ")[0] for line in printed] == [
        "a prototxt net as a module",
        "a module in a graph",
        "a solver driving a module",
    ]
    assert all("loss" in line and "->" in line for line in printed)
