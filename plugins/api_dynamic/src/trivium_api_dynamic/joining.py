"""Several tensors made one, and one made several."""

from itertools import pairwise
from typing import Any

import numpy as np

from trivium import ops
from trivium.spec import same_size
from trivium.value import Value

from .axes import axis_in, whole
from .errors import ArgumentError, SizeMismatchError
from .promotion import cast, result_type
from .shaping import expand, narrow, select
from .words import word


def tensors_in(tensors: Any, name: str) -> list[Any]:
    """A sequence of tensors, checked."""
    if isinstance(tensors, Value) or not hasattr(tensors, "__iter__"):
        raise ArgumentError(
            f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not {type(tensors).__name__}"
        )
    tensors = list(tensors)
    for at, x in enumerate(tensors):
        if not isinstance(x, Value):
            raise ArgumentError(f"expected Tensor as element {at} in argument 0, but got {type(x).__name__} ({name})")
    return tensors


@word(is_method=False)
def cat(tensors, dim=0):
    """One after another along an existing axis."""
    tensors = tensors_in(tensors, "cat")
    if not tensors:
        raise SizeMismatchError("torch.cat(): expected a non-empty list of Tensors")
    kept = [x for x in tensors if tuple(x.spec.shape) != (0,)] or tensors[:1]  # PyTorch lets shape (0,) stand anywhere
    if kept[0].spec.ndim == 0:
        raise SizeMismatchError("zero-dimensional tensor (at position 0) cannot be concatenated")
    i = axis_in(dim, kept[0].spec.ndim)
    first = kept[0].spec.shape
    for k, x in enumerate(kept[1:], 1):
        shape = x.spec.shape
        if len(shape) != len(first):
            raise SizeMismatchError(f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}")
        wrong = next((j for j, (a, b) in enumerate(zip(shape, first)) if j != i and not same_size(a, b)), None)
        if wrong is not None:
            raise SizeMismatchError(
                f"Sizes of tensors must match except in dimension {i}. Expected size {first[wrong]} but got size "
                f"{shape[wrong]} for tensor number {k} in the list."
            )
    dtype = result_type(*tensors).dtype
    return ops.concatenate(*[cast(x, dtype) for x in kept], axis=i)


@word(is_method=False)
def stack(tensors, dim=0):
    """One after another along a new axis."""
    tensors = tensors_in(tensors, "stack")
    if not tensors:
        raise SizeMismatchError("stack expects a non-empty TensorList")
    for k, x in enumerate(tensors):
        if x.spec.ndim != tensors[0].spec.ndim or not all(map(same_size, x.spec.shape, tensors[0].spec.shape)):
            raise SizeMismatchError(
                f"stack expects each tensor to be equal size, but got {list(tensors[0].spec.shape)} at entry 0 and "
                f"{list(x.spec.shape)} at entry {k}"
            )
    i = axis_in(dim, tensors[0].spec.ndim + 1)
    return cat([ops.expand(x, axis=i) for x in tensors], i)


def at_least(ndim: int, tensors: Any) -> list[Any]:
    """Tensors with leading axes of size 1 up to so many axes."""
    made = []
    for x in tensors:
        shape = tuple(x.spec.shape)
        if ndim == 3 and len(shape) in (1, 2):
            shape = (1, *shape, 1) if len(shape) == 1 else (*shape, 1)
        made.append(ops.reshape(x, shape=(1,) * (ndim - len(shape)) + shape))
    return made


def atleast(ndim: int) -> None:
    def function(*tensors):
        given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors
        made = tuple(at_least(ndim, given))
        return made if given is tensors[0] or len(made) > 1 else made[0]

    function.__name__ = function.__qualname__ = f"atleast_{ndim}d"
    function.__doc__ = f"Tensors with {ndim} axes at least."
    word(function, is_method=False)


for _ndim in (1, 2, 3):
    atleast(_ndim)


@word(is_method=False)
def hstack(tensors):
    """Side by side: along the second axis, or the only one."""
    tensors = at_least(1, tensors_in(tensors, "hstack"))
    return cat(tensors, 0 if tensors and tensors[0].spec.ndim == 1 else 1)


@word(is_method=False)
def vstack(tensors):
    """One above another: along the first axis."""
    return cat(at_least(2, tensors_in(tensors, "vstack")), 0)


@word(is_method=False)
def dstack(tensors):
    """One behind another: along the third axis."""
    return cat(at_least(3, tensors_in(tensors, "dstack")), 2)


@word(is_method=False)
def column_stack(tensors):
    """Vectors as the columns of a matrix."""
    return hstack(
        [ops.reshape(x, shape=(-1, 1)) if x.spec.ndim < 2 else x for x in tensors_in(tensors, "column_stack")]
    )


# -- cutting -------------------------------------------------------------------------------------


def pieces(input, sizes, axis):
    """Views of neighbouring parts."""
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    return tuple([narrow(input, axis, start, size) for start, size in zip(starts, sizes)])


def axis_to_cut(input: Any, dim: Any, name: str) -> int:
    if input.spec.ndim == 0:
        raise SizeMismatchError(f"{name} expects at least a 1-dimensional tensor")
    return axis_in(dim, input.spec.ndim)


@word
def split(input, split_size_or_sections, dim=0):
    """Views of parts of one size, the last one smaller; or of the sizes given."""
    i = axis_to_cut(input, dim, "split")
    total = input.spec.shape[i]
    if isinstance(split_size_or_sections, (list, tuple)):
        sections = [whole(size, "split_sizes") for size in split_size_or_sections]
        if sum(sections) != total or min(sections, default=0) < 0:
            raise SizeMismatchError(
                f"split_with_sizes expects split_sizes to sum exactly to {total} (input tensor's size at dimension "
                f"{i}), but got split_sizes={sections}"
            )
        return pieces(input, sections, i)
    size = whole(split_size_or_sections, "split_size")
    if size < 0 or (size == 0 and total):
        raise SizeMismatchError(f"split expects split_size be non-negative, but got split_size={size}")
    return pieces(input, [min(size, total - at) for at in range(0, total, size)] if total else [0], i)


@word
def chunk(input, chunks, dim=0):
    """At most `chunks` views of parts of one size."""
    i = axis_to_cut(input, dim, "chunk")
    chunks, total = whole(chunks, "chunks"), input.spec.shape[i]
    if chunks <= 0:
        raise SizeMismatchError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    return split(input, -(-total // chunks), i) if total else pieces(input, [0] * chunks, i)


@word
def tensor_split(input, indices_or_sections, dim=0):
    """Views of so many parts, as equal as can be; or of the parts between positions."""
    i = axis_to_cut(input, dim, "tensor_split")
    total = input.spec.shape[i]
    if isinstance(indices_or_sections, (list, tuple)):
        bounds = [0, *[slice(None, at).indices(total)[1] for at in indices_or_sections], total]
        return pieces_between(input, bounds, i)
    count = whole(indices_or_sections, "sections")
    if count <= 0:
        raise SizeMismatchError(f"number of sections must be larger than 0, got {count}")
    sizes = [total // count + (k < total % count) for k in range(count)]
    return pieces(input, sizes, i)


def pieces_between(input, bounds, axis):
    return tuple([narrow(input, axis, a, max(b - a, 0)) for a, b in pairwise(bounds)])


@word
def unbind(input, dim=0):
    """A view for each position of an axis."""
    if input.spec.ndim == 0:
        raise SizeMismatchError("unbind: Dimension specified as 0 but tensor has no dimensions")
    return tuple([select(input, dim, k) for k in range(input.spec.shape[axis_in(dim, input.spec.ndim)])])


# -- spreading -----------------------------------------------------------------------------------


@word(is_method=False)
def broadcast_shapes(*shapes):
    """The shape that tensors of these shapes have together."""
    try:
        return tuple(np.broadcast_shapes(*[tuple(s) if hasattr(s, "__iter__") else (s,) for s in shapes]))
    except ValueError as error:
        raise SizeMismatchError(
            f"Shape mismatch: objects cannot be broadcast to a single shape: {', '.join(map(str, shapes))}"
        ) from error


@word(is_method=False)
def broadcast_tensors(*tensors):
    """All tensors in the shape that they have together."""
    shape = broadcast_shapes(*[tuple(x.spec.shape) for x in tensors])
    return tuple([expand(x, *shape) for x in tensors])


@word(is_method=False)
def meshgrid(*tensors, indexing="ij"):
    """Each vector repeated along the axes of all others."""
    tensors = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors
    if indexing not in ("ij", "xy"):
        raise SizeMismatchError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    return ops.meshgrid(*at_least(1, tensors_in(tensors, "meshgrid")), indexing=indexing)


@word(is_method=False)
def cartesian_prod(*tensors):
    """Every combination of one element of each vector, as rows."""
    grids = meshgrid(*tensors)
    return stack([ops.reshape(grid, shape=(-1,)) for grid in grids], 1) if len(grids) > 1 else grids[0]


@word
def take_along_dim(input, indices, dim=None):
    """The elements that the indices name along `dim`, or in all of the input (None)."""
    if dim is None:
        return ops.gather(ops.reshape(input, shape=(-1,)), ops.reshape(indices, shape=(-1,)))
    axis = axis_in(dim, input.spec.ndim)
    sizes = list(broadcast_shapes(*[[1 if i == axis else n for i, n in enumerate(v.spec.shape)]
                                    for v in (input, indices)]))  # fmt: skip

    def spread(value):
        sizes[axis] = value.spec.shape[axis]
        return expand(value, *sizes)

    return ops.take_along(spread(input), spread(indices), axis=axis)
