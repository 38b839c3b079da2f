"""Views and rearrangements."""

import math

import numpy as np

from trivium import ops
from trivium.spec import product
from trivium.tensor import Tensor as CoreTensor

from .axes import axes_of, axis_in, whole
from .dtypes import DType
from .errors import AxisError, ShapeError, SizeMismatchError, UnsupportedError
from .sizes import as_shape
from .tensors import around, as_ours, on_host
from .words import method, word


def completed(input, shape):
    """A shape with its -1 filled in, checked against the number of elements."""
    total, shape = input.spec.size, tuple([s if isinstance(s, int) else s.__index__() for s in shape])
    if shape.count(-1) > 1:
        raise SizeMismatchError("only one dimension can be inferred")
    known = math.prod([s for s in shape if s != -1])
    if (known != total) if -1 not in shape else (known == 0 or total % known):
        raise SizeMismatchError(f"shape '{list(shape)}' is invalid for input of size {total}")
    return tuple([total // known if s == -1 else s for s in shape])


@word
def reshape(input, *shape):
    """The same elements in another shape: a view where that is possible, else a copy."""
    shape = as_shape(shape)
    if not isinstance(input, CoreTensor):
        return ops.reshape(input, shape=shape)
    return ops.reshape(input, shape=completed(input, shape))


@method
def view(self, *shape):
    """The same memory in another shape."""
    if len(shape) == 1 and isinstance(shape[0], DType):
        return reinterpreted(self, shape[0])
    shape = completed(self, as_shape(shape))
    if self.layout is not None and not self.is_packed and ops.reshape.view_rule(self.layout, shape=shape) is None:
        raise SizeMismatchError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead. Call .contiguous() before .view()."
        )
    return ops.reshape(self, shape=shape)


def reinterpreted(self, dtype):
    if dtype.dtype == self.spec.dtype:
        return view(self, *self.spec.shape)
    raise UnsupportedError(f"view: {self.dtype} as {dtype}: bits cannot be seen as another dtype; convert with .to()")


@method
def view_as(input, other):
    """The same memory in the shape of another tensor."""
    return view(input, *other.spec.shape)


@method
def reshape_as(input, other):
    """The same elements in the shape of another tensor."""
    return reshape(input, *other.spec.shape)


@word
def flatten(input, start_dim=0, end_dim=-1):
    """The axes from start_dim to end_dim as one."""
    shape = input.spec.shape
    if not shape:
        return ops.reshape(input, shape=(1,))
    start, end = axis_in(start_dim, len(shape)), axis_in(end_dim, len(shape))
    return ops.reshape(input, shape=(*shape[:start], product(shape[start : end + 1]), *shape[end + 1 :]))


@word
def unflatten(input, dim, sizes):
    """One axis as several."""
    i = axis_in(dim, input.spec.ndim)
    return reshape(
        input, *input.spec.shape[:i], *completed_axis(input.spec.shape[i], sizes), *input.spec.shape[i + 1 :]
    )


def completed_axis(size, sizes):
    known = math.prod([s for s in sizes if s != -1])
    return [size // known if s == -1 else s for s in sizes]


@word
def permute(input, *dims):
    """The axes in another order."""
    dims = as_shape(dims)
    ndim = input.spec.ndim
    if sorted([axis_in(d, ndim) for d in dims]) != list(range(ndim)):
        raise SizeMismatchError(f"permute(dims): {dims} is not each of the {ndim} axes once")
    return ops.transpose(input, axes=tuple([d % ndim for d in dims]))


@word
def transpose(input, dim0, dim1):
    """Two axes exchanged."""
    ndim = input.spec.ndim
    order = list(range(ndim))
    i, j = axis_in(dim0, ndim), axis_in(dim1, ndim)
    if order:
        order[i], order[j] = j, i
    return ops.transpose(input, axes=tuple(order))


@word
def t(input):
    """A matrix transposed."""
    if input.spec.ndim > 2:
        raise SizeMismatchError(f"t() expects a tensor with <= 2 dimensions, but self is {input.spec.ndim}D")
    return ops.transpose(input)


@word
def squeeze(input, dim=None):
    """Without the axes of size 1, or without one or some of them."""
    shape = input.spec.shape
    dims = range(len(shape)) if dim is None else (dim if isinstance(dim, tuple) else (dim,))
    gone = {axis_in(d, len(shape)) for d in dims if shape}
    return ops.reshape(input, shape=tuple([s for i, s in enumerate(shape) if i not in gone or s != 1]))


@word
def unsqueeze(input, dim):
    """With a new axis of size 1."""
    i = axis_in(dim, input.spec.ndim + 1)
    return ops.expand(input, axis=i)


@method
def expand(input, *sizes):
    """Repeated without a copy; -1 keeps a size."""
    sizes = as_shape(sizes)
    extra = len(sizes) - input.spec.ndim
    shape = []
    for i, size in enumerate(sizes):
        own = input.spec.shape[i - extra] if i >= extra else None
        if size == -1 and own is None:
            raise SizeMismatchError(
                f"The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension {i}"
            )
        if own not in (None, 1, size) and size != -1:
            raise SizeMismatchError(
                f"The expanded size of the tensor ({size}) must match the existing size ({own}) at "
                "non-singleton dimension "
                f"{i}.  Target sizes: {list(sizes)}.  Tensor sizes: {list(input.spec.shape)}"
            )
        shape.append(own if size == -1 else size)
    if extra < 0:
        raise SizeMismatchError(
            f"expand: the number of sizes provided ({len(sizes)}) must be greater or equal to the number of "
            "dimensions in "
            f"the tensor ({input.spec.ndim})"
        )
    return ops.broadcast_to(input, shape=tuple(shape))


@method
def expand_as(input, other):
    """Repeated to the shape of another tensor."""
    return expand(input, *other.spec.shape)


@word
def broadcast_to(input, size):
    """Repeated to a shape."""
    return expand(input, *size)


def fresh(value):
    """The value in memory of its own."""
    return value if getattr(value, "base", None) is None else ops.copy(value)


@method
def repeat(input, *sizes):
    """Copies side by side along each axis."""
    sizes = as_shape(sizes)
    shape = (1,) * (len(sizes) - input.spec.ndim) + tuple(input.spec.shape)
    if len(sizes) < input.spec.ndim:
        raise SizeMismatchError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
        )
    apart = ops.reshape(input, shape=tuple([s for size in shape for s in (1, size)]))
    full = ops.broadcast_to(apart, shape=tuple([s for pair in zip(sizes, shape) for s in pair]))
    return fresh(ops.reshape(full, shape=tuple([a * b for a, b in zip(sizes, shape)])))


@word
def narrow(input, dim, start, length):
    """`length` positions of an axis from `start` on."""
    i = axis_in(dim, input.spec.ndim)
    size = input.spec.shape[i]
    if start < 0:
        start += size
    if not 0 <= start <= size or length < 0 or start + length > size:
        raise SizeMismatchError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return ops.slice(input, start=(None,) * i + (start,), stop=(None,) * i + (start + length,))


@word
def select(input, dim, index):
    """One position of an axis, without the axis."""
    if input.spec.ndim == 0:
        raise AxisError("select() cannot be applied to a 0-dim tensor.")
    i = axis_in(dim, input.spec.ndim)
    size = input.spec.shape[i]
    if not -size <= index < size:
        raise AxisError(f"index {index} is out of bounds for dimension {i} with size {size}")
    return ops.squeeze(narrow(input, i, index % size, 1), axis=i)


@word
def flip(input, *dims):
    """Axes in reverse; a copy."""
    axes = axes_of(input, as_shape(dims)) if dims else ()
    for axis in axes or ():
        input = ops.flip(input, axis=axis)
    return ops.copy(input)


@word
def fliplr(input):
    """The second axis in reverse; a copy."""
    return flip(input, 1)


@word
def flipud(input):
    """The first axis in reverse; a copy."""
    return flip(input, 0)


@word
def rot90(input, k=1, dims=(0, 1)):
    """A plane of two axes turned k times by 90 degrees, from the first towards the second; a copy."""
    first, second = [axis_in(d, input.spec.ndim) for d in dims]
    if first == second:
        raise SizeMismatchError(
            f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}"
        )
    k %= 4
    if k == 1:
        return transpose(flip(input, second), first, second)
    return ops.copy(input) if k == 0 else flip(input, first, second) if k == 2 else flip(
        transpose(input, first, second), second)  # fmt: skip


@word
def roll(input, shifts, dims=None):
    """Elements moved along axes; what leaves at one end enters at the other."""
    if dims is None or dims == ():
        flat = ops.reshape(input, shape=(-1,))
        return reshape(roll(flat, shifts, 0), *input.spec.shape)
    shifts, dims = [v if isinstance(v, (tuple, list)) else (v,) for v in (shifts, dims)]
    if len(shifts) != len(dims):
        raise SizeMismatchError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    out = input
    for shift, dim in zip(shifts, dims):
        out = ops.roll(out, shift=whole(shift, "shifts"), axis=axis_in(dim, input.spec.ndim))
    return ops.copy(input) if out is input else out


@word
def movedim(input, source, destination):
    """Axes moved to other places; the others stay in order."""
    ndim = input.spec.ndim
    source, destination = [[axis_in(d, ndim) for d in (v if isinstance(v, (tuple, list)) else (v,))]
                           for v in (source, destination)]  # fmt: skip
    if len(source) != len(destination):
        raise SizeMismatchError(
            "movedim: Invalid source or destination dims: source and destination must have the same number of "
            f"elements, got {source} and {destination}"
        )
    order = [i for i in range(ndim) if i not in source]
    for place, axis in sorted(zip(destination, source)):
        order.insert(place, axis)
    return ops.transpose(input, axes=tuple(order))


@word
def adjoint(input):
    """The last two axes exchanged."""
    return transpose(input, -2, -1)


@word
def ravel(input):
    """All elements in one row."""
    return reshape(input, -1)


@word(name="tile")
def tile(input, *dims):
    """Copies side by side along each axis; leading axes may be left out."""
    dims = as_shape(dims)
    return repeat(input, (1,) * (input.spec.ndim - len(dims)) + tuple(dims))


@word
def repeat_interleave(input, repeats=None, dim=None, *, output_size=None):
    """Each element several times in a row along `dim`, or of all elements (None)."""
    if repeats is None:
        counts = input
        input, dim = as_ours(ops.arange(stop=counts.spec.shape[0], place=counts.place)), 0
        repeats = counts
    if dim is None:
        input, dim = ops.reshape(input, shape=(-1,)), 0
    axis = axis_in(dim, input.spec.ndim)
    if isinstance(repeats, int):
        return fresh(ops.repeat(input, times=repeats, axis=axis))
    counts = on_host(repeats).reshape(-1)
    counts = np.broadcast_to(counts, (input.spec.shape[axis],)) if counts.size == 1 else counts
    if len(counts) != input.spec.shape[axis]:
        raise SizeMismatchError(
            f"repeats must have the same size as input along dim, but got repeats.size(0) = {len(counts)} and "
            f"input.size({axis}) = {input.spec.shape[axis]}"
        )
    return ops.gather(input, around(np.repeat(np.arange(len(counts)), counts), input.device), axis=axis)


# -- views with strides of one's own -------------------------------------------------------------


@word
def as_strided(input, size, stride, storage_offset=None):
    """The elements of the storage that sizes, strides and an offset describe."""
    root = input if input.base is None else input.base
    layout = (
        tuple([whole(s, "size") for s in size]),
        tuple([whole(s, "stride") for s in stride]),
        (input.offset if storage_offset is None else whole(storage_offset, "storage_offset")) - root.offset,
    )
    if root.layout is not None and not root.is_packed:
        raise UnsupportedError("as_strided: of a detached view whose elements do not stand in order; copy it first")
    if len(layout[0]) != len(layout[1]):
        raise SizeMismatchError(
            f"mismatch in length of strides and shape: {len(layout[1])} strides for {len(layout[0])} sizes"
        )
    try:
        return ops.as_strided(root, layout=layout)
    except ShapeError as error:
        raise SizeMismatchError(
            f"setStorage: sizes {list(layout[0])}, strides {list(layout[1])}, storage offset "
            f"{layout[2] + root.offset} are out of bounds for storage of {root.spec.size} elements"
        ) from error


@method
def unfold(self, dimension, size, step):
    """Each window of `size` neighbours along an axis, one every `step`: a view with one more axis."""
    axis, size, step = axis_in(dimension, self.spec.ndim), whole(size, "size"), whole(step, "step")
    x = self if self.spec.ndim else ops.reshape(self, shape=(1,))
    if size > x.spec.shape[axis]:
        raise SizeMismatchError(
            f"maximum size for tensor at dimension {axis} is {x.spec.shape[axis]} but size is {size}"
        )
    if step <= 0:
        raise SizeMismatchError(f"step is {step} but must be > 0")
    seen = ops.windows(x, axis=axis, size=size, step=step)
    return seen if self.spec.ndim else ops.squeeze(seen, axis=0)


# -- questions -----------------------------------------------------------------------------------


@word(is_method=False)
def is_tensor(obj):
    """Whether something is a tensor."""
    return isinstance(obj, CoreTensor)


@word(is_method=False)
def numel(input):
    """How many elements."""
    return int(input.spec.size)
