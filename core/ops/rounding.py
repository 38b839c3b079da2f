"""Ops that go to a whole number nearby, and the division that leaves a rest.

Two conventions for the rest exist: `mod` has the sign of the divisor (NumPy, Python, torch.remainder, tf.mod), `fmod`
that of the dividend (C, torch.fmod).
"""

import numpy as np

from ..op import op
from .elementwise import broadcast_inputs, same_as_input

__all__ = ["floor", "ceil", "round", "trunc", "sign", "floor_divide", "mod", "fmod"]

IN_STEPS = "it changes in steps"


def between_whole_numbers(make):
    yield make.distinct(3, 4)
    yield np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])
    yield make()
    yield make(0, 3)
    yield make.distinct(5) * 2.0**29  # float32 has no fractions there


def with_rest(make):
    """Quotients between whole numbers, with every pair of signs."""
    quotients = np.array([[-2.6, -0.4, 0.3], [1.7, 2.2, -1.3]])
    divisors = make(2, 3, low=0.5) * np.array([1.0, -1.0, 1.0])
    yield quotients * divisors, divisors
    yield quotients * 0.7, np.array(0.7)
    yield quotients[:, :1] * -0.6, np.array([-0.6])
    yield make(0, 3), make(3, low=0.5)


def with_whole_rest(make):
    yield from with_rest(make)
    yield make.integers(4, 3, low=-9, high=9), np.array([2, -3, 5])
    yield make.integers(3, low=2**60, high=2**61), np.array([3, -7, 11])


@op(elementwise=True)
def floor(x):
    """The largest whole number that is not above x."""
    return np.floor(x)


floor.shape(same_as_input)
floor.no_gradient(IN_STEPS)
floor.samples(between_whole_numbers)


@op(elementwise=True)
def ceil(x):
    """The smallest whole number that is not below x."""
    return np.ceil(x)


ceil.shape(same_as_input)
ceil.no_gradient(IN_STEPS)
ceil.samples(between_whole_numbers)


@op(elementwise=True)
def round(x):
    """The nearest whole number; the even one of two that are equally near."""
    return np.rint(x)


round.shape(same_as_input)
round.no_gradient(IN_STEPS)
round.samples(between_whole_numbers)


@op(elementwise=True)
def trunc(x):
    """x without its fraction: the nearest whole number towards 0."""
    return np.trunc(x)


trunc.shape(same_as_input)
trunc.no_gradient(IN_STEPS)
trunc.samples(between_whole_numbers)


@op(elementwise=True)
def sign(x):
    """1 above 0, -1 below, 0 at 0; NaN for NaN."""
    return np.sign(x)


sign.shape(same_as_input)
sign.no_gradient(IN_STEPS)


@sign.samples
def sign_samples(make):
    yield make(2, 3, away_from=0.0)
    yield np.array([0.0, 2.0, -0.5])
    yield make.integers(4, 3, low=-2, high=3)
    yield make(0, 3)
    yield make(5) * 1e9


@op(elementwise=True)
def floor_divide(x, y):
    """The largest whole number that is not above x / y."""
    return np.floor_divide(x, y)


floor_divide.shape(broadcast_inputs)
floor_divide.no_gradient(IN_STEPS)
floor_divide.samples(with_whole_rest)


@op(elementwise=True)
def mod(x, y):
    """x - y * floor(x / y): the rest of a division, with the sign of y."""
    return np.mod(x, y)


mod.shape(broadcast_inputs)
mod.samples(with_whole_rest)


@mod.gradient("x")
def mod_gradient_x(g):
    return g


@mod.gradient("y")
def mod_gradient_y(g, x, y):
    return -(g * floor(x / y))


@op(elementwise=True)
def fmod(x, y):
    """x - y * trunc(x / y): the rest of a division, with the sign of x."""
    return np.fmod(x, y)


fmod.shape(broadcast_inputs)
fmod.samples(with_whole_rest)


@fmod.gradient("x")
def fmod_gradient_x(g):
    return g


@fmod.gradient("y")
def fmod_gradient_y(g, x, y):
    return -(g * trunc(x / y))
