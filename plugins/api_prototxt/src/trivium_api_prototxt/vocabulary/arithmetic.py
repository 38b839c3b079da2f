"""Eltwise and Power."""

from functools import reduce

from trivium import ops
from trivium_api_prototxt.vocabulary.function import Function
from trivium_api_prototxt.vocabulary.layer_type import layer_type


@layer_type("Eltwise", bottoms=(2, None))
def eltwise(declared):
    """eltwise_param: the sum with coefficients, the product or the maximum of equal shapes"""
    param, at = declared.message.eltwise_param, "eltwise_param"
    for spec in declared.specs[1:]:
        if spec.shape != declared.specs[0].shape:
            raise declared.error(f"its bottoms differ in shape: {declared.specs[0]} and {spec}", "bottom")
    if param.coeff and param.operation != param.SUM:
        raise declared.error("coeff belongs to operation: SUM", at, "coeff")
    if param.coeff and len(param.coeff) != len(declared.specs):
        raise declared.error(f"{len(param.coeff)} coeff for {len(declared.specs)} bottoms: give one each", at, "coeff")
    if param.operation == param.PROD:
        return Function(lambda *xs: reduce(ops.multiply, xs))
    if param.operation == param.MAX:
        return Function(lambda *xs: reduce(ops.maximum, xs))
    factors = list(param.coeff) or [1.0] * len(declared.specs)
    return Function(lambda *xs: reduce(ops.add, [x if c == 1.0 else x * c for x, c in zip(xs, factors)]))


@layer_type("Power", is_in_place=True)
def power(declared):
    """power_param: (shift + scale * x) ^ power"""
    param = declared.message.power_param
    scale, shift, exponent = param.scale, param.shift, param.power

    def forward(x):
        if scale * exponent == 0.0:  # a constant, without a gradient
            constant = 1.0 if exponent == 0.0 else shift**exponent
            return ops.zeros_like(x) + constant
        x = x if scale == 1.0 else x * scale
        x = x if shift == 0.0 else x + shift
        if exponent == 1.0:
            return x
        return ops.square(x) if exponent == 2.0 else ops.power(x, exponent)

    return Function(forward)
