"""Reading and adding at places given by an array of indices; a negative index counts from the end."""

import numpy as np

from trivium.errors import OutOfRangeError

from .precision import NARROW, deliver


def checked(name, indices, size):
    """Indices from the front, as NumPy's index type."""
    if indices.size and (indices.min() < -size or indices.max() >= size):
        bad = indices[(indices < -size) | (indices >= size)][0]
        raise OutOfRangeError(f"{name}: index {bad} is outside an axis of size {size}: {-size}..{size - 1}; correct it")
    indices = indices.astype(np.intp)
    indices[indices < 0] += size
    return indices


def add_at(total, places, updates):
    """total.flat[places] += updates, one after the other, in order."""
    if total.dtype in NARROW:
        wide = total.astype(np.float32)
        np.add.at(wide.reshape(-1), places.reshape(-1), updates.astype(np.float32).reshape(-1))
        np.copyto(total, wide, casting="unsafe")
    else:
        np.add.at(total.reshape(-1), places.reshape(-1), np.ascontiguousarray(updates).reshape(-1))


def start_from(x, out):
    """A contiguous copy of x to add to."""
    if out is None:
        return np.array(x, order="C")
    np.copyto(out, x)
    return out


def gather(x, indices, *, axis=0, sparse_gradient=False, out=None):
    try:
        return np.asarray(x.take(indices, axis, out))
    except IndexError:
        checked("gather", indices, x.shape[axis])  # says which
        raise


def scatter_add(x, indices, updates, *, axis=0, out=None):
    axis %= x.ndim
    before, size, after = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
    outer, inner = int(np.prod(before)), int(np.prod(after))
    rows = checked("scatter_add", indices, size)
    places = (np.arange(outer) * size)[:, None] + rows.reshape(1, -1)
    places = (places * inner)[:, :, None] + np.arange(inner)
    updates = np.broadcast_to(updates, before + indices.shape + after)
    total = start_from(x, out)
    add_at(total, places, updates)
    return total


def take_along(x, indices, *, axis, out=None):
    indices = checked("take_along", indices, x.shape[axis])
    return deliver(np.asarray(np.take_along_axis(x, indices, axis), order="C"), out)


def put_along_add(x, indices, updates, *, axis, out=None):
    axis %= x.ndim
    rows = checked("put_along_add", indices, x.shape[axis])
    steps = np.cumprod((1, *x.shape[:0:-1]))[::-1]
    places = rows * steps[axis]
    for other, n in enumerate(indices.shape):
        if other != axis:
            ramp = np.arange(n) * steps[other]
            places = places + ramp.reshape(-1, *(1,) * (x.ndim - other - 1))
    total = start_from(x, out)
    add_at(total, places, np.broadcast_to(updates, indices.shape))
    return total


def prepare_one_hot(specs, settings):
    classes = np.arange(settings["depth"])
    dtype = np.dtype(settings["dtype"])

    def one_hot(indices, out=None):
        hot = np.equal(indices[..., None], classes)
        if out is None:
            return hot.astype(dtype)
        np.copyto(out, hot, casting="unsafe")
        return out

    return one_hot


KERNELS = {
    "gather": gather,
    "scatter_add": scatter_add,
    "take_along": take_along,
    "put_along_add": put_along_add,
}

PREPARED = {"one_hot": prepare_one_hot}
