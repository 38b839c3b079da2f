"""Dropout: the masks follow from the seed and the module's number, and a graph keeps where they stand."""

from typing import ClassVar

from .functional.noise import check_rate
from .functional.writing import applied
from .wrapped import Wrapped

__all__ = ["Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"]


class _Dropout(Wrapped):
    hidden = frozenset({"random"})
    core = "Dropout"
    shared: ClassVar[tuple[int, ...]] = ()

    def __init__(self, p=0.5, inplace=False):
        super().__init__()
        check_rate(p)
        self.p, self.inplace = p, inplace
        self.wrap({"rate": p, "shared": self.shared}, 1)

    def forward(self, input):
        self.layer.rate, self.layer.shared = self.p, self.alike(input)
        if not self.training:
            return input
        return applied(super().forward, input, self.inplace, reads_input=False)

    def alike(self, input):
        """The axes along which all elements have one draw."""
        return self.shared

    def extra_repr(self):
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Zero a random part while training and scale the rest up."""


class Dropout1d(_Dropout):
    """Zero random channels of (N, C, length) or (C, length)."""

    shared = (-1,)


class Dropout2d(_Dropout):
    """Zero random channels of (N, C, height, width)."""

    def alike(self, input):
        return tuple(range(2, input.spec.ndim))


class Dropout3d(_Dropout):
    """Zero random channels of (N, C, depth, height, width) or (C, depth, height, width)."""

    shared = (-1, -2, -3)


class AlphaDropout(_Dropout):
    """Set a random part to selu's lowest value, then scale and shift so that mean and variance stay."""

    core = "AlphaDropout"


class FeatureAlphaDropout(Dropout2d):
    """AlphaDropout of whole channels of (N, C, ...)."""

    core = "AlphaDropout"
