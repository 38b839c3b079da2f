"""`trivium explain op` tells what would run, and what was passed over."""

import json

import pytest

from trivium import cli, config, registry
from trivium.backend import Backend
from trivium.kernel import Refused


@pytest.fixture
def acme():
    with registry.temporary(), config.override(plugins_autoload=False):
        backend = Backend("acme", from_numpy=lambda array: array, to_numpy=lambda buffer: buffer)
        yield registry.register_backend(backend)


def explain(capsys, *arguments):
    status = cli.run(["explain", "op", *arguments, "--device", "acme", "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_the_chosen_kernel_and_the_refused_one_are_named(acme, capsys):
    acme.kernel("relu", prepared=True, priority=9)(lambda specs, settings: Refused("it takes even sizes only"))
    acme.kernel("relu")(lambda x, out=None: x)

    status, facts = explain(capsys, "relu", "--shape", "batch,3", "--dtype", "float64")

    assert status == 0
    assert facts["operands"] == ["float64[batch, 3]"]
    assert (facts["how"], facts["provider"]) == ("native", "acme")
    assert facts["rejected"] == [{"candidate": "acme's relu", "reason": "it takes even sizes only"}]


def test_settings_and_dtypes_of_single_operands_are_read(acme, capsys):
    acme.kernel("gather")(lambda x, indices, out=None, **settings: x)

    _, facts = explain(capsys, "gather", "--shape", "5,3", "--shape", "int64[7]", "--set", "axis=1")

    assert facts["operands"] == ["float32[5, 3]", "int64[7]"]
    assert facts["outputs"] == ["float32[5, 7]"]
    assert facts["settings"]["axis"] == 1


def test_an_optional_operand_may_be_left_out(acme, capsys):
    acme.kernel("convolution")(lambda x, weight, bias, out=None, **settings: x)

    _, facts = explain(capsys, "convolution", "--shape", "batch,1,28,28", "--shape", "20,1,5,5")

    assert facts["operands"][2] is None
    assert facts["outputs"] == ["float32[batch, 20, 24, 24]"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rely", "--shape", "2"], "no op named 'rely'"),
        (["matmul", "--shape", "2,3", "--shape", "4,5"], "matmul: "),
        (["matmul", "--shape", "2,3"], "matmul: takes a --shape for each of x, y; 1 were given"),
        (["relu", "--shape", "2,x-y"], "'x-y' is no size"),
        (["relu", "--shape", "2", "--set", "axis"], "--set 'axis' has no value"),
        (["relu", "--shape", "2", "--dtype", "float31"], "no dtype named 'float31'"),
    ],
)
def test_mistakes_are_said_plainly(acme, capsys, arguments, message):
    assert cli.run(["explain", "op", *arguments, "--device", "acme"]) == 1
    assert message in capsys.readouterr().err
