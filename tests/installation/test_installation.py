"""What a user gets from the wheels, away from the source tree."""

import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.installation

LIST_ENTRY_POINTS = """
from importlib.metadata import distributions
entries = [entry for installed in distributions() for entry in installed.entry_points]
print(sorted(f"{entry.group}:{entry.name}" for entry in entries if entry.group.startswith("trivium.")))
"""


def modules_in(folder):
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*.py")}


def test_the_wheel_of_core_holds_every_module_its_types_and_its_licence(wheels):
    names = zipfile.ZipFile(wheels["core"]).namelist()
    modules = {name.removeprefix("trivium/") for name in names if name.startswith("trivium/")}

    assert modules == modules_in(ROOT / "core") | {"py.typed"}
    assert {Path(name).name for name in names} >= {"LICENSE", "NOTICE"}


def test_the_wheel_of_a_plugin_holds_its_package_and_nothing_else(wheels):
    for plugin in wheels.keys() - {"core"}:
        names = zipfile.ZipFile(wheels[plugin]).namelist()
        tops = {name.split("/")[0] for name in names}

        assert {top for top in tops if not top.endswith(".dist-info")} == {f"trivium_{plugin}"}
        package = ROOT / "plugins" / plugin / "src" / f"trivium_{plugin}"
        assert {name.split("/", 1)[1] for name in names if name.endswith(".py")} == modules_in(package)


def test_core_alone_imports_and_speaks(wheels, environment):
    environment.install(wheels["core"])

    found = environment.run("python", "-W", "error", "-c", "import trivium; print(trivium.__file__)")
    help_text = environment.run("trivium", "--help")

    assert str(environment.folder) in found.stdout
    assert "Usage" in help_text.stdout


def test_core_and_one_plugin_are_enough_for_each_other(wheels, environment):
    environment.install(wheels["core"], wheels["backend_numpy"])

    found = environment.run("python", "-c", LIST_ENTRY_POINTS)
    devices = environment.run("trivium", "devices")

    assert found.stdout.strip() == "['trivium.backends:cpu']"
    assert "cpu" in devices.stdout


CONFORMANCE = """
from trivium.testing.conformance import BackendConformance
from trivium_backend_numpy import backend

class TestMine(BackendConformance):
    backend = backend
    only = ("relu", "matmul")
"""


def test_conformance_runs_in_three_ways_with_core_one_backend_and_pytest(wheels, environment):
    environment.link("pytest")
    environment.install(wheels["core"], wheels["backend_numpy"])
    (environment.folder / "test_mine.py").write_text(CONFORMANCE)
    pytest_in_it = ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider"]

    by_command = environment.run("trivium", "conformance", "--device", "cpu", "--op", "relu", "--op", "matmul")
    selected = ["-k", "relu or small_network or layer or optimizer or samples"]
    by_pytest = environment.run(*pytest_in_it, "--pyargs", "trivium.testing.conformance", "--device", "cpu", *selected)
    by_class = environment.run(*pytest_in_it, "test_mine.py")

    assert "cpu: 1 works, 10 native" in by_command.stdout
    for told in (by_pytest.stdout, by_class.stdout):
        assert " passed" in told and "failed" not in told and "skipped" not in told


def test_a_plugin_can_be_taken_away_and_the_rest_still_works(wheels, environment):
    environment.install(*wheels.values())
    environment.uninstall("trivium-layers-vision")

    listed = environment.run("trivium", "plugins", "list")

    assert "prototxt" in listed.stdout
    assert "vision" not in listed.stdout


def test_importing_trivium_imports_no_plugin(wheels, environment):
    environment.install(*wheels.values())

    loaded = environment.run(
        "python", "-c", "import sys, trivium; print([m for m in sys.modules if m.startswith('trivium_')])"
    )

    assert loaded.stdout.strip() == "[]"


def test_core_refuses_to_be_imported_under_another_name(environment):
    refused = environment.run("python", "-c", "import core", env={"PYTHONPATH": str(ROOT)}, check=False)

    assert refused.returncode != 0
    assert "ImportError" in refused.stderr
    assert "trivium" in refused.stderr.splitlines()[-1]
