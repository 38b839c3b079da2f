"""How losses of single examples become one number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trivium import ops

from .. import math
from ..build import FLOATS, call, convert_to_tensor
from ..collection import GraphKeys
from ..dtypes import float32
from ..graph import get_default_graph
from ..operation import Tensor
from .collection import add_loss

__all__ = ["Reduction", "compute_weighted_loss"]


class Reduction:
    """What losses are reduced to: themselves, their weighted sum, or that divided.

    MEAN:                    by the sum of the weights
    SUM_OVER_BATCH_SIZE:     by the number of losses
    SUM_BY_NONZERO_WEIGHTS:  by the number of losses whose weight is not 0
    """

    NONE = "none"
    SUM = "weighted_sum"
    MEAN = "weighted_mean"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    SUM_BY_NONZERO_WEIGHTS = SUM_OVER_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """All of them."""
        return tuple(_NORMALIZATIONS)

    @classmethod
    def validate(cls, key: str) -> None:
        """Refuse what is none of them."""
        if key not in _NORMALIZATIONS:
            raise ValueError(f"Invalid Reduction Key {key}; it may be {', '.join(_NORMALIZATIONS)}.")


_NORMALIZATIONS = {
    Reduction.NONE: "each", Reduction.SUM: "none", Reduction.MEAN: "weights", Reduction.SUM_OVER_BATCH_SIZE: "full",
    Reduction.SUM_BY_NONZERO_WEIGHTS: "counted",
}  # fmt: skip


def compute_weighted_loss(
    losses: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:  # fmt: skip
    """Losses times weights, reduced; by default to their sum over the number of weights that are not 0.

    weights: a number, or of the losses' shape with 1 where an axis shares its weight
    """
    losses = convert_to_tensor(losses)
    with losses.graph.as_default(), losses.graph.name_scope(scope or "weighted_loss"):
        return weighed(losses, weights, loss_collection, reduction)


def weighed(losses: Tensor, weights: Any, collection: str | None, reduction: str) -> Tensor:
    """The operation `value` of the current scope, remembered."""
    Reduction.validate(reduction)
    if isinstance(weights, (int, float)) and weights == 1 and reduction != Reduction.NONE:
        reduce = ops.sum if reduction == Reduction.SUM else ops.mean
        loss = call(reduce.name.capitalize(), reduce, "value", losses=losses)
    else:
        given = math.cast(convert_to_tensor(weights), losses.dtype)
        _check_weights(losses, given)
        loss = call("Div", _reducing(_NORMALIZATIONS[reduction]), "value", only=FLOATS, losses=losses, weights=given)
    add_loss(loss, collection)
    return loss


def _reducing(normalization: str) -> Callable[[Any, Any], Any]:
    def reduce(losses: Any, weights: Any) -> Any:
        if normalization != "weights":
            return ops.reduced_loss(losses, weights, normalization=normalization)
        total = ops.sum(weights * ops.ones_like(losses))
        return ops.sum(losses * weights) / ops.where(ops.equal(total, 0.0), 1.0, total)

    return reduce


def _check_weights(losses: Tensor, weights: Tensor) -> None:
    values, given = losses.shape, weights.shape
    if given.ndims in (0, None) or values.ndims is None:
        return
    fits = given.ndims == values.ndims and all(
        w.value in (1, None) or v.is_compatible_with(w) for v, w in zip(values, given)
    )
    if not fits:
        raise ValueError(
            f"weights can not be broadcast to values. values.rank={values.ndims}. weights.rank={given.ndims}. "
            f"values.shape={values}. weights.shape={given}."
        )


def compared(
    who: str, function: Callable[[Any, Any], Any], predictions: Any, labels: Any, weights: Any, scope: str | None,
    collection: str | None, reduction: str, kind: str = "Sub",
) -> Tensor:  # fmt: skip
    """The weighed losses that a function makes of predictions and of labels, which take their shape and dtype."""
    for what, given in (("labels", labels), ("predictions", predictions)):
        if given is None:
            raise ValueError(f"{what} must not be None.")
    guess = convert_to_tensor(predictions)
    with guess.graph.as_default(), get_default_graph().name_scope(scope or who):
        guess = guess if guess.dtype.is_floating else math.cast(guess, float32)
        truth = math.cast(labels, guess.dtype)
        guess.shape.assert_is_compatible_with(truth.shape)
        losses = call(kind, function, predictions=guess, labels=truth)
        return weighed(losses, weights, collection, reduction)
