"""Ops that make values from settings alone, or only from the form of another value.

Those without operands are told where to run: `zeros(shape=(2, 3), place=device)`.
"""

import math

import numpy as np

from ..errors import OutOfRangeError, ShapeError
from ..op import op
from ..spec import Dim, Spec, as_dtype
from .elementwise import same_as_input

__all__ = ["zeros", "ones", "full", "arange", "count_up", "zeros_like", "ones_like", "copy"]


def given_shape(*, shape, dtype, **_):
    return Spec(shape, dtype)


def shapes(make):
    yield {"shape": (2, 3)}
    yield {"shape": (), "dtype": "float64"}
    yield {"shape": (2, 0), "dtype": "int64"}


@op
def zeros(*, shape, dtype="float32"):
    """Nothing but 0."""
    return np.zeros(shape, as_dtype(dtype))


zeros.shape(given_shape)
zeros.samples(shapes)


def zeros_beside(value, spec):
    """Zeros of a Spec, where `value` lives."""
    return zeros(shape=spec.shape, dtype=spec.dtype.name, place=value.place)


@op
def ones(*, shape, dtype="float32"):
    """Nothing but 1."""
    return np.ones(shape, as_dtype(dtype))


ones.shape(given_shape)
ones.samples(shapes)


@op
def full(*, shape, value, dtype="float32"):
    """Nothing but `value`."""
    return np.full(shape, value, as_dtype(dtype))


full.shape(given_shape)


@full.samples
def full_samples(make):
    yield {"shape": (2, 3), "value": 2.5}
    yield {"shape": (), "value": -1, "dtype": "int64"}
    yield {"shape": (0, 2), "value": True, "dtype": "bool"}
    yield {"shape": (1001,), "value": 0.1, "dtype": "float64"}


@op
def arange(*, start=0, stop, step=1, dtype="int64"):
    """start, start + step, ... up to, without, `stop`."""
    return np.arange(start, stop, step).astype(as_dtype(dtype))


@arange.shape
def arange_shape(*, start, stop, step, dtype):
    if step == 0:
        raise ShapeError("step is 0, so stop is never reached")
    if not any(type(part) is Dim for part in (start, stop, step)):
        return Spec((max(math.ceil((stop - start) / step), 0),), dtype)
    return Spec((-((start - stop) // step),), dtype)


@arange.samples
def arange_samples(make):
    yield {"stop": 5}
    yield {"start": 2, "stop": 9, "step": 3}
    yield {"start": 3, "stop": -2, "step": -2, "dtype": "float64"}
    yield {"start": 0.5, "stop": 2.0, "step": 0.25, "dtype": "float32"}
    yield {"start": 3, "stop": 1}
    yield {"start": 0.1, "stop": 3, "step": 0.3, "dtype": "float64"}


@op
def count_up(n):
    """0, 1, ... n - 1, for an n that only running tells; a graph learns a size from it.

    n:      () whole number
    return: int64 (n,)
    """
    if n < 0:
        raise OutOfRangeError(f"count_up: {n} is no size: it is below 0")
    return np.arange(n, dtype=np.int64)


@count_up.shape
def count_up_shape(n):
    if n.ndim or n.dtype.kind not in "iu":
        raise ShapeError(f"needs one whole number, got {n}")
    return Spec((Dim(),), np.int64)


count_up.no_gradient("n", "it is a whole number")


@count_up.samples
def count_up_samples(make):
    yield np.array(3)
    yield np.array(0, np.int32)


def forms(make):
    yield make(2, 3)
    yield make.integers(2, 3)
    yield make()
    yield make(0, 3)
    yield make(1001)


@op
def zeros_like(x):
    """Nothing but 0, in the shape and dtype of x."""
    return np.zeros_like(x)


zeros_like.shape(same_as_input)
zeros_like.samples(forms)
zeros_like.no_gradient("x", "its elements are not read")


@op
def ones_like(x):
    """Nothing but 1, in the shape and dtype of x."""
    return np.ones_like(x)


ones_like.shape(same_as_input)
ones_like.samples(forms)
ones_like.no_gradient("x", "its elements are not read")


@op
def copy(x):
    """The elements of x in memory of their own."""
    return np.array(x)


copy.shape(same_as_input)


@copy.gradient("x")
def copy_gradient(g):
    return g


@copy.samples
def copy_samples(make):
    yield make(2, 3)
    yield make()
    yield make(0, 3)
    yield make(1001)
