"""Batch normalisation, a few channels at a time so that they stay in cache between the passes."""

import math

import numpy as np

from .precision import in_float32
from .scratch import Pool
from .windows import blocks, length

CACHED = 1 << 20  # bytes of some channels of all images


def channel_pieces(spec):
    """((images, channels, pixels), [slice of channels, ...])"""
    n, c = spec.shape[:2]
    pixels = math.prod(spec.shape[2:])
    cuts = [part for part, _ in blocks(c, 1, n * pixels * spec.dtype.itemsize, CACHED)]
    return (n, c, pixels), cuts


def scratch_pool(flat_shape, cuts, dtype, count):
    n, _, pixels = flat_shape
    most = max(map(length, cuts), default=0)
    return Pool(lambda: [np.empty((n, most, pixels), dtype) for _ in range(count)])


def sum_by_channel(x):
    """(n, c, pixels) to (c,); images first, which leaves long rows."""
    return np.add.reduce(np.add.reduce(x, 0), 1)


def prepare_batch_norm(specs, settings):
    x = specs[0]
    flat_shape, cuts = channel_pieces(x)
    count, epsilon = x.dtype.type(flat_shape[0] * flat_shape[2]), x.dtype.type(settings["epsilon"])
    pool = scratch_pool(flat_shape, cuts, x.dtype, 2)

    def batch_norm(x, scale, shift, out=None):
        out = out or (np.empty(x.shape, x.dtype), np.empty(flat_shape[1], x.dtype), np.empty(flat_shape[1], x.dtype))
        y, mean, variance = out
        flat_x, flat_y = x.reshape(flat_shape), y.reshape(flat_shape)
        scratch = pool.take()
        with np.errstate(invalid="ignore", divide="ignore"):  # no images: NaN, as NumPy's own mean
            for part in cuts:
                centred, squares = [array[:, : length(part)] for array in scratch]
                mean[part] = sum_by_channel(flat_x[:, part]) / count
                np.subtract(flat_x[:, part], mean[part, None], out=centred)
                np.multiply(centred, centred, out=squares)
                variance[part] = sum_by_channel(squares) / count
                factor = scale[part] / np.sqrt(variance[part] + epsilon)
                np.multiply(centred, factor[:, None], out=centred)
                np.add(centred, shift[part, None], out=flat_y[:, part])
        pool.give(scratch)
        return y, mean, variance

    return batch_norm


def prepare_batch_norm_gradient(specs, settings):
    g = specs[0]
    flat_shape, cuts = channel_pieces(g)
    count, epsilon = g.dtype.type(flat_shape[0] * flat_shape[2]), g.dtype.type(settings["epsilon"])
    pool = scratch_pool(flat_shape, cuts, g.dtype, 2)

    def batch_norm_gradient(g, x, scale, mean, variance, out=None):
        out = out or (np.empty(g.shape, g.dtype), np.empty(flat_shape[1], g.dtype), np.empty(flat_shape[1], g.dtype))
        dx, dscale, dshift = out
        flat_g, flat_x, flat_dx = g.reshape(flat_shape), x.reshape(flat_shape), dx.reshape(flat_shape)
        scratch = pool.take()
        with np.errstate(invalid="ignore", divide="ignore"):
            for part in cuts:
                normal, product = [array[:, : length(part)] for array in scratch]
                inverse = 1 / np.sqrt(variance[part] + epsilon)
                np.subtract(flat_x[:, part], mean[part, None], out=normal)
                np.multiply(normal, inverse[:, None], out=normal)
                np.multiply(normal, flat_g[:, part], out=product)
                dscale[part] = sum_by_channel(product)
                dshift[part] = sum_by_channel(flat_g[:, part])
                np.multiply(normal, (dscale[part] / count)[:, None], out=normal)
                np.subtract(flat_g[:, part], normal, out=normal)
                np.subtract(normal, (dshift[part] / count)[:, None], out=normal)
                np.multiply(normal, (scale[part] * inverse)[:, None], out=flat_dx[:, part])
        pool.give(scratch)
        return dx, dscale, dshift

    return batch_norm_gradient


KERNELS = {}

PREPARED = {
    "batch_norm": in_float32(prepare_batch_norm),
    "batch_norm_gradient": in_float32(prepare_batch_norm_gradient),
}
