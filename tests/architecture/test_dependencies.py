"""Who may import whom, read from the imports themselves."""

import ast
import io
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from attrs import frozen

ROOT = Path(__file__).parents[2]
CORE = ROOT / "core"
PLUGINS = sorted(file.parent for file in (ROOT / "plugins").glob("*/pyproject.toml"))

# Each row may import the rows above it, and itself where it is a folder.
ORDER = [
    "errors",
    "saving",
    "spec",
    "op",
    "kernel",
    "backend",
    "hookspecs",
    "settings",
    "discovery",
    "registration",
    "plugin",
    "registry",
    "config",
    "ops",
    "clipping",
    "averaging",
    "value",
    "autodiff",
    "shared_memory",
    "storage",
    "tensor",
    "store",
    "graph",
    "transfer",
    "passes",
    "lowering",
    "execution",
    "program",
    "control",
    "opaque",
    "graph_file",
    "randomness",
    "initializer",
    "layer",
    "optimizer",
    "api",
    "testing",
    "cli",
    "__init__",
    "__main__",
]

CORE_NEEDS = {"numpy", "ml_dtypes", "attrs", "pluggy", "entrypoints"}
# the command `conformance` says what to install where pytest is missing
FOLDER_NEEDS = {"cli": {"click", "rich", "pytest"}, "testing": {"pytest"}}

# A style asks the registry for these by name, so that any device and any layer plugin can answer.
STYLES_ASK_BY_NAME = ("trivium_backend_", "trivium_kernels_", "trivium_layers_")


@frozen
class Import:
    """One imported module: `name` is absolute, or relative to core when `relative`."""

    file: Path
    line: int
    name: str
    relative: bool
    in_function: bool
    reason: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line}: {'.' if self.relative else ''}{self.name}"


def imports_of(file: Path) -> list[Import]:
    """Every import of a file, but for those that only a type checker reads."""
    text = file.read_text(encoding="utf-8")
    return list(_imports(file, ast.parse(text), text.splitlines(), in_function=False))


def _imports(file: Path, node: ast.AST, lines: list[str], in_function: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import | ast.ImportFrom):
            reason = re.search(r"noqa: PLC0415\s+-\s*(.+)", lines[child.lineno - 1])
            for name, relative in _names(file, child):
                yield Import(file, child.lineno, name, relative, in_function, reason[1] if reason else "")
        inside = in_function or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _imports(file, child, lines, inside)


def _names(file: Path, node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, bool]]:
    if isinstance(node, ast.Import):
        yield from ((alias.name, False) for alias in node.names)
    elif node.level == 0:
        yield node.module or "", False
    else:
        package = file.parent
        for _ in range(node.level - 1):
            package = package.parent
        if not package.is_relative_to(CORE):
            return
        prefix = [*package.relative_to(CORE).parts, *((node.module or "").split("."))]
        base = ".".join(filter(None, prefix))
        if base:
            yield base, True
        else:
            yield from ((_submodule(package, alias.name), True) for alias in node.names)


def _submodule(package: Path, name: str) -> str:
    """`from . import name`: a module of that name, or something that `__init__` holds."""
    exists = (package / f"{name}.py").exists() or (package / name).is_dir()
    return name if exists else "__init__"


def unit_of(file: Path) -> str:
    """The row of ORDER that a file of core belongs to."""
    first = file.relative_to(CORE).parts[0]
    return first.removesuffix(".py")


def declared_by(plugin: Path) -> set[str]:
    """The distributions that a plugin's pyproject.toml names."""
    project = tomllib.loads((plugin / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project.get("optional-dependencies", {}).values()]
    return {normal(re.match(r"[\w.-]+", line)[0]) for group in groups for line in group}


def normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def listed(found: list) -> str:
    return "\n  ".join(["", *map(str, found)])


CORE_FILES = sorted(CORE.rglob("*.py"))
CORE_IMPORTS = [found for file in CORE_FILES for found in imports_of(file)]
by_name = pytest.mark.parametrize("plugin", PLUGINS, ids=lambda folder: folder.name)


def test_every_module_of_core_has_its_place_in_the_order():
    missing = {unit_of(file) for file in CORE_FILES} - set(ORDER)

    assert not missing, f"give these a row in ORDER, below all that they import: {sorted(missing)}"


def test_core_imports_only_what_stands_above():
    rank = {name: row for row, name in enumerate(ORDER)}
    upward = []
    for found in CORE_IMPORTS:
        here, there = unit_of(found.file), found.name.split(".")[0]
        if not found.relative or found.reason or here == there or not {here, there} <= rank.keys():
            continue
        if rank[there] > rank[here]:
            upward.append(f"{found}: {there!r} does not stand above {here!r}")

    assert not upward, listed(upward)


def test_core_dodges_no_cycle_by_an_import_inside_a_function():
    dodged = [found for found in CORE_IMPORTS if found.in_function and found.relative and not found.reason]

    assert not dodged, f"move the shared idea down, or say why: `# noqa: PLC0415 - reason`{listed(dodged)}"


def test_core_names_itself_relatively_and_never_a_plugin():
    absolute = [found for found in CORE_IMPORTS if not found.relative and found.name.startswith("trivium")]

    assert not absolute, listed(absolute)


def test_core_needs_few_packages():
    surplus = []
    for found in CORE_IMPORTS:
        allowed = CORE_NEEDS | FOLDER_NEEDS.get(unit_of(found.file), set()) | sys.stdlib_module_names
        if not found.relative and found.name.split(".")[0] not in allowed:
            surplus.append(found)

    assert not surplus, listed(surplus)


def test_core_is_read_in_an_afternoon():
    counted = [file for file in CORE_FILES if unit_of(file) not in ("ops", "testing", "cli")]
    lines = sum(lines_of_code(file.read_text(encoding="utf-8")) for file in counted)

    assert lines < 5500, f"{lines} lines of code in core without ops/, testing/ and cli/"


def lines_of_code(text: str) -> int:
    """Lines that are neither blank, nor a comment, nor part of a docstring: docs/decisions/0006 says why."""
    has_docstring = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    prose: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, has_docstring) and ast.get_docstring(node) is not None:
            prose.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    layout = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in layout:
            code.update(range(token.start[0], token.end[0] + 1))
    return len(code - prose)


@by_name
def test_a_plugin_imports_only_what_its_pyproject_declares(plugin):
    distributions_of = packages_distributions()
    own, declared = f"trivium_{plugin.name}", declared_by(plugin)
    undeclared = []
    for file in (plugin / "src").rglob("*.py"):
        for found in imports_of(file):
            package = found.name.split(".")[0]
            if found.relative or package in sys.stdlib_module_names or package in ("", own):
                continue
            providers = {normal(name) for name in distributions_of.get(package, [package])}
            if not providers & declared:
                undeclared.append(f"{found}: brought by {', '.join(providers)}")

    assert not undeclared, listed(undeclared)


@by_name
def test_a_style_finds_devices_and_layers_by_name(plugin):
    if not plugin.name.startswith("api_"):
        return

    named = [
        found
        for file in (plugin / "src").rglob("*.py")
        for found in imports_of(file)
        if found.name.startswith(STYLES_ASK_BY_NAME)
    ]

    assert not named, f"ask trivium.registry for these{listed(named)}"
