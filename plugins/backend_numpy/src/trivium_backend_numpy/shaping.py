"""The same elements in another arrangement, always as a copy: where a view does, no kernel is called."""

import numpy as np

from trivium.ops.shaping import axis_slices

from .precision import deliver


def copied(view, out):
    return np.array(view, order="C") if out is None else deliver(view, out)


def reshape(x, *, shape, out=None):
    return copied(x.reshape(shape), out)


def broadcast_to(x, *, shape, out=None):
    return copied(np.broadcast_to(x, shape), out)


def concatenate(*xs, axis=0, out=None):
    return np.concatenate(xs, axis, out=out)


def prepare_split(specs, settings):
    (x,) = specs
    axis = settings["axis"] % len(x.shape)
    parts, start = [], 0
    for size in settings["sizes"]:
        parts.append((slice(None),) * axis + (slice(start, start + size),))
        start += size

    def split(x, out=None):
        return tuple(copied(x[part], o) for part, o in zip(parts, out or [None] * len(parts), strict=True))

    return split


def prepare_slice(specs, settings):
    (x,) = specs
    part = axis_slices(len(x.shape), settings["start"], settings["stop"], settings["step"])
    return lambda x, out=None: copied(x[part], out)


def prepare_slice_gradient(specs, settings):
    shape = settings["shape"]
    part = axis_slices(len(shape), settings["start"], settings["stop"], settings["step"])

    def slice_gradient(g, out=None):
        if out is None:
            out = np.empty(shape, g.dtype)
        out.fill(0)
        out[part] = g
        return out

    return slice_gradient


def prepare_pad(specs, settings):
    (x,) = specs
    pairs = settings["widths"]
    shape = tuple(low + n + high for n, (low, high) in zip(x.shape, pairs, strict=True))
    interior = tuple(slice(low, low + n) for n, (low, _) in zip(x.shape, pairs, strict=True))
    borders = []
    for axis, (n, (low, high)) in enumerate(zip(x.shape, pairs, strict=True)):
        inside = interior[:axis]
        borders += [(*inside, slice(0, low))] * bool(low) + [(*inside, slice(low + n, None))] * bool(high)
    value = settings["value"]

    def pad(x, out=None):
        if out is None:
            out = np.empty(shape, x.dtype)
        for border in borders:
            out[border] = value
        out[interior] = x
        return out

    return pad


KERNELS = {"reshape": reshape, "broadcast_to": broadcast_to, "concatenate": concatenate}

PREPARED = {
    "split": prepare_split,
    "slice": prepare_slice,
    "slice_gradient": prepare_slice_gradient,
    "pad": prepare_pad,
}
