"""What recurrent layers and their cells have in common: weights, and what a kind of unit does with them."""

from typing import Any, ClassVar

from attrs import define, field

from trivium import ops
from trivium.layer import Layer, ParamSpec
from trivium.ops.choice import check_choice

BIASES = {"two": ("input_bias", "hidden_bias"), "one": ("input_bias",), "none": ()}


@define(slots=False)
class Gated(Layer):
    """Units with gates, each of which adds up what comes from the input and from the state.

    biases: "two" (one beside each weight: PyTorch), "one" (Caffe, TensorFlow) or "none"
    """

    units: int
    biases: str = field(default="two", kw_only=True)
    weight_initializer: Any = field(default="xavier", kw_only=True)
    bias_initializer: Any = field(default="zeros", kw_only=True)

    gates: ClassVar[int]

    def walk_parameters(self, features, suffix=""):
        """What one walk owns: input_weight (gates * units, features), hidden_weight (gates * units, units), biases."""
        check_choice("biases", self.biases, BIASES)
        rows = self.gates * self.units
        owned = {
            "input_weight": ParamSpec((rows, features), self.weight_initializer, is_weight=True),
            "hidden_weight": ParamSpec((rows, self.units), self.weight_initializer, is_weight=True),
            **{name: ParamSpec((rows,), self.bias_initializer) for name in BIASES[self.biases]},
        }
        return {name + suffix: spec for name, spec in owned.items()}

    def given(self, x, weight, bias):
        """What the input adds to the gates: (steps, N, features) -> (steps, N, gates * units), in one product."""
        *axes, features = x.shape
        sums = ops.matmul(ops.reshape(x, shape=(-1, features)), ops.transpose(weight))
        return ops.reshape(sums if bias is None else sums + bias, shape=(*axes, weight.shape[0]))

    def walk(self, x, states, owned, lengths=None, keep=None, reverse=False):
        """Walk through x from the first states; return the states after each step, one sequence for each state.

        owned: input_weight, hidden_weight, input_bias, hidden_bias; a bias may be None
        """
        raise NotImplementedError


def added(one, other):
    """The sum of two biases, either of which may be None."""
    return one if other is None else other if one is None else one + other


class PlainWalk:
    """Plain units: hidden = activation(what the input gives + hidden @ weight.T)."""

    gates = 1

    def walk(self, x, states, owned, lengths=None, keep=None, reverse=False):
        given = self.given(x, owned["input_weight"], added(owned["input_bias"], owned["hidden_bias"]))
        return [
            ops.rnn(given, *states, owned["hidden_weight"], lengths, keep, activation=self.activation, reverse=reverse)
        ]


class LstmWalk:
    """Long short-term memory, with the order of gates and the forget bias as settings."""

    gates = 4

    def walk(self, x, states, owned, lengths=None, keep=None, reverse=False):
        given = self.given(x, owned["input_weight"], added(owned["input_bias"], owned["hidden_bias"]))
        hiddens, cells, _ = ops.lstm(
            given, *states, owned["hidden_weight"], lengths, keep, order=self.order, forget_bias=self.forget_bias,
            reverse=reverse,
        )  # fmt: skip
        return [hiddens, cells]


class GruWalk:
    """Gated recurrent units, with the order of gates and the place of the reset gate as settings."""

    gates = 3

    def walk(self, x, states, owned, lengths=None, keep=None, reverse=False):
        given = self.given(x, owned["input_weight"], owned["input_bias"])
        hiddens, _, _ = ops.gru(
            given, *states, owned["hidden_weight"], owned["hidden_bias"], lengths, keep, order=self.order,
            reset=self.reset, reverse=reverse,
        )  # fmt: skip
        return [hiddens]
