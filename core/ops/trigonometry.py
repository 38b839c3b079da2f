"""Angles, and the hyperbolic functions beside `tanh`."""

import numpy as np

from ..op import op
from .elementwise import broadcast_inputs, one, same_as_input, sqrt, square

__all__ = [
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "asinh",
    "acosh",
    "atanh",
    "atan2",
]


def one_inside(make):
    yield make(2, 3, low=-0.9, high=0.9)
    yield make(1, low=-0.9, high=0.9)
    yield make(0, 3)


def one_above_one(make):
    yield make(2, 3, low=1.2, high=3.0)
    yield make(1, low=1.2, high=3.0)
    yield make(0, 3)


@op(elementwise=True)
def sin(x):
    """The sine of an angle in radians."""
    return np.sin(x)


sin.shape(same_as_input)
sin.samples(one)


@sin.gradient("x")
def sin_gradient(g, x):
    return g * cos(x)


@op(elementwise=True)
def cos(x):
    """The cosine of an angle in radians."""
    return np.cos(x)


cos.shape(same_as_input)
cos.samples(one)


@cos.gradient("x")
def cos_gradient(g, x):
    return -(g * sin(x))


@op(elementwise=True)
def tan(x):
    """The tangent of an angle in radians."""
    return np.tan(x)


tan.shape(same_as_input)
tan.samples(one_inside)


@tan.gradient("x")
def tan_gradient(g, out):
    return g * (square(out) + 1.0)


@op(elementwise=True)
def asin(x):
    """The angle whose sine is x, from -pi/2 to pi/2."""
    return np.arcsin(x)


asin.shape(same_as_input)
asin.samples(one_inside)


@asin.gradient("x")
def asin_gradient(g, x):
    return g / sqrt(1.0 - square(x))


@op(elementwise=True)
def acos(x):
    """The angle whose cosine is x, from 0 to pi."""
    return np.arccos(x)


acos.shape(same_as_input)
acos.samples(one_inside)


@acos.gradient("x")
def acos_gradient(g, x):
    return -(g / sqrt(1.0 - square(x)))


@op(elementwise=True)
def atan(x):
    """The angle whose tangent is x, from -pi/2 to pi/2."""
    return np.arctan(x)


atan.shape(same_as_input)
atan.samples(one)


@atan.gradient("x")
def atan_gradient(g, x):
    return g / (square(x) + 1.0)


@op(elementwise=True)
def sinh(x):
    """The hyperbolic sine."""
    return np.sinh(x)


sinh.shape(same_as_input)
sinh.samples(one)


@sinh.gradient("x")
def sinh_gradient(g, x):
    return g * cosh(x)


@op(elementwise=True)
def cosh(x):
    """The hyperbolic cosine."""
    return np.cosh(x)


cosh.shape(same_as_input)
cosh.samples(one)


@cosh.gradient("x")
def cosh_gradient(g, x):
    return g * sinh(x)


@op(elementwise=True)
def asinh(x):
    """The inverse of sinh."""
    return np.arcsinh(x)


asinh.shape(same_as_input)
asinh.samples(one)


@asinh.gradient("x")
def asinh_gradient(g, x):
    return g / sqrt(square(x) + 1.0)


@op(elementwise=True)
def acosh(x):
    """The inverse of cosh, not negative."""
    return np.arccosh(x)


acosh.shape(same_as_input)
acosh.samples(one_above_one)


@acosh.gradient("x")
def acosh_gradient(g, x):
    return g / sqrt(square(x) - 1.0)


@op(elementwise=True)
def atanh(x):
    """The inverse of tanh."""
    return np.arctanh(x)


atanh.shape(same_as_input)
atanh.samples(one_inside)


@atanh.gradient("x")
def atanh_gradient(g, x):
    return g / (1.0 - square(x))


@op(elementwise=True)
def atan2(y, x):
    """The angle of the point (x, y), from -pi to pi."""
    return np.arctan2(y, x)


atan2.shape(broadcast_inputs)


@atan2.samples
def atan2_samples(make):
    yield make(2, 3, away_from=0.0), make(2, 3, away_from=0.0)
    yield make(2, 1, 3, away_from=0.0), make(4, 1, away_from=0.0)
    yield make(1, away_from=0.0), make(low=0.5)
    yield make(0, 3), make(3)


@atan2.gradient("y")
def atan2_gradient_y(g, y, x):
    return g * x / (square(x) + square(y))


@atan2.gradient("x")
def atan2_gradient_x(g, y, x):
    return -(g * y / (square(x) + square(y)))
