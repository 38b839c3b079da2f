"""How the losses of single examples become one loss."""

from .choice import check_choice
from .creation import ones_like
from .elementwise import cast, maximum, not_equal
from .reduction import mean, sum

__all__ = ["reduced_loss"]

NORMALIZATIONS = ("full", "batch", "none", "each", "weights", "counted")


def reduced_loss(losses, weights=None, *, normalization="full"):
    """The sum of weighted losses, divided.

    losses:        (N, ...)
    weights:       what each counts, broadcast to the losses; 1 where it is None
    normalization: what the sum is divided by.  "full": the number of losses; "batch": N; "none": 1;
                   "weights": the sum of the weights; "counted": how many weights are not 0, at least 1 (TensorFlow);
                   "each": no sum, but a loss for each
    """
    check_choice("reduced_loss: normalization", normalization, NORMALIZATIONS)
    weighted = losses if weights is None else losses * weights
    if normalization == "each":
        return weighted
    if normalization == "none":
        return sum(weighted)
    if normalization == "batch":
        return sum(mean(weighted, axis=0))
    if weights is None or normalization == "full":
        return mean(weighted)
    counts = weights if normalization == "weights" else cast(not_equal(weights, 0.0), dtype=losses.dtype.name)
    count = sum(counts * ones_like(losses))
    return sum(weighted) / (maximum(count, 1.0) if normalization == "counted" else count)
