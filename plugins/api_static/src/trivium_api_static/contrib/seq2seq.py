"""`tf.contrib.seq2seq`: the loss of a sequence of labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..arranging import reshape
from ..build import convert_to_tensor
from ..default_graph import name_scope
from ..nn.cross_entropy import sparse_softmax_cross_entropy_with_logits
from ..operation import Tensor
from ..reduction import reduce_sum

__all__ = ["sequence_loss"]


def sequence_loss(
    logits: Any, targets: Any, weights: Any, average_across_timesteps: bool = True, average_across_batch: bool = True,
    softmax_loss_function: Callable[..., Any] | None = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """The cross entropy of each step, weighted and averaged.

    logits:           (batch, steps, classes)
    targets, weights: (batch, steps)
    return:           () where both averages are asked for, else the axis that is not averaged, or both
    """
    logits, targets, weights = [convert_to_tensor(x) for x in (logits, targets, weights)]
    for what, x, ndim in (("Logits", logits, 3), ("Targets", targets, 2), ("Weights", weights, 2)):
        if x.spec.ndim != ndim:
            form = f"[batch_size x sequence_length{' x logits' if ndim == 3 else ''}]"
            raise ValueError(f"{what} must be a {ndim}-dimensional {form} tensor, got {x.shape}")
    loss = softmax_loss_function or sparse_softmax_cross_entropy_with_logits
    with name_scope(name, "sequence_loss", [logits, targets, weights]):
        flat = reshape(logits, [-1, logits.spec.shape[2]])
        each = loss(labels=reshape(targets, [-1]), logits=flat) * reshape(weights, [-1])
        if average_across_timesteps and average_across_batch:
            return reduce_sum(each) / (reduce_sum(weights) + 1e-12)
        each = reshape(each, targets.spec.shape)
        if not (average_across_timesteps or average_across_batch):
            return each
        axis = 1 if average_across_timesteps else 0
        return reduce_sum(each, axis) / (reduce_sum(weights, axis) + 1e-12)
