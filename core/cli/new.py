"""`trivium new`: write a complete plugin: a package that installs, works and is tested."""

from __future__ import annotations

import keyword
from pathlib import Path
from string import Template

import click

from .. import discovery
from ..errors import ConfigError

_KINDS = ("backend", "op", "layer", "optimizer")


@click.command("new")
@click.argument("kind", type=click.Choice(_KINDS))
@click.argument("name")
@click.option(
    "--into", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="The folder to write to."
)
def command(kind: str, name: str, into: Path) -> None:
    """Write a plugin NAME that brings a backend, an op, a layer or an optimizer."""
    _check(name)
    folder = into / name
    if folder.exists():
        raise ConfigError(f"new: {folder} exists already; choose another name, or another folder with --into")
    names = _names(kind, name)
    for path, text in _files(kind).items():
        target = folder / Template(path).substitute(names)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(Template(text).substitute(names), encoding="utf-8")
    click.echo(f"wrote {folder}; now: pip install {folder} && {_PROOF[kind].format(name=name)}")


_PROOF = {
    "backend": "trivium conformance --device {name}",
    "op": "trivium conformance --op {name}",
    "layer": "pytest {name}",
    "optimizer": "pytest {name}",
}


def _check(name: str) -> None:
    if not name.isidentifier() or name != name.lower() or keyword.iskeyword(name):
        raise ConfigError(
            f"new: {name!r} is no name for a plugin; use lower-case letters, digits and _, for example acme"
        )


def _names(kind: str, name: str) -> dict[str, str]:
    major, minor = (discovery.core_version() or "0.1").split(".")[:2]
    return {
        "name": name,
        "dashes": name.replace("_", "-"),
        "package": f"trivium_{kind}_{name}",
        "Class": "".join([part.capitalize() for part in name.split("_")]),
        "range": f">={major}.{minor},<{major}.{int(minor) + 1}",
        "kind": kind,
    }


def _files(kind: str) -> dict[str, str]:
    """Relative paths and texts; $names are filled in."""
    return {
        "pyproject.toml": _PYPROJECT + _ENTRY[kind],
        "README.md": _README,
        "src/${package}/__init__.py": _SOURCE[kind],
        "tests/test_${name}.py": _TEST[kind],
    }


_PYPROJECT = """[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "trivium-${kind}-${dashes}"
version = "0.1.0"
description = "A ${kind} for Trivium: ${name}"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["trivium${range}", "numpy>=2"]

[project.optional-dependencies]
test = ["pytest"]

"""

_ENTRY = {
    "backend": '[project.entry-points."trivium.backends"]\n${name} = "${package}:backend"\n',
    "op": '[project.entry-points."trivium.ops"]\n${name} = "${package}"\n',
    "layer": '[project.entry-points."trivium.layers"]\n${name} = "${package}"\n',
    "optimizer": '[project.entry-points."trivium.optimizers"]\n${name} = "${package}"\n',
}

_README = """# trivium-${kind}-${dashes}

A ${kind} for Trivium.

    pip install .
    pytest
"""

_SOURCE = {
    "backend": '''"""The device `${name}`.  Here its memory is NumPy's, to begin with: put your own in its place."""

import numpy as np
from trivium.backend import Backend

backend = Backend("${name}", from_numpy=np.array, to_numpy=np.array)


@backend.kernel("relu", out=False)
def relu(x, out=None):
    return np.maximum(x, np.zeros((), x.dtype))


@backend.kernel("matmul", out=False)
def matmul(x, y, out=None):
    is_narrow = x.dtype == np.float16 or x.dtype.kind == "V"  # bfloat16 is of kind V
    wide = np.float32 if is_narrow else x.dtype
    return np.matmul(x.astype(wide), y.astype(wide)).astype(x.dtype)
''',
    "op": '''"""The op `${name}`."""

import numpy as np
from trivium import ops
from trivium.op import op


@op(elementwise=True)
def ${name}(x, *, scale=1.0):
    """scale * x / (1 + |x|)

    x:      any shape
    return: the shape of x
    """
    return scale * x / (1 + np.abs(x))


@${name}.shape
def ${name}_shape(x, *, scale):
    return x


@${name}.gradient("x")
def ${name}_gradient(g, x, scale):
    return g * scale / ops.square(1.0 + ops.absolute(x))


@${name}.samples
def ${name}_samples(make):
    yield make(2, 3, away_from=0.0)
    yield make(4, away_from=0.0), {"scale": 2.5}
    yield make(0, 3)


def trivium_register_ops(register):
    """Let every style find this op."""
    register(${name})
''',
    "layer": '''"""The layer `${Class}`."""

from attrs import define, field
from trivium.initializer import Constant
from trivium.layer import Layer, ParamSpec


@define(slots=False)
class ${Class}(Layer):
    """x * scale, with a learnt scale for each channel.

    x:      (batch, channels, ...)
    return: the same
    """

    start: float = field(default=1.0, kw_only=True)

    def parameters(self, x):
        return {"scale": ParamSpec((x.shape[1],), Constant(self.start))}

    def forward(self, x, *, scale):
        return x * scale.reshape(x.shape[1], *[1] * (x.ndim - 2))

    @classmethod
    def samples(cls, make):
        yield cls(), make(2, 3)
        yield cls(start=0.5), make(2, 3, 4)


def trivium_register_layers(register):
    """Let every style find this layer by name."""
    register(${Class})
''',
    "optimizer": '''"""The optimizer `${Class}`."""

from typing import ClassVar

from attrs import define, field
from trivium import ops
from trivium.optimizer import Optimizer


@define
class ${Class}(Optimizer):
    """Steps of one size against the gradient's sign, remembered a little.

    memory: part of the last direction that is kept, 0..1
    """

    hyper: ClassVar = ("learning_rate", "memory")

    learning_rate: float = 0.001
    memory: float = field(default=0.9, kw_only=True)

    def slots(self):
        return {"direction": 0.0}

    def update(self, value, gradient, state, *, learning_rate, memory):
        direction = state["direction"] * memory + gradient
        size = ops.absolute(direction) + 1e-8
        return value - direction / size * learning_rate, {"direction": direction}

    @classmethod
    def samples(cls):
        yield cls(learning_rate=0.1)
        yield cls(learning_rate=0.1, memory=0.5)


def trivium_register_optimizers(register):
    """Let every style find this optimizer by name."""
    register(${Class})
''',
}

_TEST = {
    "backend": """from trivium.testing.conformance import BackendConformance
from ${package} import backend


class Test${Class}(BackendConformance):
    backend = backend
""",
    "op": """from trivium.testing.conformance import BackendConformance, OpConformance


class TestMeaning(OpConformance):
    only = ("${name}",)


class TestOnTheHost(BackendConformance):
    device = "cpu"
    only = ("${name}",)
""",
    "layer": """import pytest
from trivium.config import as_device
from trivium.testing.layer_checks import check_fed_phase, check_layer, layer_cases
from ${package} import ${Class}


@pytest.mark.parametrize("case", layer_cases(${Class}), ids=str)
def test_tensors_and_programs_give_equal_bits(case):
    check_layer(case, as_device("cpu"), training=True)
    check_fed_phase(case, as_device("cpu"))
""",
    "optimizer": """import pytest
from trivium.config import as_device
from trivium.testing.training_checks import check_optimizer, optimizer_cases
from ${package} import ${Class}


@pytest.mark.parametrize("case", optimizer_cases(${Class}), ids=str)
def test_eager_steps_and_programs_give_equal_bits(case):
    check_optimizer(case, as_device("cpu"))
""",
}
