"""Cells: one step of a recurrent layer, for loops that a user writes."""

from attrs import define, field

from trivium import ops

from .gates import Gated, GruWalk, LstmWalk, PlainWalk


@define(slots=False)
class Cell(Gated):
    """One step: a walk of length 1, so that a loop of cells computes what a layer does.

    x:      (N, features)
    states: (N, units) each; 0 when left out
    return: the next states
    """

    def parameters(self, x, *states):
        return self.walk_parameters(x.shape[-1])

    def step(self, x, states, **owned):
        """The next states."""
        zeros = {"shape": (x.shape[0], self.units), "dtype": x.spec.dtype.name, "place": x.place}
        states = [ops.zeros(**zeros) if state is None else state for state in states]
        after = [ops.squeeze(s, axis=0) for s in self.walk(ops.expand(x, axis=0), states, owned)]
        return after[0] if len(after) == 1 else tuple(after)


@define(slots=False)
class RNNCell(PlainWalk, Cell):
    """One step of plain units.

    activation: "tanh" or "relu"
    """

    activation: str = field(default="tanh", kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(2), make(3, 4)
        yield cls(2, activation="relu", biases="one", bias_initializer="ones"), make(3, 4), make(3, 2)
        yield cls(2, biases="none", weight_initializer="glorot"), make(3, 4), make(3, 2)

    def forward(self, x, hidden=None, *, input_weight, hidden_weight, input_bias, hidden_bias):
        return self.step(
            x, [hidden], input_weight=input_weight, hidden_weight=hidden_weight, input_bias=input_bias,
            hidden_bias=hidden_bias,
        )  # fmt: skip


@define(slots=False)
class LSTMCell(LstmWalk, Cell):
    """One step of long short-term memory; order and forget_bias are those of LSTM."""

    order: str = field(default="ifgo", kw_only=True)
    forget_bias: float = field(default=0.0, kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(2), make(3, 4)
        settings = {"order": "igfo", "forget_bias": 1.0, "biases": "one", "bias_initializer": "ones"}
        yield cls(2, **settings), make(3, 4), make(3, 2), make(3, 2)
        yield cls(2, biases="none", weight_initializer="glorot"), make(3, 4), make(3, 2), make(3, 2)

    def forward(self, x, hidden=None, cell=None, *, input_weight, hidden_weight, input_bias, hidden_bias):
        return self.step(
            x, [hidden, cell], input_weight=input_weight, hidden_weight=hidden_weight, input_bias=input_bias,
            hidden_bias=hidden_bias,
        )  # fmt: skip


@define(slots=False)
class GRUCell(GruWalk, Cell):
    """One step of gated recurrent units; order and reset are those of GRU."""

    order: str = field(default="rzn", kw_only=True)
    reset: str = field(default="after", kw_only=True)

    @classmethod
    def samples(cls, make):
        yield cls(2), make(3, 4)
        settings = {"order": "zrn", "reset": "before", "biases": "one", "bias_initializer": "ones"}
        yield cls(2, **settings), make(3, 4), make(3, 2)
        yield cls(2, biases="none", weight_initializer="glorot"), make(3, 4), make(3, 2)

    def forward(self, x, hidden=None, *, input_weight, hidden_weight, input_bias, hidden_bias):
        return self.step(
            x, [hidden], input_weight=input_weight, hidden_weight=hidden_weight, input_bias=input_bias,
            hidden_bias=hidden_bias,
        )  # fmt: skip
