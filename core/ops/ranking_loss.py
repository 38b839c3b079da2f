"""Losses that ask for a margin: between classes, between pairs, between distances.  Compositions.

All take `normalization` as `reduced_loss` does.
"""

from .activation import softplus
from .choice import check_choice
from .creation import zeros_beside
from .cumulative import cumprod
from .elementwise import cast, greater_equal, maximum, minimum, not_equal, relu, sqrt, square, where
from .indexing import gather, one_hot, put_along, put_along_add, take_along
from .reduction import mean, sum
from .regression_loss import sigmoid_cross_entropy
from .shaping import expand, squeeze
from .statistics import norm
from .weighing import reduced_loss

__all__ = [
    "nll",
    "hinge",
    "multi_margin",
    "multilabel_margin",
    "multilabel_soft_margin",
    "soft_margin",
    "binary_hinge",
    "contrastive",
    "cosine_similarity",
    "cosine_embedding",
    "margin_ranking",
    "hinge_embedding",
    "triplet_margin",
    "pairwise_distance",
]


def nll(log_chances, labels, class_weights=None, *, axis=1, ignore=None, normalization="weights"):
    """-log_chances at each label.

    log_chances:   (N, ..., classes, ...)   classes along `axis`
    labels:        (N, ...)                 whole numbers
    class_weights: (classes,)
    ignore:        the label that counts for nothing
    normalization: "weights" divides by the sum of the weights of the labels that count (PyTorch)
    """
    counted = None if ignore is None else not_equal(labels, ignore)
    known = labels if counted is None else where(counted, labels, 0)
    chosen = squeeze(take_along(log_chances, expand(known, axis=axis), axis=axis), axis=axis)
    weights = None if class_weights is None else gather(class_weights, known)
    if counted is not None:
        counts = cast(counted, dtype=log_chances.dtype.name)
        weights = counts if weights is None else weights * counts
    return reduced_loss(-chosen, weights, normalization=normalization)


def hinge(x, labels, *, power=1, normalization="batch"):
    """max(0, 1 - x) of the label's score and max(0, 1 + x) of all others, or their squares  (Caffe's HingeLoss).

    x:      (N, classes)
    labels: (N,)
    power:  1 or 2
    """
    truth = one_hot(labels, depth=x.shape[1], dtype=x.dtype.name) * 2.0 - 1.0
    distances = relu(1.0 - truth * x)
    return reduced_loss(distances if power == 1 else square(distances), normalization=normalization)


def multi_margin(x, labels, class_weights=None, *, margin=1.0, power=1, normalization="full"):
    """By how much scores of other classes come nearer than a margin to that of the label, averaged over the classes.

    x:             (N, classes)
    labels:        (N,)
    class_weights: (classes,)
    """
    at = expand(labels, axis=1)
    distances = relu(x - take_along(x, at, axis=1) + margin)
    distances = distances if power == 1 else square(distances)
    others = put_along(distances, at, zeros_beside(x, x.spec.with_shape((x.shape[0], 1))), axis=1)
    weights = None if class_weights is None else gather(class_weights, labels)
    losses = sum(others, axis=1) / x.shape[1]
    return reduced_loss(losses if weights is None else losses * weights, normalization=normalization)


def multilabel_margin(x, labels, *, normalization="full"):
    """By how much scores of other classes come nearer than 1 to those of the labels, divided by the classes.

    x:      (N, classes)
    labels: (N, classes) class numbers, up to the first that is negative
    """
    chosen = cumprod(cast(greater_equal(labels, 0), dtype=x.dtype.name), axis=1)
    at = where(chosen > 0.0, labels, 0)
    is_label = put_along_add(zeros_beside(x, x.spec), at, chosen, axis=1)
    others = 1.0 - minimum(is_label, 1.0)
    gaps = relu(1.0 - expand(take_along(x, at, axis=1), axis=2) + expand(x, axis=1))
    losses = sum(gaps * expand(chosen, axis=2) * expand(others, axis=1), axis=(1, 2)) / x.shape[1]
    return reduced_loss(losses, normalization=normalization)


def multilabel_soft_margin(x, labels, class_weights=None, *, normalization="full"):
    """sigmoid_cross_entropy averaged over the classes.

    x, labels: (..., classes)
    """
    each = sigmoid_cross_entropy(x, labels, class_weights, normalization="each")
    return reduced_loss(mean(each, axis=-1), normalization=normalization)


def soft_margin(x, truth, *, normalization="full"):
    """log(1 + exp(-truth * x)), for truths 1 and -1."""
    return reduced_loss(softplus(-truth * x), normalization=normalization)


def binary_hinge(x, labels, weights=None, *, normalization="full"):
    """max(0, 1 - x) for a label of 1, max(0, 1 + x) for 0  (TensorFlow's hinge_loss)."""
    return reduced_loss(relu(1.0 - (labels * 2.0 - 1.0) * x), weights, normalization=normalization)


def contrastive(x, y, is_same, *, margin=1.0, form="distance", normalization="batch"):
    """Half the square distance of like pairs, and half the square of what unlike ones lack to a margin.

    x, y:    (N, features)
    is_same: (N,) 1 or 0
    form:    "distance": max(margin - d, 0)**2, or "square": max(margin - d**2, 0) (Caffe's legacy_version)
    Hadsell et al., 2006.
    """
    check_choice("contrastive: form", form, ("distance", "square"))
    squares = sum(square(x - y), axis=1)
    unlike = relu(margin - squares) if form == "square" else square(relu(margin - norm(x - y, axis=1)))
    losses = is_same * squares + (1.0 - is_same) * unlike
    return reduced_loss(losses * 0.5, normalization=normalization)


def cosine_similarity(x, y, *, axis=1, epsilon=1e-8):
    """The cosine of the angle between x and y along `axis`; a length counts as at least `epsilon`."""
    lengths = maximum(norm(x, axis=axis), epsilon) * maximum(norm(y, axis=axis), epsilon)
    return sum(x * y, axis=axis) / lengths


def cosine_embedding(x, y, truth, *, margin=0.0, normalization="full"):
    """1 - cos for pairs with truth 1, max(0, cos - margin) for those with -1.

    x, y:  (N, features)
    truth: (N,) 1 or -1
    """
    cosine = sum(x * y, axis=1) / sqrt((sum(square(x), axis=1) + 1e-12) * (sum(square(y), axis=1) + 1e-12))
    return reduced_loss(where(truth > 0.0, 1.0 - cosine, relu(cosine - margin)), normalization=normalization)


def margin_ranking(x, y, truth, *, margin=0.0, normalization="full"):
    """max(0, margin - truth * (x - y)): x should be larger for truth 1, y for -1."""
    return reduced_loss(relu(margin - truth * (x - y)), normalization=normalization)


def hinge_embedding(x, truth, *, margin=1.0, normalization="full"):
    """x, a distance, for truth 1; max(0, margin - x) for -1."""
    return reduced_loss(where(truth > 0.0, x, relu(margin - x)), normalization=normalization)


def pairwise_distance(x, y, *, order=2.0, epsilon=1e-6, keepdims=False):
    """The length of x - y + epsilon along the last axis."""
    return norm(x - y + epsilon, order=order, axis=-1, keepdims=keepdims)


def triplet_margin(
    anchor, like, unlike, *, margin=1.0, order=2.0, epsilon=1e-6, is_swapped=False, normalization="full"
):
    """max(0, margin + |anchor - like| - |anchor - unlike|)  (Balntas et al., 2016).

    anchor, like, unlike: (N, features)
    order:      of the norm
    epsilon:    is added to each difference
    is_swapped: take |like - unlike| for |anchor - unlike| where that is less
    """
    settings = {"order": order, "epsilon": epsilon}
    near, far = [pairwise_distance(anchor, other, **settings) for other in (like, unlike)]
    if is_swapped:
        far = minimum(far, pairwise_distance(like, unlike, **settings))
    return reduced_loss(relu(near - far + margin), normalization=normalization)
