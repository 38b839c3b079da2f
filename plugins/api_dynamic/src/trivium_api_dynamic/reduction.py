"""Reductions: many elements to few."""

import math
from typing import Any, NamedTuple

import numpy as np

from trivium import ops

from .arithmetic import sqrt, truth
from .dtypes import as_torch_dtype
from .errors import AxisError, DTypeMismatchError
from .promotion import cast, category
from .tensors import Tensor, method


class ValuesAndIndices(NamedTuple):
    """Extreme values along an axis, and where they stand."""

    values: Any
    indices: Any


def axes_of(input, dim):
    """The axis or axes as the core takes them, checked."""
    ndim = input.spec.ndim
    if dim is None or dim == ():
        return None
    given = dim if isinstance(dim, (tuple, list)) else (dim,)
    for d in given:
        low, high = -max_of(ndim, 1), max_of(ndim, 1) - 1
        if not low <= d <= high:
            raise AxisError(f"Dimension out of range (expected to be in range of [{low}, {high}], but got {d})")
    if ndim == 0:
        return None
    return tuple(dim) if isinstance(dim, (tuple, list)) else dim


def max_of(a, b):
    return a if a > b else b


def either(new, old, default=None):
    """The argument under PyTorch's name, or under NumPy's."""
    return old if new is default else new


@method
def sum(input, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=False):
    """The sum along `dim` (all axes if None); whole numbers and bools add up as int64."""
    axis, keep = axes_of(input, either(dim, axis)), keepdim or keepdims
    if dtype is not None:
        input = cast(input, as_torch_dtype(dtype).dtype)
    elif category(input.spec.dtype) < 2:
        input = cast(input, np.dtype(np.int64))
    return ops.sum(input, axis=axis, keepdims=keep)


def only_floating(input, name):
    if category(input.spec.dtype) < 2:
        raise DTypeMismatchError(
            f"{name}(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {input.spec.dtype}; convert it with .float()"
        )


@method
def mean(input, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=False):
    """The average along `dim` (all axes if None)."""
    if dtype is not None:
        input = cast(input, as_torch_dtype(dtype).dtype)
    only_floating(input, "mean")
    return ops.mean(input, axis=axes_of(input, either(dim, axis)), keepdims=keepdim or keepdims)


@method
def var(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    """The variance along `dim`, divided by count - correction."""
    only_floating(input, "var")
    axis = axes_of(input, dim)
    centred = input - ops.mean(input, axis=axis, keepdims=True)
    correction = int(unbiased) if correction is None else correction
    shape = input.spec.shape
    reduced = range(len(shape)) if axis is None else (axis if isinstance(axis, tuple) else (axis,))
    count = math.prod([shape[i] for i in reduced])
    total = ops.sum(ops.square(centred), axis=axis, keepdims=keepdim)
    return total / (count - correction) if count != correction else total * math.nan


@method
def std(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    """The standard deviation along `dim`."""
    return sqrt(var(input, dim, unbiased, keepdim, correction=correction))


def turned(input):
    """Elements whose order is the reverse of the input's, without overflow."""
    dtype = input.spec.dtype
    if dtype == np.bool_:
        return ops.logical_not(input)
    if dtype.kind == "u":
        return ops.subtract(int(np.iinfo(dtype).max), input)
    return ops.subtract(-1, input) if dtype.kind == "i" else ops.negative(input)


def extreme(input, ordered, dim, keepdim):
    """The elements of `input` where `ordered` is largest along `dim`; the first of several, like its gradient."""
    axis = axes_of(input, dim)
    if axis is None:
        return ValuesAndIndices(input, ops.argmax(ordered))
    indices = ops.argmax(ordered, axis=axis, keepdims=True)
    values = ops.take_along(input, indices, axis=axis)
    if not keepdim:
        values, indices = ops.squeeze(values, axis=axis), ops.squeeze(indices, axis=axis)
    return ValuesAndIndices(values, indices)


@method
def max(input, dim=None, keepdim=False):
    """The largest element; or along `dim`, the largest elements and where they stand; or of two tensors."""
    if dim is None:
        return ops.max(input)
    if isinstance(dim, Tensor):
        return Tensor.maximum(input, dim)
    return extreme(input, ops.stop_gradient(input), dim, keepdim)


@method
def min(input, dim=None, keepdim=False):
    """The smallest element; or along `dim`, the smallest elements and where they stand; or of two tensors."""
    if dim is None:
        return turned(ops.max(turned(input)))
    if isinstance(dim, Tensor):
        return Tensor.minimum(input, dim)
    return extreme(input, turned(ops.stop_gradient(input)), dim, keepdim)


@method
def amax(input, dim=(), keepdim=False):
    """The largest elements along `dim`; several share the gradient."""
    return ops.max(input, axis=axes_of(input, dim), keepdims=keepdim)


@method
def amin(input, dim=(), keepdim=False):
    """The smallest elements along `dim`; several share the gradient."""
    return turned(ops.max(turned(input), axis=axes_of(input, dim), keepdims=keepdim))


@method
def argmax(input, dim=None, keepdim=False):
    """Where the largest element stands; int64."""
    return ops.argmax(input, axis=axes_of(input, dim), keepdims=keepdim)


@method
def argmin(input, dim=None, keepdim=False):
    """Where the smallest element stands; int64."""
    return ops.argmax(turned(input), axis=axes_of(input, dim), keepdims=keepdim)


@method
def any(input, dim=None, keepdim=False):
    """Whether some element is true."""
    return ops.greater(sum(truth(input), dim, keepdim), 0)


@method
def all(input, dim=None, keepdim=False):
    """Whether every element is true."""
    return ops.equal(sum(ops.logical_not(truth(input)), dim, keepdim), 0)


@method
def count_nonzero(input, dim=None):
    """How many elements are not 0."""
    return sum(truth(input), dim)


@method
def norm(input, p=2, dim=None, keepdim=False):
    """The p-norm along `dim`."""
    axis = axes_of(input, dim)
    if p == math.inf:
        return ops.max(ops.absolute(input), axis=axis, keepdims=keepdim)
    if p in (2, "fro"):
        return ops.sqrt(ops.sum(ops.square(input), axis=axis, keepdims=keepdim))
    powers = ops.absolute(input) if p == 1 else ops.power(ops.absolute(input), float(p))
    total = ops.sum(powers, axis=axis, keepdims=keepdim)
    return total if p == 1 else ops.power(total, 1.0 / p)


@method
def logsumexp(input, dim, keepdim=False):
    """log(sum(exp(input))) along `dim`, without overflow."""
    axis = axes_of(input, dim)
    largest = ops.max(ops.stop_gradient(input), axis=axis, keepdims=True)
    largest = ops.where(ops.isfinite(largest), largest, 0.0)
    total = ops.log(ops.sum(ops.exp(input - largest), axis=axis, keepdims=True)) + largest
    return total if keepdim else ops.reshape(total, shape=ops.sum(input, axis=axis).spec.shape)


@method
def softmax(input, dim, dtype=None):
    """exp(input), scaled to add up to 1 along `dim`."""
    return ops.softmax(input if dtype is None else cast(input, as_torch_dtype(dtype).dtype), axis=dim)


@method
def log_softmax(input, dim, dtype=None):
    """The logarithm of softmax, without overflow."""
    return ops.log_softmax(input if dtype is None else cast(input, as_torch_dtype(dtype).dtype), axis=dim)
