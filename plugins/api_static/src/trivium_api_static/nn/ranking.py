"""The best of several scores."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from trivium import ops

from ..build import FLOATS, call
from ..operation import Tensor

__all__ = ["in_top_k", "top_k"]

TopK = namedtuple("TopKV2", ["values", "indices"])


def top_k(input: Any, k: int = 1, sorted: bool = True, name: str | None = None) -> Any:
    """The k largest elements of each row, the largest first, and int32: where each stands.

    return: `values` and `indices`, both (..., k)
    """

    def compute(x: Any) -> Any:
        values, indices = ops.top_k(x, k=int(k))
        return values, ops.cast(indices, dtype="int32")

    return TopK(*call("TopKV2", compute, name, attributes={"k": k, "sorted": sorted}, input=input))


def in_top_k(predictions: Any, targets: Any, k: int, name: str | None = None) -> Tensor:
    """Whether each row's target is among its k best predictions; ties count in its favour.

    predictions: (batch, classes)
    targets:     (batch,) class numbers
    """
    return call(
        "InTopKV2", lambda x, t: ops.in_top_k(x, t, k=int(k)), name, default="in_top_k",
        free=("targets",), only=FLOATS, predictions=predictions, targets=targets,
    )  # fmt: skip
