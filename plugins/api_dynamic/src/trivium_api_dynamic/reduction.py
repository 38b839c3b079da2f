"""Reductions: many elements to few."""

import math
from typing import Any

import numpy as np

from trivium import ops
from trivium.value import Value

from . import return_types
from .autograd.grad_fn import name_result
from .axes import axes_of, axis_in
from .comparison import truth
from .dtypes import as_torch_dtype
from .errors import AxisError, DTypeMismatchError
from .promotion import cast, category, floating
from .tensors import Tensor
from .words import word


def either(new: Any, old: Any) -> Any:
    """The argument under PyTorch's name, or under NumPy's."""
    return old if new is None else new


def summed(input: Any, dtype: Any) -> Any:
    """The input in the dtype in which it adds up: int64 for whole numbers and bools."""
    if dtype is not None:
        return cast(input, as_torch_dtype(dtype).dtype)
    return cast(input, np.dtype(np.int64)) if category(input.spec.dtype) < 2 else input


@word
def sum(input, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=False):
    """The sum along `dim` (all axes if None); whole numbers and bools add up as int64."""
    axis = axes_of(input, either(dim, axis))
    return ops.sum(summed(input, dtype), axis=axis, keepdims=keepdim or keepdims)


@word
def nansum(input, dim=None, keepdim=False, *, dtype=None):
    """The sum along `dim` of the elements that are numbers."""
    return sum(ops.where(ops.isnan(input), ops.zeros_like(input), input), dim, keepdim, dtype=dtype)


@word
def prod(input, dim=None, keepdim=False, *, dtype=None):
    """The product along `dim` (all axes if None); whole numbers and bools multiply as int64."""
    return ops.prod(summed(input, dtype), axis=axes_of(input, dim), keepdims=keepdim)


@word
def cumsum(input, dim, *, dtype=None):
    """At each place along `dim`, the sum of all elements up to there."""
    axis, input = axis_in(dim, input.spec.ndim), summed(input, dtype)
    return ops.cumsum(input, axis=axis) if input.spec.ndim else ops.copy(input)


@word
def cumprod(input, dim, *, dtype=None):
    """At each place along `dim`, the product of all elements up to there."""
    axis, input = axis_in(dim, input.spec.ndim), summed(input, dtype)
    return ops.cumprod(input, axis=axis) if input.spec.ndim else ops.copy(input)


def only_floating(input: Any, name: str) -> None:
    if category(input.spec.dtype) < 2:
        raise DTypeMismatchError(
            f"{name}(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {input.spec.dtype}; convert it with .float()"
        )


@word
def mean(input, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=False):
    """The average along `dim` (all axes if None)."""
    if dtype is not None:
        input = cast(input, as_torch_dtype(dtype).dtype)
    only_floating(input, "mean")
    return ops.mean(input, axis=axes_of(input, either(dim, axis)), keepdims=keepdim or keepdims)


@word
def nanmean(input, dim=None, keepdim=False, *, dtype=None):
    """The average along `dim` of the elements that are numbers."""
    count = sum(ops.logical_not(ops.isnan(input)), dim, keepdim)
    return nansum(input, dim, keepdim, dtype=dtype) / count


@word
def var(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    """The variance along `dim`, divided by count - correction."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    only_floating(input, "var")
    axis = axes_of(input, dim)
    centred = input - ops.mean(input, axis=axis, keepdims=True)
    correction = int(unbiased) if correction is None else correction
    shape = input.spec.shape
    reduced = range(len(shape)) if axis is None else (axis if isinstance(axis, tuple) else (axis,))
    count = math.prod([shape[i] for i in reduced])
    total = ops.sum(ops.square(centred), axis=axis, keepdims=keepdim)
    return total / (count - correction) if count > correction else total * math.nan


@word
def std(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    """The standard deviation along `dim`."""
    return ops.sqrt(var(input, dim, unbiased, keepdim, correction=correction))


@word
def var_mean(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    """The variance and the average along `dim`."""
    return var(input, dim, unbiased, keepdim, correction=correction), mean(input, dim, keepdim)


@word
def std_mean(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    """The standard deviation and the average along `dim`."""
    return std(input, dim, unbiased, keepdim, correction=correction), mean(input, dim, keepdim)


# -- extremes ------------------------------------------------------------------------------------


def not_empty(input: Any, dim: Any, name: str) -> Any:
    """The axes to reduce; an axis without elements has no extreme."""
    axis = axes_of(input, dim)
    if input.spec.size == 0:
        if axis is None:
            raise AxisError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim "
                "with the 'dim' argument."
            )
        for i in axis if isinstance(axis, tuple) else (axis,):
            if input.spec.shape[i] == 0:
                raise AxisError(f"{name}(): Expected reduction dim {i} to have non-zero size.")
    return axis


def extreme(input, positions, made, dim, keepdim):
    """Elements along `dim`, and where they stand; the gradient goes to the element that was taken."""
    axis = not_empty(input, dim, made.__name__)
    if axis is None:  # a tensor without axes
        return made(ops.copy(input), positions(input))
    indices = positions(ops.stop_gradient(input), axis=axis, keepdims=True)
    values = ops.take_along(input, indices, axis=axis)
    if not keepdim:
        values, indices = ops.squeeze(values, axis=axis), ops.squeeze(indices, axis=axis)
    name_result(f"{made.__name__.capitalize()}0", values)
    return made(values, indices)


@word
def max(input, dim=None, keepdim=False):
    """The largest element; or along `dim`, the largest elements and where they stand; or of two tensors."""
    if dim is None:
        not_empty(input, None, "max")
        return ops.max(input)
    if isinstance(dim, Value):
        return Tensor.maximum(input, dim)
    return extreme(input, ops.argmax, return_types.max, dim, keepdim)


@word
def min(input, dim=None, keepdim=False):
    """The smallest element; or along `dim`, the smallest elements and where they stand; or of two tensors."""
    if dim is None:
        not_empty(input, None, "min")
        return ops.min(input)
    if isinstance(dim, Value):
        return Tensor.minimum(input, dim)
    return extreme(input, ops.argmin, return_types.min, dim, keepdim)


@word
def amax(input, dim=(), keepdim=False):
    """The largest elements along `dim`; several share the gradient."""
    return ops.max(input, axis=not_empty(input, dim, "amax"), keepdims=keepdim)


@word
def amin(input, dim=(), keepdim=False):
    """The smallest elements along `dim`; several share the gradient."""
    return ops.min(input, axis=not_empty(input, dim, "amin"), keepdims=keepdim)


@word
def aminmax(input, *, dim=None, keepdim=False):
    """The smallest and the largest elements along `dim`."""
    return return_types.aminmax(amin(input, dim, keepdim), amax(input, dim, keepdim))


@word
def argmax(input, dim=None, keepdim=False):
    """Where the largest element stands; int64."""
    return ops.argmax(input, axis=not_empty(input, dim, "argmax"), keepdims=keepdim)


@word
def argmin(input, dim=None, keepdim=False):
    """Where the smallest element stands; int64."""
    return ops.argmin(input, axis=not_empty(input, dim, "argmin"), keepdims=keepdim)


# -- truth and counts ----------------------------------------------------------------------------


def truthful(op, input, dim, keepdim):
    """Whether elements are true: bool, but uint8 of uint8."""
    found = op(truth(input), axis=axes_of(input, dim), keepdims=keepdim)
    return cast(found, input.spec.dtype) if input.spec.dtype == np.uint8 else found


@word
def any(input, dim=None, keepdim=False):
    """Whether some element is true."""
    return truthful(ops.any, input, dim, keepdim)


@word
def all(input, dim=None, keepdim=False):
    """Whether every element is true."""
    return truthful(ops.all, input, dim, keepdim)


@word
def count_nonzero(input, dim=None):
    """How many elements are not 0."""
    return sum(truth(input), dim)


# -- norms and exponentials ----------------------------------------------------------------------


@word
def norm(input, p="fro", dim=None, keepdim=False, *, dtype=None):
    """The p-norm along `dim`; "nuc": the sum of a matrix's singular values."""
    if dtype is not None:
        input = cast(input, as_torch_dtype(dtype).dtype)
    if category(input.spec.dtype) < 2:
        raise DTypeMismatchError(
            f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {input.dtype}"
        )
    if p == "nuc":
        return ops.sum(ops.svd(input)[1], axis=-1)
    order = 2.0 if p in ("fro", None) else float(p)
    return ops.norm(input, order=order, axis=axes_of(input, dim), keepdims=keepdim)


@word
def dist(input, other, p=2):
    """The p-norm of input - other."""
    return norm(input - other, p)


@word
def renorm(input, p, dim, maxnorm):
    """The input with each part along `dim` scaled down to a p-norm of maxnorm, if it is longer."""
    axis = axis_in(dim, input.spec.ndim)
    rest = tuple([i for i in range(input.spec.ndim) if i != axis])
    length = ops.norm(input, order=float(p), axis=rest, keepdims=True)
    return input * ops.where(ops.greater(length, float(maxnorm)), float(maxnorm) / (length + 1e-7), 1.0)


@word
def logsumexp(input, dim, keepdim=False):
    """log(sum(exp(input))) along `dim`, without overflow."""
    return ops.logsumexp(floating(input), axis=axes_of(input, dim), keepdims=keepdim)


def along(op, input, dim, dtype):
    input = input if dtype is None else cast(input, as_torch_dtype(dtype).dtype)
    axis = axis_in(dim, input.spec.ndim)
    return op(input, axis=axis) if input.spec.ndim else ops.squeeze(op(ops.expand(input, axis=0), axis=0), axis=0)


@word
def softmax(input, dim, dtype=None):
    """exp(input), scaled to add up to 1 along `dim`."""
    return along(ops.softmax, input, dim, dtype)


@word
def log_softmax(input, dim, dtype=None):
    """The logarithm of softmax, without overflow."""
    return along(ops.log_softmax, input, dim, dtype)
