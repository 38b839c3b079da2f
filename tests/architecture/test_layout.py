"""The tree is the architecture: names agree, and every plugin has the same inside."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "core"
PLUGINS = sorted(folder for folder in (ROOT / "plugins").iterdir() if folder.is_dir())

OWN_FOLDERS = [".ci", "benchmarks", "changelog.d", "core", "docs", "examples", "plugins", "tests"]
LEFT_BEHIND = re.compile(r"/(__pycache__|build|[^/]*\.egg-info|\.\w+_cache)/")
NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}
# Names that say nothing, where they are not ours to choose: a path from the root, and the reason.
NAMED_BY_OTHERS = {
    "plugins/api_dynamic/src/trivium_api_dynamic/utils": "PyTorch's own path: torch.utils.data",
    "plugins/api_dynamic/src/trivium_api_dynamic/nn/utils": "PyTorch's own path: torch.nn.utils",
}
MACHINE_PATH = re.compile(r"(?<![\w./~-])/(?:home|root|work|Users)/\w")
TEXT = {".py", ".md", ".toml", ".txt", ".prototxt", ".proto", ".yaml", ".yml", ".cfg", ""}

by_name = pytest.mark.parametrize("plugin", PLUGINS, ids=lambda folder: folder.name)


def project_of(folder: Path) -> dict:
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


def own_files() -> list[Path]:
    """What belongs to the project, without what building and testing leave behind."""
    found = [file for folder in OWN_FOLDERS for file in (ROOT / folder).rglob("*")]
    files = [*ROOT.glob("*"), *found]
    return [file for file in files if file.is_file() and not LEFT_BEHIND.search(file.as_posix())]


def test_pyproject_lists_every_subpackage():
    folders = {file.parent for file in CORE.rglob("*.py")}
    names = {".".join(["trivium", *folder.relative_to(CORE).parts]) for folder in folders}

    assert set(project_of(ROOT)["tool"]["setuptools"]["packages"]) == names


def test_every_folder_of_core_is_a_package():
    folders = {file.parent for file in CORE.rglob("*.py")}

    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_the_workspace_knows_every_plugin():
    sources = set(project_of(ROOT)["tool"]["uv"]["sources"])

    assert sources == {"trivium"} | {project_of(plugin)["project"]["name"] for plugin in PLUGINS}


@by_name
def test_folder_distribution_and_import_name_agree(plugin):
    packages = [file.parent.name for file in (plugin / "src").glob("*/__init__.py")]

    assert project_of(plugin)["project"]["name"] == f"trivium-{plugin.name.replace('_', '-')}"
    assert packages == [f"trivium_{plugin.name}"]


@by_name
def test_every_plugin_has_the_same_inside(plugin):
    present = {path.name for path in plugin.iterdir()}

    assert {"pyproject.toml", "README.md", "src", "tests"} <= present
    assert list((plugin / "tests").glob("test_*.py")), "a plugin has tests"


@by_name
def test_a_plugin_says_which_core_it_fits(plugin):
    dependencies = project_of(plugin)["project"]["dependencies"]

    assert any(re.match(r"trivium\s*>=.*,\s*<", line) for line in dependencies), dependencies


@by_name
def test_entry_points_lead_into_the_plugin_itself(plugin):
    groups = project_of(plugin)["project"]["entry-points"]
    targets = [target for group in groups.values() for target in group.values()]

    assert all(re.match(rf"trivium_{plugin.name}\b", target) for target in targets), targets
    assert all(group.startswith("trivium.") for group in groups), groups


def test_no_module_hides_behind_a_name_that_says_nothing():
    named = [file.relative_to(ROOT).with_suffix("") for file in own_files() if file.suffix == ".py"]
    nameless = {path for module in named for path in (module, *module.parents) if path.name in NAMELESS}

    assert {path.as_posix() for path in nameless} - NAMED_BY_OTHERS.keys() == set()


def test_no_file_names_a_path_of_one_machine():
    found = [
        f"{file.relative_to(ROOT)}: {match[0]}"
        for file in own_files()
        if file.suffix in TEXT
        for match in MACHINE_PATH.finditer(file.read_text(encoding="utf-8", errors="replace"))
    ]

    assert found == []
