"""Largest and average element of sliding windows: one pass over whole arrays for each position in a window."""

import math

import numpy as np

from trivium.kernel import Refused
from trivium.ops.padding import taps
from trivium.ops.pooling import divisors, max_pool

from .precision import in_float32, is_float
from .scratch import Pool
from .windows import Windows, blocks, length

CACHED = 4 << 20  # bytes of one piece of x and what is computed from it


def sees_an_element(windows):
    """Whether every window has an element that is not padding."""
    for n, kernel, stride, (low, _), dilation, count in zip(
        windows.size, windows.kernel, windows.stride, windows.padding, windows.dilation, windows.counts, strict=True
    ):
        at = np.arange(count)[:, None] * stride - low + np.arange(kernel) * dilation
        if not ((at >= 0) & (at < n)).any(axis=1).all():
            return False
    return True


def flatten(x, planes):
    """x with N and C made one axis."""
    return x.reshape(planes, *x.shape[2:])


class LargestScratch:
    """What one call of max_pool keeps between the positions in a window.

    padded:  (planes, *padded size)   or None where windows touch no padding
    element: (planes, *counts)        what every window sees at one position
    larger:  the same, bool           whether it is larger than all before
    step:    the same, int32          how far it is from the start of its window, where it is larger
    """

    def __init__(self, windows, planes, dtype):
        self.padded = np.full((planes, *windows.padded), -np.inf, dtype) if windows.is_padded else None
        self.element = np.empty((planes, *windows.counts), dtype)
        self.larger = np.empty((planes, *windows.counts), bool)
        self.step = np.empty((planes, *windows.counts), np.int32)


def prepare_max_pool(specs, settings):
    (x,) = specs
    size = x.shape[2:]
    windows = Windows(size, *[settings[name] for name in ("kernel", "stride", "padding", "dilation", "rounding")])
    if not is_float(x.dtype):
        return Refused("only floating point is served")
    if not sees_an_element(windows):
        return Refused("a window has no element")
    planes, shape = x.shape[0] * x.shape[1], (*x.shape[:2], *windows.counts)
    pieces = [part for part, _ in blocks(planes, 1, math.prod(windows.padded) * x.dtype.itemsize, CACHED)]
    first, distances = positions(windows)
    pool = Pool(lambda: LargestScratch(windows, max(map(length, pieces), default=0), x.dtype))
    is_dense = windows.stride[-1] == 1

    def largest(x, out, indices, scratch):
        count = len(x)
        if windows.is_padded:
            scratch.padded[(slice(0, count), *windows.interior)] = x
            x = scratch.padded[:count]
        element, larger, step = scratch.element[:count], scratch.larger[:count], scratch.step[:count]
        np.copyto(out, x[(..., *windows.taps[0])])
        indices.fill(0)
        for place, distance in zip(windows.taps[1:], distances, strict=True):
            seen = x[(..., *place)]
            if not is_dense:  # gathered once, then read twice
                np.copyto(element, seen)
                seen = element
            np.greater(seen, out, out=larger)
            np.maximum(out, seen, out=out)
            # the distances grow, so the largest is that of the last which was larger; no branch to mispredict
            np.multiply(larger.view(np.uint8), distance, out=step)
            np.maximum(indices, step, out=indices)
        np.add(indices, first, out=indices)

    def max_pool_kernel(x, out=None):
        out, indices = out or (np.empty(shape, x.dtype), np.empty(shape, np.int32))
        flat = flatten(x, planes), flatten(out, planes), flatten(indices, planes)
        scratch = pool.take()
        for part in pieces:
            largest(*[array[part] for array in flat], scratch)
        pool.give(scratch)
        if out.size and (np.isnan(out.max()) or (windows.is_padded and out.min() == -np.inf)):
            # comparisons do not place NaN, nor tell padding from an infinite element
            right, places = max_pool.reference(x, **settings)
            np.copyto(out, right)
            np.copyto(indices, places)
        return out, indices

    return max_pool_kernel


def positions(windows):
    """Where each window starts in a flattened plane, and how far every later position in it is from there."""
    planar = [math.prod(windows.size[axis + 1 :]) for axis in range(windows.ndim)]
    first = np.zeros(windows.counts, np.int32)
    for axis, (step, stride, (low, _)) in enumerate(zip(planar, windows.stride, windows.padding, strict=True)):
        ramp = (np.arange(windows.counts[axis]) * stride - low) * step
        first += ramp.astype(np.int32).reshape(-1, *(1,) * (windows.ndim - axis - 1))
    distances = [
        np.int32(sum(k * d * step for k, d, step in zip(tap, windows.dilation, planar, strict=True)))
        for tap in np.ndindex(windows.kernel)
    ]
    return first, distances[1:]


def prepare_max_pool_gradient(specs, settings):
    g = specs[0]
    size = tuple(settings["size"])
    plane, counts = math.prod(size), math.prod(g.shape[2:])
    planes, shape = g.shape[0] * g.shape[1], (*g.shape[:2], *size)
    windows = Windows(size, *[settings[name] for name in ("kernel", "stride", "padding", "dilation", "rounding")])
    if not sees_an_element(windows):
        return Refused("a window has no element")
    pieces = [part for part, _ in blocks(planes, 1, (plane + 2 * counts) * g.dtype.itemsize, CACHED)]
    starts = np.arange(max(map(length, pieces), default=0), dtype=np.intp)[:, None] * plane
    pool = Pool(lambda: np.empty((len(starts), counts), np.intp))

    def max_pool_gradient(g, indices, out=None):
        if out is None:
            out = np.empty(shape, g.dtype)
        flat_g, flat_indices = g.reshape(planes, counts), indices.reshape(planes, counts)
        flat_out = out.reshape(planes, plane)
        scratch = pool.take()
        for part in pieces:
            places = scratch[: length(part)]
            np.add(flat_indices[part], starts[: length(part)], out=places)
            total = flat_out[part].reshape(-1)
            total.fill(0)
            np.add.at(total, places.reshape(-1), flat_g[part].reshape(-1))
        pool.give(scratch)
        return out

    return max_pool_gradient


def average_windows(size, settings):
    return Windows(size, settings["kernel"], settings["stride"], settings["padding"], 1, settings["rounding"])


def window_divisors(windows, settings, dtype):
    numbers = divisors(
        windows.size, windows.kernel, windows.stride, windows.padding, windows.counts, settings["divisor"]
    ).astype(dtype)
    return dtype.type(numbers.flat[0]) if numbers.size and (numbers == numbers.flat[0]).all() else numbers


def along(windows, axis):
    """The slices of one axis that each position inside the kernel sees."""
    walk = [(setting[axis],) for setting in (windows.kernel, windows.stride, windows.dilation, windows.counts)]
    rest = (slice(None),) * (windows.ndim - axis - 1)
    return [(..., *seen[1:], *rest) for _, seen in taps(*walk)]


def prepare_average_pool(specs, settings):
    """Windows are summed one axis after the other: a + b steps for a kernel of a x b."""
    (x,) = specs
    windows = average_windows(x.shape[2:], settings)
    planes, shape = x.shape[0] * x.shape[1], (*x.shape[:2], *windows.counts)
    pieces = [part for part, _ in blocks(planes, 1, math.prod(windows.padded) * x.dtype.itemsize, CACHED)]
    divisor = window_divisors(windows, settings, x.dtype)
    passes = [along(windows, axis) for axis in range(windows.ndim)]
    stages = [(*windows.counts[: axis + 1], *windows.padded[axis + 1 :]) for axis in range(windows.ndim - 1)]
    most = max(map(length, pieces), default=0)

    def make():
        padded = np.zeros((most, *windows.padded), x.dtype) if windows.is_padded else None
        return padded, [np.empty((most, *stage), x.dtype) for stage in stages]

    pool = Pool(make)

    def average_pool(x, out=None):
        if out is None:
            out = np.empty(shape, x.dtype)
        flat_x, flat_out = flatten(x, planes), flatten(out, planes)
        scratch = padded, sums = pool.take()
        for part in pieces:
            count = length(part)
            source = flat_x[part]
            if padded is not None:
                padded[(slice(0, count), *windows.interior)] = source
                source = padded[:count]
            for tap_slices, total in zip(passes, [*[s[:count] for s in sums], flat_out[part]], strict=True):
                np.copyto(total, source[tap_slices[0]])
                for seen in tap_slices[1:]:
                    np.add(total, source[seen], out=total)
                source = total
            np.divide(source, divisor, out=source)
        pool.give(scratch)
        return out

    return average_pool


def prepare_average_pool_gradient(specs, settings):
    (g,) = specs
    size = tuple(settings["size"])
    windows = average_windows(size, settings)
    planes, shape = g.shape[0] * g.shape[1], (*g.shape[:2], *size)
    pieces = [part for part, _ in blocks(planes, 1, math.prod(windows.padded) * g.dtype.itemsize, CACHED)]
    divisor = window_divisors(windows, settings, g.dtype)
    passes = [along(windows, axis) for axis in reversed(range(windows.ndim))]
    stages = [(*windows.counts[:axis], *windows.padded[axis:]) for axis in reversed(range(windows.ndim))]
    most = max(map(length, pieces), default=0)
    pool = Pool(
        lambda: (
            np.empty((most, *windows.counts), g.dtype),
            [np.empty((most, *stage), g.dtype) for stage in stages],
        )
    )

    def average_pool_gradient(g, out=None):
        if out is None:
            out = np.empty(shape, g.dtype)
        flat_g, flat_out = flatten(g, planes), flatten(out, planes)
        scratch = parts, totals = pool.take()
        for part in pieces:
            count = length(part)
            spread = np.divide(flat_g[part], divisor, out=parts[:count])
            for tap_slices, total in zip(passes, totals, strict=True):
                total = total[:count]
                total.fill(0)
                for seen in tap_slices:
                    place = total[seen]
                    np.add(place, spread, out=place)
                spread = total
            np.copyto(flat_out[part], spread[(slice(None), *windows.interior)])
        pool.give(scratch)
        return out

    return average_pool_gradient


KERNELS = {}

PREPARED = {
    "max_pool": in_float32(prepare_max_pool),
    "max_pool_gradient": in_float32(prepare_max_pool_gradient),
    "average_pool": in_float32(prepare_average_pool),
    "average_pool_gradient": in_float32(prepare_average_pool_gradient),
}
