"""`trivium new` writes packages that work untouched; `trivium conformance` tells the truth about a device."""

import json
import os
import subprocess
import sys
import tomllib

import numpy as np
import pytest

from trivium import registry
from trivium.backend import Backend
from trivium.cli import run
from trivium.kernel import reference_kernel


@pytest.fixture
def mine():
    """A device whose `relu` is as given, for the length of a test."""

    def made(relu):
        backend = Backend(
            "mine", from_numpy=np.array, to_numpy=np.asarray, fallback=reference_kernel, strided=True, preference=-1
        )
        backend.kernel("relu", out=False)(relu)
        return registry.register_backend(backend)

    with registry.temporary():
        yield made


def as_installed(package):
    """Write beside the code what pip would, so that its entry points are found."""
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    info = package / "src" / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        + "".join([f"Requires-Dist: {needed}\n" for needed in project["dependencies"]])
    )
    groups = project["entry-points"].items()
    lines = [f"[{group}]\n" + "".join([f"{k} = {v}\n" for k, v in entries.items()]) for group, entries in groups]
    (info / "entry_points.txt").write_text("\n".join(lines))
    return {**os.environ, "PYTHONPATH": str(package / "src")}


def called(arguments, environment, folder):
    return subprocess.run(
        arguments, env=environment, cwd=folder, capture_output=True, text=True, timeout=180, check=False
    )


@pytest.mark.parametrize("kind", ["op", "layer", "optimizer"])
def test_a_new_package_passes_its_own_tests(kind, tmp_path):
    assert run(["new", kind, "acme", "--into", str(tmp_path)]) == 0
    environment = as_installed(tmp_path / "acme")

    done = called([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], environment, tmp_path / "acme")

    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


def test_a_new_backend_conforms_and_the_report_says_how_each_op_runs(tmp_path):
    assert run(["new", "backend", "acme", "--into", str(tmp_path)]) == 0
    environment = as_installed(tmp_path / "acme")
    arguments = ["conformance", "--device", "acme", "--json", "report.json", "--markdown", "matrix.md"]
    wanted = [f"--op={name}" for name in ("relu", "matmul", "softmax", "add")]

    done = called([sys.executable, "-m", "trivium", *arguments, *wanted], environment, tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    cells = json.loads((tmp_path / "report.json").read_text())["cells"]
    states = {(cell["subject"], cell["dtype"]): cell["state"] for cell in cells}
    found = [states[name, "float32"] for name in ("relu", "matmul", "softmax", "add")]
    assert found == ["native", "native", "composed", "host"]
    assert "| relu | native |" in (tmp_path / "matrix.md").read_text()


def test_a_name_that_is_taken_or_no_name_is_refused(tmp_path, capsys):
    (tmp_path / "acme").mkdir()

    assert run(["new", "op", "acme", "--into", str(tmp_path)]) == 1
    assert run(["new", "op", "Not-A-Name", "--into", str(tmp_path)]) == 1

    message = capsys.readouterr().err
    assert "acme exists already" in message
    assert "'Not-A-Name' is no name for a plugin" in message


def test_a_wrong_kernel_fails_and_its_lines_repeat_the_failure(mine, tmp_path, capsys):
    mine(lambda x, out=None: np.maximum(x, np.asarray(0.25, x.dtype)))
    report = tmp_path / "report.json"

    status = run(["conformance", "--device", "mine", "--op", "relu", "--json", str(report)])

    failures = [failure for cell in json.loads(report.read_text())["cells"] for failure in cell["failures"]]
    forward = next(failure for failure in failures if failure["check"] == "forward")
    assert status == 1
    assert "relu" in capsys.readouterr().out
    with pytest.raises(AssertionError, match="relu"):
        exec(forward["reproduce"], {})


def test_every_form_of_the_report_names_every_cell(mine, tmp_path):
    mine(lambda x, out=None: np.maximum(x, np.zeros((), x.dtype)))
    forms = [tmp_path / name for name in ("r.json", "r.md", "r.html")]

    status = run([
        "conformance", "--device", "mine", "--op", "relu", "--op", "tanh",
        "--json", str(forms[0]), "--markdown", str(forms[1]), "--html", str(forms[2]),
    ])  # fmt: skip

    assert status == 0
    assert all("relu" in form.read_text() and "fallback" in form.read_text() for form in forms)
