"""The error function and the gamma function, with their kin."""

import math
from statistics import NormalDist

import numpy as np

from ..op import op
from .elementwise import equal, exp, greater, logical_and, logical_not, one, same_as_input, square, where
from .rounding import floor
from .trigonometry import tan

__all__ = ["erf", "erfc", "erfinv", "lgamma", "polygamma", "digamma"]

TWO_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)


def of_each(function, x):
    """A function of one Python float, for each element."""
    return np.vectorize(function, otypes=[np.float64])(x).astype(x.dtype)


@op(elementwise=True)
def erf(x):
    """The error function: 2 / sqrt(pi) times the integral of exp(-t**2) from 0 to x."""
    return of_each(math.erf, x)


erf.shape(same_as_input)


@erf.samples
def erf_samples(make):
    yield from one(make)
    yield make(2, 3, low=-6.0, high=6.0)


@erf.gradient("x")
def erf_gradient(g, x):
    return g * (exp(-square(x)) * TWO_OVER_ROOT_PI)


@op(elementwise=True)
def erfc(x):
    """1 - erf(x), accurate where that is near 0."""
    return of_each(math.erfc, x)


erfc.shape(same_as_input)
erfc.samples(erf_samples)


@erfc.gradient("x")
def erfc_gradient(g, x):
    return -(g * (exp(-square(x)) * TWO_OVER_ROOT_PI))


@op(elementwise=True)
def erfinv(x):
    """The inverse of erf; infinite at -1 and 1, NaN outside.

    The quantile of the normal distribution (Wichura, 1988, algorithm AS 241), improved by one step of Newton's method.
    """
    return of_each(inverse_erf, x)


def inverse_erf(x):
    if not abs(x) < 1:
        return math.copysign(math.inf, x) if abs(x) == 1 else math.nan
    if x == 0:
        return x
    y = math.copysign(NormalDist().inv_cdf((1 - abs(x)) / 2) / math.sqrt(2), x)
    rest = math.erf(y) - x if abs(x) < 0.5 else math.copysign((1 - abs(x)) - math.erfc(abs(y)), x)
    return y - rest / (TWO_OVER_ROOT_PI * math.exp(-y * y))


erfinv.shape(same_as_input)


@erfinv.samples
def erfinv_samples(make):
    yield make(2, 3, low=-0.9, high=0.9)
    yield make(low=-0.5, high=0.5)
    yield make(0, 3)


@erfinv.gradient("x")
def erfinv_gradient(g, out):
    return g * (exp(square(out)) * (1.0 / TWO_OVER_ROOT_PI))


# -- the gamma function --------------------------------------------------------------------------


@op(elementwise=True)
def lgamma(x):
    """The logarithm of the absolute value of the gamma function; infinite at 0, -1, -2 ..."""
    return of_each(log_gamma, x)


def log_gamma(x):
    if math.isinf(x) or (x <= 0 and x == math.floor(x)):
        return math.inf
    return math.lgamma(x)


lgamma.shape(same_as_input)


@lgamma.samples
def lgamma_samples(make):
    yield make(2, 3, low=0.5, high=6.0)
    yield np.array([-1.6, -0.3, 20.0])
    yield make(low=0.5)
    yield make(0, 3)


@lgamma.gradient("x")
def lgamma_gradient(g, x):
    return g * digamma(x)


@op(elementwise=True)
def polygamma(x, *, order=0):
    """The derivative of that order of digamma, for x above 0; NaN elsewhere.

    Recurrence up to where the asymptotic series holds: Abramowitz & Stegun, 1964, 6.3.6, 6.3.18, 6.4.6 and 6.4.11.
    """
    return of_each(lambda x: polygamma_series(x, order), x)


BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)


def polygamma_series(x, order):
    if not x > 0 or x == math.inf:
        return (math.inf if order == 0 else 0.0) if x == math.inf else math.nan
    sign = -1.0 if order % 2 == 0 else 1.0
    total = 0.0
    while x < 15 + order:
        total += sign * math.factorial(order) / x ** (order + 1)
        x += 1
    head = math.log(x) if order == 0 else sign * math.factorial(order - 1) / x**order
    tail = sign * math.factorial(order) / (2 * x ** (order + 1))
    for k, bernoulli in enumerate(BERNOULLI, 1):
        factors = math.factorial(2 * k + order - 1) / math.factorial(2 * k)
        tail += sign * bernoulli * factors / x ** (2 * k + order)
    return total + head + tail


polygamma.shape(lambda x, *, order: x)


@polygamma.samples
def polygamma_samples(make):
    yield make(2, 3, low=0.5, high=6.0)
    yield make(3, low=0.5, high=20.0), {"order": 1}
    yield make(3, low=0.8, high=20.0), {"order": 4}
    yield make(0, 3)


@polygamma.gradient("x")
def polygamma_gradient(g, x, order):
    return g * polygamma(x, order=order + 1)


def digamma(x):
    """The derivative of lgamma; below 0 by reflection (Abramowitz & Stegun, 1964, 6.3.7).

    Minus infinity at 0, NaN at -1, -2 ...
    """
    is_positive = greater(x, 0.0)
    here = polygamma(where(is_positive, x, 1.0 - x))
    angle = where(is_positive, 1.0, x * math.pi)
    is_pole = logical_and(equal(x, floor(x)), logical_not(is_positive))
    below = where(is_pole, math.nan, here - math.pi / tan(angle))
    return where(is_positive, here, where(equal(x, 0.0), -math.inf, below))
