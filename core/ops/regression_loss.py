"""Losses of predicted numbers, and of predicted chances: compositions.

All take `weights` and `normalization` as `reduced_loss` does.
"""

from .activation import softplus
from .choice import check_choice
from .elementwise import absolute, exp, less_equal, log, maximum, square, where
from .weighing import reduced_loss

__all__ = [
    "absolute_error",
    "huber",
    "smooth_absolute_error",
    "sigmoid_cross_entropy",
    "binary_cross_entropy",
    "kl_divergence",
    "poisson_nll",
    "gaussian_nll",
]


def absolute_error(x, y, weights=None, *, normalization="full"):
    """|x - y|."""
    return reduced_loss(absolute(x - y), weights, normalization=normalization)


def huber(x, y, weights=None, *, delta=1.0, normalization="full"):
    """(x - y)**2 / 2 up to a distance of delta, a straight line beyond  (Huber, 1964)."""
    distance = absolute(x - y)
    is_near = less_equal(distance, delta)
    losses = where(is_near, square(x - y) * 0.5, distance * delta - 0.5 * delta * delta)
    return reduced_loss(losses, weights, normalization=normalization)


def smooth_absolute_error(x, y, weights=None, *, beta=1.0, normalization="full"):
    """huber divided by its delta, here called beta: |x - y| - beta / 2 beyond  (Girshick, 2015, arXiv:1504.08083)."""
    if beta == 0:
        return absolute_error(x, y, weights, normalization=normalization)
    return huber(x, y, weights, delta=beta, normalization=normalization) / beta


def sigmoid_cross_entropy(logits, labels, weights=None, *, positive_weight=None, normalization="full"):
    """-labels * log(sigmoid(logits)) - (1 - labels) * log(1 - sigmoid(logits)), without overflow.

    logits, labels:  (N, ...)   labels from 0 to 1
    positive_weight: what a label of 1 counts: a number, or a value that broadcasts
    """
    losses = (1.0 - labels) * logits
    surplus = softplus(-logits)
    if positive_weight is not None:
        surplus = surplus * (labels * (positive_weight - 1.0) + 1.0)
    return reduced_loss(losses + surplus, weights, normalization=normalization)


def binary_cross_entropy(chances, labels, weights=None, *, least=1e-12, normalization="full"):
    """-labels * log(chances) - (1 - labels) * log(1 - chances); a chance counts as at least `least`.

    Prefer sigmoid_cross_entropy, which takes what a sigmoid would be given.
    """
    losses = -(labels * log(maximum(chances, least)) + (1.0 - labels) * log(maximum(1.0 - chances, least)))
    return reduced_loss(losses, weights, normalization=normalization)


def kl_divergence(log_chances, chances, weights=None, *, normalization="batch"):
    """chances * (log(chances) - log_chances): what is lost by taking the one distribution for the other.

    log_chances: (N, ...)   logarithms of what is predicted
    chances:     (N, ...)   what is true; 0 counts for nothing
    """
    is_positive = chances > 0.0
    logarithm = log(where(is_positive, chances, 1.0))
    losses = where(is_positive, chances * (logarithm - log_chances), 0.0)
    return reduced_loss(losses, weights, normalization=normalization)


def poisson_nll(x, counts, weights=None, *, form="log", epsilon=1e-8, normalization="full"):
    """The negative logarithm of a Poisson distribution's chance of `counts`, but for what depends on these alone.

    form: whether x is the "log" of the rate, or the "rate"
    """
    check_choice("poisson_nll: form", form, ("log", "rate"))
    losses = exp(x) - counts * x if form == "log" else x - counts * log(x + epsilon)
    return reduced_loss(losses, weights, normalization=normalization)


def gaussian_nll(x, y, variance, weights=None, *, least=1e-6, normalization="full"):
    """The negative logarithm of the density of y under normal distributions, but for the constant log(2 pi) / 2.

    x, variance: of the distributions; a variance counts as at least `least`  (Nix & Weigend, 1994)
    """
    variance = maximum(variance, least)
    return reduced_loss((log(variance) + square(x - y) / variance) * 0.5, weights, normalization=normalization)
