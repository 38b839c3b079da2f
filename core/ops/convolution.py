"""Convolution over any number of spatial axes, and the two products that are its gradients.

The three are linear in each operand, so each one's gradients are the other two.
"""

import math

import numpy as np

from ..errors import ShapeError
from ..op import op
from ..spec import product, same_size
from .creation import arange
from .indexing import one_hot
from .padding import extent, numbers, padded, pairs, taps, unpadded, window_counts
from .reduction import sum
from .shaping import broadcast_to, reshape

__all__ = [
    "convolution",
    "convolution_input_gradient",
    "convolution_weight_gradient",
    "convolution_transpose",
    "unfold",
    "fold",
]


@op
def convolution(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    """Each window of x times the weight, summed (a cross-correlation, as every framework has it).

    x:        (N, C, *spatial)
    weight:   (O, C / groups, *kernel)
    bias:     (O,)
    return:   (N, O, *spatial)
    stride:   elements from one window to the next: one number, or one per spatial axis
    padding:  zeros around x: one number, one per axis, or (before, after) per axis
    dilation: elements from one tap of the kernel to the next: one number, or one per axis
    groups:   parts into which channels are divided; each part sees only its own
    """
    count, channels, kernel = len(x), len(weight), weight.shape[2:]
    stride, padding, dilation, counts = window(x.shape[2:], kernel, stride, padding, dilation)
    x = by_group(padded(x, kernel, stride, padding, dilation, counts), 1, groups)
    weight = by_group(weight, 0, groups)
    out = np.zeros((count, groups, channels // groups, *counts), x.dtype)
    for tap, seen in taps(kernel, stride, dilation, counts):
        out += np.einsum("ngi...,goi->ngo...", x[seen], weight[tap])
    out = out.reshape(count, channels, *counts)
    return out if bias is None else out + bias.reshape(-1, *[1] * len(kernel))


def window(sizes, kernel, stride, padding, dilation):
    """Settings with an entry per spatial axis, and the number of windows along each."""
    ndim = len(sizes)
    counts = window_counts(sizes, kernel, stride, padding, dilation)
    return (
        numbers(stride, ndim, "stride"),
        pairs(padding, ndim),
        numbers(dilation, ndim, "dilation"),
        counts,
    )


def by_group(x, axis, groups):
    """x with `axis` divided into (groups, the rest)."""
    return x.reshape(*x.shape[:axis], groups, x.shape[axis] // groups, *x.shape[axis + 1 :])


@convolution.shape
def convolution_shape(x, weight, bias=None, *, stride, padding, dilation, groups):
    check_ranks(x, weight)
    if not same_size(x.shape[1], weight.shape[1] * groups):
        parts = "" if groups == 1 else f" in {groups} groups"
        expected = weight.shape[1] * groups
        raise ShapeError(f"input has {x.shape[1]} channels, weight expects {expected}{parts}: {x}, {weight}")
    check_groups(weight.shape[0], groups)
    if bias is not None and (bias.ndim != 1 or not same_size(bias.shape[0], weight.shape[0])):
        raise ShapeError(f"bias is {bias}, weight makes {weight.shape[0]} channels")
    counts = window_counts(x.shape[2:], weight.shape[2:], stride, padding, dilation)
    return x.with_shape((x.shape[0], weight.shape[0], *counts))


def check_ranks(x, y):
    if x.ndim != y.ndim or x.ndim < 3:
        raise ShapeError(f"needs as many axes on each side, three or more: {x}, {y}")


def check_groups(channels, groups):
    if isinstance(channels, int) and (groups < 1 or channels % groups):
        raise ShapeError(f"{channels} channels cannot be divided into {groups} groups")


@convolution.gradient("x")
def convolution_gradient_x(g, x_spec, weight, stride, padding, dilation, groups):
    return convolution_input_gradient(
        g, weight, size=x_spec.shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups
    )


@convolution.gradient("weight")
def convolution_gradient_weight(g, x, weight_spec, stride, padding, dilation, groups):
    return convolution_weight_gradient(
        x, g, kernel=weight_spec.shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups
    )


@convolution.gradient("bias")
def convolution_gradient_bias(g):
    return sum(g, axis=(0, *range(2, g.ndim)))


@convolution.samples
def convolution_samples(make):
    yield make(2, 3, 5, 4), make(4, 3, 3, 2), make(4)
    yield make(2, 3, 5, 5), make(2, 3, 2, 2), {"stride": 2}
    yield make(1, 1, 4, 5), make(1, 1, 3, 3), make(1), {"padding": 1, "stride": (1, 2)}
    yield make(1, 2, 5, 6), make(2, 2, 2, 3), {"padding": ((1, 0), (0, 2)), "dilation": (2, 1)}
    yield make(2, 4, 5, 5), make(6, 2, 3, 3), make(6), {"groups": 2, "padding": (0, 1)}
    yield make(1, 3, 4, 4), make(3, 1, 2, 2), {"groups": 3, "dilation": 2}
    yield make(2, 3, 7), make(4, 3, 3), make(4), {"stride": 3, "padding": 1}
    yield make(1, 2, 3, 4, 3), make(2, 2, 2, 2, 1), {"padding": (0, 1, 0)}
    yield make(2, 3, 1, 1), make(4, 3, 1, 1), make(4)
    yield make(0, 3, 4, 4), make(2, 3, 3, 3), make(2)
    yield make(1, 3, 3), make(3, 3, 1)
    yield make(1, 67, 2, 2), make(1, 67, 2, 2)


# -- gradients -----------------------------------------------------------------------------------


@op
def convolution_input_gradient(g, weight, *, size, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of a convolution's input; with a size of one's choice, a transposed convolution.

    g:      (N, O, *spatial of the output)
    weight: (O, C / groups, *kernel)
    return: (N, C, *size)
    size:   spatial sizes of the convolution's input
    """
    kernel = weight.shape[2:]
    stride, padding, dilation, counts = window(size, kernel, stride, padding, dilation)
    x = np.zeros((len(g), weight.shape[1] * groups, *size), g.dtype)
    around = padded(x, kernel, stride, padding, dilation, counts)
    parts = by_group(around, 1, groups)  # a view
    g, weight = by_group(g, 1, groups), by_group(weight, 0, groups)
    for tap, seen in taps(kernel, stride, dilation, counts):
        parts[seen] += np.einsum("ngo...,goi->ngi...", g, weight[tap])
    return unpadded(around, padding, size)


@convolution_input_gradient.shape
def convolution_input_gradient_shape(g, weight, *, size, stride, padding, dilation, groups):
    check_ranks(g, weight)
    check_groups(weight.shape[0], groups)
    x = g.with_shape((g.shape[0], weight.shape[1] * groups, *size))
    settings = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    check_output(g, convolution_shape(x, weight, **settings))
    return x


def check_output(g, expected):
    if not all(map(same_size, g.shape, expected.shape)):
        raise ShapeError(f"the convolution's result is {expected}, its gradient {g}")


@convolution_input_gradient.gradient("g")
def convolution_input_gradient_gradient_g(gg, weight, stride, padding, dilation, groups):
    return convolution(gg, weight, stride=stride, padding=padding, dilation=dilation, groups=groups)


@convolution_input_gradient.gradient("weight")
def convolution_input_gradient_gradient_weight(gg, g, weight_spec, stride, padding, dilation, groups):
    return convolution_weight_gradient(
        gg, g, kernel=weight_spec.shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups
    )


@convolution_input_gradient.samples
def convolution_input_gradient_samples(make):
    yield make(2, 4, 3, 3), make(4, 3, 3, 2), {"size": (5, 4)}
    yield make(2, 3, 2, 2), make(3, 2, 2, 2), {"size": (5, 4), "stride": 2}
    uneven = {"padding": ((1, 0), (0, 2)), "dilation": 2}
    yield make(1, 2, 5, 4), make(2, 2, 2, 3), {"size": (6, 6), **uneven}
    yield make(2, 6, 3, 5), make(6, 2, 3, 3), {"size": (5, 5), "groups": 2, "padding": (0, 1)}
    yield make(2, 4, 3), make(4, 3, 3), {"size": (7,), "stride": 3, "padding": 1}
    yield make(0, 2, 2, 2), make(2, 3, 3, 3), {"size": (4, 4)}
    yield make(3, 3, 3), make(3, 3, 3), {"size": (5,)}


@op
def convolution_weight_gradient(x, g, *, kernel, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of a convolution's weight.

    x:      (N, C, *spatial)
    g:      (N, O, *spatial of the output)
    return: (O, C / groups, *kernel)
    """
    channels = g.shape[1]
    stride, padding, dilation, counts = window(x.shape[2:], kernel, stride, padding, dilation)
    x = by_group(padded(x, kernel, stride, padding, dilation, counts), 1, groups)
    g = by_group(g, 1, groups)
    out = np.zeros((groups, g.shape[2], x.shape[2], *kernel), g.dtype)
    for tap, seen in taps(kernel, stride, dilation, counts):
        out[tap] = np.einsum("ngip,ngop->goi", in_a_row(x[seen]), in_a_row(g))
    return out.reshape(channels, *out.shape[2:])


def in_a_row(x):
    """x (N, groups, channels, *spatial) with its spatial axes made one."""
    return x.reshape(*x.shape[:3], math.prod(x.shape[3:]))


@convolution_weight_gradient.shape
def convolution_weight_gradient_shape(x, g, *, kernel, stride, padding, dilation, groups):
    check_ranks(x, g)
    check_groups(x.shape[1], groups)
    check_groups(g.shape[1], groups)
    weight = x.with_shape((g.shape[1], x.shape[1] // groups, *kernel))
    settings = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    check_output(g, convolution_shape(x, weight, **settings))
    return weight


@convolution_weight_gradient.gradient("x")
def convolution_weight_gradient_gradient_x(gg, x_spec, g, stride, padding, dilation, groups):
    return convolution_input_gradient(
        g, gg, size=x_spec.shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups
    )


@convolution_weight_gradient.gradient("g")
def convolution_weight_gradient_gradient_g(gg, x, stride, padding, dilation, groups):
    return convolution(x, gg, stride=stride, padding=padding, dilation=dilation, groups=groups)


@convolution_weight_gradient.samples
def convolution_weight_gradient_samples(make):
    yield make(2, 3, 5, 4), make(2, 4, 3, 3), {"kernel": (3, 2)}
    yield make(2, 2, 5, 4), make(2, 3, 2, 2), {"kernel": (2, 2), "stride": 2}
    uneven = {"padding": ((1, 0), (0, 2)), "dilation": 2}
    yield make(1, 2, 6, 6), make(1, 2, 5, 4), {"kernel": (2, 3), **uneven}
    yield make(2, 4, 5, 5), make(2, 6, 3, 5), {"kernel": (3, 3), "groups": 2, "padding": (0, 1)}
    yield make(2, 3, 7), make(2, 4, 3), {"kernel": (3,), "stride": 3, "padding": 1}
    yield make(0, 3, 4, 4), make(0, 2, 2, 2), {"kernel": (3, 3)}
    yield make(3, 3, 5), make(3, 3, 3), {"kernel": (3,)}
    yield make(1, 1, 5), make(1, 1, 3), {"kernel": (1,), "stride": 2}
    yield make(1, 1, 5), make(1, 1, 3), {"kernel": (2,), "dilation": 2}


# -- the other way round -------------------------------------------------------------------------


def convolution_transpose(
    x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1, output_padding=0, size=None
):
    """The convolution whose input gradient this is, the other way round: from few positions to many.

    x:              (N, C, *spatial)
    weight:         (C, O / groups, *kernel)
    bias:           (O,)
    return:         (N, O, *size)
    output_padding: elements added behind the smallest size that fits: one number, or one per spatial axis
    size:           the spatial sizes, instead of output_padding
    """
    kernel = weight.shape[2:]
    ndim = len(kernel)
    if size is None:
        size = tuple([
            (n - 1) * s + extent(k, d) - low - high + more
            for n, k, s, d, (low, high), more in zip(
                x.shape[2:], kernel, numbers(stride, ndim, "stride"), numbers(dilation, ndim, "dilation"),
                pairs(padding, ndim), numbers(output_padding, ndim, "output_padding", least=0), strict=True,
            )
        ])  # fmt: skip
    settings = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    out = convolution_input_gradient(x, weight, size=size, **settings)
    return out if bias is None else out + reshape(bias, shape=(bias.shape[0], *[1] * ndim))


# -- windows as columns --------------------------------------------------------------------------


def one_tap_each(x, channels, kernel):
    """The weight that gives each element of a window a channel of its own: (channels * taps, 1, *kernel)."""
    count = math.prod(kernel)
    each = one_hot(arange(stop=count, place=x.place), depth=count, dtype=x.dtype.name)
    wide = broadcast_to(reshape(each, shape=(1, count, count)), shape=(channels, count, count))
    return reshape(wide, shape=(channels * count, 1, *kernel))


def unfold(x, *, kernel, stride=1, padding=0, dilation=1):
    """The elements of each window as a column (im2col).

    x:      (N, C, *spatial)
    return: (N, C * taps, windows): all taps of the first channel come first
    """
    n, c, *sizes = x.shape
    kernel = numbers(kernel, len(sizes), "kernel")
    settings = {"stride": stride, "padding": padding, "dilation": dilation, "groups": c}
    windows = convolution(x, one_tap_each(x, c, kernel), **settings)
    return reshape(windows, shape=(n, c * math.prod(kernel), product(windows.shape[2:])))


def fold(x, *, size, kernel, stride=1, padding=0, dilation=1):
    """Each column added to the window that `unfold` took it from (col2im).

    x:      (N, C * taps, windows)
    return: (N, C, *size)
    """
    n, rows, columns = x.shape
    kernel = numbers(kernel, len(size), "kernel")
    counts = window_counts(size, kernel, stride, padding, dilation)
    if rows % math.prod(kernel) or not same_size(columns, product(counts)):
        raise ShapeError(f"fold: {x.spec} is not (N, C * {math.prod(kernel)}, {product(counts)}), as size {size} needs")
    c = rows // math.prod(kernel)
    settings = {"stride": stride, "padding": padding, "dilation": dilation, "groups": c}
    windows = reshape(x, shape=(n, rows, *counts))
    return convolution_input_gradient(windows, one_tap_each(x, c, kernel), size=tuple(size), **settings)
