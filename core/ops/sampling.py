"""Images looked at in places that need not be whole: compositions, for any number of spatial axes.

Places are from -1 to 1, the last spatial axis first.  -1 and 1 are the edges of the image, or, with `align_corners`,
the centres of its outermost elements.
"""

import itertools

import numpy as np

from ..errors import ShapeError
from ..spec import Dim, product
from .arranging import stack, unstack
from .choice import check_choice
from .creation import arange
from .elementwise import absolute, cast, clip, greater_equal, less_equal, logical_and, minimum, stop_gradient, where
from .indexing import take_along
from .linear_algebra import matmul, transpose
from .rounding import floor, mod, round
from .shaping import broadcast_to, reshape

__all__ = ["grid_sample", "affine_grid"]


def grid_sample(x, grid, *, method="linear", border="zeros", align_corners=False):
    """What stands in x at the places of a grid  (Jaderberg et al., 2015, arXiv:1506.02025).

    x:      (N, C, *spatial)
    grid:   (N, *size, k)    a place among the k spatial axes of x for each element of the result
    return: (N, C, *size)
    method: "linear": between the neighbours; "nearest": the nearest one
    border: what stands outside: "zeros", "edge" (the outermost elements), or "reflect" (a mirror image)
    """
    check_choice("grid_sample: method", method, ("linear", "nearest"))
    check_choice("grid_sample: border", border, ("zeros", "edge", "reflect"))
    n, c, *sizes = x.shape
    if any([type(size) is Dim for size in sizes]) or grid.shape[-1] != len(sizes):
        raise ShapeError(f"grid_sample: {grid.spec} does not tell places in images {x.spec} of known size")
    wanted = grid.shape[1:-1]
    flat = reshape(x, shape=(n, c, product(sizes)))
    places = [
        inside(pixel(place, size, align_corners), size, border, align_corners)
        for place, size in zip(unstack(grid, axis=-1)[::-1], sizes, strict=True)
    ]
    whole = [stop_gradient(round(place) if method == "nearest" else floor(place)) for place in places]
    total = None
    for corner in itertools.product((0, 1) if method == "linear" else (0,), repeat=len(sizes)):
        weight, index, is_inside = None, None, None
        for place, low, step, size in zip(places, whole, corner, sizes, strict=True):
            at = low + float(step)
            part = 1.0 - absolute(place - at) if method == "linear" else at * 0.0 + 1.0
            fits = logical_and(greater_equal(at, 0.0), less_equal(at, size - 1.0))
            near = cast(clip(at, 0.0, size - 1.0), dtype="int64")
            weight = part if weight is None else weight * part
            index = near if index is None else index * size + near
            is_inside = fits if is_inside is None else logical_and(is_inside, fits)
        count = product(wanted)
        rows = broadcast_to(reshape(index, shape=(n, 1, count)), shape=(n, c, count))
        share = reshape(where(is_inside, weight, 0.0), shape=(n, 1, count))
        seen = take_along(flat, rows, axis=2) * share
        total = seen if total is None else total + seen
    return reshape(total, shape=(n, c, *wanted))


def pixel(place, size, align_corners):
    """A place from -1 to 1 as a position among `size` elements."""
    return (place + 1.0) * ((size - 1) / 2.0) if align_corners else ((place + 1.0) * size - 1.0) / 2.0


def inside(at, size, border, align_corners):
    """The position that stands for one outside."""
    if border == "zeros":
        return at
    if border == "reflect":
        low, span = (0.0, size - 1.0) if align_corners else (-0.5, float(size))
        if span:
            along = mod(absolute(at - low), 2.0 * span)
            at = minimum(along, 2.0 * span - along) + low
        else:
            at = at * 0.0
    return clip(at, 0.0, size - 1.0)


def affine_grid(theta, *, size, align_corners=False):
    """The places that an affine map sends the elements of an image to: a grid for grid_sample.

    theta:  (N, k, k + 1)
    return: (N, *size, k)
    size:   of the image that is made, along its k spatial axes
    """
    axes = []
    for count in size:
        steps = cast(arange(stop=count, place=theta.place), dtype=theta.dtype.name)
        half = (count - 1 if align_corners else count) / 2.0
        centred = steps - (count - 1) / 2.0
        axes.append(centred / half if half else centred)
    k = len(size)
    wide = [
        broadcast_to(reshape(row, shape=tuple([-1 if i == j else 1 for j in range(k)])), shape=tuple(size))
        for i, row in enumerate(axes)
    ]
    ones = wide[0] * 0.0 + 1.0
    points = reshape(stack(*wide[::-1], ones, axis=-1), shape=(1, int(np.prod(size)), k + 1))
    moved = matmul(points, transpose(theta, axes=(0, 2, 1)))
    return reshape(moved, shape=(theta.shape[0], *size, k))
