"""Arrays from nothing."""

import numpy as np

from trivium.spec import as_dtype

from .elementwise import copy


def full(*, shape, value, dtype="float32", out=None):
    if out is None:
        out = np.empty(shape, as_dtype(dtype))
    out.fill(value)
    return out


def zeros(*, shape, dtype="float32", out=None):
    return full(shape=shape, value=0, dtype=dtype, out=out)


def ones(*, shape, dtype="float32", out=None):
    return full(shape=shape, value=1, dtype=dtype, out=out)


def zeros_like(x, out=None):
    return full(shape=x.shape, value=0, dtype=x.dtype, out=out)


def ones_like(x, out=None):
    return full(shape=x.shape, value=1, dtype=x.dtype, out=out)


KERNELS = {
    "zeros": zeros,
    "ones": ones,
    "full": full,
    "zeros_like": zeros_like,
    "ones_like": ones_like,
    "copy": copy,
}

PREPARED = {}
