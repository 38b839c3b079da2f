"""Distributions that exist only in a test: a dist-info folder, an entry-point table, a few modules."""

import json
import os
import subprocess
import sys
from textwrap import dedent

import pytest

from trivium import config, discovery
from trivium.registry import Registry


class Distributions:
    """A folder on `sys.path` into which distributions are put."""

    def __init__(self, folder):
        self.folder, self.names = folder, []

    def install(self, name, entries, modules=(), *, version="1.0", requires=()):
        """Write a distribution: `entries` is {group: {name: target}}, `modules` is {name: source}."""
        self.names.append(name)
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        needs = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
        lines = []
        for group, table in entries.items():
            lines += [f"[{group}]", *[f"{entry} = {target}" for entry, target in table.items()]]
        (info / "entry_points.txt").write_text("\n".join(lines))
        for module, source in dict(modules).items():
            (self.folder / f"{module}.py").write_text(dedent(source))

    def registry(self):
        """A registry that knows these distributions and no other."""
        return Registry(lambda: [e for e in discovery.discover() if e.distribution in self.names])

    def python(self, code, **environment):
        """Run code in a process of its own that sees these distributions besides the installed ones."""
        return self._run(["-c", dedent(code)], environment)

    def trivium(self, *arguments, **environment):
        """Run the command line in a process of its own."""
        return self._run(["-c", "from trivium.cli import main; main()", *arguments], environment)

    def facts(self, *arguments, **environment):
        """What a command says with `--json`."""
        result = self.trivium(*arguments, "--json", **environment)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def _run(self, arguments, environment):
        path = os.pathsep.join([str(self.folder), *filter(None, sys.path)])
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TRIVIUM_")}
        return subprocess.run(
            [sys.executable, "-P", *arguments],
            env={**clean, "PYTHONPATH": path, "COLUMNS": "200", **environment},
            cwd=self.folder, capture_output=True, text=True, timeout=60,
        )  # fmt: skip


@pytest.fixture(autouse=True)
def own_configuration(tmp_path, monkeypatch):
    """No setting of this machine's reaches a test."""
    for name in list(os.environ):
        if name.startswith("TRIVIUM_"):
            monkeypatch.delenv(name)
    (tmp_path / "home").mkdir()
    (tmp_path / "project").mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "project")
    config.reload()
    yield
    config.reload()


@pytest.fixture
def distributions(tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    modules = set(sys.modules)
    yield Distributions(folder)
    for name in set(sys.modules) - modules:
        if getattr(sys.modules[name], "__file__", None) and str(folder) in sys.modules[name].__file__:
            del sys.modules[name]
