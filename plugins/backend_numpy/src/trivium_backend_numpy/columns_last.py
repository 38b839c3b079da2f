"""Convolution as one matrix product over pixels, channels innermost: windows are copied in long runs.

The transposes from and to channels-first cost a tenth of what copying short channels-first runs would.
"""

import math

import numpy as np

from .windows import blocks, length, strided


class ChannelsLast:
    """The scratch of one convolution, and its three products; one scratch serves one of them, whose borders stay 0.

    A block is some images, or some rows of one; its pixels are all windows in it.

    padded:  (images, *padded size, C)
    columns: (G, pixels, *kernel, C/G)   the windows of one block
    product: (G, pixels, O/G)            the convolution's result, or the gradient of it
    weight:  (G, O/G, *kernel, C/G)
    """

    def __init__(self, task, limit):
        self.task = task
        windows, groups, dtype = task.windows, task.groups, task.dtype
        across = math.prod(windows.counts[1:])
        self.pieces = blocks(task.images, windows.counts[0], across * task.fan_in * groups * dtype.itemsize, limit)
        images = max((length(part) for part, _ in self.pieces), default=0)
        rows = max((length(cut) for _, cuts in self.pieces for cut in cuts), default=0)
        pixels = images * rows * across
        self.padded = np.zeros((images, *windows.padded, task.channels), dtype)
        self.columns = np.empty(groups * pixels * task.fan_in, dtype)
        self.product = np.empty(groups * pixels * task.filters, dtype)
        self.weight = np.empty((groups, task.filters, *windows.kernel, task.channels // groups), dtype)
        self.matrix = self.weight.reshape(groups, task.filters, task.fan_in)
        self.blocks = {}

    def forward(self, x, weight, bias, out):
        task = self.task
        np.copyto(self.weight, task.channels_last_weight(weight))
        matrix = self.matrix.swapaxes(1, 2)
        result = task.by_group(out)
        bias = None if bias is None else bias.reshape(task.bias_shape)
        for part, cuts in self.pieces:
            np.copyto(self.interior(part), x[part])
            for rows in cuts:
                block = self.block(part, rows)
                np.copyto(block.columns, block.windows)
                np.matmul(block.matrix, matrix, out=block.product)
                place = result[part, :, :, rows]
                if bias is None:
                    np.copyto(place, block.picture)
                else:
                    np.add(block.picture, bias, out=place)
        return out

    def input_gradient(self, g, weight, out):
        np.copyto(self.weight, self.task.channels_last_weight(weight))
        g = self.task.by_group(g)
        for part, cuts in self.pieces:
            self.padded[: length(part)].fill(0)
            for rows in cuts:
                block = self.block(part, rows)
                np.copyto(block.picture, g[part, :, :, rows])
                np.matmul(block.product, self.matrix, out=block.matrix)
                for seen, column in block.folds:
                    np.add(seen, column, out=seen)
            np.copyto(out[part], self.interior(part))
        return out

    def weight_gradient(self, x, g, out):
        g = self.task.by_group(g)
        total, more = self.matrix, np.empty_like(self.matrix)
        total.fill(0)
        for part, cuts in self.pieces:
            np.copyto(self.interior(part), x[part])
            for rows in cuts:
                block = self.block(part, rows)
                np.copyto(block.columns, block.windows)
                np.copyto(block.picture, g[part, :, :, rows])
                np.matmul(block.product.swapaxes(1, 2), block.matrix, out=more)
                np.add(total, more, out=total)
        np.copyto(self.task.channels_last_weight(out), self.weight)
        return out

    def interior(self, part):
        """Where a piece's images stand between their padding, seen channels first."""
        inside = self.padded[(slice(0, length(part)), *self.task.windows.interior)]
        return np.moveaxis(inside, -1, 1)

    def block(self, part, rows):
        key = (length(part), rows.start, rows.stop)
        if key not in self.blocks:
            self.blocks[key] = Block(self, *key)
        return self.blocks[key]


class Block:
    """Views of the scratch for some images or rows.

    windows: (G, n, *counts, *kernel, C/G)   every window of the padded images, where it stands
    columns: the same shape                  ... and copied
    matrix:  (G, pixels, fan_in)             the columns
    product: (G, pixels, O/G)
    picture: (n, G, O/G, *counts)            the product
    """

    def __init__(self, scratch, images, start, stop):
        task, windows, padded = scratch.task, scratch.task.windows, scratch.padded
        groups, inner = task.groups, task.channels // task.groups
        counts = (stop - start, *windows.counts[1:])
        pixels = images * math.prod(counts)
        image, *steps, _ = [stride // padded.itemsize for stride in padded.strides]
        between = [step * s for step, s in zip(steps, windows.stride, strict=True)]
        within = [step * d for step, d in zip(steps, windows.dilation, strict=True)]
        self.windows = strided(
            padded,
            (groups, images, *counts, *windows.kernel, inner),
            (inner, image, *between, *within, 1),
            start * between[0],
        )
        self.matrix = scratch.columns[: groups * pixels * task.fan_in].reshape(groups, pixels, task.fan_in)
        self.columns = self.matrix.reshape(self.windows.shape)
        self.product = scratch.product[: groups * pixels * task.filters].reshape(groups, pixels, task.filters)
        self.picture = np.moveaxis(self.product.reshape(groups, images, *counts, task.filters), (0, -1), (1, 2))
        self.folds = [(self.windows[place], self.columns[place]) for place in places(task, counts)]


def places(task, counts):
    """Indices of windows that do not overlap, which together are all windows.

    One position inside the kernel for all pixels; or, where channels are few, a whole row of the
    kernel for one pixel of each row, which makes longer runs.
    """
    ndim, kernel = task.windows.ndim, task.windows.kernel
    all_axes = (slice(None),) * (2 + ndim)
    if task.channels < 64 and counts[-1] <= 32 and task.windows.dilation[-1] == 1:
        return [(*all_axes[:-1], x, *tap) for x in range(counts[-1]) for tap in np.ndindex(kernel[:-1])]
    return [(*all_axes, *tap) for tap in np.ndindex(kernel)]
