"""Embed: rows of a table, and a bias."""

from typing import Any

from attrs import define, field

from trivium import ops
from trivium.layer import Layer, ParamSpec
from trivium.registry import find_layer
from trivium_api_prototxt.fillers import initializer_of
from trivium_api_prototxt.vocabulary.layer_type import layer_type


@layer_type("Embed", blobs=("weight", "bias"))
def embed(declared):
    """embed_param -> rows (input_dim), units (num_output)"""
    param, at = declared.message.embed_param, "embed_param"
    for name, what in (("num_output", "how long a row is"), ("input_dim", "how many rows there are")):
        if getattr(param, name) < 1:
            raise declared.error(f"{name} is missing: say {what}", at, name)
    place = declared.place.at(at)
    return Embed(
        param.input_dim,
        param.num_output,
        has_bias=param.bias_term,
        weight_initializer=initializer_of(param.weight_filler, place.at("weight_filler")),
        bias_initializer=initializer_of(param.bias_filler, place.at("bias_filler")),
    )


@define(slots=False)
class Embed(Layer):
    """The row of a table that each element names, plus a bias.

    x:      any shape, whole numbers
    return: (*x.shape, units)
    """

    rows: int
    units: int
    has_bias: bool = field(default=True, kw_only=True)
    weight_initializer: Any = field(kw_only=True)
    bias_initializer: Any = field(kw_only=True)

    def parameters(self, x):
        weight = {"weight": ParamSpec((self.rows, self.units), self.weight_initializer)}
        return {**weight, "bias": ParamSpec((self.units,), self.bias_initializer)} if self.has_bias else weight

    def forward(self, x, *, weight, bias):
        indices = ops.cast(x, dtype="int64", exact=True)
        rows, _ = find_layer("Embedding")(self.rows, self.units).apply([indices], {"weight": weight})
        return rows if bias is None else rows + bias
