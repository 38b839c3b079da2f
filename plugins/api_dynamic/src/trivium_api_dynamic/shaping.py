"""Views and rearrangements."""

import math
from typing import Any

import numpy as np

from trivium import ops
from trivium.spec import product
from trivium.tensor import Tensor as CoreTensor

from .dtypes import DType
from .errors import AxisError, SizeMismatchError
from .promotion import cast, result_type
from .sizes import as_shape
from .tensors import method


def axis_in(dim, ndim):
    """An axis counted from the front, checked."""
    limit = max(ndim, 1)
    if not -limit <= dim < limit:
        raise AxisError(f"Dimension out of range (expected to be in range of [{-limit}, {limit - 1}], but got {dim})")
    return dim % limit


def completed(input, shape):
    """A shape with its -1 filled in, checked against the number of elements."""
    total, shape = input.spec.size, tuple([s if isinstance(s, int) else s.__index__() for s in shape])
    if shape.count(-1) > 1:
        raise SizeMismatchError("only one dimension can be inferred")
    known = math.prod([s for s in shape if s != -1])
    if (known != total) if -1 not in shape else (known == 0 or total % known):
        raise SizeMismatchError(f"shape '{list(shape)}' is invalid for input of size {total}")
    return tuple([total // known if s == -1 else s for s in shape])


@method
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
    raise NotImplementedError(
        f"view: {self.dtype} as {dtype}: bits cannot be seen as another dtype; convert with .to()"
    )


@method
def view_as(input, other):
    """The same memory in the shape of another tensor."""
    return view(input, *other.spec.shape)


@method
def reshape_as(input, other):
    """The same elements in the shape of another tensor."""
    return reshape(input, *other.spec.shape)


@method
def flatten(input, start_dim=0, end_dim=-1):
    """The axes from start_dim to end_dim as one."""
    shape = input.spec.shape
    if not shape:
        return ops.reshape(input, shape=(1,))
    start, end = axis_in(start_dim, len(shape)), axis_in(end_dim, len(shape))
    return ops.reshape(input, shape=(*shape[:start], product(shape[start : end + 1]), *shape[end + 1 :]))


@method
def unflatten(input, dim, sizes):
    """One axis as several."""
    i = axis_in(dim, input.spec.ndim)
    return reshape(
        input, *input.spec.shape[:i], *completed_axis(input.spec.shape[i], sizes), *input.spec.shape[i + 1 :]
    )


def completed_axis(size, sizes):
    known = math.prod([s for s in sizes if s != -1])
    return [size // known if s == -1 else s for s in sizes]


@method
def permute(input, *dims):
    """The axes in another order."""
    dims = as_shape(dims)
    ndim = input.spec.ndim
    if sorted([axis_in(d, ndim) for d in dims]) != list(range(ndim)):
        raise SizeMismatchError(f"permute(dims): {dims} is not each of the {ndim} axes once")
    return ops.transpose(input, axes=tuple([d % ndim for d in dims]))


@method
def transpose(input, dim0, dim1):
    """Two axes exchanged."""
    ndim = input.spec.ndim
    order = list(range(ndim))
    i, j = axis_in(dim0, ndim), axis_in(dim1, ndim)
    if not order:
        return input
    order[i], order[j] = j, i
    return ops.transpose(input, axes=tuple(order))


swapaxes = method(transpose, name="swapaxes")


@method
def t(input):
    """A matrix transposed."""
    if input.spec.ndim > 2:
        raise SizeMismatchError(f"t() expects a tensor with <= 2 dimensions, but self is {input.spec.ndim}D")
    return ops.transpose(input) if input.spec.ndim == 2 else input


@method
def squeeze(input, dim=None):
    """Without the axes of size 1, or without one or some of them."""
    shape = input.spec.shape
    dims = range(len(shape)) if dim is None else (dim if isinstance(dim, tuple) else (dim,))
    gone = {axis_in(d, len(shape)) for d in dims if shape}
    return ops.reshape(input, shape=tuple([s for i, s in enumerate(shape) if i not in gone or s != 1]))


@method
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


@method
def broadcast_to(input, size):
    """Repeated to a shape."""
    return expand(input, *size)


def broadcast_tensors(*tensors):
    """All tensors in the shape that they have together."""
    shape = np.broadcast_shapes(*[tuple(x.spec.shape) for x in tensors])
    return tuple([expand(x, *shape) for x in tensors])


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
    return ops.reshape(full, shape=tuple([a * b for a, b in zip(sizes, shape)]))


@method
def narrow(input, dim, start, length):
    """`length` positions of an axis from `start` on."""
    i = axis_in(dim, input.spec.ndim)
    size = input.spec.shape[i]
    if start < 0:
        start += size
    if not 0 <= start <= size or length < 0 or start + length > size:
        raise SizeMismatchError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return ops.slice(input, start=(None,) * i + (start,), stop=(None,) * i + (start + length,))


@method
def select(input, dim, index):
    """One position of an axis, without the axis."""
    if input.spec.ndim == 0:
        raise AxisError("select() cannot be applied to a 0-dim tensor.")
    i = axis_in(dim, input.spec.ndim)
    size = input.spec.shape[i]
    if not -size <= index < size:
        raise AxisError(f"index {index} is out of bounds for dimension {i} with size {size}")
    return ops.squeeze(narrow(input, i, index % size, 1), axis=i)


@method
def flip(input, *dims):
    """Axes in reverse; a copy."""
    for dim in as_shape(dims):
        input = ops.flip(input, axis=axis_in(dim, input.spec.ndim))
    return ops.copy(input)


# -- joining and cutting -------------------------------------------------------------------------


def cat(tensors, dim=0):
    """One after another along an existing axis."""
    tensors = list(tensors)
    if not tensors:
        raise SizeMismatchError("torch.cat(): expected a non-empty list of Tensors")
    kept = [x for x in tensors if tuple(x.spec.shape) != (0,)] or tensors[:1]  # PyTorch lets shape (0,) stand anywhere
    i = axis_in(dim, kept[0].spec.ndim)
    for k, x in enumerate(kept[1:], 1):
        same = [s for j, s in enumerate(x.spec.shape) if j != i] == [
            s for j, s in enumerate(kept[0].spec.shape) if j != i
        ]
        if x.spec.ndim != kept[0].spec.ndim or not same:
            raise SizeMismatchError(
                f"Sizes of tensors must match except in dimension {i}. Expected {kept[0].spec} but got {x.spec} "
                "for tensor "
                f"number {k} in the list."
            )
    dtype = result_type(*tensors).dtype
    return ops.concatenate(*[cast(x, dtype) for x in kept], axis=i)


concat = concatenate = cat


def stack(tensors, dim=0):
    """One after another along a new axis."""
    tensors = list(tensors)
    if not tensors:
        raise SizeMismatchError("stack expects a non-empty TensorList")
    for k, x in enumerate(tensors):
        if tuple(x.spec.shape) != tuple(tensors[0].spec.shape):
            raise SizeMismatchError(
                f"stack expects each tensor to be equal size, but got {list(tensors[0].spec.shape)} at entry 0 and "
                f"{list(x.spec.shape)} at entry {k}"
            )
    i = axis_in(dim, tensors[0].spec.ndim + 1)
    return cat([ops.expand(x, axis=i) for x in tensors], i)


def pieces(input, sizes, axis):
    """Views of neighbouring parts."""
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    return tuple([narrow(input, axis, start, size) for start, size in zip(starts, sizes)])


@method
def split(input, split_size_or_sections, dim=0):
    """Views of parts of one size, the last one smaller; or of the sizes given."""
    i = axis_in(dim, input.spec.ndim)
    total = input.spec.shape[i]
    if isinstance(split_size_or_sections, int):
        size = split_size_or_sections
        if size <= 0 and total:
            raise SizeMismatchError(f"split expects split_size be positive, but got split_size={size}")
        sections = [min(size, total - at) for at in range(0, total, size)] if total else [0]
    else:
        sections = list(split_size_or_sections)
        if sum(sections) != total:
            raise SizeMismatchError(
                f"split_with_sizes expects split_sizes to sum exactly to {total} (input tensor's size at "
                f"dimension {i}), "
                f"but got split_sizes={sections}"
            )
    return pieces(input, sections, i)


@method
def chunk(input, chunks, dim=0):
    """At most `chunks` views of parts of one size."""
    i = axis_in(dim, input.spec.ndim)
    return split(input, max(1, -(-input.spec.shape[i] // chunks)), i)


@method
def unbind(input, dim=0):
    """A view for each position of an axis."""
    return tuple([select(input, dim, k) for k in range(input.spec.shape[axis_in(dim, input.spec.ndim)])])


def meshgrid(*tensors, indexing="ij"):
    """Each vector repeated along the axes of all others."""
    if indexing != "ij":
        raise NotImplementedError("meshgrid: only indexing='ij'")
    tensors = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors
    shape = tuple([x.numel() for x in tensors])
    return tuple([
        ops.broadcast_to(ops.reshape(x, shape=(1,) * i + (-1,) + (1,) * (len(shape) - i - 1)), shape=shape)
        for i, x in enumerate(tensors)
    ])  # fmt: skip


# -- triangles -----------------------------------------------------------------------------------


def diagonals(input):
    """The number of the diagonal on which each element of a matrix stands."""
    rows, columns = input.spec.shape[-2:]
    row = ops.arange(stop=rows, place=input.place)
    column = ops.arange(stop=columns, place=input.place)
    return ops.subtract(ops.expand(column, axis=0), ops.expand(row, axis=1))


@method
def tril(input, diagonal=0):
    """The lower triangle; 0 elsewhere."""
    return ops.where(ops.less_equal(diagonals(input), diagonal), input, zero_of(input))


@method
def triu(input, diagonal=0):
    """The upper triangle; 0 elsewhere."""
    return ops.where(ops.greater_equal(diagonals(input), diagonal), input, zero_of(input))


def zero_of(input) -> Any:
    return ops.zeros(shape=(), dtype=input.spec.dtype.name, place=input.place)


def is_tensor(value):
    """Whether something is a tensor."""
    return isinstance(value, CoreTensor)


def numel(input):
    """How many elements."""
    return int(input.spec.size)
