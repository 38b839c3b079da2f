"""What networks do between their layers: biases, norms of weights, rows of tables."""

from __future__ import annotations

from typing import Any

from trivium import ops
from trivium.registry import find_layer

from ..build import FLOATS, call
from ..choosing import gather
from ..operation import Tensor
from ..windows import channels_last

__all__ = ["bias_add", "embedding_lookup", "l2_loss", "relu_layer", "xw_plus_b", "zero_fraction"]


def bias_add(value: Any, bias: Any, data_format: str | None = None, name: str | None = None) -> Tensor:
    """One number more for each channel."""
    is_last = channels_last(data_format)

    def added(x: Any, b: Any) -> Any:
        return x + (b if is_last or x.ndim == 2 else ops.reshape(b, shape=(b.shape[0],) + (1,) * (x.ndim - 2)))

    return call("BiasAdd", added, name, value=value, bias=bias)


def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """x @ weights + biases."""
    return call(
        "BiasAdd", lambda x, w, b: ops.matmul(x, w) + b, name, default="xw_plus_b", x=x, weights=weights, biases=biases
    )


def relu_layer(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """max(x @ weights + biases, 0)."""
    return call(
        "Relu", lambda x, w, b: ops.relu(ops.matmul(x, w) + b), name, default="relu_layer",
        x=x, weights=weights, biases=biases,
    )  # fmt: skip


def l2_loss(t: Any, name: str | None = None) -> Tensor:
    """Half the sum of squares."""
    return call("L2Loss", lambda x: ops.sum(ops.square(x)) * 0.5, name, only=FLOATS, t=t)


def zero_fraction(value: Any, name: str | None = None) -> Tensor:
    """The part of the elements that are 0."""
    return call("ZeroFraction", lambda x: ops.mean(ops.cast(ops.equal(x, 0), dtype="float32")), name,
                default="zero_fraction", value=value)  # fmt: skip


def embedding_lookup(
    params: Any, ids: Any, partition_strategy: str = "mod", name: str | None = None, validate_indices: bool = True,
    max_norm: float | None = None,
) -> Tensor:  # fmt: skip
    """The rows at some positions; with max_norm, each scaled down to that length where it is longer."""
    if isinstance(params, (list, tuple)):
        if len(params) != 1:
            raise NotImplementedError(f"embedding_lookup: a table in {len(params)} parts: concatenate them first")
        (params,) = params
    if max_norm is None:
        return gather(params, ids, name=name or "embedding_lookup")

    def look_up(table: Any, indices: Any) -> Any:
        layer = find_layer("Embedding")(*table.shape, max_norm=float(max_norm))
        return layer.apply([indices], {"weight": table})[0]

    return call("GatherV2", look_up, name, default="embedding_lookup", free=("ids",), params=params, ids=ids)
