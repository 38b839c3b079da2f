"""Losses that ask for a margin between classes, pairs or triplets."""

from trivium import ops

from ...errors import DTypeMismatchError, SizeMismatchError
from .distance import pairwise_distance
from .parameters import beside
from .reduction import beside_input, checked, normalization, reduced


def with_batch(function, ndim, *inputs):
    """`function` of inputs whose first has `ndim` axes, or one less, to which a batch of one is given."""
    if inputs[0].spec.ndim >= ndim:
        return function(*inputs)
    return ops.squeeze(function(*[ops.expand(x, axis=0) for x in inputs]), axis=0)


def margin_ranking_loss(input1, input2, target, margin=0.0, size_average=None, reduce=None, reduction="mean"):
    """max(0, margin - target * (input1 - input2)): input1 should be larger for target 1, input2 for -1."""
    word = normalization(size_average, reduce, reduction)
    if not input1.spec.ndim == input2.spec.ndim == target.spec.ndim:
        raise SizeMismatchError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: "
            f"{input1.shape}, input2: {input2.shape}, target: {target.shape} "
        )
    (target,) = beside_input(input1, target)
    return ops.margin_ranking(input1, input2, target, margin=float(margin), normalization=word)


def cosine_embedding_loss(input1, input2, target, margin=0.0, size_average=None, reduce=None, reduction="mean"):
    """1 - cos for pairs with target 1, max(0, cos - margin) for those with -1."""
    reduction_word = normalization(size_average, reduce, reduction)
    if target.spec.ndim + 1 != input1.spec.ndim or input1.spec.ndim not in (1, 2):
        raise SizeMismatchError(
            f"{target.spec.ndim}D target tensor expects {target.spec.ndim + 1}D input tensors, but found inputs with "
            f"sizes {list(input1.spec.shape)} and {list(input2.spec.shape)}."
        )
    (target,) = beside_input(input1, target)
    loss = lambda *xs: ops.cosine_embedding(*xs, margin=float(margin), normalization="each")  # noqa: E731
    return ops.reduced_loss(with_batch(loss, 2, input1, input2, target), normalization=reduction_word)


def triplet_margin_loss(
    anchor, positive, negative, margin=1.0, p=2.0, eps=1e-6, swap=False, size_average=None, reduce=None,
    reduction="mean",
):  # fmt: skip
    """max(0, margin + distance(anchor, positive) - distance(anchor, negative)).

    swap: take the distance of positive and negative for the latter, where it is less
    """
    word = normalization(size_average, reduce, reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    settings = {"margin": float(margin), "order": float(p), "epsilon": eps, "is_swapped": swap}
    return ops.triplet_margin(anchor, positive, negative, **settings, normalization=word)


def triplet_margin_with_distance_loss(
    anchor, positive, negative, *, distance_function=None, margin=1.0, swap=False, reduction="mean"
):
    """triplet_margin_loss with a distance of one's own."""
    checked(reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    distance = pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = ops.minimum(far, distance(positive, negative))
    return reduced(ops.relu(near - far + float(margin)), reduction)


def multi_margin_loss(input, target, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"):
    """By how much scores of other classes come nearer than a margin to that of the target, over the classes."""
    word = normalization(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if target.spec.dtype.kind not in "iu":
        raise DTypeMismatchError(f"expected scalar type Long but found {target.spec.dtype}")
    (weight,) = beside(input, weight)
    settings = {"margin": float(margin), "power": p, "normalization": "each"}
    losses = with_batch(lambda x, labels: ops.multi_margin(x, labels, weight, **settings), 2, input, target)
    return ops.reduced_loss(losses, normalization=word)


def multilabel_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """By how much scores of other classes come nearer than 1 to those of the targets, over the classes.

    target: class numbers, up to the first -1
    """
    word = normalization(size_average, reduce, reduction)
    losses = with_batch(lambda *xs: ops.multilabel_margin(*xs, normalization="each"), 2, input, target)
    return ops.reduced_loss(losses, normalization=word)


def multilabel_soft_margin_loss(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """binary_cross_entropy_with_logits averaged over the classes, on the last axis."""
    word = normalization(size_average, reduce, reduction)
    (target,) = beside_input(input, target)
    return ops.multilabel_soft_margin(input, target, *beside(input, weight), normalization=word)
