"""Convolution and its two gradients as matrix products, by the arrangement that suits the shapes."""

import math

import numpy as np

from .columns_first import ChannelsFirst
from .columns_last import ChannelsLast
from .precision import in_float32
from .scratch import Pool
from .windows import Windows

CACHED = 2 << 20  # bytes of windows at a time: they stay in the cache between copy and product


class Task:
    """The sizes of one convolution.

    filters: filters in each group
    fan_in:  elements of one filter
    """

    def __init__(self, size, weight_shape, images, dtype, settings):
        self.windows = Windows(size, weight_shape[2:], settings["stride"], settings["padding"], settings["dilation"])
        self.groups = settings["groups"]
        self.images, self.dtype = images, dtype
        self.weight_shape = tuple(weight_shape)
        self.channels = weight_shape[1] * self.groups
        self.filters = weight_shape[0] // self.groups
        self.fan_in = math.prod(weight_shape[1:])
        self.out_shape = (images, weight_shape[0], *self.windows.counts)
        self.in_shape = (images, self.channels, *size)
        self.grouped_shape = (images, self.groups, self.filters, *self.windows.counts)
        self.flat_shape = (images, self.groups, self.filters, math.prod(self.windows.counts))
        self.bias_shape = (self.groups, self.filters, *(1,) * self.windows.ndim)

    def by_group(self, result):
        return result.reshape(self.grouped_shape)

    def flat_weight(self, weight):
        """(G, O/G, fan_in)"""
        return weight.reshape(self.groups, self.filters, self.fan_in)

    def channels_last_weight(self, weight):
        """(G, O/G, *kernel, C/G)"""
        return np.moveaxis(weight.reshape(self.groups, self.filters, *self.weight_shape[1:]), 2, -1)

    @property
    def is_pointwise(self):
        """Each window is one pixel, and each pixel a window."""
        windows = self.windows
        return math.prod(windows.kernel) == 1 == math.prod(windows.stride) and not windows.is_padded

    @property
    def suits_channels_last(self):
        """Whether windows make longer runs with channels innermost."""
        run = self.channels * self.windows.kernel[-1] if self.groups == 1 else self.channels // self.groups
        return run >= min(32, self.windows.counts[-1])

    def scratch(self, limit=CACHED):
        arrangement = ChannelsLast if self.suits_channels_last else ChannelsFirst
        return Pool(lambda: arrangement(self, limit))


def prepare_convolution(specs, settings):
    x, weight = specs[:2]
    task = Task(x.shape[2:], weight.shape, x.shape[0], x.dtype, settings)
    if task.is_pointwise:
        return pointwise(task)
    pool = task.scratch()

    def convolution(x, weight, bias=None, out=None):
        if out is None:
            out = np.empty(task.out_shape, task.dtype)
        scratch = pool.take()
        scratch.forward(x, weight, bias, out)
        pool.give(scratch)
        return out

    return convolution


def pointwise(task):
    planes = (task.images, task.groups, task.channels // task.groups, math.prod(task.windows.size))

    def pointwise_convolution(x, weight, bias=None, out=None):
        if out is None:
            out = np.empty(task.out_shape, task.dtype)
        np.matmul(task.flat_weight(weight), x.reshape(planes), out=out.reshape(task.flat_shape))
        if bias is not None:
            grouped = task.by_group(out)
            np.add(grouped, bias.reshape(task.bias_shape), out=grouped)
        return out

    return pointwise_convolution


def prepare_input_gradient(specs, settings):
    g, weight = specs
    task = Task(settings["size"], weight.shape, g.shape[0], g.dtype, settings)
    if task.is_pointwise:
        return pointwise_input_gradient(task)
    pool = task.scratch()

    def input_gradient(g, weight, out=None):
        if out is None:
            out = np.empty(task.in_shape, task.dtype)
        scratch = pool.take()
        scratch.input_gradient(g, weight, out)
        pool.give(scratch)
        return out

    return input_gradient


def pointwise_input_gradient(task):
    planes = (task.images, task.groups, task.channels // task.groups, math.prod(task.windows.size))

    def pointwise_input_gradient(g, weight, out=None):
        if out is None:
            out = np.empty(task.in_shape, task.dtype)
        g = g.reshape(task.flat_shape)
        np.matmul(task.flat_weight(weight).swapaxes(1, 2), g, out=out.reshape(planes))
        return out

    return pointwise_input_gradient


def prepare_weight_gradient(specs, settings):
    x, g = specs
    groups = settings["groups"]
    shape = (g.shape[1], x.shape[1] // groups, *settings["kernel"])
    task = Task(x.shape[2:], shape, x.shape[0], x.dtype, settings)
    # a block adds to the whole gradient, so it should be much work for each of its elements
    pool = task.scratch(max(CACHED, 4 * math.prod(shape) * x.dtype.itemsize))

    def weight_gradient(x, g, out=None):
        if out is None:
            out = np.empty(shape, task.dtype)
        scratch = pool.take()
        scratch.weight_gradient(x, g, out)
        pool.give(scratch)
        return out

    return weight_gradient


KERNELS = {}

PREPARED = {
    "convolution": in_float32(prepare_convolution),
    "convolution_input_gradient": in_float32(prepare_input_gradient),
    "convolution_weight_gradient": in_float32(prepare_weight_gradient),
}
