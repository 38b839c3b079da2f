"""Images in another size, and pixels that change places."""

import math
import warnings

from trivium import ops
from trivium.spec import product

from ...errors import SizeMismatchError
from .parameters import per_axis

# mode: (number of spatial axes or None for any, the core's method, its corners without align_corners)
MODES = {
    "nearest": (None, "nearest", "asymmetric"),
    "nearest-exact": (None, "nearest", "half_pixel"),
    "area": (None, "windows", "half_pixel"),
    "linear": (1, "linear", "half_pixel"),
    "bilinear": (2, "linear", "half_pixel"),
    "trilinear": (3, "linear", "half_pixel"),
    "bicubic": (2, "cubic", "half_pixel"),
}


def interpolate(
    input,
    size=None,
    scale_factor=None,
    mode="nearest",
    align_corners=None,
    recompute_scale_factor=None,
    antialias=False,
):
    """Images (N, C, *spatial) in another size.

    size:          spatial sizes, or
    scale_factor:  what they are multiplied by, then rounded down
    align_corners: whether the centres of the corners agree, else their edges; for linear, bilinear, bicubic, trilinear
    recompute_scale_factor: go by the sizes, not by the scale_factor, where the two differ by rounding
    """
    if antialias:
        raise NotImplementedError("interpolate: antialias=True; resize in steps of at most 2, or average first")
    if mode not in MODES:
        raise NotImplementedError(f"Got mode {mode!r}; there are {', '.join(MODES)}")
    ndim = input.spec.ndim - 2
    axes, method, corners = MODES[mode]
    if ndim < 1 or axes not in (None, ndim):
        raise NotImplementedError(f"Got {ndim + 2}D input, but {mode} mode needs {(axes or 1) + 2}D input")
    if axes is None and align_corners is not None:
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear"
        )
    if (size is None) == (scale_factor is None):
        words = "only one of size or scale_factor should be defined"
        raise ValueError(words if size is not None else "either size or scale_factor should be defined")
    wanted = size if scale_factor is None else scale_factor
    if isinstance(wanted, (tuple, list)) and len(wanted) != ndim:
        raise ValueError(
            f"Input and output must have the same number of spatial dimensions, but got input with spatial dimensions "
            f"of {list(input.spec.shape[2:])} and output size of {wanted}."
        )
    factors = None
    if scale_factor is not None:
        factors = tuple([float(factor) for factor in per_axis(scale_factor, ndim)])
        size = [math.floor(n * factor) for n, factor in zip(input.spec.shape[2:], factors)]
        factors = None if recompute_scale_factor else factors
    corners = "align_corners" if align_corners else corners
    return ops.resize(input, size=per_axis(size, ndim), factors=factors, method=method, corners=corners)


def upsample(input, size=None, scale_factor=None, mode="nearest", align_corners=None):
    """interpolate, by its old name."""
    warnings.warn("`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2)
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input, size=None, scale_factor=None):
    """interpolate to the nearest element, by its old name."""
    warnings.warn(
        "`nn.functional.upsample_nearest` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2
    )
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input, size=None, scale_factor=None):
    """interpolate between neighbours with the corners aligned, by its old name."""
    warnings.warn(
        "`nn.functional.upsample_bilinear` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2
    )
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def on_images(function, input):
    """A function of (N, C, height, width) on (..., C, height, width)."""
    shape = input.spec.shape
    if len(shape) < 3:
        raise SizeMismatchError(f"expects input to have at least 3 dimensions, but got input with {len(shape)}")
    out = function(ops.reshape(input, shape=(product(shape[:-3]), *shape[-3:])))
    return ops.reshape(out, shape=(*shape[:-3], *out.spec.shape[1:]))


def pixel_shuffle(input, upscale_factor):
    """Channels made blocks of pixels: (..., C * factor**2, H, W) to (..., C, H * factor, W * factor)."""
    channels = input.spec.shape[-3] if input.spec.ndim > 2 else None
    if type(channels) is int and channels % upscale_factor**2:
        raise SizeMismatchError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, "
            f"but input.size(-3)={channels} is not divisible by {upscale_factor**2}"
        )
    return on_images(lambda x: ops.depth_to_space(x, block=upscale_factor, order="channel"), input)


def pixel_unshuffle(input, downscale_factor):
    """Blocks of pixels made channels: (..., C, H * factor, W * factor) to (..., C * factor**2, H, W)."""
    for size in input.spec.shape[-2:]:
        if type(size) is int and size % downscale_factor:
            raise SizeMismatchError(
                f"pixel_unshuffle expects height and width to be divisible by downscale_factor, but {size} is not "
                f"divisible by {downscale_factor}"
            )
    return on_images(lambda x: ops.space_to_depth(x, block=downscale_factor, order="channel"), input)


def channel_shuffle(input, groups):
    """Channels in another order: the first of each group, then the second of each."""
    channels = input.spec.shape[1]
    if type(channels) is int and channels % groups:
        raise SizeMismatchError(
            f"Number of channels must be divisible by groups. Got {channels} channels and {groups} groups."
        )
    return ops.shuffle_channels(input, groups=groups)


METHODS = {"bilinear": "linear", "nearest": "nearest"}
BORDERS = {"zeros": "zeros", "border": "edge", "reflection": "reflect"}


def grid_sample(input, grid, mode="bilinear", padding_mode="zeros", align_corners=None):
    """What stands in images at the places of a grid, from -1 to 1, the last axis first.

    input:         (N, C, *spatial), with two or three spatial axes
    grid:          (N, *size, number of spatial axes)
    mode:          "bilinear" or "nearest"
    padding_mode:  what stands outside: "zeros", "border" or "reflection"
    align_corners: whether -1 and 1 are the centres of the outermost elements, else the edges
    """
    if mode not in METHODS:
        raise NotImplementedError(f"grid_sample: mode {mode!r}; there are {', '.join(METHODS)}")
    if padding_mode not in BORDERS:
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: "
            f"'{padding_mode}'"
        )
    settings = {"method": METHODS[mode], "border": BORDERS[padding_mode], "align_corners": is_aligned(align_corners)}
    return ops.grid_sample(input, grid, **settings)


def affine_grid(theta, size, align_corners=None):
    """The places that affine maps (N, k, k + 1) send the elements of images (N, C, *spatial) to, for grid_sample."""
    return ops.affine_grid(theta, size=tuple(size)[2:], align_corners=is_aligned(align_corners))


def is_aligned(align_corners):
    """Whether corners are aligned; a warning where that was left open, as it meant the opposite before PyTorch 1.3."""
    if align_corners is None:
        warnings.warn(
            "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please "
            "specify align_corners=True if the old behavior is desired.",
            stacklevel=3,
        )
    return bool(align_corners)
