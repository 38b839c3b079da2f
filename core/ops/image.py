"""Colours of images and parts of them: compositions.  Colours stand on one axis, channels-first where not said."""

from ..errors import ShapeError
from ..spec import Dim, product
from .arranging import stack, unstack
from .axes import one_axis
from .elementwise import absolute, clip, equal, maximum, sqrt, where
from .reduction import max, mean, min
from .rounding import mod
from .shaping import broadcast_to, expand, pad, slice
from .statistics import variance

__all__ = [
    "rgb_to_grayscale",
    "grayscale_to_rgb",
    "rgb_to_hsv",
    "hsv_to_rgb",
    "adjust_brightness",
    "adjust_contrast",
    "adjust_saturation",
    "adjust_hue",
    "standardize_image",
    "crop",
    "crop_or_pad",
]

LUMA = (0.2989, 0.5870, 0.1140)  # ITU-R BT.601, to the digits that TensorFlow and PyTorch's torchvision use


def colours(x, axis):
    if x.shape[axis] != 3:
        raise ShapeError(f"needs red, green and blue along axis {axis}, got {x.spec}")
    return unstack(x, axis=axis)


def rgb_to_grayscale(x, *, axis=1):
    """0.2989 * red + 0.587 * green + 0.114 * blue, on an axis of size 1."""
    red, green, blue = colours(x, axis)
    return expand(red * LUMA[0] + green * LUMA[1] + blue * LUMA[2], axis=axis)


def grayscale_to_rgb(x, *, axis=1):
    """The same in red, green and blue; `axis` has size 1."""
    i = one_axis(axis, x.ndim)
    return broadcast_to(x, shape=(*x.shape[:i], 3, *x.shape[i + 1 :]))


def rgb_to_hsv(x, *, axis=1):
    """Hue, saturation and value, all from 0 to 1, of colours from 0 to 1."""
    red, green, blue = colours(x, axis)
    value = max(x, axis=axis)
    spread = value - min(x, axis=axis)
    is_gray, is_black = equal(spread, 0.0), equal(value, 0.0)
    divisor = where(is_gray, 1.0, spread)
    of_red, of_green = equal(red, value), equal(green, value)
    sixth = where(
        of_red, (green - blue) / divisor,
        where(of_green, (blue - red) / divisor + 2.0, (red - green) / divisor + 4.0),
    )  # fmt: skip
    hue = where(is_gray, 0.0, mod(sixth / 6.0, 1.0))
    saturation = where(is_black, 0.0, spread / where(is_black, 1.0, value))
    return stack(hue, saturation, value, axis=axis)


def hsv_to_rgb(x, *, axis=1):
    """Red, green and blue of hue, saturation and value, all from 0 to 1."""
    hue, saturation, value = colours(x, axis)
    angle = hue * 6.0
    parts = [absolute(angle - 3.0) - 1.0, 2.0 - absolute(angle - 2.0), 2.0 - absolute(angle - 4.0)]
    pure = [clip(part, 0.0, 1.0) for part in parts]
    return stack(*[((colour - 1.0) * saturation + 1.0) * value for colour in pure], axis=axis)


def adjust_brightness(x, *, delta):
    """x + delta."""
    return x + delta


def adjust_contrast(x, *, factor):
    """Each channel's distance from its average, times a factor.

    x: (N, C, *spatial)
    """
    middle = mean(x, axis=tuple(range(2, x.ndim)), keepdims=True)
    return (x - middle) * factor + middle


def adjust_saturation(x, *, factor, axis=1):
    """The saturation of colours times a factor, up to 1."""
    hue, saturation, value = unstack(rgb_to_hsv(x, axis=axis), axis=axis)
    return hsv_to_rgb(stack(hue, clip(saturation * factor, 0.0, 1.0), value, axis=axis), axis=axis)


def adjust_hue(x, *, delta, axis=1):
    """The hue of colours turned by `delta`, 1 being the whole circle."""
    hue, saturation, value = unstack(rgb_to_hsv(x, axis=axis), axis=axis)
    return hsv_to_rgb(stack(mod(hue + delta, 1.0), saturation, value, axis=axis), axis=axis)


def standardize_image(x):
    """Each example with zero mean and unit variance; the deviation counts as at least 1 / sqrt(elements).

    x: (N, ...)
    """
    axes = tuple(range(1, x.ndim))
    count = product(x.shape[1:])
    if isinstance(count, Dim):
        raise ShapeError(f"standardize_image: the size of an example of {x.spec} is not known")
    deviation = sqrt(variance(x, axis=axes, keepdims=True))
    least = count**-0.5
    return (x - mean(x, axis=axes, keepdims=True)) / maximum(deviation, least)


def crop(x, *, offset, size, first=2):
    """Part of x: `size` elements from `offset` on, along each axis from `first` on."""
    start, stop = [], []
    for at, wanted, whole in zip(offset, size, x.shape[first:], strict=True):
        if type(whole) is not Dim and not 0 <= at <= at + wanted <= whole:
            raise ShapeError(f"crop: {wanted} elements from {at} on reach beyond size {whole} of {x.spec}")
        start.append(at)
        stop.append(at + wanted)
    return slice(x, start=(None,) * first + tuple(start), stop=(None,) * first + tuple(stop))


def crop_or_pad(x, *, size, first=2):
    """The middle of x, or x in the middle of zeros, so that axes from `first` on have these sizes."""
    widths, offset, kept = [(0, 0)] * first, [], []
    for wanted, whole in zip(size, x.shape[first:], strict=True):
        if type(whole) is Dim:
            raise ShapeError(f"crop_or_pad: a size of {x.spec} is not known")
        more = (wanted - whole if wanted > whole else 0, whole - wanted if whole > wanted else 0)
        widths.append((more[0] // 2, more[0] - more[0] // 2))
        offset.append(more[1] // 2)
        kept.append(whole - more[1])
    x = crop(x, offset=tuple(offset), size=tuple(kept), first=first)
    return pad(x, widths=tuple(widths)) if any([pair != (0, 0) for pair in widths]) else x
