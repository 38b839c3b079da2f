"""Local response normalization (Krizhevsky et al., 2012): each element is damped by its neighbours."""

import math

import numpy as np

from ..errors import ShapeError
from ..op import op
from ..spec import product
from .choice import check_choice
from .elementwise import power, square
from .pooling import average_pool
from .shaping import reshape

__all__ = ["local_response_norm"]


@op
def local_response_norm(x, *, size=5, alpha=1e-4, beta=0.75, k=1.0, region="across"):
    """x / (k + alpha * average of squares around) ** beta.

    x:      (N, C, *spatial)
    return: (N, C, *spatial)
    size:   how many neighbours are averaged; beyond the edge they count as 0
    region: "across": neighbours are channels, of an even number one more before than behind (PyTorch, Caffe);
            "within": they are a square of pixels in the same channel (Caffe, where k is 1)

    TensorFlow adds up where this averages: its alpha is alpha / size here, its radius size // 2.
    """
    return x / (k + alpha * average_of_squares(x, size, region)) ** beta


def average_of_squares(x, size, region):
    squares = (
        np.square(x) if region == "within" else np.square(x).reshape(x.shape[0], 1, x.shape[1], math.prod(x.shape[2:]))
    )
    settings = window(size, region, x.ndim)
    return average_pool.reference(squares, stride=1, rounding="floor", **settings).reshape(x.shape)


def window(size, region, ndim):
    """How average_pool walks over the neighbours."""
    pair = (size // 2, (size - 1) // 2)
    if region == "within":
        return {"kernel": size, "padding": (pair,) * (ndim - 2), "divisor": size ** (ndim - 2)}
    return {"kernel": (size, 1), "padding": (pair, (0, 0)), "divisor": size}


@local_response_norm.shape
def local_response_norm_shape(x, *, size, alpha, beta, k, region):
    check_choice("region", region, ("across", "within"))
    if x.ndim < (3 if region == "within" else 2):
        raise ShapeError(f"needs (N, C, *spatial), got {x}")
    if size < 1:
        raise ShapeError(f"size is {size}; at least the element itself counts")
    return x


@local_response_norm.decomposition
def local_response_norm_composed(x, *, size, alpha, beta, k, region):
    squares = square(x)
    if region == "across":
        squares = reshape(squares, shape=(x.shape[0], 1, x.shape[1], product(x.shape[2:])))
    around = average_pool(squares, stride=1, **window(size, region, x.ndim))
    return x * power(reshape(around, shape=x.shape) * alpha + k, -beta)


@local_response_norm.samples
def local_response_norm_samples(make):
    yield make(2, 6, 2, 3)
    yield make(2, 6, 2, 2), {"size": 3, "alpha": 0.5, "beta": 0.6, "k": 2.0}
    yield make(2, 2, 4, 3), {"size": 3, "alpha": 0.5, "region": "within"}
    yield make(1, 5, 3), {"size": 4, "alpha": 1.0}
    yield make(2, 3), {"size": 1, "alpha": 1.0}
    yield make(0, 3, 2, 2)
