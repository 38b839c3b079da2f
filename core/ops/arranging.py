"""Arrangements that are compositions of others: nothing here is an op of its own."""

from ..errors import ShapeError
from ..spec import Dim
from .axes import one_axis
from .choice import check_choice
from .linear_algebra import transpose
from .shaping import broadcast_to, concatenate, expand, flip, pad, reshape, slice, split, squeeze

__all__ = [
    "stack",
    "unstack",
    "tile",
    "repeat",
    "roll",
    "meshgrid",
    "pad_mirrored",
    "extend",
    "space_to_depth",
    "depth_to_space",
    "shuffle_channels",
]


def stack(*xs, axis=0):
    """All operands, of one shape, side by side along a new axis."""
    return concatenate(*[expand(x, axis=axis) for x in xs], axis=axis)


def unstack(x, *, axis=0):
    """The parts of x along `axis`, without that axis; its size must be known."""
    count = x.shape[one_axis(axis, x.ndim)]
    if type(count) is Dim:
        raise ShapeError(f"unstack: axis {axis} of {x.spec} has as many parts as only running tells")
    return tuple([squeeze(part, axis=axis) for part in split(x, sizes=(1,) * count, axis=axis)]) if count else ()


def tile(x, *, times):
    """x again and again: `times[i]` times along axis i; leading axes are added where there are more numbers."""
    shape = (1,) * (len(times) - x.ndim) + x.shape
    times = (1,) * (x.ndim - len(times)) + tuple(times)
    apart = tuple([part for size in shape for part in (1, size)])
    filled = tuple([part for pair in zip(times, shape, strict=True) for part in pair])
    whole = tuple([count * size for count, size in zip(times, shape, strict=True)])
    return reshape(broadcast_to(reshape(x, shape=apart), shape=filled), shape=whole)


def repeat(x, *, times, axis):
    """Each element `times` times in a row along `axis`."""
    i = one_axis(axis, x.ndim)
    before, size, after = x.shape[:i], x.shape[i], x.shape[i + 1 :]
    wide = broadcast_to(reshape(x, shape=(*before, size, 1, *after)), shape=(*before, size, times, *after))
    return reshape(wide, shape=(*before, size * times, *after))


def roll(x, *, shift, axis):
    """x moved by `shift` places along `axis`; what leaves at one end enters at the other."""
    i = one_axis(axis, x.ndim)
    size = x.shape[i]
    if type(size) is not Dim:
        shift = shift % size if size else 0
    if shift == 0:
        return x
    cut = (None,) * i + (-shift,)
    return concatenate(slice(x, start=cut), slice(x, stop=cut), axis=i)


def meshgrid(*xs, indexing="ij"):
    """Each of several rows of numbers spread over the grid that they span.

    xs:       (n,), (m,), ...
    return:   (n, m, ...) each; with indexing "xy", (m, n, ...)
    """
    check_choice("meshgrid: indexing", indexing, ("ij", "xy"))
    sizes = [x.shape[0] for x in xs]
    order = list(range(len(xs)))
    if indexing == "xy" and len(xs) > 1:
        order[:2] = 1, 0
    whole = tuple([sizes[i] for i in order])
    rows = [reshape(x, shape=tuple([sizes[i] if i == j else 1 for i in order])) for j, x in enumerate(xs)]
    return tuple([broadcast_to(row, shape=whole) for row in rows])


def pad_mirrored(x, *, widths, mode):
    """x with a border that continues it.

    widths: (before, after) for each axis
    mode:   "reflect": a mirror at the last element; "symmetric": one behind it; "edge": the last element again;
            "wrap": the other end
    """
    for i, pair in enumerate(widths):
        low, high = [border(x, i, width, mode, at_end) for at_end, width in enumerate(pair)]
        parts = [part for part in (low, x, high) if part is not None]
        x = concatenate(*parts, axis=i) if len(parts) > 1 else x
    return x


def border(x, axis, width, mode, at_end):
    """What continues x beyond one end of an axis."""
    if width == 0:
        return None
    size = x.shape[axis]
    room = {"reflect": size - 1, "symmetric": size, "wrap": size, "edge": width}
    check_choice("pad_mirrored: mode", mode, room)
    if type(size) is not Dim and (size == 0 or width > room[mode]):
        raise ShapeError(f"pad_mirrored: axis {axis} of {x.spec} has too little to continue by {width} ({mode})")

    def part(start, stop):
        return slice(x, start=(None,) * axis + (start,), stop=(None,) * axis + (stop,))

    if mode == "edge":
        return repeat(part(-1, None) if at_end else part(0, 1), times=width, axis=axis)
    if mode == "wrap":
        return part(0, width) if at_end else part(-width, None)
    skipped = 1 if mode == "reflect" else 0
    end = part(-width - skipped, -skipped or None) if at_end else part(skipped, width + skipped)
    return flip(end, axis=axis)


def extend(x, *, widths, mode="constant", value=0.0):
    """x with a border, of one number or as pad_mirrored has it; a width below 0 cuts.

    widths: (before, after) for each axis
    """
    if any([width < 0 for pair in widths for width in pair]):
        start = tuple([-low if low < 0 else None for low, _ in widths])
        x = slice(x, start=start, stop=tuple([high if high < 0 else None for _, high in widths]))
        widths = tuple([(low if low > 0 else 0, high if high > 0 else 0) for low, high in widths])
    if all([pair == (0, 0) for pair in widths]):
        return x
    return pad(x, widths=widths, value=value) if mode == "constant" else pad_mirrored(x, widths=widths, mode=mode)


def space_to_depth(x, *, block, order="block"):
    """Blocks of pixels made channels.

    x:      (N, C, *spatial)
    return: (N, C * block**k, *spatial / block)
    order:  which varies slowest in the new channels: "block", the place in the block (TensorFlow), or "channel",
            the old channel (PyTorch's pixel_unshuffle)
    """
    check_choice("space_to_depth: order", order, ("block", "channel"))
    n, c, *sizes = x.shape
    k = len(sizes)
    apart = [part for size in sizes for part in (size // block, block)]
    x = reshape(x, shape=(n, c, *apart))
    places, inside = range(2, 2 + 2 * k, 2), range(3, 3 + 2 * k, 2)
    axes = (0, *inside, 1, *places) if order == "block" else (0, 1, *inside, *places)
    return reshape(transpose(x, axes=axes), shape=(n, c * block**k, *[size // block for size in sizes]))


def depth_to_space(x, *, block, order="block"):
    """Channels made blocks of pixels: the opposite of space_to_depth; "channel" is PyTorch's pixel_shuffle."""
    check_choice("depth_to_space: order", order, ("block", "channel"))
    n, c, *sizes = x.shape
    k = len(sizes)
    blocks, rest = (block,) * k, c // block**k
    is_block = order == "block"
    x = reshape(x, shape=(n, *((*blocks, rest) if is_block else (rest, *blocks)), *sizes))
    channel = 1 + k if is_block else 1
    first = 1 if is_block else 2
    woven = [axis for i in range(k) for axis in (2 + k + i, first + i)]
    return reshape(transpose(x, axes=(0, channel, *woven)), shape=(n, rest, *[size * block for size in sizes]))


def shuffle_channels(x, *, groups):
    """Channels in another order: the first of each group, then the second of each  (Zhang et al., 2017).

    x: (N, C, ...)
    """
    n, c, *sizes = x.shape
    apart = reshape(x, shape=(n, groups, c // groups, *sizes))
    axes = (0, 2, 1, *range(3, apart.ndim))
    return reshape(transpose(apart, axes=axes), shape=x.shape)
