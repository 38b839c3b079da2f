"""Layers in which every unit sees every feature."""

from typing import Any

from attrs import define, field

from trivium import ops
from trivium.layer import Layer, ParamSpec
from trivium.spec import product

__all__ = ["Dense", "Bilinear"]


@define(slots=False)
class Dense(Layer):
    """x @ weight.T + bias.

    x:       (batch, ..., features)
    return:  (batch, ..., units)
    flatten: the axis from which on all are taken together as features (Caffe's inner product); None: the last only
    """

    units: int
    flatten: int | None = field(default=None, kw_only=True)
    has_bias: bool = field(default=True, kw_only=True)
    weight_initializer: Any = field(default="kaiming", kw_only=True)
    bias_initializer: Any = field(default="zeros", kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(4, weight_initializer="xavier", bias_initializer="ones"), make(3, 5)
        yield cls(4, has_bias=False), make(2, 3, 5)
        yield cls(4, flatten=1), make(3, 2, 2, 2)

    def parameters(self, x):
        features = x.shape[-1] if self.flatten is None else product(x.shape[self.flatten :])
        weight = ParamSpec((self.units, features), self.weight_initializer, is_weight=True)
        if not self.has_bias:
            return {"weight": weight}
        return {"weight": weight, "bias": ParamSpec((self.units,), self.bias_initializer)}

    def forward(self, x, *, weight, bias):
        if self.flatten is not None:
            x = ops.reshape(x, shape=(*x.shape[: self.flatten], product(x.shape[self.flatten :])))
        y = ops.matmul(x, ops.transpose(weight))
        return y if bias is None else y + bias


@define(slots=False)
class Bilinear(Layer):
    """One number for each unit from all products of the features of two inputs.

    x:      (..., features)
    y:      (..., others)
    return: (..., units)
    weight: (units, features, others)
    """

    units: int
    has_bias: bool = field(default=True, kw_only=True)
    weight_initializer: Any = field(default="xavier", kw_only=True)
    bias_initializer: Any = field(default="zeros", kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(4), make(3, 5), make(3, 2)
        yield cls(2, weight_initializer="kaiming", bias_initializer="ones"), make(2, 3, 4), make(2, 3, 2)
        yield cls(2, has_bias=False), make(3, 1), make(3, 2)

    def parameters(self, x, y):
        weight = ParamSpec((self.units, x.shape[-1], y.shape[-1]), self.weight_initializer, is_weight=True)
        if not self.has_bias:
            return {"weight": weight}
        return {"weight": weight, "bias": ParamSpec((self.units,), self.bias_initializer)}

    def forward(self, x, y, *, weight, bias):
        out = ops.einsum(x, weight, y, equation="...i,oij,...j->...o")
        return out if bias is None else out + bias
