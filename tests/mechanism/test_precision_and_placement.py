"""Precision and placement: passes that insert calls which can be seen."""

import numpy as np
import pytest

from trivium import ops
from trivium.autodiff import gradients
from trivium.errors import DeviceError
from trivium.graph import Graph
from trivium.opaque import opaque
from trivium.passes.placement import placement
from trivium.passes.precision import mixed_precision
from trivium.program import Program
from trivium.registry import find_device
from trivium.tensor import Parameter, Tensor
from trivium.transfer import TRANSFER, transfer


def training_step(device):
    weight = Parameter(np.random.default_rng(0).normal(size=(8, 4)).astype("f4"), name="weight", device=device)
    graph = Graph()
    x = graph.placeholder(("batch", 8))
    w = graph.capture(weight)
    loss = ops.sum(ops.square(ops.tanh(ops.matmul(x, w))))
    (g,) = gradients([loss], [w])
    return weight, x, loss, graph.assign(weight, w - g * 0.01)


FEED = np.random.default_rng(1).normal(size=(5, 8)).astype("f4")


def test_heavy_ops_compute_in_a_narrow_dtype_between_visible_casts(device):
    _, _, loss, update = training_step(device)
    program = Program([loss], updates=[update], passes=[mixed_precision("bfloat16")], device=device)

    ops_used = [(node.op.name, node.specs[0].dtype.name) for node in program.block.nodes]

    assert ("matmul", "bfloat16") in ops_used and ("matmul", "float32") not in ops_used
    assert ("cast", "bfloat16") in ops_used and ("cast", "float32") in ops_used
    assert ("tanh", "float32") in ops_used


def test_master_parameters_stay_float32_and_learn(device):
    weight, x, loss, update = training_step(device)
    before = np.array(weight.numpy())
    program = Program([loss], updates=[update], passes=[mixed_precision("bfloat16")], device=device)
    exact = Program([loss], device=device).run({x: FEED})[0].item()

    losses = [program.run({x: FEED})[0].item() for _ in range(5)]

    assert weight.dtype == np.float32
    assert losses[0] == pytest.approx(exact, rel=2e-2) and losses[0] != exact
    assert losses[-1] < losses[0]
    assert np.any(weight.numpy().astype("f4") != before)


def test_parts_of_a_program_run_elsewhere_and_what_crosses_is_a_visible_call(fakes):
    cpu, fake = find_device("cpu"), fakes.device(1)
    graph = Graph()
    x = graph.placeholder((3,))
    there = ops.exp(x)
    here = ops.tanh(there) + there
    program = Program([here], device=cpu, passes=[placement(lambda node: fake if node.op is ops.exp else None, cpu)])

    (result,) = program.run({x: np.ones(3, np.float32)})

    crossings = [node.settings for node in program.block.nodes if node.op is TRANSFER]
    assert crossings == [{"source": "cpu", "target": "fake:1"}, {"source": "fake:1", "target": "cpu"}]
    assert result.device is cpu
    assert np.allclose(result.numpy(), np.tanh(np.e) + np.e)


def test_a_gradient_goes_back_to_where_its_value_came_from(fakes):
    cpu, fake = find_device("cpu"), fakes.device(0)
    x = Tensor.of(np.array([1.0, 2.0]), device=cpu).require_gradient()

    ops.sum(ops.square(transfer(x, fake))).backward()

    assert x.gradient.device is cpu and x.gradient.numpy().tolist() == [2, 4]


def test_nothing_moves_between_devices_unasked(fakes):
    weight = Parameter(np.ones(3, np.float32), name="weight", device=fakes.device(0))
    graph = Graph()
    program = Program([graph.capture(weight) * 2.0], device=find_device("cpu"))

    with pytest.raises(DeviceError, match=r"weight.*lives on fake:0, the program runs on cpu"):
        program.run()


@pytest.mark.parametrize("is_placed_first", [True, False])
def test_parameters_on_two_devices_learn_in_mixed_precision(fakes, is_placed_first):
    here, there = fakes.device(0), fakes.device(1)
    first = Parameter(np.full((2, 2), 2, np.float32), device=here)
    second = Parameter(np.full((2, 1), 3, np.float32), device=there)
    graph = Graph()
    x, w, v = graph.placeholder(("n", 2)), graph.capture(first), graph.capture(second)
    y = ops.matmul(ops.matmul(x, w), v)
    of_w, of_v = gradients([ops.sum(y)], [w, v])
    updates = [graph.assign(first, w - of_w), graph.assign(second, v - of_v)]
    place = placement(lambda node: there if node.op.name == "matmul" else None, here)
    passes = [place, mixed_precision()] if is_placed_first else [mixed_precision(), place]

    Program([], updates=updates, device=here, passes=passes).run({x: np.ones((1, 2), np.float32)})

    assert first.numpy().tolist() == [[-1, -1], [-1, -1]]
    assert second.numpy().tolist() == [[-1], [-1]]


def test_a_value_made_elsewhere_crosses_an_opaque_call_where_it_is(fakes):
    here, there = fakes.device(0), fakes.device(1)
    same = opaque(lambda x: x, name="same", results=lambda specs: list(specs))
    graph = Graph()
    x = graph.placeholder((2,))
    before = x * 2.0
    (between,) = same(x)
    after = before * 3.0
    place = placement(lambda node: there if {before, after} & set(node.outputs) else None, here)

    results = Program([after, between], device=here, passes=[place]).run({x: np.array([1, 2], np.float32)})

    assert [result.device for result in results] == [there, here]
    assert results[0].numpy().tolist() == [6, 12]
