"""Images in another size.  What an output element is made of is linear in the input, axis by axis.

The corner rules say which place x of the input, of n elements, element i of the output, of m, looks at:
"align_corners": x = i * (n - 1) / (m - 1)       the first and the last elements' centres agree
"half_pixel":    x = (i + 0.5) * n / m - 0.5     the images' edges agree (PyTorch, TensorFlow 2)
"asymmetric":    x = i * n / m                   the first elements' centres agree (TensorFlow 1)
"""

import numpy as np

from ..errors import ShapeError
from ..op import op
from .choice import check_choice

__all__ = ["resize", "resize_gradient", "adaptive_average_pool"]

METHODS = ("nearest", "linear", "cubic", "area", "windows")
CORNERS = ("half_pixel", "align_corners", "asymmetric")


@op
def resize(x, *, size, method="linear", corners="half_pixel", sharpness=-0.75, factors=None):
    """x in another size.

    x:         (N, C, *spatial)
    return:    (N, C, *size)
    method:    "nearest": the element that x / size looks at: floor(i * n / m) for "asymmetric" (PyTorch's nearest,
               TensorFlow 1), floor((i + 0.5) * n / m) for "half_pixel", the nearer one for "align_corners";
               "linear": between two neighbours, "cubic": between four (Keys, 1981);
               "area": the average over i * n / m to (i + 1) * n / m, parts of elements included (TensorFlow);
               "windows": the average over whole elements, as adaptive_average_pool has it (PyTorch's area)
    corners:   see above; "area" and "windows" have no choice
    sharpness: the constant of "cubic": -0.75 (PyTorch, TensorFlow 1), -0.5 (TensorFlow 2)
    factors:   for each axis, what stands for m / n in the corner rules where m is a rounded n * factor (PyTorch's
               scale_factor); "align_corners", "area" and "windows" need none
    """
    for axis, (m, factor) in enumerate(zip(size, factors or (None,) * len(size), strict=True), 2):
        table = weights(x.shape[axis], m, factor, method, corners, sharpness).astype(x.dtype)
        x = np.moveaxis(np.matmul(np.moveaxis(x, axis, -1), table.T), -1, axis)
    return np.ascontiguousarray(x)


def weights(n, m, factor, method, corners, sharpness):
    """(m, n): what each of m elements of the output takes from each of n of the input."""
    table = np.zeros((m, n))
    i = np.arange(m)
    if method in ("area", "windows"):
        low, high = i * n / m, (i + 1) * n / m
        if method == "windows":
            low, high = i * n // m, -(-(i + 1) * n // m)
        elements = np.arange(n)[:, None]
        overlap = np.minimum(elements + 1, high) - np.maximum(elements, low)
        return np.maximum(overlap, 0).T / (high - low)[:, None]
    if method == "nearest":
        table[i, nearest(i, n, m, factor, corners)] = 1
        return table
    at = places(i, n, m, factor, corners)
    below = np.floor(at).astype(int)
    part = at - below
    taps = {0: 1 - part, 1: part}
    if method == "cubic":
        taps = {tap: cubic(np.abs(part - tap), sharpness) for tap in (-1, 0, 1, 2)}
    for tap, weight in taps.items():
        np.add.at(table, (i, np.clip(below + tap, 0, n - 1)), weight)
    return table


def places(i, n, m, factor, corners):
    """Where in the input each element looks."""
    if corners == "align_corners":
        return i * ((n - 1) / (m - 1)) if m > 1 else i * 0.0
    step = n / m if factor is None else 1 / factor
    return (i + 0.5) * step - 0.5 if corners == "half_pixel" else i * step


def nearest(i, n, m, factor, corners):
    """Which element of the input each one takes."""
    if corners == "align_corners":
        return np.floor(places(i, n, m, factor, corners) + 0.5).astype(int)
    doubled = 2 * i + 1 if corners == "half_pixel" else 2 * i
    at = doubled * n // (2 * m) if factor is None else np.floor(doubled / (2 * factor)).astype(int)
    return np.minimum(at, n - 1)


def cubic(distance, a):
    """The weight of an element at a distance of up to 2 (Keys, 1981)."""
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = a * (((distance - 5) * distance + 8) * distance - 4)
    return np.where(distance <= 1, near, far)


@resize.shape
def resize_shape(x, *, size, method, corners, sharpness, factors):
    check_choice("method", method, METHODS)
    check_choice("corners", corners, CORNERS)
    for name, given in (("size", size), ("factors", factors)):
        if given is not None and (x.ndim < 3 or len(given) != x.ndim - 2):
            raise ShapeError(f"{name} {given} is not one number for each spatial axis of {x}")
    return x.with_shape((*x.shape[:2], *size))


@resize.gradient("x")
def resize_gradient_x(g, x_spec, method, corners, sharpness, factors):
    settings = {"method": method, "corners": corners, "sharpness": sharpness, "factors": factors}
    return resize_gradient(g, size=x_spec.shape[2:], **settings)


def resize_settings():
    """(input sizes, settings) that cover every method with every corner rule."""
    for corners in CORNERS:
        yield (3, 4), {"size": (5, 2), "corners": corners}
        yield (4, 3), {"size": (3, 7), "corners": corners, "method": "nearest"}
        yield (5,), {"size": (8,), "corners": corners, "method": "cubic"}
    yield (5, 4), {"size": (3, 6), "method": "cubic", "sharpness": -0.5}
    yield (5, 4), {"size": (3, 6), "method": "area"}
    yield (5, 4), {"size": (3, 6), "method": "windows"}
    yield (2, 1, 3), {"size": (3, 1, 2)}
    yield (3, 3), {"size": (1, 1), "corners": "align_corners"}
    yield (5, 4), {"size": (7, 3), "factors": (1.5, 0.9)}
    yield (5, 4), {"size": (7, 3), "factors": (1.5, 0.9), "method": "nearest", "corners": "asymmetric"}


@resize.samples
def resize_samples(make):
    for sizes, settings in resize_settings():
        yield make(2, 2, *sizes), settings
    yield make(0, 2, 3, 3), {"size": (2, 2)}
    yield make(1, 1, 3, 3), {"size": (3, 3)}
    yield make(1, 1, 3, 5), {"size": (5, 3)}


@op
def resize_gradient(g, *, size, method="linear", corners="half_pixel", sharpness=-0.75, factors=None):
    """The gradient of resize's input: each element of g given back to those that it was made of.

    g:      (N, C, *spatial of the output)
    return: (N, C, *size)
    size:   spatial sizes of resize's input
    """
    for axis, (n, factor) in enumerate(zip(size, factors or (None,) * len(size), strict=True), 2):
        table = weights(n, g.shape[axis], factor, method, corners, sharpness).astype(g.dtype)
        g = np.moveaxis(np.matmul(np.moveaxis(g, axis, -1), table), -1, axis)
    return np.ascontiguousarray(g)


@resize_gradient.shape
def resize_gradient_shape(g, **settings):
    return resize_shape(g, **settings)


@resize_gradient.gradient("g")
def resize_gradient_gradient(gg, g_spec, method, corners, sharpness, factors):
    settings = {"method": method, "corners": corners, "sharpness": sharpness, "factors": factors}
    return resize(gg, size=g_spec.shape[2:], **settings)


@resize_gradient.samples
def resize_gradient_samples(make):
    for sizes, settings in resize_settings():
        yield make(2, 2, *settings["size"]), {**settings, "size": sizes}
    yield make(0, 2, 3, 3), {"size": (2, 2)}
    yield make(1, 1, 3, 5), {"size": (5, 3)}


def adaptive_average_pool(x, *, size):
    """The averages of `size` windows that cover x; adaptive_max_pool says which.

    x:      (N, C, *spatial)
    return: (N, C, *size)
    """
    return resize(x, size=size, method="windows")
