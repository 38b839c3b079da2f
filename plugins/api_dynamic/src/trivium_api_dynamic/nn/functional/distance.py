"""How far vectors are from one another."""

import numpy as np

from trivium import ops

from ...promotion import matched
from ...tensors import around


def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """The cosine of the angle along `dim`, broadcast; a length counts as at least eps."""
    x1, x2 = matched(x1, x2)
    ndim = max(x1.spec.ndim, x2.spec.ndim)
    wide = [ops.reshape(x, shape=(1,) * (ndim - x.spec.ndim) + tuple(x.spec.shape)) for x in (x1, x2)]
    return ops.cosine_similarity(*wide, axis=dim, epsilon=eps)


def pairwise_distance(x1, x2, p=2.0, eps=1e-6, keepdim=False):
    """The p-norm of x1 - x2 + eps along the last axis."""
    return ops.pairwise_distance(*matched(x1, x2), order=float(p), epsilon=eps, keepdims=keepdim)


def pdist(input, p=2.0):
    """The p-norm of each pair of rows, the second later than the first."""
    rows = [around(places, getattr(input, "device", None)) for places in np.triu_indices(input.spec.shape[0], 1)]
    first, second = [ops.gather(input, places) for places in rows]
    return ops.norm(first - second, order=float(p), axis=1)
