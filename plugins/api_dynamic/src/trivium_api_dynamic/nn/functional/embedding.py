"""Rows of a table, looked up by number."""

from typing import Any

from trivium import ops
from trivium.layer import kind_of
from trivium.registry import find_layer
from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import recording

from ...errors import AxisError, DTypeMismatchError
from ...tensors import on_host


def embedding(input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False):
    """The rows of `weight` (rows, units) that `input` names.

    padding_idx:        the row that gets no gradient
    max_norm:           rows that are looked up and longer than this are scaled down, in `weight` itself
    scale_grad_by_freq: divide the gradient of a row by how often it was looked up
    sparse:             let the gradient name rows on its way; `weight.grad` is an ordinary tensor all the same
    """
    indices, table = prepared("embedding", input, weight, max_norm, norm_type)
    layer = find_layer("Embedding")(*weight.spec.shape, padding=padding_idx, sparse_gradient=sparse)
    return layer.apply((indices,), {"weight": by_frequency(table, indices) if scale_grad_by_freq else table})[0]


def embedding_bag(
    input, weight, offsets=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, mode="mean", sparse=False,
    per_sample_weights=None, include_last_offset=False, padding_idx=None,
):  # fmt: skip
    """The sum, mean or largest elements of the rows in each bag.

    input:   (bags, size), or (n,) with offsets (bags,), one more with include_last_offset
    """
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' (got "
            f"mode='{mode}')."
        )
    if (input.spec.ndim == 2) != (offsets is None):
        raise ValueError(
            "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length sequences"
            if offsets is not None
            else "offsets has to be a 1D Tensor but got None"
        )
    indices, table = prepared("embedding_bag", input, weight, max_norm, norm_type)
    if include_last_offset and offsets is not None:
        offsets = offsets[:-1]
    layer = find_layer("EmbeddingBag")(*weight.spec.shape, padding=padding_idx, sparse_gradient=sparse, mode=mode)
    table = by_frequency(table, indices) if scale_grad_by_freq else table
    return layer.apply((indices, offsets, per_sample_weights), {"weight": table})[0]


def prepared(who: str, input: Any, weight: Any, max_norm: float | None, norm_type: float) -> tuple[Any, Any]:
    """The indices, and the table beside them."""
    if input.spec.dtype.kind not in "iu":
        raise DTypeMismatchError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{input.spec.dtype} instead (while checking arguments for {who})"
        )
    if isinstance(input, CoreTensor):
        check_range(on_host(input), weight.spec.shape[0])
        if max_norm is not None:
            renormalize(weight, input, max_norm, norm_type)
    elif max_norm is not None:
        raise TypeError(f"{who}: max_norm overwrites rows as they are looked up, which a graph cannot; leave it out")
    return input, kind_of((input,)).adopt_parameter(weight, (input,))


def check_range(indices: Any, rows: int) -> None:
    if indices.size and not (indices.min() >= 0 and indices.max() < rows):
        wrong = indices.min() if indices.min() < 0 else indices.max()
        raise AxisError(f"index out of range in self: {wrong}, the table has {rows} rows")


def renormalize(weight: Any, indices: Any, max_norm: float, norm_type: float) -> None:
    """Scale down the rows that are looked up, where they are longer than max_norm."""
    with recording(False):
        flat = ops.reshape(indices, shape=(-1,))
        rows = ops.gather(weight, flat)
        length = ops.sum(ops.absolute(rows) ** float(norm_type), axis=1, keepdims=True) ** (1.0 / norm_type)
        scaled = ops.where(length > float(max_norm), rows * (float(max_norm) / (length + 1e-7)), rows)
        CoreTensor.write(weight, ops.scatter(weight, flat, scaled))


def by_frequency(weight: Any, indices: Any) -> Any:
    """The same table; the gradient of a row is divided by how often it is looked up."""
    flat, dtype = ops.reshape(indices, shape=(-1,)), weight.spec.dtype.name
    counts = ops.segment_sum(ops.cast(ops.ones_like(flat), dtype=dtype), flat, count=weight.spec.shape[0])
    same = ops.stop_gradient(weight)
    return same + (weight - same) / ops.expand(ops.maximum(counts, 1.0), axis=1)
