"""Layers that draw while training: each has a stream of its own, so a mask follows from (seed, layer, draws so far)."""

import math

from attrs import define, field

from trivium import ops
from trivium.layer import Layer, ParamSpec
from trivium.ops.activation import SELU_ALPHA, SELU_SCALE

__all__ = ["Dropout", "AlphaDropout", "RandomRelu"]

FLOOR = -SELU_ALPHA * SELU_SCALE  # what selu goes towards far below 0


@define(slots=False)
class Noise(Layer):
    """The base of layers that draw: it owns where its random numbers stand.

    shared: axes along which all elements have one draw, such as (2, 3) to treat whole channels alike
    """

    shared: tuple[int, ...] = field(default=(), kw_only=True)

    def parameters(self, x):
        return {"random": ParamSpec((2,), "random_state", trainable=False, dtype="uint64")}

    def drawn_shape(self, x):
        """One number for each element, but for the axes that share it."""
        alike = [axis % x.ndim for axis in self.shared]
        return tuple([1 if axis in alike else size for axis, size in enumerate(x.shape)])

    def advanced(self, x, random):
        """The state after this draw."""
        return {"random": ops.advance(random, count=ops.blocks(self.drawn_shape(x)))}

    def thinned(self, x, rate, random):
        """0 with a chance of `rate`, else 1 / (1 - rate); and whether it is not 0.  Both broadcast to x."""
        ones = ops.ones(shape=self.drawn_shape(x), dtype=x.dtype.name, place=x.place)
        return ops.dropout(ones, rate, random)


@define(slots=False)
class Dropout(Noise):
    """Zero a random part of the elements while training and scale the others up; pass all on otherwise.

    rate: part that is dropped, 0..1; a number, or a value
    Srivastava et al., 2014; whole channels with `shared`: Tompson et al., 2015, arXiv:1411.4280.
    """

    rate: float = 0.5

    @classmethod
    def samples(cls, make):
        yield cls(), make(3, 4)
        yield cls(rate=0.2), make(2, 3, 4)
        yield cls(shared=(2, -1)), make(4, 3, 2, 2)

    def forward(self, x, *, random, training):
        if not training:
            return x
        if not self.shared:
            return ops.dropout(x, self.rate, random)[0], self.advanced(x, random)
        factor, is_kept = self.thinned(x, self.rate, random)
        return ops.where(is_kept, x * factor, 0.0), self.advanced(x, random)


@define(slots=False)
class AlphaDropout(Noise):
    """Set a random part to what selu goes towards far below 0, then scale and shift: mean and variance stay.

    rate: part that is dropped, 0..1
    Klambauer et al., 2017, arXiv:1706.02515.
    """

    rate: float = 0.5

    @classmethod
    def samples(cls, make):
        yield cls(), make(3, 4)
        yield cls(rate=0.2, shared=(2,)), make(2, 3, 4)

    def forward(self, x, *, random, training):
        if not training or self.rate == 0.0:
            return x
        if self.rate == 1.0:
            return x * 0.0, self.advanced(x, random)
        _, is_kept = self.thinned(x, self.rate, random)
        scale = 1.0 / math.sqrt((FLOOR * FLOOR * self.rate + 1.0) * (1.0 - self.rate))
        shift = -scale * FLOOR * self.rate
        return ops.where(is_kept, x, FLOOR) * scale + shift, self.advanced(x, random)


@define(slots=False)
class RandomRelu(Noise):
    """x above 0, slope * x below; the slope is drawn for each element while training, else it is the middle one.

    low, high: between which slopes are drawn
    Xu et al., 2015, arXiv:1505.00853.
    """

    low: float = 1.0 / 8.0
    high: float = 1.0 / 3.0

    @classmethod
    def samples(cls, make):
        yield cls(), make(3, 4, away_from=0.0)
        yield cls(low=0.0, high=0.5, shared=(1,)), make(2, 3, away_from=0.0)

    def forward(self, x, *, random, training):
        if not training:
            return ops.leaky_relu(x, slope=(self.low + self.high) / 2.0)
        slope = ops.uniform(random, shape=self.drawn_shape(x), dtype=x.dtype.name, low=self.low, high=self.high)
        return ops.where(x > 0.0, x, x * slope), self.advanced(x, random)
