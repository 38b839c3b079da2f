"""InnerProduct."""

from typing import Any

from attrs import define, field

from trivium import ops
from trivium.layer import Layer, ParamSpec
from trivium.registry import find_layer
from trivium.spec import product
from trivium_api_prototxt.fillers import initializer_of
from trivium_api_prototxt.vocabulary.layer_type import layer_type


@layer_type("InnerProduct", blobs=("weight", "bias"))
def inner_product(declared):
    """inner_product_param -> units, flatten"""
    param, at = declared.message.inner_product_param, "inner_product_param"
    if param.num_output < 1:
        raise declared.error("num_output is missing: say how many units", at, "num_output")
    place = declared.place.at(at)
    make = Transposed if param.transpose else find_layer("Dense")
    return make(
        param.num_output,
        flatten=declared.axis(param.axis, at, "axis"),
        has_bias=param.bias_term,
        weight_initializer=initializer_of(param.weight_filler, place.at("weight_filler")),
        bias_initializer=initializer_of(param.bias_filler, place.at("bias_filler")),
    )


@define(slots=False)
class Transposed(Layer):
    """x @ weight + bias: the weight is stored as (features, units).

    x:      (batch, ..., features)
    return: (batch, ..., units)
    """

    units: int
    flatten: int = field(kw_only=True)
    has_bias: bool = field(default=True, kw_only=True)
    weight_initializer: Any = field(kw_only=True)
    bias_initializer: Any = field(kw_only=True)

    def parameters(self, x):
        weight = ParamSpec((product(x.shape[self.flatten :]), self.units), self.weight_initializer)
        if not self.has_bias:
            return {"weight": weight}
        return {"weight": weight, "bias": ParamSpec((self.units,), self.bias_initializer)}

    def forward(self, x, *, weight, bias):
        x = ops.reshape(x, shape=(*x.shape[: self.flatten], product(x.shape[self.flatten :])))
        y = ops.matmul(x, weight)
        return y if bias is None else y + bias
