"""Ops that act on each element alone, after NumPy's broadcasting."""

import numpy as np

from ..errors import DTypeError, OutOfRangeError
from ..op import op
from ..spec import as_dtype, broadcast, number_dtype

__all__ = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "power",
    "maximum",
    "minimum",
    "negative",
    "absolute",
    "exp",
    "log",
    "sqrt",
    "square",
    "relu",
    "sigmoid",
    "tanh",
    "clip",
    "equal",
    "not_equal",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "logical_and",
    "logical_or",
    "logical_xor",
    "logical_not",
    "isfinite",
    "isnan",
    "isinf",
    "where",
    "cast",
    "stop_gradient",
]


def same_as_input(x, **_):
    return x


def broadcast_inputs(*specs):
    return specs[0].with_shape(broadcast_shape(*specs))


def broadcast_to_bool(*specs):
    return broadcast_inputs(*specs).with_dtype(bool)


def broadcast_shape(*specs):
    return broadcast(*specs) if all(spec.has_rank for spec in specs) else None


def one(make):
    yield make(2, 3)
    yield make(1)
    yield make()
    yield make(0, 3)


def one_positive(make):
    yield make(2, 3, low=0.5)
    yield make(1, low=0.5)
    yield make(0, 3)


def one_off_zero(make):
    yield make(2, 3, away_from=0.0)
    yield make(1, away_from=0.0)
    yield make(0, 3)


def pair(make):
    yield make(2, 3), make(2, 3)
    yield make(2, 3), make(3)
    yield make(2, 1, 3), make(4, 1)
    yield make(1), make()
    yield make(0, 3), make(3)


def pair_apart(make):
    x = make(2, 3)
    yield x, x + make(2, 3, away_from=0.0)
    yield x, x[:1] + make(2, 3, away_from=0.0).max(axis=0) + 3.0
    yield make(0, 3), make(3)
    yield make.distinct(3, 1), make.distinct(5) + 0.05
    yield make.distinct(5) + 0.05, make.distinct(3, 1)


def pair_of_whole_numbers(make):
    yield make.integers(2, 3, high=3), make.integers(2, 3, high=3)
    yield make.integers(4, 3, high=3), make.integers(3, high=3)
    yield make(2, 3), make(1, 3)
    yield make.integers(0, 3), make.integers(3)
    yield make.integers(3, 3, high=3) + 2**60, make.integers(3, 3, high=3) + 2**60
    yield np.array([[3], [0], [2]]), np.arange(5)
    yield np.arange(5), np.array([[3], [0], [2]])


def pair_of_bools(make):
    yield make.bools(4, 3), make.bools(4, 3)
    yield make.bools(4, 3), make.bools(3)
    yield make.bools(0, 3), make.bools(3)
    yield make.bools(5), make.bools(5)
    yield make.bools(3, 1), make.bools(5)
    yield np.array([True, False]), np.array([False, False])


# -- arithmetic ----------------------------------------------------------------------------------


@op(elementwise=True)
def add(x, y):
    """x + y."""
    return np.add(x, y)


add.shape(broadcast_inputs)
add.samples(pair)


@add.gradient("x")
def add_gradient_x(g):
    return g


@add.gradient("y")
def add_gradient_y(g):
    return g


@op(elementwise=True)
def subtract(x, y):
    """x - y."""
    return np.subtract(x, y)


subtract.shape(broadcast_inputs)
subtract.samples(pair)


@subtract.gradient("x")
def subtract_gradient_x(g):
    return g


@subtract.gradient("y")
def subtract_gradient_y(g):
    return -g


@op(elementwise=True)
def multiply(x, y):
    """x * y."""
    return np.multiply(x, y)


multiply.shape(broadcast_inputs)
multiply.samples(pair)


@multiply.gradient("x")
def multiply_gradient_x(g, y):
    return g * y


@multiply.gradient("y")
def multiply_gradient_y(g, x):
    return g * x


@op(elementwise=True)
def divide(x, y):
    """x / y."""
    return np.divide(x, y)


divide.shape(broadcast_inputs)


@divide.samples
def divide_samples(make):
    yield make(2, 3), make(2, 3, low=0.5)
    yield make(2, 1, 3), make(4, 1, low=-1.5, high=-0.5)
    yield make(1), make(low=0.5)
    yield make(0, 3), make(3, low=0.5)


@divide.gradient("x")
def divide_gradient_x(g, y):
    return g / y


@divide.gradient("y")
def divide_gradient_y(g, y, out):
    return -(g * out / y)


@op(elementwise=True)
def power(x, y):
    """x to the power y.

    Where x is 0 and y is not negative, so is the gradient of y.
    """
    return np.power(x, y)


power.shape(broadcast_inputs)


@power.samples
def power_samples(make):
    yield make(2, 3, low=0.5), make(2, 3)
    yield make(2, 1, 3, low=0.5), make(4, 1)
    yield make(1, low=0.5), make()
    yield make(0, 3), make(3)


@power.gradient("x")
def power_gradient_x(g, x, y):
    return g * y * x ** where(equal(y, 0.0), 1.0, y - 1.0)  # not 0 * inf at x = y = 0


@power.gradient("y")
def power_gradient_y(g, x, out):
    return g * out * log(where(equal(x, 0.0), 1.0, x))


@op(elementwise=True)
def maximum(x, y):
    """The larger of x and y; NaN where either is.

    Where both are equal, each receives half of the gradient.
    """
    return np.maximum(x, y)


maximum.shape(broadcast_inputs)
maximum.samples(pair_apart)


@maximum.gradient("x")
def maximum_gradient_x(g, x, y):
    return where(greater(x, y), g, where(equal(x, y), g * 0.5, 0.0))


@maximum.gradient("y")
def maximum_gradient_y(g, x, y):
    return where(greater(y, x), g, where(equal(x, y), g * 0.5, 0.0))


@op(elementwise=True)
def minimum(x, y):
    """The smaller of x and y; NaN where either is.

    Where both are equal, each receives half of the gradient.
    """
    return np.minimum(x, y)


minimum.shape(broadcast_inputs)
minimum.samples(pair_apart)


@minimum.gradient("x")
def minimum_gradient_x(g, x, y):
    return where(less(x, y), g, where(equal(x, y), g * 0.5, 0.0))


@minimum.gradient("y")
def minimum_gradient_y(g, x, y):
    return where(less(y, x), g, where(equal(x, y), g * 0.5, 0.0))


@op(elementwise=True)
def negative(x):
    """-x."""
    return np.negative(x)


negative.shape(same_as_input)
negative.samples(one)


@negative.gradient("x")
def negative_gradient(g):
    return -g


@op(elementwise=True)
def absolute(x):
    """The distance of x from 0; the gradient at 0 is 0."""
    return np.absolute(x)


absolute.shape(same_as_input)
absolute.samples(one_off_zero)


@absolute.gradient("x")
def absolute_gradient(g, x):
    return where(x > 0.0, g, where(x < 0.0, -g, 0.0))


# -- functions of one number ---------------------------------------------------------------------


@op(elementwise=True)
def exp(x):
    """e to the power x."""
    return np.exp(x)


exp.shape(same_as_input)
exp.samples(one)


@exp.gradient("x")
def exp_gradient(g, out):
    return g * out


@op(elementwise=True)
def log(x):
    """The natural logarithm."""
    return np.log(x)


log.shape(same_as_input)
log.samples(one_positive)


@log.gradient("x")
def log_gradient(g, x):
    return g / x


@op(elementwise=True)
def sqrt(x):
    """The square root."""
    return np.sqrt(x)


sqrt.shape(same_as_input)
sqrt.samples(one_positive)


@sqrt.gradient("x")
def sqrt_gradient(g, out):
    return g / (out * 2.0)


@op(elementwise=True)
def square(x):
    """x * x."""
    return np.square(x)


square.shape(same_as_input)
square.samples(one)


@square.gradient("x")
def square_gradient(g, x):
    return g * (x * 2.0)


@op(elementwise=True)
def relu(x):
    """max(x, 0); the gradient at 0 is 0."""
    return np.maximum(x, 0)


relu.shape(same_as_input)
relu.samples(one_off_zero)


@relu.gradient("x")
def relu_gradient(g, out):
    return where(out > 0.0, g, 0.0)


@op(elementwise=True)
def sigmoid(x):
    """1 / (1 + exp(-x)), without overflow for large negative x."""
    e = np.exp(-np.absolute(x))
    return np.where(x >= 0, np.ones_like(e), e) / (1 + e)


sigmoid.shape(same_as_input)


@sigmoid.samples
def sigmoid_samples(make):
    yield from one(make)
    yield make(2, 3, low=-30.0, high=30.0)


@sigmoid.gradient("x")
def sigmoid_gradient(g, out):
    return g * (out * (1.0 - out))


@op(elementwise=True)
def tanh(x):
    """The hyperbolic tangent."""
    return np.tanh(x)


tanh.shape(same_as_input)
tanh.samples(one)


@tanh.gradient("x")
def tanh_gradient(g, out):
    return g * (1.0 - out * out)


@op(elementwise=True)
def clip(x, low, high):
    """x, but not below `low` and not above `high`; low <= high.

    A gradient passes to x from `low` to `high`, both included, and to the limit that was met outside.
    """
    return np.clip(x, low, high)


clip.shape(broadcast_inputs)


@clip.samples
def clip_samples(make):
    x = make.distinct(3, 4)
    low, high = np.quantile(x, [0.31, 0.72])
    yield x, low, high
    yield x, low * np.ones((3, 1)), high * np.ones(4)
    yield make(0, 4), make(), make() + 3.0
    yield make(5), make(5) - 1.0, make(5) + 1.0
    yield make.distinct(3, 5), make(3, 1) * 0.3 - 0.6, make(5) * 0.3 + 0.7
    yield make.distinct(3, 5), make(5) * 0.3 - 0.6, make(3, 1) * 0.3 + 0.7


@clip.gradient("x")
def clip_gradient_x(g, x, low, high):
    return where(logical_and(x >= low, x <= high), g, 0.0)


@clip.gradient("low")
def clip_gradient_low(g, x, low):
    return where(x < low, g, 0.0)


@clip.gradient("high")
def clip_gradient_high(g, x, high):
    return where(x > high, g, 0.0)


# -- comparison and logic ------------------------------------------------------------------------

STEPWISE = "true and false change in steps"


@op(elementwise=True)
def equal(x, y):
    """Whether x == y; false for NaN."""
    return np.equal(x, y)


equal.shape(broadcast_to_bool)
equal.no_gradient(STEPWISE)
equal.samples(pair_of_whole_numbers)


@op(elementwise=True)
def not_equal(x, y):
    """Whether x != y; true for NaN."""
    return np.not_equal(x, y)


not_equal.shape(broadcast_to_bool)
not_equal.no_gradient(STEPWISE)
not_equal.samples(pair_of_whole_numbers)


@op(elementwise=True)
def less(x, y):
    """Whether x < y."""
    return np.less(x, y)


less.shape(broadcast_to_bool)
less.no_gradient(STEPWISE)
less.samples(pair_of_whole_numbers)


@op(elementwise=True)
def less_equal(x, y):
    """Whether x <= y."""
    return np.less_equal(x, y)


less_equal.shape(broadcast_to_bool)
less_equal.no_gradient(STEPWISE)
less_equal.samples(pair_of_whole_numbers)


@op(elementwise=True)
def greater(x, y):
    """Whether x > y."""
    return np.greater(x, y)


greater.shape(broadcast_to_bool)
greater.no_gradient(STEPWISE)
greater.samples(pair_of_whole_numbers)


@op(elementwise=True)
def greater_equal(x, y):
    """Whether x >= y."""
    return np.greater_equal(x, y)


greater_equal.shape(broadcast_to_bool)
greater_equal.no_gradient(STEPWISE)
greater_equal.samples(pair_of_whole_numbers)


@op(elementwise=True)
def logical_and(x, y):
    """Whether both are true; a number other than 0 is true."""
    return np.logical_and(x, y)


logical_and.shape(broadcast_to_bool)
logical_and.no_gradient(STEPWISE)
logical_and.samples(pair_of_bools)


@op(elementwise=True)
def logical_or(x, y):
    """Whether at least one is true; a number other than 0 is true."""
    return np.logical_or(x, y)


logical_or.shape(broadcast_to_bool)
logical_or.no_gradient(STEPWISE)
logical_or.samples(pair_of_bools)


@op(elementwise=True)
def logical_xor(x, y):
    """Whether just one is true; a number other than 0 is true."""
    return np.logical_xor(x, y)


logical_xor.shape(broadcast_to_bool)
logical_xor.no_gradient(STEPWISE)
logical_xor.samples(pair_of_bools)


@op(elementwise=True)
def logical_not(x):
    """Whether x is false; a number other than 0 is true."""
    return np.logical_not(x)


logical_not.shape(broadcast_to_bool)
logical_not.no_gradient(STEPWISE)


@logical_not.samples
def logical_not_samples(make):
    yield make.bools(4, 3)
    yield make.integers(4, 3, high=2)
    yield make.bools(0)
    yield make.bools(5)
    yield np.zeros(5, bool)


@op(elementwise=True)
def isfinite(x):
    """Whether x is a number: neither NaN nor infinite."""
    return np.isfinite(x)


isfinite.shape(broadcast_to_bool)
isfinite.no_gradient(STEPWISE)


@op(elementwise=True)
def isnan(x):
    """Whether x is NaN."""
    return np.isnan(x)


isnan.shape(broadcast_to_bool)
isnan.no_gradient(STEPWISE)


@op(elementwise=True)
def isinf(x):
    """Whether x is infinite, of either sign."""
    return np.isinf(x)


isinf.shape(broadcast_to_bool)
isinf.no_gradient(STEPWISE)


@isfinite.samples
@isnan.samples
@isinf.samples
def not_finite_samples(make):
    yield np.array([[1.0, np.inf, -np.inf], [np.nan, 0.0, -2.0]])
    yield make(1)
    yield make(0, 3)
    yield np.array([np.nan, 1.0, np.inf])
    yield np.array([np.inf, 1.0])


@op(elementwise=True, free=("condition",))
def where(condition, x, y):
    """x where the condition holds, else y.

    condition: bool
    x, y:      any shape that broadcasts with it
    """
    return np.where(condition, x, y)


@where.shape
def where_shape(condition, x, y):
    if condition.dtype != bool:
        raise DTypeError(f"the condition is {condition}, not bool; compare it with something")
    return x.with_shape(broadcast_shape(condition, x, y))


@where.samples
def where_samples(make):
    yield make.bools(3, 4), make(3, 4), make(3, 4)
    yield make.bools(3, 1), make(4), make()
    yield make.bools(4), make(), make(3, 4)
    yield make.bools(0, 4), make(4), make(1, 4)


where.no_gradient("condition", STEPWISE)


@where.gradient("x")
def where_gradient_x(g, condition):
    return where(condition, g, 0.0)


@where.gradient("y")
def where_gradient_y(g, condition):
    return where(condition, 0.0, g)


# -- the same number, seen otherwise -------------------------------------------------------------


@op(elementwise=True)
def cast(x, *, dtype, exact=False):
    """x as another dtype; towards whole numbers, fractions are cut off.

    exact: refuse a value that the dtype cannot hold, such as 1.5 as int64
    """
    with np.errstate(invalid="ignore", over="ignore"):
        result = np.asarray(x).astype(as_dtype(dtype))
        if exact:
            changed = (result != x) & (x == x)  # NaN stays NaN
            changed |= (x != x) & (result == result)
            if np.any(changed):
                raise OutOfRangeError(f"cast: {x[changed][0]} cannot be represented as {dtype}")
    return result


@cast.shape
def cast_shape(x, *, dtype, exact):
    return x.with_dtype(number_dtype(dtype))


@cast.samples
def cast_samples(make):
    yield make(2, 3), {"dtype": "float32"}
    yield make(2, 3, low=-4.0, high=4.0), {"dtype": "int64"}
    yield make.integers(2, 3), {"dtype": "float64"}
    yield make.integers(2, 3).astype(float), {"dtype": "int64", "exact": True}
    yield make(2, 3), {"dtype": "float64", "exact": True}
    yield make.bools(3), {"dtype": "float64"}
    yield make(0, 3), {"dtype": "float64"}


@cast.gradient("x")
def cast_gradient(g, x_spec, dtype):
    if as_dtype(dtype).kind in "biu":
        return None  # whole numbers change in steps
    return cast(g, dtype=x_spec.dtype.name)


@op
def stop_gradient(x):
    """x, taken as a constant: no gradient flows back through it."""
    return x


stop_gradient.shape(same_as_input)
stop_gradient.no_gradient("x", "stopping it is the purpose")
stop_gradient.samples(one)


@stop_gradient.view
def stop_gradient_view(layout):
    return layout
