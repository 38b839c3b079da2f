"""Nine ways in which a plugin can be broken, each an installed package, all installed at once beside ours."""

import json
from textwrap import dedent

import pytest

pytestmark = pytest.mark.installation

LAYER = """
    from attrs import define
    from trivium.layer import Layer

    @define(slots=False)
    class {name}(Layer):
        '''Hands on what it gets.'''

        def forward(self, x):
            return x

    def trivium_register_layers(register):
        register({name})
        {then}
"""
KERNELS = """
    from trivium.kernel import KernelTable

    table = KernelTable("cpu", provider="{name}", priority=7)

    @table.kernel("relu")
    def relu(x, out=None):
        return x * (x > 0)
"""
HANGS = """
    import threading
    from trivium.backend import Backend

    def count():
        threading.Event().wait()

    backend = Backend("stuck", from_numpy=None, to_numpy=None, count=count, preference=1000)
"""

# distribution: group, entry, source, what it needs, words of the cause, words of the remedy
BROKEN = {
    "acme-raises": ("layers", "raises", "1 / 0", (), "ZeroDivisionError", "trivium plugins block"),
    "acme-refuses": (
        "layers", "refuses", "def trivium_register_layers(register): raise OSError('no licence')", (), "no licence",
        "trivium plugins block",
    ),
    "acme-half": (
        "layers", "half", LAYER.format(name="Half", then="raise KeyError('other half')"), (), "other half",
        "trivium plugins block",
    ),
    "acme-future": ("layers", "future", "1 / 0", ("trivium>=99",), "it needs trivium>=99", "pip install"),
    "acme-needy": (
        "layers", "needy", "import acme_engine", ('acme-engine; extra == "engine"',), "'acme_engine'", "pip install",
    ),
    "acme-typo": (
        "layers", "typo", "def trivium_register_leyers(register): pass", (), "trivium_register_layers",
        "trivium plugins block",
    ),
    "acme-twin": ("layers", "twin", LAYER.format(name="Dense", then=""), (), "'Dense' exists already", "block"),
    "acme-tie": ("kernels", "cpu.tie", KERNELS.format(name="tie"), (), "priority 7, as has", "trivium plugins block"),
    "acme-stuck": ("backends", "stuck", HANGS, (), "no answer within", ""),
}  # fmt: skip
INNOCENT = {"acme-first": ("kernels", "cpu.first", KERNELS.format(name="first"), (), "", "")}


@pytest.fixture(scope="module")
def packages(build, tmp_path_factory):
    """Wheels of the broken plugins, and of one that ties with the kernels of another."""
    source, target = tmp_path_factory.mktemp("broken"), tmp_path_factory.mktemp("broken_wheels")
    for name, (group, entry, code, needs, *_) in (BROKEN | INNOCENT).items():
        module = name.replace("-", "_")
        extras = [need.split(";")[0] for need in needs if "extra" in need]
        folder = source / name
        folder.mkdir()
        (folder / f"{module}.py").write_text(dedent(code))
        place = f"{module}:table" if group == "kernels" else f"{module}:backend" if group == "backends" else module
        (folder / "pyproject.toml").write_text(
            dedent(f"""
                [build-system]
                requires = ["setuptools"]
                build-backend = "setuptools.build_meta"
                [project]
                name = "{name}"
                version = "1.2"
                dependencies = {json.dumps([need for need in needs if "extra" not in need])}
                [project.optional-dependencies]
                engine = {json.dumps(extras)}
                [project.entry-points."trivium.{group}"]
                "{entry}" = "{place}"
                [tool.setuptools]
                py-modules = ["{module}"]
            """)
        )
    return build(source.iterdir(), target)


def test_nine_broken_plugins_break_nothing_and_each_is_named(wheels, environment, packages):
    environment.install(*wheels.values(), *packages)

    imported = environment.run("python", "-W", "error", "-c", "import trivium; print(trivium.__version__)")
    listed = json.loads(environment.run("trivium", "plugins", "list", "--json").stdout)
    trained = environment.run("python", "-W", "ignore", "-c", TRAIN)
    warned = environment.run("python", "-c", ASK_FOR_EVERYTHING)
    examined = environment.run("trivium", "doctor", "--json", check=False)

    assert imported.stdout
    assert {row["distribution"] for row in listed} >= BROKEN.keys()
    assert float(trained.stdout.split()[-1]) < 0.7
    rows = {row["distribution"]: row for row in json.loads(examined.stdout)["plugins"]}
    for name, (*_, cause, remedy) in BROKEN.items():
        if name == "acme-stuck":
            continue
        line = next((line for line in warned.stderr.splitlines() if f"{name} 1.2" in line), "")
        assert cause in line and remedy in line, f"{name}: {warned.stderr}"
        assert rows[name]["state"] != "ok", name
        assert rows[name]["version"] == "1.2"
    stuck = [device for device in json.loads(examined.stdout)["devices"] if device["type"] == "stuck"]
    assert "no answer within 3 s" in str(stuck)


def test_a_device_that_hangs_when_it_is_probed_holds_up_neither_the_commands_nor_auto(wheels, environment, packages):
    [stuck] = [package for package in packages if "stuck" in package.name]
    environment.install(wheels["core"], wheels["backend_numpy"], stuck)

    listed = environment.run("trivium", "devices", timeout=60)
    chosen = environment.run(
        "python", "-W", "ignore", "-c",
        "import trivium; from trivium import config; print(config.as_device('auto'))", timeout=60,
    )  # fmt: skip

    assert "cpu" in listed.stdout
    assert "no answer within 3 s" in listed.stdout
    assert chosen.stdout.strip() == "cpu"


TRAIN = """
import numpy as np
import trivium_api_dynamic as torch
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.Tanh(), torch.nn.Linear(16, 2))
x = torch.randn(64, 2)
y = (x[:, 0] > 0).long()
step = torch.optim.SGD(model.parameters(), lr=0.5)
for _ in range(30):
    step.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()
    step.step()
print(loss.item())
"""
ASK_FOR_EVERYTHING = """
from trivium import registry
registry.find_device("cpu")
registry.load(lambda entry: entry.distribution != "acme-stuck")
"""
