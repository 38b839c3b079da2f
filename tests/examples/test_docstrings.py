"""Every example in a docstring is true."""

import doctest
import importlib
from pathlib import Path

import pytest

import trivium

ROOT = Path(__file__).parents[2]
PACKAGES = {"trivium": ROOT / "core"} | {
    folder.name: folder for folder in sorted(ROOT.glob("plugins/*/src/trivium_*")) if folder.suffix == ""
}


def modules_of(package: str, folder: Path) -> list[str]:
    """The modules of a package, named from its files: one that fails to import fails its own test only."""
    files = [file.relative_to(folder).with_suffix("") for file in sorted(folder.rglob("*.py"))]
    return [".".join([package, *file.parts]).removesuffix(".__init__") for file in files]


MODULES = [module for package, folder in PACKAGES.items() for module in modules_of(package, folder)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_true(name):
    failed, _ = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)

    assert failed == 0


def test_the_examples_that_run_are_those_of_this_tree():
    assert Path(trivium.__file__).samefile(ROOT / "core" / "__init__.py")
