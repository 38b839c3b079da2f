"""Triangles and diagonals."""

from typing import Any

from trivium import ops

from .axes import axis_in, whole
from .errors import SizeMismatchError
from .tensors import as_ours
from .words import word


def diagonals(input: Any) -> Any:
    """The number of the diagonal on which each element of a matrix stands."""
    if input.spec.ndim < 2:
        raise SizeMismatchError(f"tril, triu: input tensor must have at least 2 dimensions; got {input.spec}")
    rows, columns = input.spec.shape[-2:]
    row = ops.arange(stop=rows, place=input.place)
    column = ops.arange(stop=columns, place=input.place)
    return ops.subtract(ops.expand(column, axis=0), ops.expand(row, axis=1))


def zero_of(input: Any) -> Any:
    return ops.zeros(shape=(), dtype=input.spec.dtype.name, place=input.place)


@word
def tril(input, diagonal=0):
    """The lower triangle; 0 elsewhere."""
    return ops.where(ops.less_equal(diagonals(input), whole(diagonal, "diagonal")), input, zero_of(input))


@word
def triu(input, diagonal=0):
    """The upper triangle; 0 elsewhere."""
    return ops.where(ops.greater_equal(diagonals(input), whole(diagonal, "diagonal")), input, zero_of(input))


@word
def diagonal(input, offset=0, dim1=0, dim2=1):
    """A diagonal of the matrices in two axes, as a last axis: a view."""
    ndim = input.spec.ndim
    i, j = axis_in(dim1, ndim), axis_in(dim2, ndim)
    if i == j:
        raise SizeMismatchError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    order = (*[k for k in range(ndim) if k not in (i, j)], i, j)
    return ops.diagonal(ops.transpose(input, axes=order), offset=whole(offset, "offset"))


@word
def diag_embed(input, offset=0, dim1=-2, dim2=-1):
    """Matrices of zeros with the last axis as a diagonal, in two axes of the result."""
    size = input.spec.shape[-1] + abs(whole(offset, "offset"))
    made = ops.embed_diagonal(input, size=(size, size), offset=offset)
    ndim = made.spec.ndim
    i, j = axis_in(dim1, ndim), axis_in(dim2, ndim)
    order: list[int] = []
    leading = iter(range(ndim - 2))
    for k in range(ndim):
        order.append(ndim - 2 if k == i else ndim - 1 if k == j else next(leading))
    return ops.transpose(made, axes=tuple(order))


@word
def diag(input, diagonal=0):
    """The matrix with a vector as its diagonal, or the diagonal of a matrix."""
    if input.spec.ndim == 1:
        return diag_embed(input, diagonal)
    if input.spec.ndim != 2:
        raise SizeMismatchError(f"diag(): Supports 1D or 2D tensors. Got {input.spec.ndim}D")
    return ops.copy(ops.diagonal(input, offset=whole(diagonal, "diagonal")))


@word
def diagflat(input, offset=0):
    """The matrix with all elements as its diagonal."""
    return diag_embed(ops.reshape(input, shape=(-1,)), offset)


def triangle_indices(keep: Any, row: int, col: int, offset: int) -> Any:
    ones = ops.ones(shape=(row, col), dtype="float32", place=None)
    return ops.transpose(ops.nonzero(keep(as_ours(ones), offset)))


@word(is_method=False)
def tril_indices(row, col, offset=0):
    """Rows and columns of the elements of a lower triangle: (2, count)."""
    return triangle_indices(tril, row, col, offset)


@word(is_method=False)
def triu_indices(row, col, offset=0):
    """Rows and columns of the elements of an upper triangle: (2, count)."""
    return triangle_indices(triu, row, col, offset)


@word(is_method=False)
def block_diag(*tensors):
    """Matrices along the diagonal of one."""
    blocks = [ops.reshape(x, shape=(1,) * (2 - x.spec.ndim) + tuple(x.spec.shape)) for x in tensors]
    width = sum([b.spec.shape[1] for b in blocks])
    rows, before = [], 0
    for b in blocks:
        after = width - before - b.spec.shape[1]
        rows.append(ops.pad(b, widths=((0, 0), (before, after))))
        before += b.spec.shape[1]
    return ops.concatenate(*rows, axis=0)
