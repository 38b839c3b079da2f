"""How the losses of single elements become one: PyTorch's words as the core's normalizations."""

import warnings

from trivium import ops

from ...promotion import cast, matched

NORMALIZATIONS = {"mean": "full", "sum": "none", "none": "each"}


def chosen(size_average, reduce, reduction):
    """The reduction; from the two old arguments, with a warning, where one of them is given."""
    if size_average is not None or reduce is not None:
        reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            stacklevel=3,
        )
    return checked(reduction)


def checked(reduction):
    """Refuse a word that is no reduction."""
    if reduction not in NORMALIZATIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def normalization(size_average, reduce, reduction):
    """The core's word for a reduction."""
    return NORMALIZATIONS[chosen(size_average, reduce, reduction)]


def reduced(losses, reduction):
    """Losses, one for each element, as `reduction` says."""
    return ops.reduced_loss(losses, normalization=NORMALIZATIONS[checked(reduction)])


def alike(input, target):
    """Both in one dtype; a warning where their shapes differ and broadcast."""
    if tuple(input.spec.shape) != tuple(target.spec.shape):
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )
    return matched(input, target)


def beside_input(input, *values):
    """Values that take part in the input's dtype; None stays."""
    return [None if value is None else cast(value, input.spec.dtype) for value in values]
