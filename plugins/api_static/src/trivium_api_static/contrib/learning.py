"""`slim.learning`: a training operation with everything that belongs to a step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..clipping import clip_by_norm
from ..collection import GraphKeys
from ..creation import identity
from ..graph import get_default_graph
from ..operation import Tensor
from ..train.step import get_or_create_global_step

__all__ = ["create_train_op"]


def create_train_op(
    total_loss: Tensor, optimizer: Any, global_step: Any = None, update_ops: Sequence[Any] | None = None,
    variables_to_train: Sequence[Any] | None = None, clip_gradient_norm: float = 0.0,
) -> Tensor:  # fmt: skip
    """A tensor that is the loss, and makes one step when it is computed.

    update_ops: run before it; the graph's UPDATE_OPS when left out
    """
    graph = get_default_graph()
    step = get_or_create_global_step() if global_step is None else global_step
    waiting = graph.get_collection(GraphKeys.UPDATE_OPS) if update_ops is None else list(update_ops)
    with graph.control_dependencies(waiting):
        loss = identity(total_loss, "total_loss")
    pairs = optimizer.compute_gradients(loss, variables_to_train)
    if clip_gradient_norm > 0:
        pairs = [(None if g is None else clip_by_norm(g, clip_gradient_norm), v) for g, v in pairs]
    made = optimizer.apply_gradients(pairs, global_step=step)
    with graph.control_dependencies([made]):
        return identity(loss, "train_op")
