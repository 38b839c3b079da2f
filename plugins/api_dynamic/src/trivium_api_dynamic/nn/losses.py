"""Losses as modules."""

from collections.abc import Callable
from typing import Any, ClassVar

from . import functional
from .module import Module
from .wrapped import Wrapped

# PyTorch's reductions as normalizations of the core losses
CLASSES = {"mean": "valid", "sum": "none", "none": "each"}
ELEMENTS = {"mean": "full", "sum": "none", "none": "each"}


def checked(reduction: str) -> str:
    if reduction not in CLASSES:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


class CrossEntropyLoss(Wrapped):
    """-log softmax(input) at each class number, averaged; see functional.cross_entropy."""

    core = "SoftmaxCrossEntropy"

    def __init__(self, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        super().__init__()
        self.ignore_index, self.reduction, self.label_smoothing = ignore_index, checked(reduction), label_smoothing
        self.register_buffer("weight", weight)
        self.wrap({"axis": 1, "normalization": CLASSES[reduction], "ignore": ignore_index})

    def forward(self, input, target):
        is_plain = self.weight is None and not self.label_smoothing and input.spec.ndim > 1
        if is_plain and target.spec.dtype.kind in "iu":
            return super().forward(input, target)
        return functional.cross_entropy(
            input, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing
        )


class MSELoss(Wrapped):
    """(input - target)**2, averaged over all elements."""

    core = "SquaredError"

    def __init__(self, reduction="mean"):
        super().__init__()
        self.reduction = checked(reduction)
        self.wrap({"normalization": ELEMENTS[reduction], "factor": 1.0})

    def forward(self, input, target):
        return super().forward(*functional.same_shape(input, target))


class _Loss(Module):
    """A loss that is a function of input and target."""

    function: ClassVar[Callable[..., Any]]
    options: ClassVar[tuple[str, ...]] = ()

    def __init__(self, reduction="mean", **options):
        super().__init__()
        if unknown := [name for name in options if name not in self.options]:
            raise TypeError(f"{type(self).__name__} got an unexpected keyword argument {unknown[0]!r}")
        self.reduction, self.settings = checked(reduction), options

    def forward(self, input, target):
        return type(self).function(input, target, reduction=self.reduction, **self.settings)


class L1Loss(_Loss):
    """|input - target|."""

    function = staticmethod(functional.l1_loss)


class SmoothL1Loss(_Loss):
    """Squared where the error is below beta, else absolute."""

    function = staticmethod(functional.smooth_l1_loss)
    options = ("beta",)


class BCELoss(_Loss):
    """Binary cross-entropy of probabilities."""

    function = staticmethod(functional.binary_cross_entropy)
    options = ("weight",)


class BCEWithLogitsLoss(_Loss):
    """Binary cross-entropy of sigmoid(input)."""

    function = staticmethod(functional.binary_cross_entropy_with_logits)
    options = ("weight", "pos_weight")


class NLLLoss(Module):
    """-input at each class number."""

    def __init__(self, weight=None, ignore_index=-100, reduction="mean"):
        super().__init__()
        self.ignore_index, self.reduction = ignore_index, checked(reduction)
        self.register_buffer("weight", weight)

    def forward(self, input, target):
        return functional.nll_loss(input, target, self.weight, self.ignore_index, self.reduction)
