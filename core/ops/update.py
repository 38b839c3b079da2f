"""One step of an optimizer for one parameter.

The references use operators only, so each is also the op's decomposition.
"""

import numpy as np

from ..errors import ShapeError
from ..op import op
from ..spec import same_size
from .choice import check_choice

__all__ = ["gradient_descent_update", "sgd_update", "adam_update"]

REASON = "an update is the end of a step"


def check_same_shape(value, *others):
    for other in others:
        if other.ndim != value.ndim or not all(map(same_size, other.shape, value.shape)):
            listed = ", ".join(map(str, others))
            raise ShapeError(f"gradient and state do not have the shape of the value: {value}, {listed}")


def check_numbers(**hyper):
    for name, spec in hyper.items():
        if spec.shape != ():
            raise ShapeError(f"{name} is one number, got {spec}")


# -- gradient descent ----------------------------------------------------------------------------


@op
def gradient_descent_update(value, gradient, learning_rate, weight_decay):
    """One step down the gradient.

    value, gradient: any one shape
    learning_rate:   ()
    weight_decay:    () its product with the value is added to the gradient
    """
    return value - learning_rate * (gradient + weight_decay * value)


@gradient_descent_update.shape
def gradient_descent_update_shape(value, gradient, learning_rate, weight_decay):
    check_same_shape(value, gradient)
    check_numbers(learning_rate=learning_rate, weight_decay=weight_decay)
    return value


gradient_descent_update.no_gradient(REASON)
gradient_descent_update.decomposition(gradient_descent_update.reference)


@gradient_descent_update.samples
def gradient_descent_update_samples(make):
    yield make(2, 3), make(2, 3), np.array(0.1), np.array(0.0)
    yield make(4), make(4), np.array(0.1), np.array(0.05)
    yield make(0), make(0), np.array(0.1), np.array(0.05)


@op(outputs=("out", "velocity_out"))
def sgd_update(
    value, gradient, velocity, learning_rate, momentum, weight_decay,
    *, rate="outside", nesterov=False, dampening=0.0,
):  # fmt: skip
    """One step of gradient descent with momentum (Polyak, 1964; Nesterov, 1983).

    value, gradient, velocity:             any one shape
    learning_rate, momentum, weight_decay: ()
    return:    value, velocity
    rate:      where the learning rate enters.
               "outside": velocity = momentum * velocity + (1 - dampening) * gradient,
                          value -= learning_rate * velocity (PyTorch, TensorFlow);
               "inside":  velocity = momentum * velocity + learning_rate * gradient,
                          value -= velocity (Caffe)
    nesterov:  step along gradient + momentum * velocity instead of velocity
    dampening: part of the gradient kept out of the velocity; "outside" only
    """
    g = gradient + weight_decay * value
    if rate == "inside":
        before, velocity = velocity, momentum * velocity + learning_rate * g
        step = velocity + momentum * (velocity - before) if nesterov else velocity
        return value - step, velocity
    velocity = momentum * velocity + (1.0 - dampening) * g
    step = g + momentum * velocity if nesterov else velocity
    return value - learning_rate * step, velocity


@sgd_update.shape
def sgd_update_shape(value, gradient, velocity, learning_rate, momentum, weight_decay, *, rate, nesterov, dampening):
    check_same_shape(value, gradient, velocity)
    check_numbers(learning_rate=learning_rate, momentum=momentum, weight_decay=weight_decay)
    check_choice("rate", rate, ("outside", "inside"))
    if dampening and rate == "inside":
        raise ShapeError('dampening has a meaning only where rate is "outside"')
    return value, velocity


sgd_update.no_gradient(REASON)
sgd_update.decomposition(sgd_update.reference)


@sgd_update.samples
def sgd_update_samples(make):
    hyper = np.array(0.1), np.array(0.9), np.array(0.01)
    for rate in ("outside", "inside"):
        for nesterov in (False, True):
            yield make(2, 3), make(2, 3), make(2, 3), *hyper, {"rate": rate, "nesterov": nesterov}
    yield make(4), make(4), make(4), *hyper, {"dampening": 0.3}
    yield make(1), make(1), make(1), *hyper
    yield make(0), make(0), make(0), *hyper


# -- Adam ----------------------------------------------------------------------------------------


@op(outputs=("out", "m_out", "v_out"))
def adam_update(
    value, gradient, m, v, learning_rate, beta1, beta2, epsilon, step, weight_decay,
    *, epsilon_form="corrected", decoupled=False,
):  # fmt: skip
    """One step of Adam (Kingma & Ba, 2014, arXiv:1412.6980).

    value, gradient, m, v: any one shape; m and v are running means of the gradient and of its square
    learning_rate, beta1, beta2, epsilon, weight_decay: ()
    step:         () 1 for the first one
    return:       value, m, v
    epsilon_form: "corrected": epsilon is added to sqrt(v) once its bias is corrected (algorithm 1; PyTorch);
                  "hat": before (end of section 2; TensorFlow, Caffe)
    decoupled:    weights decay beside the gradient (Loshchilov & Hutter, 2017, arXiv:1711.05101)
    """
    if decoupled:
        value = value - learning_rate * weight_decay * value
    else:
        gradient = gradient + weight_decay * value
    m = beta1 * m + (1.0 - beta1) * gradient
    v = beta2 * v + (1.0 - beta2) * (gradient * gradient)
    m_bias, v_bias = 1.0 - beta1**step, (1.0 - beta2**step) ** 0.5
    if epsilon_form == "hat":
        return value - learning_rate * v_bias / m_bias * m / (v**0.5 + epsilon), m, v
    return value - learning_rate / m_bias * m / (v**0.5 / v_bias + epsilon), m, v


@adam_update.shape
def adam_update_shape(value, gradient, m, v, *hyper, epsilon_form, decoupled):
    check_same_shape(value, gradient, m, v)
    check_numbers(**dict(zip(adam_update.inputs[4:], hyper, strict=True)))
    check_choice("epsilon_form", epsilon_form, ("corrected", "hat"))
    return value, m, v


adam_update.no_gradient(REASON)
adam_update.decomposition(adam_update.reference)


@adam_update.samples
def adam_update_samples(make):
    hyper = [np.array(number) for number in (0.1, 0.9, 0.99, 1e-2, 3.0, 0.05)]
    for form in ("corrected", "hat"):
        for decoupled in (False, True):
            settings = {"epsilon_form": form, "decoupled": decoupled}
            yield make(2, 3), make(2, 3), make(2, 3), make(2, 3, low=0.1), *hyper, settings
    yield make(1), make(1), make(1), make(1, low=0.1), *hyper
    yield make(0), make(0), make(0), make(0), *hyper
