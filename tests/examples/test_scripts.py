"""The example scripts run and show what they promise."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(script, folder, *arguments, leaves=()):
    """What a script prints, once it has ended well, in an empty folder and blind to this machine's settings.

    leaves: the files that it is to write there
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRIVIUM_")}
    homes = {"XDG_CONFIG_HOME": str(folder), "MPLCONFIGDIR": str(folder), "COLUMNS": "100"}
    result = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / script), *arguments], cwd=folder, env={**kept, **homes},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert sorted(path.name for path in folder.iterdir()) == sorted(leaves), "what it leaves behind"
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


VGG16 = '32 variables, {} parameters, Tensor("fc8/Relu:0", shape=(?, 10), dtype=float32)'
DEAD = "no gradient: conv5_2/weight:0, conv5_2/bias:0"
OF_TENSORFLOW_1 = {
    "addition.py": ["17", 'Tensor("Add:0", shape=(), dtype=int32)'],
    "session.py": ["[24. 35.]"],
    "names.py": ["True", 'Tensor("processedImage:0", shape=(32, 32, 3), dtype=float32)', "Placeholder"],
    "placeholders.py": ["5.2"],
    "variables.py": ["6.0"],
    "uninitialized.py": [
        "Attempting to use uninitialized value Variable; run tf.global_variables_initializer(), or restore a "
        "checkpoint, first"
    ],
    "classifier.py": [
        'Tensor("output:0", shape=(?, 2), dtype=float32)', "(?,)", "./moules", "./moules", "(5, 2) None",
        "the loss fell: True", "(10, 2)",
    ],
    "vgg16.py": [
        f"224x224: {VGG16.format('134,301,514')}", DEAD, f"32x32: {VGG16.format('33,638,218')}", DEAD, "(2, 10)",
    ],
}  # fmt: skip
CHECKPOINT = ["checkpoint", "moules.data-00000-of-00001", "moules.index", "moules.meta"]


@pytest.mark.parametrize("script", OF_TENSORFLOW_1)
def test_programs_of_tensorflow_1_print_what_they_printed(script, tmp_path):
    printed = run(f"tensorflow1/{script}", tmp_path, leaves=CHECKPOINT if script == "classifier.py" else ())

    assert printed.splitlines() == OF_TENSORFLOW_1[script]


def test_every_program_of_tensorflow_1_is_tested_and_described():
    scripts = sorted(path.name for path in (EXAMPLES / "tensorflow1").glob("*.py"))
    readme = (EXAMPLES / "tensorflow1" / "README.md").read_text(encoding="utf-8")

    assert scripts == sorted(OF_TENSORFLOW_1)
    assert all(f"| `{script}` |" in readme for script in scripts)


@pytest.mark.slow
def test_deep_mnist_learns_within_sixty_steps(tmp_path):
    first, last = run("deep_mnist/deep_mnist.py", tmp_path, "60").splitlines()

    assert re.fullmatch(r"step 0, training accuracy 0\.\d+", first)
    assert float(last.removeprefix("test accuracy ")) > 0.5


@pytest.mark.parametrize("style", ["torch", "tensorflow"])
def test_char_rnn_learns_and_writes(style, tmp_path):
    small = ["--batch-size", "20", "--bptt", "25", "--hidden", "64", "--length", "40"]

    printed = run(f"char_rnn/char_rnn_{style}.py", tmp_path, "--steps", "60", "--log-interval", "20", *small)

    losses = [float(loss) for loss in re.findall(r"loss (\d\.\d+)", printed)]
    assert losses[0] > losses[1] > losses[2]
    assert losses[2] < 3.2
    assert len(printed.partition("\n\n")[2]) >= len("PATIENCE, n.  ") + 40
