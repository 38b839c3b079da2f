"""Convolution as a matrix product for each image, pixels innermost: best where channels are few.

Windows are unrolled in two stages, first along the last axis, then along the others, where whole
planes are copied in one run.
"""

import math

import numpy as np

from .windows import blocks, length, strided


class ChannelsFirst:
    """The scratch of one convolution, and its three products; one scratch serves one of them, whose borders stay 0.

    padded:  (images, C, *padded size)
    wide:    (images, C, last of kernel, *padded size but the last, last of counts)   first stage
    columns: (images, G, fan_in + 1, pixels)   the windows of one block; the last row is 1, for the bias
    weight:  (G, O/G, fan_in + 1)
    """

    def __init__(self, task, limit):
        self.task = task
        windows, groups, dtype = task.windows, task.groups, task.dtype
        across = math.prod(windows.counts[1:])
        self.pieces = blocks(task.images, windows.counts[0], across * task.fan_in * groups * dtype.itemsize, limit)
        images = max((length(part) for part, _ in self.pieces), default=0)
        rows = max((length(cut) for _, cuts in self.pieces for cut in cuts), default=0)
        self.padded = np.zeros((images, task.channels, *windows.padded), dtype)
        wide = (images, task.channels, windows.kernel[-1], *windows.padded[:-1], windows.counts[-1])
        self.wide = np.empty(wide, dtype)
        self.columns = np.empty(images * groups * (task.fan_in + 1) * rows * across, dtype)
        self.weight = np.zeros((groups, task.filters, task.fan_in + 1), dtype)
        self.products = np.empty((images, groups, task.filters, task.fan_in), dtype)
        image, channel, *steps = [stride // dtype.itemsize for stride in self.padded.strides]
        self.unrolled = strided(
            self.padded,
            wide,
            (image, channel, steps[-1] * windows.dilation[-1], *steps[:-1], steps[-1] * windows.stride[-1]),
        )
        self.blocks = {}

    def forward(self, x, weight, bias, out):
        task = self.task
        self.weight[..., :-1] = task.flat_weight(weight)
        if bias is not None:
            self.weight[..., -1] = bias.reshape(task.groups, task.filters)
        result = task.by_group(out).reshape(task.flat_shape)
        for part, cuts in self.pieces:
            self.unroll(x, part)
            for rows in cuts:
                block = self.block(part, rows)
                block.matrix[:, :, -1] = 1
                np.copyto(block.columns, block.windows)
                np.matmul(self.weight, block.matrix, out=result[part, :, :, block.pixels])
        return out

    def input_gradient(self, g, weight, out):
        task = self.task
        weight = task.flat_weight(weight).swapaxes(1, 2)
        g = task.by_group(g).reshape(task.flat_shape)
        for part, cuts in self.pieces:
            self.wide[: length(part)].fill(0)
            for rows in cuts:
                block = self.block(part, rows)
                np.matmul(weight, g[part, :, :, block.pixels], out=block.matrix[:, :, :-1])
                for seen, column in block.folds:
                    np.add(seen, column, out=seen)
            self.padded[: length(part)].fill(0)
            for tap in range(task.windows.kernel[-1]):
                seen = self.unrolled[: length(part), :, tap]
                np.add(seen, self.wide[: length(part), :, tap], out=seen)
            np.copyto(out[part], self.interior(part))
        return out

    def weight_gradient(self, x, g, out):
        task = self.task
        g = task.by_group(g).reshape(task.flat_shape)
        total = task.flat_weight(out)
        total.fill(0)
        for part, cuts in self.pieces:
            self.unroll(x, part)
            products = self.products[: length(part)]
            for rows in cuts:
                block = self.block(part, rows)
                np.copyto(block.columns, block.windows)
                columns = block.matrix[:, :, :-1].swapaxes(2, 3)
                np.matmul(g[part, :, :, block.pixels], columns, out=products)
                np.add(total, np.add.reduce(products, 0), out=total)
        return out

    def unroll(self, x, part):
        np.copyto(self.interior(part), x[part])
        np.copyto(self.wide[: length(part)], self.unrolled[: length(part)])

    def interior(self, part):
        """Where a piece's images stand between their padding."""
        return self.padded[(slice(0, length(part)), slice(None), *self.task.windows.interior)]

    def block(self, part, rows):
        key = (length(part), rows.start, rows.stop)
        if key not in self.blocks:
            self.blocks[key] = Block(self, *key)
        return self.blocks[key]


class Block:
    """Views of the scratch for some images or rows.

    pixels:  where they stand in a flattened plane, a slice
    windows: (n, G, C/G, *kernel, *counts)   every window of `wide`, where it stands
    columns: the same shape                  ... and copied
    matrix:  (n, G, fan_in + 1, pixels)      the columns, and a row of their own for the bias
    """

    def __init__(self, scratch, images, start, stop):
        task, windows, wide = scratch.task, scratch.task.windows, scratch.wide
        groups, inner = task.groups, task.channels // task.groups
        counts = (stop - start, *windows.counts[1:])
        across, pixels = math.prod(counts[1:]), math.prod(counts)
        self.pixels = slice(start * across, stop * across)
        image, channel, last, *steps = [stride // wide.itemsize for stride in wide.strides]
        between = [*[step * s for step, s in zip(steps[:-1], windows.stride[:-1], strict=True)], 1]
        within = [step * d for step, d in zip(steps[:-1], windows.dilation[:-1], strict=True)]
        shape = (images, groups, inner, *windows.kernel, *counts)
        self.windows = strided(
            wide, shape, (image, inner * channel, channel, *within, last, *between), start * between[0]
        )
        size = images * groups * (task.fan_in + 1) * pixels
        self.matrix = scratch.columns[:size].reshape(images, groups, task.fan_in + 1, pixels)
        self.columns = self.matrix[:, :, :-1].reshape(shape)
        lead = (slice(None),) * 3
        self.folds = [
            (self.windows[(*lead, *tap)], self.columns[(*lead, *tap)]) for tap in np.ndindex(windows.kernel[:-1])
        ]
