"""Reading and replacing at positions, by name: gather, scatter, index_select and their like."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from trivium import ops
from trivium.errors import OutOfRangeError
from trivium.tensor import Tensor as CoreTensor

from .axes import axis_in
from .comparison import masked
from .errors import AxisError, DTypeMismatchError, SizeMismatchError, UnsupportedError
from .indexing import as_value, getitem, setitem
from .promotion import cast, category
from .shaping import expand
from .tensors import on_host
from .words import method, word


def positions(index: Any) -> Any:
    """An index as int64."""
    if index.spec.dtype not in (np.dtype(np.int64), np.dtype(np.int32)):
        raise AxisError(f"expected an index of dtype int64 or int32, but got {index.dtype}")
    return cast(index, np.dtype(np.int64))


@contextmanager
def placing(index: Any, axis: int, size: int, words: str = "") -> Iterator[None]:
    """Say which position was out of bounds, where an op finds one."""
    try:
        yield
    except (IndexError, OutOfRangeError) as error:
        if isinstance(error, AxisError):
            raise
        numbers = on_host(index)
        wrong = numbers[(numbers < -size) | (numbers >= size)]
        if wrong.size == 0:
            raise
        raise AxisError(f"{words}index {wrong[0]} is out of bounds for dimension {axis} with size {size}") from None


def rows_of(input: Any, dim: Any, index: Any) -> tuple[int, int, Any]:
    """The axis, its size, and an index of whole rows along it."""
    axis = axis_in(dim, input.spec.ndim)
    if index.spec.ndim > 1:
        raise AxisError(f"Index is supposed to be a vector, but got dim: {index.spec.ndim}")
    return axis, input.spec.shape[axis] if input.spec.ndim else 1, ops.reshape(positions(index), shape=(-1,))


# -- whole rows ----------------------------------------------------------------------------------


@word
def index_select(input, dim, index):
    """The positions of one axis that `index` names."""
    axis, size, rows = rows_of(input, dim, index)
    with placing(rows, axis, size, "index out of range in self: "):
        return ops.gather(input, rows, axis=axis) if input.spec.ndim else ops.copy(input)


@word
def index_add(input, dim, index, source, *, alpha=1):
    """input with each row of source added to the row that index names along `dim`."""
    axis, size, rows = rows_of(input, dim, index)
    with placing(rows, axis, size):
        return ops.scatter_add(input, rows, same_dtype(source if alpha == 1 else source * alpha, input), axis=axis)


@word
def index_copy(input, dim, index, source):
    """input with each row that index names along `dim` replaced by a row of source."""
    axis, size, rows = rows_of(input, dim, index)
    with placing(rows, axis, size):
        return ops.scatter(input, rows, same_dtype(source, input), axis=axis)


@word
def index_fill(input, dim, index, value):
    """input with `value` in each row that index names along `dim`."""
    axis, size, rows = rows_of(input, dim, index)
    shape = list(input.spec.shape)
    shape[axis] = rows.spec.shape[0]
    with placing(rows, axis, size):
        return ops.scatter(input, rows, expand(as_value(value, input), *shape), axis=axis)


@word
def index_put(input, indices, values, accumulate=False):
    """input with `values` at positions: one index for each axis."""
    if accumulate:
        shape, index = tuple(input.spec.shape), tuple(indices)
        number = ops.reshape(ops.arange(stop=math.prod(shape), place=input.place), shape=shape)
        place = getitem(number, index)
        added = ops.broadcast_to(cast(values, input.spec.dtype), shape=tuple(place.spec.shape))
        flat = [ops.reshape(v, shape=(-1,)) for v in (input, place, added)]
        return ops.reshape(ops.scatter_add(*flat), shape=shape)
    made = ops.copy(input)
    setitem(made, tuple(indices), values)
    return made


def same_dtype(source: Any, input: Any) -> Any:
    if source.spec.dtype != input.spec.dtype:
        raise DTypeMismatchError(
            f"self and source expected to have the same dtype, but got (self) {input.dtype} and (source) {source.dtype}"
        )
    return source


# -- one element for each place ------------------------------------------------------------------


def along(input: Any, dim: Any, index: Any, source: Any = None) -> tuple[Any, ...]:
    """The axis; an index along it; and the parts of input and source that the index, where it is smaller, is about."""
    axis = axis_in(dim, input.spec.ndim)
    ndim = input.spec.ndim
    if index.spec.ndim != ndim or (source is not None and source.spec.ndim != ndim):
        raise SizeMismatchError(
            f"Index tensor must have the same number of dimensions as input tensor; got {index.spec} for {input.spec}"
        )
    for i, (n, whole) in enumerate(zip(index.spec.shape, input.spec.shape)):
        if i != axis and n > whole:
            raise SizeMismatchError(
                f"Size does not match at dimension {i} expected index {list(index.spec.shape)} to be no larger than "
                f"self {list(input.spec.shape)} apart from dimension {axis}"
            )
    index = positions(index)
    part = matching(input, axis, index)
    return axis, index, part, None if source is None else matching(source, None, index)


def matching(value: Any, axis: int | None, index: Any) -> Any:
    """The part of a value that an index of smaller sizes is about; all of it along `axis`."""
    stop = [None if i == axis else n for i, n in enumerate(index.spec.shape)]
    if all([s is None or s == n for s, n in zip(stop, value.spec.shape)]):
        return value
    return ops.slice(value, stop=tuple(stop))


def with_part(input: Any, part: Any) -> Any:
    """input with its first elements along each axis replaced, where a part was computed."""
    if part.spec.shape == input.spec.shape:
        return part
    steps = [math.prod(input.spec.shape[i + 1 :]) for i in range(input.spec.ndim)]
    return ops.overwrite(input, part, layout=(tuple(part.spec.shape), tuple(steps), 0))


@word
def gather(input, dim, index, *, sparse_grad=False):
    """out[i][j] = input[index[i][j]][j] for dim 0, and so on."""
    if input.spec.ndim == 0:
        return ops.reshape(ops.gather(ops.reshape(input, shape=(1,)), positions(index)), shape=index.spec.shape)
    axis, index, part, _ = along(input, dim, index)
    with placing(index, axis, input.spec.shape[axis]):
        return ops.take_along(part, index, axis=axis)


@word
def scatter_add(input, dim, index, src):
    """input with each element of src added at the position that index names along `dim`."""
    axis, index, part, src = along(input, dim, index, same_dtype(src, input))
    with placing(index, axis, input.spec.shape[axis]):
        return with_part(input, ops.put_along_add(part, index, src, axis=axis))


@word
def scatter(input, dim, index, src=None, value=None, *, reduce=None):
    """input with the position that index names along `dim` replaced by an element of src, or by one number.

    reduce: "add" to what is there instead
    """
    given = src if src is not None else value
    if isinstance(given, CoreTensor):
        same_dtype(given, input)
    else:
        given = expand(as_value(given, input), *index.spec.shape)
    axis, index, part, given = along(input, dim, index, given)
    if reduce not in (None, "add"):
        raise UnsupportedError(f"scatter: reduce={reduce!r}: there is 'add' alone")
    place = ops.put_along if reduce is None else ops.put_along_add
    with placing(index, axis, input.spec.shape[axis]):
        return with_part(input, place(part, index, given, axis=axis))


# -- elements of all, read row by row ------------------------------------------------------------


@word
def take(input, index):
    """Elements by their position in the input read row by row."""
    where = positions(index)
    with placing(where, 0, input.spec.size):
        return ops.gather(ops.reshape(input, shape=(-1,)), where, axis=0)


@word
def put(input, index, source, accumulate=False):
    """input with elements of source at positions in it read row by row."""
    where = ops.reshape(positions(index), shape=(-1,))
    flat, given = [ops.reshape(v, shape=(-1,)) for v in (input, same_dtype(source, input))]
    place = ops.scatter_add if accumulate else ops.scatter
    with placing(where, 0, input.spec.size):
        return ops.reshape(place(flat, where, given), shape=tuple(input.spec.shape))


# -- masks ---------------------------------------------------------------------------------------


@word
def masked_select(input, mask):
    """The elements where the mask holds, as a vector."""
    if mask.spec.dtype != np.bool_:
        raise DTypeMismatchError(f"masked_select: expected BoolTensor for mask, but got {mask.dtype}")
    shape = np.broadcast_shapes(tuple(input.spec.shape), tuple(mask.spec.shape))
    return getitem(expand(input, *shape), expand(mask, *shape))


@word
def masked_fill(input, mask, value):
    """`value` where the mask holds, else the input."""
    if isinstance(value, CoreTensor) and value.spec.ndim > 0:
        raise SizeMismatchError(
            "masked_fill only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.spec.ndim} dimension(s)."
        )
    if isinstance(value, float) and not value.is_integer() and category(input.spec.dtype) < 2:
        raise DTypeMismatchError(f"value cannot be converted to type {input.spec.dtype} without overflow: {value}")
    return ops.where(masked(mask, "masked_fill"), as_value(value, input), input)


@word
def masked_scatter(input, mask, source):
    """Elements of source, one after another, where the mask holds, else the input."""
    same_dtype(source, input)
    mask = masked(mask, "masked_scatter")
    shape = np.broadcast_shapes(tuple(input.spec.shape), tuple(mask.spec.shape))
    input, mask = expand(input, *shape), ops.reshape(expand(mask, *shape), shape=(-1,))
    if isinstance(mask, CoreTensor) and int(ops.count_nonzero(mask).item()) > source.spec.size:
        raise SizeMismatchError(
            f"Number of elements of source < number of ones in mask: {source.spec.size} < "
            f"{ops.count_nonzero(mask).item()}"
        )
    if source.spec.size == 0:
        return ops.copy(input)
    place = ops.maximum(ops.cumsum(ops.cast(mask, dtype="int64"), axis=0) - 1, 0)
    place = ops.minimum(place, source.spec.size - 1)
    given = ops.gather(ops.reshape(source, shape=(-1,)), place, axis=0)
    return ops.reshape(ops.where(mask, given, ops.reshape(input, shape=(-1,))), shape=tuple(shape))


@word
def select_scatter(input, src, dim, index):
    """input with one position of an axis replaced."""
    made = ops.copy(input)
    setitem(made, (slice(None),) * axis_in(dim, input.spec.ndim) + (index,), src)
    return made


@method
def fill_diagonal_(self, fill_value, wrap=False):
    """Overwrite the main diagonal."""
    size = min(self.spec.shape)
    index = ops.arange(stop=size, place=self.place)
    self[(index,) * self.spec.ndim] = fill_value
    return self
