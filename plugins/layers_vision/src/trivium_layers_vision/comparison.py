"""Losses and distances that are one function of what is compared: one line for each."""

from functools import wraps

from trivium import ops

from .loss import as_class_numbers
from .of_function import layer_of

__all__ = [
    "SquaredError", "AbsoluteError", "Huber", "SmoothAbsoluteError", "SigmoidCrossEntropy",
    "BinaryCrossEntropy", "KlDivergence", "PoissonNll", "GaussianNll", "NegativeLogLikelihood", "Hinge",
    "MultiMargin", "MultilabelMargin", "MultilabelSoftMargin", "BinaryHinge", "SoftMargin", "HingeEmbedding",
    "Contrastive", "CosineEmbedding", "MarginRanking", "TripletMargin", "CtcLoss", "CosineSimilarity",
    "PairwiseDistance",
]  # fmt: skip


def two(make):
    return make(4, 3), make(4, 3)


def chances(make):
    return make(4, 3, low=0.1, high=0.9), make(4, 3, low=0.0, high=1.0)


def logits(make):
    return make(4, 3), make(4, 3, low=0.0, high=1.0)


def log_chances(make):
    return make(4, 3, low=-3.0, high=-0.1), make.integers(4, high=3)


def scores(make):
    return make.distinct(4, 3), make.integers(4, high=3)


def several_labels(make):
    return make.distinct(2, 3), make.integers(2, 3, low=-1, high=3)


def truths(make):
    return make.bools(4) * 2.0 - 1.0


def scores_and_truths(make):
    return make.distinct(4), truths(make)


def pairs_and_truths(make):
    return *two(make), truths(make)


def pairs_and_likeness(make):
    return *two(make), make.bools(4) * 1.0


def ranked(make):
    return make.distinct(4), make(4), truths(make)


def three(make):
    return make(4, 3), make(4, 3), make(4, 3)


def distribution(make):
    return *two(make), make(4, 3, low=0.2, high=2.0)


def sequences(make):
    steps, labels = make(2, 4, 4, low=-3.0, high=-0.1), make.integers(2, 2, low=0, high=3)
    return steps, labels, make.integers(2, low=3, high=5), make.integers(2, low=0, high=3)


def of_labels(function):
    """The function, with labels of any dtype that holds whole numbers."""

    @wraps(function)
    def labelled(x, labels, *weights, **settings):
        return function(x, as_class_numbers(labels), *weights, **settings)

    return labelled


def loss(name, function, examples, **tried):
    """A loss whose sum over the batch may be divided in several ways."""
    return layer_of(name, function, examples, tried={"normalization": "none", **tried})


# -- of numbers and chances ----------------------------------------------------------------------

SquaredError = loss("SquaredError", ops.squared_error, two, factor=1.0)
AbsoluteError = loss("AbsoluteError", ops.absolute_error, two)
Huber = loss("Huber", ops.huber, two, delta=0.5)
SmoothAbsoluteError = loss("SmoothAbsoluteError", ops.smooth_absolute_error, two, beta=0.5)
SigmoidCrossEntropy = loss("SigmoidCrossEntropy", ops.sigmoid_cross_entropy, logits, positive_weight=2.0)
BinaryCrossEntropy = loss("BinaryCrossEntropy", ops.binary_cross_entropy, chances, least=0.2)
KlDivergence = loss("KlDivergence", ops.kl_divergence, chances)
PoissonNll = loss("PoissonNll", ops.poisson_nll, chances, form="rate", epsilon=0.1)
GaussianNll = loss("GaussianNll", ops.gaussian_nll, distribution, least=0.5)

# -- with a margin -------------------------------------------------------------------------------

NegativeLogLikelihood = loss("NegativeLogLikelihood", of_labels(ops.nll), log_chances, axis=-1, ignore=1)
Hinge = loss("Hinge", of_labels(ops.hinge), scores, power=2)
MultiMargin = loss("MultiMargin", of_labels(ops.multi_margin), scores, margin=0.5, power=2)
MultilabelMargin = loss("MultilabelMargin", of_labels(ops.multilabel_margin), several_labels)
MultilabelSoftMargin = loss("MultilabelSoftMargin", ops.multilabel_soft_margin, logits)
BinaryHinge = loss("BinaryHinge", ops.binary_hinge, logits)
SoftMargin = loss("SoftMargin", ops.soft_margin, scores_and_truths)
HingeEmbedding = loss("HingeEmbedding", ops.hinge_embedding, scores_and_truths, margin=0.5)
Contrastive = loss("Contrastive", ops.contrastive, pairs_and_likeness, margin=4.0, form="square")
CosineEmbedding = loss("CosineEmbedding", ops.cosine_embedding, pairs_and_truths, margin=-0.5)
MarginRanking = loss("MarginRanking", ops.margin_ranking, ranked, margin=0.5)
TripletMargin = loss(
    "TripletMargin", ops.triplet_margin, three, margin=3.0, order=3.0, epsilon=0.01, is_swapped=True
)  # fmt: skip

CtcLoss = layer_of("CtcLoss", ops.ctc_loss, sequences, tried={"blank": 3})

# -- distances -----------------------------------------------------------------------------------

CosineSimilarity = layer_of("CosineSimilarity", ops.cosine_similarity, two, tried={"axis": 0, "epsilon": 2.0})
PairwiseDistance = layer_of(
    "PairwiseDistance", ops.pairwise_distance, two, tried={"order": 3.0, "epsilon": 0.01, "keepdims": True}
)
