"""Layers in which every unit sees every feature."""

import math
from typing import Any

from trivium import ops

from ..errors import SizeMismatchError
from .module import Module
from .wrapped import Wrapped, within

__all__ = ["Identity", "Linear", "Bilinear"]


class Identity(Module):
    """What it is given."""

    def __init__(self, *ignored: Any, **named: Any) -> None:
        super().__init__()

    def forward(self, input):
        return input


class Linear(Wrapped):
    """input @ weight.T + bias.

    weight: (out_features, in_features), bias: (out_features,); both within 1 / sqrt(in_features) of 0
    """

    core = "Dense"

    def __init__(self, in_features, out_features, bias=True, device=None, dtype=None):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        settings = {"units": out_features, "has_bias": bias, "bias_initializer": within(in_features)}
        self.wrap(settings, None, in_features, device=device, dtype=dtype)
        if not bias:
            self.register_parameter("bias", None)

    def forward(self, input):
        size = input.spec.shape[-1] if input.spec.ndim else 1
        if size != self.in_features:
            rows = math.prod(input.spec.shape[:-1]) if all([type(n) is int for n in input.spec.shape]) else "batch"
            raise SizeMismatchError(
                f"mat1 and mat2 shapes cannot be multiplied ({rows}x{size} and {self.in_features}x{self.out_features})"
            )
        if input.spec.ndim == 1:
            return ops.reshape(super().forward(ops.expand(input, axis=0)), shape=(self.out_features,))
        return super().forward(input)

    def extra_repr(self):
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Bilinear(Wrapped):
    """For each unit, the sum of its weights times the products of the features of two inputs.

    weight: (out_features, in1_features, in2_features), bias: (out_features,); both within 1 / sqrt(in1_features) of 0
    """

    core = "Bilinear"

    def __init__(self, in1_features, in2_features, out_features, bias=True, device=None, dtype=None):
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got {in1_features}")
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        start = within(in1_features)
        settings = {
            "units": out_features, "has_bias": bias, "weight_initializer": start, "bias_initializer": start,
        }  # fmt: skip
        self.wrap(settings, (None, in1_features), (None, in2_features), device=device, dtype=dtype)
        if not bias:
            self.register_parameter("bias", None)

    def forward(self, input1, input2):
        return super().forward(input1, input2)

    def extra_repr(self):
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )
