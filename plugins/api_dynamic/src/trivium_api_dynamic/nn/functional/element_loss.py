"""Losses of each element by itself: numbers and chances."""

import math
import warnings

from trivium import ops

from .parameters import beside
from .reduction import NORMALIZATIONS, alike, beside_input, checked, chosen, normalization


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """(input - target)**2."""
    word = normalization(size_average, reduce, reduction)
    input, target = alike(input, target)
    return ops.reduced_loss(ops.square(input - target), weight, normalization=weighted(word, weight))


def weighted(word, weight):
    """A mean with weights is divided by their sum."""
    return "weights" if word == "full" and weight is not None else word


def l1_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """|input - target|."""
    word = normalization(size_average, reduce, reduction)
    return ops.absolute_error(*alike(input, target), weight, normalization=weighted(word, weight))


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    """(input - target)**2 / 2 / beta where the distance is below beta, else the distance - beta / 2."""
    if beta < 0:
        raise ValueError("smooth_l1_loss does not support negative values for beta.")
    word = normalization(size_average, reduce, reduction)
    return ops.smooth_absolute_error(*alike(input, target), beta=float(beta), normalization=word)


def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    """(input - target)**2 / 2 where the distance is below delta, else delta * (the distance - delta / 2)."""
    if delta <= 0:
        raise ValueError("huber_loss does not support non-positive values for delta.")
    word = NORMALIZATIONS[checked(reduction)]
    return ops.huber(*alike(input, target), weight, delta=float(delta), normalization=weighted(word, weight))


def same_size(input, target):
    """Both in one dtype; their shapes must agree."""
    if tuple(input.spec.shape) != tuple(target.spec.shape):
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is deprecated. "
            "Please ensure they have the same size."
        )
    return input, *beside_input(input, target)


LEAST = math.exp(-100.0)  # what PyTorch takes no logarithm below


def bounded_log(x):
    """log(x), at least -100, where the gradient is 0."""
    is_small = ops.less_equal(x, LEAST)
    return ops.where(is_small, -100.0, ops.log(ops.where(is_small, 1.0, x)))


def binary_cross_entropy(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """-(target * log(input) + (1 - target) * log(1 - input)), each logarithm at least -100."""
    word = normalization(size_average, reduce, reduction)
    input, target = same_size(input, target)
    losses = -(target * bounded_log(input) + (1.0 - target) * bounded_log(1.0 - input))
    return ops.reduced_loss(losses, *beside(input, weight), normalization=word)


def binary_cross_entropy_with_logits(
    input, target, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None
):
    """binary_cross_entropy of sigmoid(input), without overflow.

    pos_weight: what a target of 1 counts
    """
    word = normalization(size_average, reduce, reduction)
    if tuple(input.spec.shape) != tuple(target.spec.shape):
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    weight, pos_weight = beside(input, weight, pos_weight)
    (target,) = beside_input(input, target)
    return ops.sigmoid_cross_entropy(input, target, weight, positive_weight=pos_weight, normalization=word)


def kl_div(input, target, size_average=None, reduce=None, reduction="mean", log_target=False):
    """target * (log(target) - input): what is lost by taking exp(input) for the distribution `target`.

    reduction:  "batchmean", too: the sum divided by the batch, which is the divergence
    log_target: whether the target is given as logarithms
    """
    if reduction == "batchmean" and size_average is None and reduce is None:
        word = "batch"
    else:
        reduction = chosen(size_average, reduce, reduction)
        word = NORMALIZATIONS[reduction]
        if reduction == "mean":
            warnings.warn(
                "reduction: 'mean' divides the total loss by both the batch size and the support size. 'batchmean' "
                "divides only by the batch size, and aligns with the KL div math definition.",
                stacklevel=2,
            )
    (target,) = beside_input(input, target)
    if not log_target:
        return ops.kl_divergence(input, target, normalization=word)
    return ops.reduced_loss(ops.exp(target) * (target - input), normalization=word)


def poisson_nll_loss(
    input, target, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction="mean"
):
    """The negative logarithm of a Poisson distribution's chance of the target.

    log_input: whether the input is the logarithm of the rate
    full:      add Stirling's approximation of what depends on the target alone
    """
    word = normalization(size_average, reduce, reduction)
    (target,) = beside_input(input, target)
    form = "log" if log_input else "rate"
    losses = ops.poisson_nll(input, target, form=form, epsilon=eps, normalization="each")
    if full:
        is_large = ops.greater(target, 1.0)
        safe = ops.where(is_large, target, 1.0)
        stirling = safe * ops.log(safe) - safe + ops.log(safe * (2.0 * math.pi)) * 0.5
        losses = losses + ops.where(is_large, stirling, 0.0)
    return ops.reduced_loss(losses, normalization=word)


def gaussian_nll_loss(input, target, var, full=False, eps=1e-6, reduction="mean"):
    """The negative logarithm of the density of the target under normal distributions of mean `input`.

    var:  variances, of the input's shape, or without its last axis, or with 1 there, or one number; at least eps
    full: add log(2 pi) / 2
    """
    word = NORMALIZATIONS[checked(reduction)]
    if isinstance(var, (int, float)):
        var = ops.ones_like(input) * float(var)
    sizes, given = tuple(input.spec.shape), tuple(var.spec.shape)
    if given == sizes[:-1] and given != sizes:
        var = ops.expand(var, axis=len(sizes) - 1)
    elif given not in (sizes, (*sizes[:-1], 1)):
        raise ValueError("var is of incorrect size")
    # the variance is lifted to eps behind the gradient's back, as PyTorch does
    var = var + ops.stop_gradient(ops.maximum(var, eps) - var)
    losses = ops.gaussian_nll(input, target, var, least=0.0, normalization="each")
    if full:
        losses = losses + 0.5 * math.log(2.0 * math.pi)
    return ops.reduced_loss(losses, normalization=word)


def soft_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """log(1 + exp(-target * input)), for targets 1 and -1."""
    word = normalization(size_average, reduce, reduction)
    (target,) = beside_input(input, target)
    return ops.soft_margin(input, target, normalization=word)


def hinge_embedding_loss(input, target, margin=1.0, size_average=None, reduce=None, reduction="mean"):
    """input, a distance, for target 1; max(0, margin - input) for -1."""
    word = normalization(size_average, reduce, reduction)
    (target,) = beside_input(input, target)
    return ops.hinge_embedding(input, target, margin=float(margin), normalization=word)
