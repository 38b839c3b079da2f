"""Sliding windows as strided views, and batches cut into pieces that fit a cache."""

import numpy as np

from trivium.ops.padding import extent, numbers, pairs, taps, window_counts


class Windows:
    """The windows over the spatial axes of an input.

    counts:   windows along each axis
    padded:   sizes of the input with its padding, and as much more as the last window needs
    interior: where the input stands in the padded one, as slices
    taps:     the part of the padded input that each position inside a kernel sees, as slices, row by row
    """

    def __init__(self, size, kernel, stride, padding, dilation=1, rounding="floor"):
        ndim = len(size)
        self.ndim = ndim
        self.size = tuple(size)
        self.kernel = numbers(kernel, ndim, "kernel")
        self.stride = numbers(kernel if stride is None else stride, ndim, "stride")
        self.dilation = numbers(dilation, ndim, "dilation")
        self.padding = pairs(padding, ndim)
        self.counts = window_counts(size, self.kernel, self.stride, padding, dilation, rounding)
        axes = zip(self.size, self.kernel, self.stride, self.padding, self.dilation, self.counts, strict=True)
        self.padded = tuple(
            max(low + n + high, (count - 1) * s + extent(k, d)) for n, k, s, (low, high), d, count in axes
        )
        self.is_padded = self.padded != self.size
        self.interior = tuple(slice(low, low + n) for n, (low, _) in zip(size, self.padding, strict=True))
        self.taps = [seen[1:] for _, seen in taps(self.kernel, self.stride, self.dilation, self.counts)]


def strided(array, shape, strides, offset=0):
    """A view of a contiguous array's memory; strides and offset count elements.

    np.ndarray is ten times faster than as_strided, and checks that the view stays inside.
    """
    item = array.itemsize
    return np.ndarray(shape, array.dtype, array, offset * item, [stride * item for stride in strides])


def blocks(images, rows, bytes_per_row, limit):
    """Cut a batch into pieces whose scratch stays within `limit` bytes: several images, or some rows of one.

    return: [(slice of images, [slice of rows, ...]), ...]
    """
    per_image = rows * bytes_per_row
    if per_image <= limit:
        step = limit // max(per_image, 1)
        return [(slice(i, min(i + step, images)), [slice(0, rows)]) for i in range(0, images, step)]
    step = max(limit // bytes_per_row, 1)
    cuts = [slice(row, min(row + step, rows)) for row in range(0, rows, step)]
    return [(slice(i, i + 1), cuts) for i in range(images)]


def length(part):
    """How many a slice with start and stop takes."""
    return part.stop - part.start
