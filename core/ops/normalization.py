"""Zero mean and unit variance over the batch, over each example, or over groups of its channels."""

import math

import numpy as np

from ..errors import ShapeError
from ..op import op
from ..spec import product, same_size
from .elementwise import sqrt, square
from .reduction import mean, sum
from .shaping import reshape

__all__ = [
    "batch_norm",
    "batch_norm_gradient",
    "batch_norm_inference",
    "layer_norm",
    "group_norm",
    "instance_norm",
]


def other_axes(x):
    """All axes but that of the channels."""
    return (0, *range(2, x.ndim))


def per_channel(value, x):
    """`value` (C,) so that it broadcasts with x (N, C, ...)."""
    return reshape(value, shape=(value.shape[0], *[1] * (x.ndim - 2)))


def check_channels(x, *per_channel):
    if x.ndim < 2:
        raise ShapeError(f"needs (N, C, ...), got {x}")
    for value in per_channel:
        if value.ndim != 1 or not same_size(value.shape[0], x.shape[1]):
            raise ShapeError(f"one number for each channel of {x} is needed, got {value}")


# -- the batch, in training (Ioffe & Szegedy, 2015, arXiv:1502.03167) --------------------


@op(outputs=("out", "mean", "variance"), auxiliary=("mean", "variance"))
def batch_norm(x, scale, shift, *, epsilon=1e-5):
    """(x - mean) / sqrt(variance + epsilon) * scale + shift, with the statistics of this batch.

    x:            (N, C, ...)
    scale, shift: (C,)
    return:       (N, C, ...), mean (C,), variance (C,), the latter divided by the number of elements
    """
    axes, channels = (0, *range(2, x.ndim)), (-1, *[1] * (x.ndim - 2))
    m, v = x.mean(axis=axes), x.var(axis=axes)
    standard = (x - m.reshape(channels)) / np.sqrt(v + epsilon).reshape(channels)
    return standard * scale.reshape(channels) + shift.reshape(channels), m, v


@batch_norm.shape
def batch_norm_shape(x, scale, shift, *, epsilon):
    check_channels(x, scale, shift)
    statistic = x.with_shape((x.shape[1],))
    return x, statistic, statistic


@batch_norm.gradient("x", "scale", "shift")
def batch_norm_gradients(g, x, scale, mean, variance, epsilon):
    return batch_norm_gradient(g, x, scale, mean, variance, epsilon=epsilon)


@batch_norm.decomposition
def batch_norm_composed(x, scale, shift, *, epsilon):
    standard, m, v = standardized(x, epsilon)
    return standard * per_channel(scale, x) + per_channel(shift, x), m, v


def standardized(x, epsilon):
    """x with zero mean and unit variance in each channel; its mean; its variance."""
    m = mean(x, axis=other_axes(x))
    centred = x - per_channel(m, x)
    v = mean(square(centred), axis=other_axes(x))
    return centred / per_channel(sqrt(v + epsilon), x), m, v


@batch_norm.samples
def batch_norm_samples(make):
    yield make(4, 3), make(3), make(3)
    yield make(2, 3, 2, 2), make(3), make(3), {"epsilon": 0.1}
    yield make(2, 1, 3), make(1), make(1)
    yield make(1, 2, 3, 2, 2), make(2), make(2)
    yield make(4, 3), make(3), make(3), {"epsilon": 0.5}


@op(outputs=("x_gradient", "scale_gradient", "shift_gradient"))
def batch_norm_gradient(g, x, scale, mean, variance, *, epsilon=1e-5):
    """The gradients of batch_norm.

    g, x:           (N, C, ...)
    scale:          (C,)
    mean, variance: (C,) those of x, as batch_norm returned them
    return:         gradients of x, scale and shift

    A kernel need not compute mean and variance again.  The reference does: they follow from x, so what flows
    through them is part of x's gradient.
    """
    axes, channels = (0, *range(2, x.ndim)), (-1, *[1] * (x.ndim - 2))
    spread = np.sqrt(x.var(axis=axes) + epsilon).reshape(channels)
    standard = (x - x.mean(axis=axes).reshape(channels)) / spread
    common = g.mean(axis=axes).reshape(channels) + standard * (g * standard).mean(axis=axes).reshape(channels)
    x_gradient = scale.reshape(channels) / spread * (g - common)
    return x_gradient, (g * standard).sum(axis=axes), g.sum(axis=axes)


@batch_norm_gradient.shape
def batch_norm_gradient_shape(g, x, scale, mean, variance, *, epsilon):
    check_channels(x, scale, mean, variance)
    if g.ndim != x.ndim or not all(map(same_size, g.shape, x.shape)):
        raise ShapeError(f"the result of batch_norm is {x}, its gradient {g}")
    return x, scale, scale


@batch_norm_gradient.decomposition
def batch_norm_gradient_composed(g, x, scale, *_, epsilon):
    axes = other_axes(x)
    standard, _, v = standardized(x, epsilon)
    common = mean(g, axis=axes, keepdims=True) + standard * mean(g * standard, axis=axes, keepdims=True)
    x_gradient = per_channel(scale / sqrt(v + epsilon), x) * (g - common)
    return x_gradient, sum(g * standard, axis=axes), sum(g, axis=axes)


batch_norm_gradient.no_gradient("mean", "variance", "they follow from x, whose gradient has their share")


@batch_norm_gradient.samples
def batch_norm_gradient_samples(make):
    for x, scale, _, *settings in batch_norm_samples(make):
        _, m, v = batch_norm.reference(x, scale, scale)
        yield make(*x.shape), x, scale, m, v, *settings


# -- the batch, in use ------------------------------------------------------------------


def batch_norm_inference(x, scale, shift, mean, variance, *, epsilon=1e-5):
    """(x - mean) / sqrt(variance + epsilon) * scale + shift, with statistics gathered before.

    x:                            (N, C, ...)
    scale, shift, mean, variance: (C,)
    """
    factor = scale / sqrt(variance + epsilon)
    return x * per_channel(factor, x) + per_channel(shift - mean * factor, x)


# -- each example by itself ----------------------------------------------------------------------


@op
def layer_norm(x, scale=None, shift=None, *, axes=1, epsilon=1e-5):
    """(x - mean) / sqrt(variance + epsilon) * scale + shift, with the statistics of the last axes  (Ba et al., 2016).

    x:            (..., *sizes)
    scale, shift: sizes; 1 and 0 where they are None
    axes:         how many last axes are taken together
    """
    last = tuple(range(-axes, 0))
    centred = x - x.mean(axis=last, keepdims=True)
    out = centred / np.sqrt(np.square(centred).mean(axis=last, keepdims=True) + epsilon)
    out = out if scale is None else out * scale
    return (out if shift is None else out + shift).astype(x.dtype)


@layer_norm.shape
def layer_norm_shape(x, scale=None, shift=None, *, axes, epsilon):
    if not 1 <= axes <= x.ndim:
        raise ShapeError(f"takes {axes} last axes of {x}")
    sizes = x.shape[x.ndim - axes :]
    for value in (scale, shift):
        if value is not None and (value.ndim != axes or not all(map(same_size, value.shape, sizes))):
            raise ShapeError(f"one number for each of {sizes} of {x} is needed, got {value}")
    return x


@layer_norm.decomposition
def layer_norm_composed(x, scale=None, shift=None, *, axes, epsilon):
    last = tuple(range(x.ndim - axes, x.ndim))
    centred = x - mean(x, axis=last, keepdims=True)
    out = centred / sqrt(mean(square(centred), axis=last, keepdims=True) + epsilon)
    out = out if scale is None else out * scale
    return out if shift is None else out + shift


@layer_norm.samples
def layer_norm_samples(make):
    yield make(2, 4), make(4), make(4)
    yield make(2, 3, 2), make(3, 2), make(3, 2), {"axes": 2, "epsilon": 0.1}
    yield make(2, 3), None, make(3)
    yield make(3, 4)
    yield make(0, 3)


@op
def group_norm(x, scale=None, shift=None, *, groups, epsilon=1e-5):
    """layer_norm over groups of channels  (Wu & He, 2018, arXiv:1803.08494).

    x:            (N, C, *spatial)
    scale, shift: (C,); 1 and 0 where they are None
    groups:       parts into which channels are divided; each has statistics of its own
    """
    rows = x.reshape(x.shape[0], groups, math.prod(x.shape[1:]) // groups)
    out = layer_norm.reference(rows, epsilon=epsilon).reshape(x.shape)
    channels = (-1, *[1] * (x.ndim - 2))
    out = out if scale is None else out * scale.reshape(channels)
    return out if shift is None else out + shift.reshape(channels)


@group_norm.shape
def group_norm_shape(x, scale=None, shift=None, *, groups, epsilon):
    check_channels(x, *[value for value in (scale, shift) if value is not None])
    if isinstance(x.shape[1], int) and (groups < 1 or x.shape[1] % groups):
        raise ShapeError(f"{x.shape[1]} channels cannot be divided into {groups} groups")
    return x


@group_norm.decomposition
def group_norm_composed(x, scale=None, shift=None, *, groups, epsilon):
    rows = reshape(x, shape=(x.shape[0], groups, product(x.shape[1:]) // groups))
    out = reshape(layer_norm(rows, epsilon=epsilon), shape=x.shape)
    out = out if scale is None else out * per_channel(scale, x)
    return out if shift is None else out + per_channel(shift, x)


@group_norm.samples
def group_norm_samples(make):
    yield make(2, 4, 3), make(4), make(4), {"groups": 2}
    yield make(2, 4, 2, 2), make(4), {"groups": 4, "epsilon": 0.1}
    yield make(2, 3), None, make(3), {"groups": 1}
    yield make(0, 2, 3), {"groups": 2}


def instance_norm(x, scale=None, shift=None, *, epsilon=1e-5):
    """group_norm with each channel by itself  (Ulyanov et al., 2016, arXiv:1607.08022).

    x:            (N, C, *spatial)
    scale, shift: (C,)
    """
    return group_norm(x, scale, shift, groups=x.shape[1], epsilon=epsilon)
