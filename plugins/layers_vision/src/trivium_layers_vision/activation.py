"""Layers that act on each element alone, and those that only change the shape."""

from attrs import define, field

from trivium import ops
from trivium.layer import Layer, ParamSpec
from trivium.spec import product


@define(slots=False)
class Relu(Layer):
    """max(x, 0), or x * slope where x is negative.

    slope: of the negative part, 0..1
    """

    slope: float = field(default=0.0, kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(), make(2, 3)
        yield cls(slope=0.1), make(2, 3)

    def forward(self, x):
        if self.slope == 0.0:
            return ops.relu(x)
        return ops.where(x > 0.0, x, x * self.slope)


@define(slots=False)
class Sigmoid(Layer):
    """1 / (1 + exp(-x))."""

    @classmethod
    def samples(cls, make):
        yield cls(), make(2, 3)

    def forward(self, x):
        return ops.sigmoid(x)


@define(slots=False)
class Tanh(Layer):
    """The hyperbolic tangent."""

    @classmethod
    def samples(cls, make):
        yield cls(), make(2, 3)

    def forward(self, x):
        return ops.tanh(x)


@define(slots=False)
class Softmax(Layer):
    """exp(x), scaled to add up to 1 along an axis."""

    axis: int = 1

    @classmethod
    def samples(cls, make):
        yield cls(), make(2, 3)
        yield cls(axis=2), make(2, 3, 4)

    def forward(self, x):
        return ops.softmax(x, axis=self.axis)


@define(slots=False)
class Flatten(Layer):
    """All axes from one on as a single one.

    x:      (batch, ...)
    return: (batch, features)
    """

    start: int = 1

    @classmethod
    def samples(cls, make):
        yield cls(), make(2, 3, 4)
        yield cls(start=2), make(2, 3, 4, 2)

    def forward(self, x):
        return ops.reshape(x, shape=(*x.shape[: self.start], product(x.shape[self.start :])))


@define(slots=False)
class Dropout(Layer):
    """Zero a random part of the elements while training and scale the others up; pass all on otherwise.

    rate: part that is dropped, 0..1; a number, or a value
    Srivastava et al., 2014; the mask is a function of (seed, number of the random layer, draws so far).
    """

    rate: float = 0.5

    @classmethod
    def samples(cls, make):
        yield cls(), make(3, 4)
        yield cls(rate=0.2), make(2, 3, 4)

    def parameters(self, x):
        return {"random": ParamSpec((2,), "random_state", trainable=False, dtype="uint64")}

    def forward(self, x, *, random, training):
        if not training:
            return x
        out, _ = ops.dropout(x, self.rate, random)
        return out, {"random": ops.advance(random, count=ops.blocks(x.shape))}
