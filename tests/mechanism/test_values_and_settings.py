"""Values and settings: what may change between steps is a value, and is fed; a setting is fixed."""

import numpy as np
import pytest

from trivium import ops
from trivium.autodiff import gradients
from trivium.control import COND
from trivium.graph import Graph
from trivium.op import OPS
from trivium.optimizer import Memory, apply_gradients
from trivium.program import Program
from trivium.registry import find_layer, find_optimizer
from trivium.tensor import Parameter, Tensor


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("gradient_descent_update", {"learning_rate", "weight_decay"}),
        ("sgd_update", {"learning_rate", "momentum", "weight_decay"}),
        ("adam_update", {"learning_rate", "beta1", "beta2", "epsilon", "step", "weight_decay"}),
        ("dropout", {"rate", "state"}),
    ],
)
def test_what_may_change_between_steps_is_a_value(name, values):
    assert values <= set(OPS[name].inputs)


def test_a_learning_rate_is_fed_to_one_plan(device):
    weight = Parameter(np.array(1.0, np.float32), device=device)
    graph = Graph()
    rate, g = graph.placeholder((), name="rate"), graph.placeholder(())
    optimizer = find_optimizer("SGD")(0.1)
    updates = apply_gradients(optimizer, [(weight, g)], Memory(), {"learning_rate": rate})
    program = Program([], updates=updates, device=device)

    seen = []
    for value in (0.5, 0.25):
        program.run({rate: value, g: 1.0})
        seen.append(weight.item())

    assert seen == [0.5, 0.25]
    assert sum(map(len, program._idle.values())) == 1


def test_a_dropout_rate_is_fed(device):
    graph = Graph()
    x, rate, state = graph.placeholder((1000,)), graph.placeholder(()), graph.placeholder((2,), "uint64")
    program = Program([ops.dropout(x, rate, state)[1]], device=device)
    feeds = {x: np.ones(1000, np.float32), state: np.array([3, 0], np.uint64)}

    kept = [program.run({**feeds, rate: value})[0].numpy().mean() for value in (0.1, 0.9)]

    assert kept[0] > 0.8 and kept[1] < 0.2


def test_a_graph_that_is_fed_its_phase_holds_both_and_runs_one(device):
    layer = find_layer("BatchNorm")()
    graph = Graph()
    x, training = graph.placeholder((4, 2)), graph.placeholder((), "bool")
    layer.build(x.spec)
    assert any(node.op is COND for node in layer(x, training=training).graph.nodes)


def test_a_setting_that_is_a_symbol_or_tensor_is_refused():
    x = Tensor.of(np.ones((2, 3), np.float32))

    with pytest.raises(Exception, match="axis"):
        ops.sum(x, axis=Tensor.of(np.array(1.5, np.float32)))


def test_an_unknown_setting_is_refused_with_the_nearest_name():
    with pytest.raises(LookupError, match=r"no setting of sum named 'axes'.*Did you mean 'axis'"):
        ops.sum(Tensor.of(np.ones(2, np.float32)), axes=0)


def test_a_step_count_is_state_of_the_program(device):
    weight = Parameter(np.array(1.0, np.float32), device=device)
    graph = Graph()
    g = graph.placeholder(())
    memory = Memory()
    updates = apply_gradients(find_optimizer("Adam")(0.1), [(weight, g)], memory)
    program = Program([], updates=updates, device=device)

    for _ in range(3):
        program.run({g: 1.0})

    assert memory.step.item() == 3
    assert weight.item() == pytest.approx(0.7, abs=1e-4)


def test_gradients_flow_to_a_fed_hyperparameter(device):
    graph = Graph()
    x, scale = graph.placeholder((3,)), graph.placeholder(())
    (g,) = gradients([ops.sum(ops.tanh(x) * scale)], [scale])

    (value,) = Program([g], device=device).run({x: np.ones(3, np.float32), scale: 2.0})

    assert value.item() == pytest.approx(3 * np.tanh(1), abs=1e-6)
