"""Optimizer steps in place: a few thousand elements at a time, so that every pass but the first finds them in cache."""

import math

import numpy as np

from .precision import in_float32
from .scratch import Pool

CHUNK = 1 << 13  # elements: five arrays of float32 fill a sixth of a usual second-level cache


def chunks(arrays):
    """Flat pieces of equally shaped arrays; whole arrays where one is not contiguous."""
    if not all(array.flags.c_contiguous for array in arrays):
        return [arrays]
    flat = [array.reshape(-1) for array in arrays]
    size = flat[0].size
    return [[array[i : i + CHUNK] for array in flat] for i in range(0, size, CHUNK)]


def walk(step, pool, arrays):
    """Call `step(*pieces, *temporaries)` for every piece."""
    scratch = pool.take()
    for pieces in chunks(arrays):
        first = pieces[0]
        fits = first.size <= CHUNK
        temporaries = [t[: first.size].reshape(first.shape) if fits else np.empty_like(first) for t in scratch]
        step(*pieces, *temporaries)
    pool.give(scratch)


def scratch_pool(spec, count):
    size = min(CHUNK, math.prod(spec.shape))
    return Pool(lambda: [np.empty(size, spec.dtype) for _ in range(count)])


def fresh(spec, count):
    return tuple(np.empty(spec.shape, spec.dtype) for _ in range(count))


def prepare_gradient_descent_update(specs, settings):
    value = specs[0]
    number, pool = value.dtype.type, scratch_pool(value, 1)

    def gradient_descent_update(value, gradient, learning_rate, weight_decay, out=None):
        rate, decay = number(learning_rate), number(weight_decay)

        def step(value, gradient, new_value, change):
            if decay:
                np.multiply(value, decay, out=change)
                np.add(change, gradient, out=change)
                gradient = change
            np.multiply(gradient, rate, out=change)
            np.subtract(value, change, out=new_value)

        out = fresh(specs[0], 1)[0] if out is None else out
        walk(step, pool, (value, gradient, out))
        return out

    return gradient_descent_update


def prepare_sgd_update(specs, settings):
    value = specs[0]
    number, pool = value.dtype.type, scratch_pool(value, 2)
    is_rate_inside, is_nesterov = settings["rate"] == "inside", settings["nesterov"]
    share = number(1 - settings["dampening"])

    def sgd_update(value, gradient, velocity, learning_rate, momentum, weight_decay, out=None):
        rate, momentum, decay = number(learning_rate), number(momentum), number(weight_decay)

        def step(value, gradient, velocity, new_value, new_velocity, change, spare):
            if decay:
                np.multiply(value, decay, out=change)
                gradient = np.add(change, gradient, out=change)
            if is_rate_inside:
                gradient = np.multiply(gradient, rate, out=change)
            part = gradient if share == 1 else np.multiply(gradient, share, out=spare)
            np.multiply(velocity, momentum, out=new_velocity)
            np.add(new_velocity, part, out=new_velocity)
            if is_nesterov:
                np.multiply(new_velocity, momentum, out=spare)
                gradient = np.add(gradient, spare, out=change)
            else:
                gradient = new_velocity
            if not is_rate_inside:
                gradient = np.multiply(gradient, rate, out=change)
            np.subtract(value, gradient, out=new_value)

        out = out or fresh(specs[0], 2)
        walk(step, pool, (value, gradient, velocity, *out))
        return tuple(out)

    return sgd_update


def prepare_adam_update(specs, settings):
    value = specs[0]
    number, pool = value.dtype.type, scratch_pool(value, 2)
    is_hat, is_decoupled = settings["epsilon_form"] == "hat", settings["decoupled"]

    def adam_update(value, gradient, m, v, learning_rate, beta1, beta2, epsilon, step, weight_decay, out=None):
        correction1, correction2 = 1 - float(beta1) ** float(step), math.sqrt(1 - float(beta2) ** float(step))
        rate = float(learning_rate) / correction1
        root = number(1 if is_hat else correction2)
        scale = number(rate * correction2 if is_hat else rate)
        keep = number(1 - float(learning_rate) * float(weight_decay))
        decay, epsilon = number(weight_decay), number(epsilon)
        old1, new1, old2, new2 = (
            number(beta1), number(1 - float(beta1)), number(beta2), number(1 - float(beta2))
        )  # fmt: skip

        def advance(value, gradient, m, v, new_value, new_m, new_v, change, size):
            if is_decoupled:
                value = np.multiply(value, keep, out=new_value)
            elif decay:
                np.multiply(value, decay, out=change)
                gradient = np.add(change, gradient, out=change)
            np.multiply(gradient, gradient, out=size)
            np.multiply(size, new2, out=size)
            np.multiply(gradient, new1, out=change)
            np.multiply(m, old1, out=new_m)
            np.add(new_m, change, out=new_m)
            np.multiply(v, old2, out=new_v)
            np.add(new_v, size, out=new_v)
            np.sqrt(new_v, out=size)
            if not is_hat:
                np.divide(size, root, out=size)
            np.add(size, epsilon, out=size)
            np.multiply(new_m, scale, out=change)
            np.divide(change, size, out=change)
            np.subtract(value, change, out=new_value)

        out = out or fresh(specs[0], 3)
        walk(advance, pool, (value, gradient, m, v, *out))
        return tuple(out)

    return adam_update


KERNELS = {}

PREPARED = {
    "gradient_descent_update": in_float32(prepare_gradient_descent_update),
    "sgd_update": in_float32(prepare_sgd_update),
    "adam_update": in_float32(prepare_adam_update),
}

IN_PLACE = {"gradient_descent_update", "sgd_update", "adam_update"}
