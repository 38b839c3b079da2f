"""What the documents say is true: their Python runs and prints what they show, their commands and files exist.

The Python blocks of a page run in one namespace and in an empty folder, warnings are errors.  What a block prints is
compared with the comments beside its `print`s (two spaces before the #), or with a ```text block that follows at once.
A ```prototxt block whose fence names a file is written to that file.  ```python no-run is not run.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path

import pytest
from attrs import frozen

import trivium_api_prototxt as caffe
from trivium import registry

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PATTERNS = ("README.md", "CONTRIBUTING.md", "docs/**/*.md", "plugins/*/README.md", "examples/**/README.md")
DOCUMENTS = [path for pattern in PATTERNS for path in sorted(ROOT.glob(pattern))]

FENCE = re.compile(r"^```(?P<language>\w*) *(?P<option>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
PRINTED = re.compile(r"^\s*print\(.*\)  # (?P<words>.*)$")
COMMAND = re.compile(r"(?:^ {4}|^\$ |`)(?P<command>trivium [a-z][^`\n]*)", re.MULTILINE)
CHEAP = ("plugins list", "plugins show", "devices", "doctor", "explain")

in_each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


@frozen
class Block:
    """A fenced block.

    option:  the rest of its first line
    line:    where its text begins
    printed: what it is said to print, if anything
    """

    language: str
    option: str
    text: str
    line: int
    printed: str | None

    @property
    def runs(self):
        return self.language == "python" and self.option != "no-run"


def blocks_of(page):
    """The fenced blocks of a page, in order."""
    found = list(FENCE.finditer(page))
    blocks = []
    for one, following in zip_longest(found, found[1:]):
        printed = by_comments(one["text"])
        if following and following["language"] == "text" and not page[one.end() : following.start()].strip():
            printed = following["text"]
        line = page.count("\n", 0, one.start("text")) + 1
        blocks.append(Block(one["language"], one["option"].strip(), one["text"], line, printed))
    return blocks


def by_comments(text):
    words = [match["words"] for line in text.splitlines() if (match := PRINTED.match(line))]
    return "\n".join(words) or None


def commands_of(page):
    """The `trivium` commands in prose, in indented lines and after a `$`, without what explains them."""
    found = [re.split(r"\s+#|\s{2,}|[;)]", match["command"])[0].strip() for match in COMMAND.finditer(page)]
    return list(dict.fromkeys(found))


def run(arguments, folder, stdin=None):
    """Run Python with these arguments in a folder, blind to this machine's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRIVIUM_")}
    homes = {"XDG_CONFIG_HOME": str(folder), "XDG_CACHE_HOME": str(folder), "MPLCONFIGDIR": str(folder)}
    stand_ins = str(HERE / "stand_ins")
    path = os.pathsep.join([stand_ins, *filter(None, [kept.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env={**kept, **homes, "PYTHONPATH": path, "COLUMNS": "120"},
        input=stdin, capture_output=True, text=True, timeout=100,
    )  # fmt: skip


def trivium(command, folder):
    return run(["-c", "from trivium.cli import main; main()", *shlex.split(command)[1:]], folder)


def run_blocks(path, folder):
    """What each Python block of a document prints: pairs of a block and a text."""
    blocks = blocks_of(path.read_text(encoding="utf-8"))
    for block in blocks:
        if block.language == "prototxt" and block.option:
            (folder / block.option).write_text(block.text)
    running = [block for block in blocks if block.runs]
    if not running:
        return []
    given = json.dumps([(block.line, block.text) for block in running])
    script = str(HERE / "run_blocks.py")
    result = run(["-W", "error", script, str(path.relative_to(ROOT))], folder, given)
    assert result.returncode == 0, result.stderr
    return list(zip(running, json.loads(result.stdout), strict=True))


def is_said(printed, said):
    """Whether a text is as a document says; the last digits of numbers depend on the processor and its libraries."""
    words, others = re.split(r"[\s,()\[\]]+", printed.strip()), re.split(r"[\s,()\[\]]+", said.strip())
    return len(words) == len(others) and all(map(is_same, words, others))


def is_same(word, other):
    try:
        return word == other or float(word) == pytest.approx(float(other), rel=1e-5)
    except ValueError:
        return False


@in_each_document
def test_python_of_a_document_runs_and_prints_what_it_shows(path, tmp_path):
    for block, printed in run_blocks(path, tmp_path):
        if block.printed is not None:
            where = f"{path.relative_to(ROOT)}:{block.line}"
            assert is_said(printed, block.printed), f"{where} prints\n{printed}and not\n{block.printed}"


def test_the_three_styles_of_the_readme_print_the_same(tmp_path):
    losses = [printed for block, printed in run_blocks(ROOT / "README.md", tmp_path) if "_ in range(3)" in block.text]

    assert len(losses) == 3
    assert losses[0] == losses[1] == losses[2]
    assert len(losses[0].split()) == 3


def test_few_blocks_are_left_out():
    left_out = [
        f"{path.relative_to(ROOT)}:{block.line}"
        for path in DOCUMENTS
        for block in blocks_of(path.read_text(encoding="utf-8"))
        if block.language == "python" and not block.runs
    ]

    assert len(left_out) <= 2, left_out


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    result = trivium("trivium --help", tmp_path_factory.mktemp("help"))
    assert result.returncode == 0, result.stderr
    return set(re.findall(r"^  (\w+)  ", result.stdout.partition("Commands:")[2], re.MULTILINE))


@in_each_document
def test_commands_that_a_document_names_exist(path, commands):
    named = [command.split()[1] for command in commands_of(path.read_text(encoding="utf-8"))]

    assert set(named) <= commands


@pytest.mark.parametrize("command", commands_of((ROOT / "README.md").read_text(encoding="utf-8")))
def test_cheap_commands_of_the_readme_run(command, tmp_path):
    if not command.removeprefix("trivium ").startswith(CHEAP):
        return

    result = trivium(command, tmp_path)

    assert result.returncode == 0, result.stderr
    assert result.stdout


@in_each_document
def test_files_that_a_document_names_exist(path):
    named = re.findall(
        r"`((?:core|plugins|tests|docs|examples|benchmarks)/[\w./-]+)`", path.read_text(encoding="utf-8")
    )

    missing = [name for name in named if not ((ROOT / name).exists() or (path.parent / name).exists())]

    assert not missing


def test_the_prototxt_readme_lists_every_layer_type():
    page = (ROOT / "plugins/api_prototxt/README.md").read_text(encoding="utf-8")
    listed = re.search(r"Layer types: ([^.]*)\.", page)[1]

    with registry.temporary():
        assert re.split(r",\s+", listed) == caffe.layer_type_list()
