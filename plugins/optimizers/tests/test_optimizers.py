import numpy as np
import pytest

from trivium.autodiff import gradients
from trivium.errors import ConfigError
from trivium.graph import Graph
from trivium.optimizer import Memory, apply_gradients
from trivium.program import Program
from trivium.tensor import Parameter, Tensor
from trivium_optimizers import SGD, Adam

STEPS = 200
START = np.linspace(-1.0, 1.0, 6).astype(np.float32)
PULLS = np.random.default_rng(0).standard_normal((STEPS, 6)).astype(np.float32)


def rate(step):
    """A learning rate that changes, so that conventions differ."""
    return 0.1 / (1 + step)


def eager(optimizer):
    parameter, memory = Parameter(START), Memory()
    for i, pull in enumerate(PULLS):
        gradient = Tensor.of(pull) * parameter
        apply_gradients(optimizer, [(parameter, gradient)], memory, {"learning_rate": rate(i)})
    return parameter.numpy()


def program(optimizer):
    parameter, graph = Parameter(START), Graph()
    pull, learning_rate = graph.placeholder((6,)), graph.placeholder(())
    gradient = pull * graph.capture(parameter)
    updates = apply_gradients(optimizer, [(parameter, gradient)], Memory(), {"learning_rate": learning_rate})
    step = Program([], updates=updates, fed=[pull, learning_rate])
    for i, values in enumerate(PULLS):
        step.run({pull: values, learning_rate: np.float32(rate(i))})
    return parameter.numpy()


def sgd_formula(momentum, decay, form, nesterov):
    w, v = START.astype(np.float64), np.zeros(6)
    for i, pull in enumerate(PULLS):
        g = pull * w + decay * w
        if form == "inside":
            before, v = v, momentum * v + rate(i) * g
            w = w - ((1 + momentum) * v - momentum * before if nesterov else v)
        else:
            v = momentum * v + g
            w = w - rate(i) * (g + momentum * v if nesterov else v)
    return w


def adam_formula(decay, form, decoupled):
    w, m, v = START.astype(np.float64), np.zeros(6), np.zeros(6)
    for i, pull in enumerate(PULLS):
        t, lr = i + 1, rate(i)
        g = pull * w + (0.0 if decoupled else decay * w)
        if decoupled:
            w = w - lr * decay * w
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        first, second = 1 - 0.9**t, 1 - 0.999**t
        if form == "corrected":
            w = w - lr / first * m / (np.sqrt(v / second) + 1e-8)
        else:
            w = w - lr * np.sqrt(second) / first * m / (np.sqrt(v) + 1e-8)
    return w


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("form", ["inside", "outside"])
@pytest.mark.parametrize("momentum", [0.5, 0.9])
def test_momentum_follows_the_formula_of_its_convention(form, momentum, nesterov):
    optimizer = SGD(momentum=momentum, weight_decay=0.01, rate=form, nesterov=nesterov)

    np.testing.assert_allclose(eager(optimizer), sgd_formula(momentum, 0.01, form, nesterov), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("decoupled", [False, True])
@pytest.mark.parametrize("form", ["corrected", "hat"])
def test_adam_follows_the_formula_of_its_convention(form, decoupled):
    optimizer = Adam(weight_decay=0.01, epsilon_form=form, decoupled=decoupled)

    np.testing.assert_allclose(eager(optimizer), adam_formula(0.01, form, decoupled), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("optimizer", [SGD(), SGD(momentum=0.9), SGD(momentum=0.9, rate="inside"), Adam()])
def test_a_program_makes_the_same_steps_as_eager_calls_bit_for_bit(optimizer):
    assert np.array_equal(eager(optimizer), program(optimizer))


def test_a_training_step_with_its_updates_is_one_program():
    weight, graph = Parameter(START, name="weight"), Graph()
    loss = (graph.capture(weight) * graph.capture(weight)).sum()
    (gradient,) = gradients([loss], [graph.capture(weight)])
    step = Program([loss], updates=apply_gradients(SGD(0.1), [(weight, gradient)], Memory()))

    losses = [step.run()[0].item() for _ in range(3)]

    assert losses == sorted(losses, reverse=True)
    np.testing.assert_allclose(weight.numpy(), START * 0.8**3, rtol=1e-5)


def test_multipliers_scale_the_rate_of_one_parameter():
    slow, fast = Parameter(START), Parameter(START)
    ones = Tensor.of(np.ones(6, np.float32))

    apply_gradients(SGD(0.1), [(slow, ones), (fast, ones)], Memory(), multipliers=[{}, {"learning_rate": 2.0}])

    np.testing.assert_allclose(fast.numpy() - START, 2 * (slow.numpy() - START), rtol=1e-5)


def test_a_hyperparameter_that_does_not_exist_is_named_with_those_that_do():
    with pytest.raises(ConfigError, match="no hyperparameter 'lr'; it has learning_rate, momentum, weight_decay"):
        SGD().values({"lr": 0.1})
