"""Losses of sequences whose labels are not aligned with them."""

import ml_dtypes
import numpy as np

from ..errors import OutOfRangeError, ShapeError
from ..op import op
from ..spec import Dim, same_size
from .arranging import stack
from .creation import arange, zeros_like
from .elementwise import (
    cast,
    exp,
    greater,
    less,
    log,
    logical_and,
    maximum,
    not_equal,
    stop_gradient,
    where,
)
from .indexing import check_indices, take_along
from .shaping import concatenate, expand, pad, reshape, slice, squeeze

__all__ = ["ctc_loss"]

WHOLE = "labels and lengths are whole numbers"


@op(free=("labels", "lengths", "label_lengths"))
def ctc_loss(log_chances, labels, lengths, label_lengths, *, blank=0):
    """-log of the chance that a sequence reads as its labels, once repeats and then blanks are taken out.

    log_chances:   (N, T, classes)   logarithms of the chance of each class at each step
    labels:        (N, S)            without blanks; what stands behind a sequence's own is ignored
    lengths:       (N,)              steps of each sequence that count, 1..T
    label_lengths: (N,)              labels of each sequence, 0..S
    return:        (N,); infinity where the sequence is too short for its labels
    blank:         the class that stands for no label

    In a graph, the gradient needs T and S to be known.  Graves et al., 2006.
    """
    count, steps, classes = log_chances.shape
    check_lengths(lengths, label_lengths, steps, labels.shape[1])
    is_own = np.arange(labels.shape[1]) < label_lengths[:, None]
    if ((labels < 0) | (labels >= classes))[is_own].any():
        raise OutOfRangeError(f"ctc_loss: labels are 0..{classes - 1}, there are others among {labels[is_own]}")
    states = np.full((count, 2 * labels.shape[1] + 1), blank)
    states[:, 1::2] = np.where(is_own, labels, blank)
    may_skip = np.zeros(states.shape, bool)
    may_skip[:, 2:] = (states[:, 2:] != blank) & (states[:, 2:] != states[:, :-2])
    chances = np.full((count, states.shape[1] + 2), -np.inf, log_chances.dtype)  # two that never are, in front
    rows = np.arange(count)[:, None]
    chances[:, 2:4] = log_chances[rows, 0, states[:, :2]]
    for step in range(1, steps):
        reached = np.logaddexp(chances[:, 2:], chances[:, 1:-1])
        reached = np.where(may_skip, np.logaddexp(reached, chances[:, :-2]), reached)
        goes_on = (step < lengths)[:, None]
        chances[:, 2:] = np.where(goes_on, reached + log_chances[rows, step, states], chances[:, 2:])
    last = 2 * label_lengths + 2  # in `chances`: the blank behind the last label
    with_blank, without = chances[rows[:, 0], last], chances[rows[:, 0], last - 1]
    return -np.logaddexp(with_blank, without).astype(log_chances.dtype)


def check_lengths(lengths, label_lengths, steps, most):
    for name, given, low, high in (("lengths", lengths, 1, steps), ("label_lengths", label_lengths, 0, most)):
        if ((given < low) | (given > high)).any():
            raise OutOfRangeError(f"ctc_loss: {name} are {low}..{high}, got {given}")


@ctc_loss.shape
def ctc_loss_shape(log_chances, labels, lengths, label_lengths, *, blank):
    if log_chances.ndim != 3 or labels.ndim != 2 or not same_size(labels.shape[0], log_chances.shape[0]):
        raise ShapeError(f"needs (N, T, classes) and labels (N, S), got {log_chances} and {labels}")
    for name, given in (("lengths", lengths), ("label_lengths", label_lengths)):
        if given.ndim != 1 or not same_size(given.shape[0], log_chances.shape[0]):
            raise ShapeError(f"{name} are {given}, one is needed for each sequence of {log_chances}")
    for given in (labels, lengths, label_lengths):
        check_indices(given)
    classes = log_chances.shape[2]
    if type(classes) is not Dim and not 0 <= blank < classes:
        raise ShapeError(f"blank is {blank}, classes are 0..{classes - 1}")
    return log_chances.with_shape((log_chances.shape[0],))


ctc_loss.no_gradient("labels", "lengths", "label_lengths", WHOLE)


@ctc_loss.decomposition
def ctc_loss_composed(log_chances, labels, lengths, label_lengths, *, blank):
    steps, most = log_chances.shape[1], labels.shape[1]
    if type(steps) is Dim or type(most) is Dim:
        raise ShapeError(f"ctc_loss: its gradient needs to know the number of steps and labels, {log_chances.spec}")
    count = 2 * most + 1
    never = impossible(log_chances.dtype)
    is_own = less(arange(stop=most, place=labels.place, dtype=labels.dtype.name), expand(label_lengths, axis=1))
    own = where(is_own, labels, blank)
    blanks = zeros_like(own) + blank
    states = reshape(stack(blanks, own, axis=2), shape=(labels.shape[0], 2 * most))
    states = concatenate(states, slice(blanks, stop=(None, 1)) if most else expand(zeros_like(lengths) + blank, axis=1),
                         axis=1)  # fmt: skip
    before = pad(slice(states, stop=(None, -2)), widths=((0, 0), (2, 0)), value=blank) if most else states
    may_skip = logical_and(not_equal(states, blank), not_equal(states, before))
    place = arange(stop=count, place=labels.place)

    def score(step):
        row = squeeze(slice(log_chances, start=(None, step), stop=(None, step + 1)), axis=1)
        return maximum(take_along(row, states, axis=1), never)

    chances = where(less(place, 2), score(0), never)
    for step in range(1, steps):
        one, two = later(chances, 1, count, never), where(may_skip, later(chances, 2, count, never), never)
        reached = log_of_sum(chances, one, two) + score(step)
        chances = where(expand(greater(lengths, step), axis=1), reached, chances)
    ends = expand(cast(label_lengths, dtype="int64") * 2, axis=1)
    at_blank = take_along(chances, ends, axis=1)
    at_label = take_along(chances, maximum(ends - 1, 0), axis=1)
    at_label = where(greater(ends, 0), at_label, never)
    total = squeeze(log_of_sum(at_blank, at_label), axis=1)
    return where(less(total, never / 2), np.inf, -total)


def impossible(dtype):
    """The logarithm of the chance of what cannot be: finite, so that differences are 0 and not NaN."""
    return float(ml_dtypes.finfo(dtype).min) / 4


def later(chances, by, count, never):
    """The chances of states `by` places before."""
    kept = slice(chances, stop=(None, max(count - by, 0)))
    return pad(kept, widths=((0, 0), (min(by, count), 0)), value=never)


def log_of_sum(*terms):
    """log(sum(exp(term))), without overflow."""
    most = stop_gradient(terms[0])
    for term in terms[1:]:
        most = maximum(most, stop_gradient(term))
    total = exp(terms[0] - most)
    for term in terms[1:]:
        total = total + exp(term - most)
    return log(total) + most


@ctc_loss.samples
def ctc_loss_samples(make):
    lengths, label_lengths = np.array([5, 3]), np.array([2, 1])
    yield make(2, 5, 4, low=-3.0, high=-0.1), make.integers(2, 3, low=1, high=4), lengths, label_lengths
    repeated = np.array([[1, 1, 0], [2, 0, 0]])
    yield make(2, 6, 4, low=-3.0, high=-0.1), repeated, np.array([6, 5]), np.array([3, 0]), {"blank": 3}
    yield make(1, 1, 2, low=-3.0, high=-0.1), np.array([[1]]), np.array([1]), np.array([1])
    yield make(1, 3, 2, low=-3.0, high=-0.1), np.zeros((1, 0), int), np.array([2]), np.array([0])
    yield make(0, 4, 3), np.zeros((0, 2), int), np.zeros(0, int), np.zeros(0, int)
