"""Pooling over any number of spatial axes, and its gradients."""

import math

import ml_dtypes
import numpy as np

from ..errors import ShapeError
from ..op import op
from ..spec import product, same_size
from .creation import zeros_beside
from .elementwise import absolute, equal, less, power, where
from .indexing import check_indices, put_along, put_along_add, take_along
from .padding import extent, numbers, padded, pairs, taps, unpadded, window_counts
from .reduction import max as largest
from .reduction import mean
from .shaping import reshape

__all__ = [
    "max_pool",
    "max_pool_gradient",
    "max_unpool",
    "average_pool",
    "average_pool_gradient",
    "lp_pool",
    "global_max_pool",
    "global_average_pool",
    "adaptive_max_pool",
]


def window(sizes, kernel, stride, padding, dilation, rounding):
    """Settings with an entry per spatial axis, and the number of windows along each."""
    ndim = len(sizes)
    kernel = numbers(kernel, ndim, "kernel")
    stride = kernel if stride is None else numbers(stride, ndim, "stride")
    counts = window_counts(sizes, kernel, stride, padding, dilation, rounding)
    return kernel, stride, pairs(padding, ndim), numbers(dilation, ndim, "dilation"), counts


def pooled_shape(x, kernel, stride, padding, dilation, rounding):
    if x.ndim < 3:
        raise ShapeError(f"needs (N, C, *spatial), got {x}")
    sizes = x.shape[2:]
    kernel, _, padding, dilation, counts = window(sizes, kernel, stride, padding, dilation, rounding)
    for k, d, pair in zip(kernel, dilation, padding, strict=True):
        if max(pair) >= extent(k, d):
            raise ShapeError(f"padding {pair} reaches kernel {k}: a window would see padding only")
    return x.with_shape((*x.shape[:2], *counts))


def check_pooled(g, expected):
    if g.ndim != expected.ndim or not all(map(same_size, g.shape, expected.shape)):
        raise ShapeError(f"the result of pooling is {expected}, its gradient {g}")


# -- the largest of a window ---------------------------------------------------------------------


@op(outputs=("out", "indices"), auxiliary=("indices",))
def max_pool(x, *, kernel, stride=None, padding=0, dilation=1, rounding="floor"):
    """The largest element of each window, and where it stands.

    x:        (N, C, *spatial)
    return:   (N, C, *spatial), and int32 indices: positions in one channel of x read row by row
    kernel:   elements in a window: one number, or one per spatial axis
    stride:   elements from one window to the next; the kernel if None
    padding:  as in convolution, but never the largest
    rounding: see padding.window_count

    The first of several largest wins; NaN counts as largest.  A window with no element at all, which only
    "ceil_any" makes, gives the lowest number of its dtype and index -1.
    """
    sizes = x.shape[2:]
    kernel, stride, padding, dilation, counts = window(sizes, kernel, stride, padding, dilation, rounding)
    walk = kernel, stride, padding, dilation, counts
    positions = np.arange(math.prod(sizes), dtype=np.int32).reshape(1, 1, *sizes)
    x, positions = padded(x, *walk), padded(positions, *walk, value=-1)
    out = np.full((*x.shape[:2], *counts), lowest(x.dtype))
    indices = np.full(out.shape, -1, np.int32)
    for _, seen in taps(kernel, stride, dilation, counts):
        element, position = x[seen], positions[seen]
        is_larger = (indices < 0) | (element > out) | ((element != element) & (out == out))
        is_larger &= position >= 0
        out = np.where(is_larger, element, out)
        indices = np.where(is_larger, position, indices)
    return out, indices


def lowest(dtype):
    return np.iinfo(dtype).min if dtype.kind in "iu" else ml_dtypes.finfo(dtype).min


@max_pool.shape
def max_pool_shape(x, *, kernel, stride, padding, dilation, rounding):
    out = pooled_shape(x, kernel, stride, padding, dilation, rounding)
    return out, out.with_dtype(np.int32)


@max_pool.gradient("x")
def max_pool_gradient_x(g, indices, x_spec, kernel, stride, padding, dilation, rounding):
    walk = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    return max_pool_gradient(g, indices, size=x_spec.shape[2:], **walk, rounding=rounding)


def max_pool_settings():
    """(spatial sizes, settings) that cover every way to walk and to round."""
    yield (4, 6), {"kernel": 2}
    yield (5, 5), {"kernel": 3, "stride": 2}
    yield (5, 6), {"kernel": (3, 2), "stride": (1, 2), "padding": 1}
    yield (7, 7), {"kernel": 2, "stride": 1, "dilation": (2, 3)}
    yield (6, 6), {"kernel": 3, "stride": 2, "padding": 1, "rounding": "ceil"}
    yield (6, 5), {"kernel": 3, "stride": 2, "rounding": "ceil_any"}
    yield (5,), {"kernel": 2, "padding": ((1, 0),), "rounding": "ceil"}
    yield (3, 4, 3), {"kernel": (2, 2, 1), "stride": 2}
    yield (1, 1), {"kernel": 1}


WINDOW_WITHOUT_ELEMENTS = {"kernel": 1, "stride": 3, "rounding": "ceil_any"}  # the last one, of size 5


@max_pool.samples
def max_pool_samples(make):
    for size, settings in max_pool_settings():
        yield make.distinct(2, 3, *size), settings
    yield make.integers(2, 3, 5), WINDOW_WITHOUT_ELEMENTS
    yield make(0, 2, 4, 4), {"kernel": 2}


@op(free=("indices",))
def max_pool_gradient(g, indices, *, size, kernel, stride=None, padding=0, dilation=1, rounding="floor"):
    """Each element of g added at the position that max_pool took it from; zeros elsewhere.

    g:       (N, C, *spatial of the output)
    indices: as max_pool returns them
    return:  (N, C, *size)
    size:    spatial sizes of max_pool's input
    """
    n, c = g.shape[:2]
    out = np.zeros((n, c, math.prod(size) + 1), g.dtype)  # the last one takes what index -1 gives
    n, c = np.ogrid[:n, :c]
    np.add.at(out, (n[..., None], c[..., None], as_row(indices)), as_row(g))
    return out[..., :-1].reshape(*g.shape[:2], *size)


def as_row(x):
    """x (N, C, *spatial) with its spatial axes made one."""
    return x.reshape(*x.shape[:2], math.prod(x.shape[2:]))


@max_pool_gradient.shape
def max_pool_gradient_shape(g, indices, *, size, kernel, stride, padding, dilation, rounding):
    check_indices(indices)
    x = g.with_shape((*g.shape[:2], *size))
    expected = pooled_shape(x, kernel, stride, padding, dilation, rounding)
    check_pooled(g, expected)
    check_pooled(indices, expected)
    return x


max_pool_gradient.no_gradient("indices", "positions are whole numbers")


@max_pool_gradient.gradient("g")
def max_pool_gradient_gradient(g, indices):
    """What stands at the indices."""
    n, c, *sizes = g.shape
    n, c, *counts = indices.shape
    flat = reshape(indices, shape=(n, c, product(counts)))
    taken = take_along(reshape(g, shape=(n, c, product(sizes))), flat, axis=2)
    return reshape(where(less(flat, 0), 0.0, taken), shape=indices.shape)


@max_pool_gradient.samples
def max_pool_gradient_samples(make):
    for size, settings in max_pool_settings():
        out, indices = max_pool.reference(make.distinct(2, 3, *size), **settings)
        yield make(*out.shape), indices, {**settings, "size": size}
    yield make(1, 1, 3), np.array([[[0, 3, -1]]], np.int32), {**WINDOW_WITHOUT_ELEMENTS, "size": (5,)}
    yield make(0, 2, 2, 2), make.integers(0, 2, 2, 2).astype(np.int32), {"kernel": 2, "size": (4, 4)}


# -- the average of a window ---------------------------------------------------------------------


@op
def average_pool(x, *, kernel, stride=None, padding=0, rounding="floor", divisor="padded"):
    """The average of each window.

    x:        (N, C, *spatial)
    return:   (N, C, *spatial)
    kernel, stride, padding, rounding: as in max_pool; padding is 0
    divisor:  "padded": elements and padding in the window, not what hangs over the padding (Caffe, PyTorch)
              "valid":  elements in the window (TensorFlow; PyTorch with count_include_pad=False)
              a number: that number

    A window with no element at all gives 0.
    """
    kernel, stride, padding, dilation, counts = window(x.shape[2:], kernel, stride, padding, 1, rounding)
    around = padded(x, kernel, stride, padding, dilation, counts)
    total = np.zeros((*x.shape[:2], *counts), x.dtype)
    for _, seen in taps(kernel, stride, dilation, counts):
        total += around[seen]
    return total / divisors(x.shape[2:], kernel, stride, padding, counts, divisor).astype(x.dtype)


def divisors(sizes, kernel, stride, padding, counts, divisor):
    """What the sum of each window is divided by: one number for each window of a channel."""
    if isinstance(divisor, int):
        return np.full(counts, divisor)
    counted = np.ones((1, 1, *sizes), int)
    if divisor == "padded":
        counted = np.pad(counted, [(0, 0), (0, 0), *padding], constant_values=1)
        padding = ((0, 0),) * len(kernel)
    dilation = (1,) * len(kernel)
    around = padded(counted, kernel, stride, padding, dilation, counts)
    number = np.zeros(counts, int)
    for _, seen in taps(kernel, stride, dilation, counts):
        number += around[0, 0][seen]
    return np.maximum(number, 1)


def check_divisor(divisor):
    if not (divisor in ("padded", "valid") or (isinstance(divisor, int) and divisor > 0)):
        raise ShapeError(f"divisor is {divisor!r}; it may be 'padded', 'valid' or a positive number")


@average_pool.shape
def average_pool_shape(x, *, kernel, stride, padding, rounding, divisor):
    check_divisor(divisor)
    return pooled_shape(x, kernel, stride, padding, 1, rounding)


@average_pool.gradient("x")
def average_pool_gradient_x(g, x_spec, kernel, stride, padding, rounding, divisor):
    walk = {"kernel": kernel, "stride": stride, "padding": padding, "rounding": rounding}
    return average_pool_gradient(g, size=x_spec.shape[2:], **walk, divisor=divisor)


def average_pool_settings():
    """(spatial sizes, settings) that cover every way to round and to divide."""
    yield (4, 6), {"kernel": 2}
    yield (5, 5), {"kernel": 3, "stride": 2}
    yield (5, 6), {"kernel": (3, 2), "stride": (1, 2), "padding": 1}
    yield (5, 6), {"kernel": (3, 2), "stride": (1, 2), "padding": 1, "divisor": "valid"}
    yield (6, 6), {"kernel": 3, "stride": 2, "padding": 1, "rounding": "ceil"}
    uneven = ((0, 1), (1, 2))
    yield (6, 6), {"kernel": 3, "stride": 2, "padding": uneven, "rounding": "ceil", "divisor": "valid"}
    yield (6, 5), {"kernel": 3, "stride": 2, "rounding": "ceil_any"}
    yield (5,), WINDOW_WITHOUT_ELEMENTS
    yield (5,), {**WINDOW_WITHOUT_ELEMENTS, "divisor": "valid"}
    yield (4, 4), {"kernel": 3, "stride": 1, "divisor": 5}
    yield (3, 4, 3), {"kernel": (2, 2, 1), "stride": 2}
    yield (1, 1), {"kernel": 1}


@average_pool.samples
def average_pool_samples(make):
    for size, settings in average_pool_settings():
        yield make(2, 3, *size), settings
    yield make(0, 2, 4, 4), {"kernel": 2}


@op
def average_pool_gradient(g, *, size, kernel, stride=None, padding=0, rounding="floor", divisor="padded"):
    """Each element of g spread evenly over the window that average_pool took it from.

    g:      (N, C, *spatial of the output)
    return: (N, C, *size)
    size:   spatial sizes of average_pool's input
    """
    kernel, stride, padding, dilation, counts = window(size, kernel, stride, padding, 1, rounding)
    around = padded(np.zeros((*g.shape[:2], *size), g.dtype), kernel, stride, padding, dilation, counts)
    part = g / divisors(size, kernel, stride, padding, counts, divisor).astype(g.dtype)
    for _, seen in taps(kernel, stride, dilation, counts):
        around[seen] += part
    return unpadded(around, padding, size)


@average_pool_gradient.shape
def average_pool_gradient_shape(g, *, size, kernel, stride, padding, rounding, divisor):
    check_divisor(divisor)
    x = g.with_shape((*g.shape[:2], *size))
    check_pooled(g, pooled_shape(x, kernel, stride, padding, 1, rounding))
    return x


@average_pool_gradient.gradient("g")
def average_pool_gradient_gradient(g, kernel, stride, padding, rounding, divisor):
    return average_pool(g, kernel=kernel, stride=stride, padding=padding, rounding=rounding, divisor=divisor)


@average_pool_gradient.samples
def average_pool_gradient_samples(make):
    for size, settings in average_pool_settings():
        out = average_pool.reference(make(2, 3, *size), **settings)
        yield make(*out.shape), {**settings, "size": size}
    yield make(0, 2, 2, 2), {"kernel": 2, "size": (4, 4)}


# -- other windows -------------------------------------------------------------------------------


def lp_pool(x, *, order, kernel, stride=None, padding=0, rounding="floor"):
    """The `order`-th root of the sum of |x| ** order over each window; see max_pool for the other settings.

    The gradient at a sum of 0 is 0.
    """
    settings = {"kernel": kernel, "stride": stride, "padding": padding, "rounding": rounding}
    total = average_pool(power(absolute(x), order), **settings, divisor=1)
    is_zero = equal(total, 0.0)
    return where(is_zero, 0.0, power(where(is_zero, 1.0, total), 1.0 / order))


def max_unpool(x, indices, *, size):
    """Each element of x put where max_pool took it from; zeros elsewhere.

    x:       (N, C, *spatial of the output)
    indices: as max_pool returns them
    return:  (N, C, *size)
    """
    n, c = x.shape[:2]
    row = x.spec.with_shape((n, c, product(size)))
    places = (n, c, product(x.shape[2:]))
    out = put_along(zeros_beside(x, row), reshape(indices, shape=places), reshape(x, shape=places), axis=2)
    return reshape(out, shape=(n, c, *size))


def global_max_pool(x):
    """The largest element of each channel: (N, C, *spatial) to (N, C, 1, ...)."""
    return largest(x, axis=tuple(range(2, x.ndim)), keepdims=True)


def global_average_pool(x):
    """The average of each channel: (N, C, *spatial) to (N, C, 1, ...)."""
    return mean(x, axis=tuple(range(2, x.ndim)), keepdims=True)


@op(outputs=("out", "indices"), auxiliary=("indices",))
def adaptive_max_pool(x, *, size):
    """The largest element of each of `size` windows that cover x, and where it stands.

    x:      (N, C, *spatial)
    return: (N, C, *size), and int32 indices: positions in one channel of x read row by row
    size:   windows along each spatial axis; window i of m goes from floor(i * n / m) up to ceil((i + 1) * n / m)
    """
    sizes = x.shape[2:]
    out = np.empty((*x.shape[:2], *size), x.dtype)
    indices = np.empty(out.shape, np.int32)
    positions = np.arange(math.prod(sizes)).reshape(sizes)
    for at in np.ndindex(*size):
        seen = tuple([slice(i * n // m, -(-(i + 1) * n // m)) for i, n, m in zip(at, sizes, size, strict=True)])
        row = as_row(x[(..., *seen)])
        chosen = row.argmax(axis=-1)
        out[(..., *at)] = np.take_along_axis(row, chosen[..., None], axis=-1)[..., 0]
        indices[(..., *at)] = positions[seen].reshape(-1)[chosen]
    return out, indices


@adaptive_max_pool.shape
def adaptive_max_pool_shape(x, *, size):
    if x.ndim < 3 or len(size) != x.ndim - 2:
        raise ShapeError(f"size {size} is not one number for each spatial axis of {x}")
    out = x.with_shape((*x.shape[:2], *size))
    return out, out.with_dtype(np.int32)


@adaptive_max_pool.gradient("x")
def adaptive_max_pool_gradient(g, x_spec, indices):
    n, c, *sizes = x_spec.shape
    row = x_spec.with_shape((n, c, product(sizes)))
    places = (n, c, product(g.shape[2:]))
    total = put_along_add(zeros_beside(g, row), reshape(indices, shape=places), reshape(g, shape=places), axis=2)
    return reshape(total, shape=x_spec.shape)


@adaptive_max_pool.samples
def adaptive_max_pool_samples(make):
    yield make.distinct(2, 3, 5, 4), {"size": (3, 2)}
    yield make.distinct(2, 2, 3), {"size": (5,)}
    yield make.distinct(1, 2, 2, 3, 4), {"size": (1, 2, 4)}
    yield make(0, 2, 4, 4), {"size": (2, 2)}
    yield make.distinct(1, 1, 5), {"size": (3,)}
