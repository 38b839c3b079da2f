"""An environment that holds what core needs and nothing of ours, made without a network."""

import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from attrs import frozen

ROOT = Path(__file__).parents[2]
LEFT_BEHIND = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")


@frozen
class Environment:
    """A fresh environment: install wheels into it, run its Python elsewhere than in the source tree."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "venv" / "bin" / "python"

    def link(self, *names: str) -> None:
        """Let it see distributions of the environment that runs the tests, and what they need; of ours, only that."""
        [packages] = (self.folder / "venv").glob("lib/python*/site-packages")
        needed = {name for name in names if not name.startswith("trivium")}.union(*map(needed_by, names))
        for path in [path for name in needed for path in top_level_of(name)]:
            if not (packages / path.name).exists():
                (packages / path.name).symlink_to(path)

    def install(self, *wheels: Path) -> None:
        self.pip("install", "--no-index", "--no-deps", *wheels)

    def uninstall(self, *names: str) -> None:
        self.pip("uninstall", "--yes", *names)

    def pip(self, *arguments: object) -> None:
        run([sys.executable, "-m", "pip", "--python", self.python, *arguments])

    def run(self, *command: object, **settings: object) -> subprocess.CompletedProcess:
        """Run a program of this environment; one that fails fails the test, unless `check=False`."""
        program, *arguments = command
        return run([self.python.parent / str(program), *arguments], cwd=self.folder, **settings)


def run(command: list, *, check: bool = True, **settings: object) -> subprocess.CompletedProcess:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **settings)
    if check and done.returncode != 0:
        pytest.fail(f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}")
    return done


@pytest.fixture(scope="session")
def wheels(tmp_path_factory) -> dict[str, Path]:
    """A wheel of every distribution, built from a copy, by its folder's name; core is 'core'."""
    source = tmp_path_factory.mktemp("source")
    for name in ("core", "plugins"):
        shutil.copytree(ROOT / name, source / name, ignore=LEFT_BEHIND)
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, source)
    plugins = sorted(file.parent for file in source.glob("plugins/*/pyproject.toml"))

    built = {}
    for name, folder in {"core": source, **{plugin.name: plugin for plugin in plugins}}.items():
        [built[name]] = build_wheels([folder], tmp_path_factory.mktemp(name))
    return built


def build_wheels(folders: Iterable[Path], target: Path) -> list[Path]:
    """Build a wheel of each folder into `target`, without a network."""
    run([
        sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", target,
        *folders,
    ])  # fmt: skip
    return sorted(target.glob("*.whl"))


@pytest.fixture(scope="session")
def build() -> Callable[[Iterable[Path], Path], list[Path]]:
    """`build_wheels`, for tests that write packages of their own."""
    return build_wheels


@pytest.fixture
def environment(tmp_path) -> Environment:
    """An environment with links to the packages that Trivium needs, and without Trivium."""
    made = Environment(tmp_path)
    venv.create(tmp_path / "venv", symlinks=True)
    plugins = [f"trivium-{file.parent.name.replace('_', '-')}" for file in ROOT.glob("plugins/*/pyproject.toml")]
    made.link("trivium", *plugins)
    return made


def needed_by(name: str) -> set[str]:
    """What the installed distribution `name` needs, and what that needs in turn, without ours."""
    found, waiting = set(), [name]
    while waiting:
        try:
            lines = distribution(waiting.pop()).requires or []
        except PackageNotFoundError:
            continue  # needed only on another system
        for line in lines:
            required = re.match(r"[\w.-]+", line)[0].lower()
            if "extra ==" in line or required in found:
                continue
            waiting.append(required)
            found.add(required)
    return {name for name in found if not name.startswith("trivium")}


def top_level_of(name: str) -> set[Path]:
    """The folders and modules that a distribution put into site-packages, its metadata included."""
    try:
        installed = distribution(name)
    except PackageNotFoundError:
        return set()
    first_parts = {file.parts[0] for file in installed.files or []} - {"..", "__pycache__"}
    return {Path(installed.locate_file(part)) for part in first_parts if not part.endswith(".pth")}
