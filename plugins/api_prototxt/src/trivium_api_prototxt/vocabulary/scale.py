"""Scale and Bias: multiply by, and add, one number for each channel, learnt or from a second bottom."""

from typing import Any

from attrs import define, field

from trivium import ops
from trivium.layer import Layer, ParamSpec
from trivium_api_prototxt.fillers import initializer_of
from trivium_api_prototxt.messages import FillerParameter
from trivium_api_prototxt.vocabulary.layer_type import layer_type


@layer_type("Scale", blobs=("scale", "shift"), bottoms=(1, 2), is_in_place=True)
def scale(declared):
    """scale_param -> axis, num_axes, has_bias"""
    param, at = declared.message.scale_param, "scale_param"
    filler = param.filler if param.HasField("filler") else FillerParameter(type="constant", value=1.0)
    return PerAxis(
        *span(declared, param, at),
        is_scaled=True,
        is_learnt=len(declared.specs) == 1,
        has_bias=param.bias_term,
        scale_initializer=initializer_of(filler, declared.place.at(at).at("filler")),
        shift_initializer=initializer_of(param.bias_filler, declared.place.at(at).at("bias_filler")),
    )


@layer_type("Bias", blobs=("shift",), bottoms=(1, 2), is_in_place=True)
def bias(declared):
    """bias_param -> axis, num_axes"""
    param, at = declared.message.bias_param, "bias_param"
    return PerAxis(
        *span(declared, param, at),
        is_scaled=False,
        is_learnt=len(declared.specs) == 1,
        has_bias=len(declared.specs) == 1,
        shift_initializer=initializer_of(param.filler, declared.place.at(at).at("filler")),
    )


def span(declared, param, at):
    """The first axis that has numbers of its own, and the one after the last."""
    x = declared.specs[0]
    start = declared.axis(param.axis, at, "axis")
    count = x.ndim - start if param.num_axes == -1 else param.num_axes
    if len(declared.specs) == 2:
        count = declared.specs[1].ndim
        start = 0 if count == 0 else start
    if not 0 <= count <= x.ndim - start:
        raise declared.error(f"{count} axes from axis {start} on: its bottom is {x}", at, "num_axes")
    if len(declared.specs) == 2 and declared.specs[1].shape != x.shape[start : start + count]:
        raise declared.error(f"its second bottom, {declared.specs[1]}, does not fit {x} from axis {start} on", "bottom")
    return start, start + count


@define(slots=False)
class PerAxis(Layer):
    """x * scale + shift, with numbers for the axes from `start` up to, without, `stop`.

    x:      any shape
    other:  scale, or shift where nothing is scaled, if it is not learnt
    return: the shape of x
    """

    start: int
    stop: int
    is_scaled: bool = field(default=True, kw_only=True)
    is_learnt: bool = field(default=True, kw_only=True)
    has_bias: bool = field(default=False, kw_only=True)
    scale_initializer: Any = field(default="ones", kw_only=True)
    shift_initializer: Any = field(default="zeros", kw_only=True)

    def parameters(self, x, *others):
        shape = tuple(x.shape[self.start : self.stop])
        owned = {}
        if self.is_scaled and self.is_learnt:
            owned["scale"] = ParamSpec(shape, self.scale_initializer)
        if self.has_bias:
            owned["shift"] = ParamSpec(shape, self.shift_initializer)
        return owned

    def forward(self, x, *others, scale, shift):
        if others:
            scale, shift = (others[0], shift) if self.is_scaled else (None, others[0])
        if scale is not None:
            x = x * self.along(scale, x)
        return x if shift is None else x + self.along(shift, x)

    def along(self, numbers, x):
        """The numbers with an axis of size 1 for each axis of x that they are shared along at the end."""
        return ops.reshape(numbers, shape=(*numbers.shape, *[1] * (x.ndim - self.stop)))
