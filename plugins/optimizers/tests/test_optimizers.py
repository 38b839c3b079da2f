import numpy as np
import pytest

from trivium.autodiff import gradients
from trivium.errors import ConfigError
from trivium.graph import Graph
from trivium.optimizer import Memory, apply_gradients
from trivium.program import Program
from trivium.tensor import Parameter, Tensor
from trivium_optimizers import SGD, Adadelta, Adagrad, Adam, Adamax, Ftrl, RMSprop

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


def followed(formula, *starts):
    """Where a formula leads: (value, gradient, rate, number of the step, state) -> value, state."""
    w, state = START.astype(np.float64), [np.full(6, start) for start in starts]
    for i, pull in enumerate(PULLS):
        w, state = formula(w, pull * w, rate(i), i + 1, state)
    return w


def tensorflow_adagrad(w, g, lr, t, state):
    total = state[0] + g * g
    return w - lr * g / np.sqrt(total), [total]


def caffe_adagrad(w, g, lr, t, state):
    total = state[0] + g * g
    return w - lr * g / (np.sqrt(total) + 1e-8), [total]


def tensorflow_rmsprop(w, g, lr, t, state):
    square = 0.9 * state[0] + 0.1 * g * g
    velocity = 0.8 * state[1] + lr * g / np.sqrt(square + 1e-10)
    return w - velocity, [square, velocity]


def tensorflow_centered_rmsprop(w, g, lr, t, state):
    square, mean = 0.9 * state[0] + 0.1 * g * g, 0.9 * state[1] + 0.1 * g
    velocity = 0.8 * state[2] + lr * g / np.sqrt(square - mean * mean + 1e-3)
    return w - velocity, [square, mean, velocity]


def caffe_rmsprop(w, g, lr, t, state):
    square = 0.98 * state[0] + 0.02 * g * g
    return w - lr * g / (np.sqrt(square) + 1e-8), [square]


def caffe_adadelta(w, g, lr, t, state):
    square = 0.95 * state[0] + 0.05 * g * g
    step = g * np.sqrt((state[1] + 1e-6) / (square + 1e-6))
    return w - lr * step, [square, 0.95 * state[1] + 0.05 * step * step]


def paper_adamax(w, g, lr, t, state):
    m, largest = 0.9 * state[0] + 0.1 * g, np.maximum(0.999 * state[1], np.abs(g) + 1e-8)
    return w - lr / (1 - 0.9**t) * m / largest, [m, largest]


def tensorflow_ftrl(w, g, lr, t, state, l1=0.05, l2=0.1, shrinkage=0.02):
    total = state[0] + g * g
    linear = state[1] + g + 2 * shrinkage * w - (np.sqrt(total) - np.sqrt(state[0])) / lr * w
    quadratic = np.sqrt(total) / lr + 2 * l2
    moved = (np.sign(linear) * l1 - linear) / quadratic
    return np.where(np.abs(linear) > l1, moved, 0.0), [total, linear]


IN_ROOT = {"epsilon_place": "inside", "rate": "inside", "start": 1.0}
FORMULAS = [
    (Adagrad(epsilon=0.0, start=0.1), tensorflow_adagrad, (0.1,)),
    (Adagrad(epsilon=1e-8), caffe_adagrad, (0.0,)),
    (RMSprop(decay=0.9, momentum=0.8, epsilon=1e-10, **IN_ROOT), tensorflow_rmsprop, (1.0, 0.0)),
    (
        RMSprop(decay=0.9, momentum=0.8, epsilon=1e-3, centered=True, **IN_ROOT),
        tensorflow_centered_rmsprop,
        (1.0, 0.0, 0.0),
    ),
    (RMSprop(decay=0.98), caffe_rmsprop, (0.0,)),
    (Adadelta(decay=0.95), caffe_adadelta, (0.0, 0.0)),
    (Adamax(), paper_adamax, (0.0, 0.0)),
    (Ftrl(l1=0.05, l2=0.1, shrinkage=0.02), tensorflow_ftrl, (0.1, 0.0)),
]


@pytest.mark.parametrize(("optimizer", "formula", "starts"), FORMULAS, ids=lambda x: getattr(x, "__name__", ""))
def test_each_optimizer_follows_the_formula_of_its_family(optimizer, formula, starts):
    np.testing.assert_allclose(eager(optimizer), followed(formula, *starts), rtol=1e-5, atol=1e-6)


def test_ftrl_makes_weights_exactly_zero():
    assert (eager(Ftrl(l1=1.0)) == 0.0).any()


def test_a_convention_that_does_not_exist_is_refused():
    with pytest.raises(ConfigError, match="RMSprop: epsilon_place is 'within'; it may be outside or inside"):
        RMSprop(epsilon_place="within")


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
