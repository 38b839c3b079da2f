"""LSTM, RNN and LSTMUnit: sequences that go on from one forward to the next."""

from typing import Any, ClassVar

from attrs import define, field

from trivium import ops
from trivium.layer import Layer, ParamSpec
from trivium.registry import find_layer
from trivium.spec import product
from trivium_api_prototxt.fillers import initializer_of
from trivium_api_prototxt.vocabulary.function import Function
from trivium_api_prototxt.vocabulary.layer_type import layer_type


def recurrent(declared, make):
    """recurrent_param -> units (num_output); bottoms x, cont, static input or none, and first states if exposed"""
    param, at = declared.message.recurrent_param, "recurrent_param"
    if param.num_output < 1:
        raise declared.error("num_output is missing: say how many units", at, "num_output")
    states = len(make.state_names) if param.expose_hidden else 0
    given, tops, place = len(declared.specs), len(declared.message.top), declared.place.at(at)
    if given - states not in (2, 3) or tops != 1 + states:
        exposed = f", then {states} first states" if states else ""
        raise declared.error(
            f"has {given} bottoms and {tops} tops: it takes x, cont, perhaps a static input{exposed}, and makes "
            f"{1 + states}"
        )
    x, cont = declared.specs[:2]
    if x.ndim < 3 or cont.shape != x.shape[:2]:
        raise declared.error(f"needs x (T, N, ...) and cont (T, N), got {x} and {cont}", "bottom")
    return make(
        param.num_output,
        has_static=given - states == 3,
        is_exposed=bool(states),
        weight_initializer=initializer_of(param.weight_filler, place.at("weight_filler")),
        bias_initializer=initializer_of(param.bias_filler, place.at("bias_filler")),
    )


@layer_type("LSTM", blobs=("input_weight", "bias", "static_weight", "hidden_weight"), bottoms=(2, 5), tops=(1, 3))
def lstm(declared):
    """see recurrent"""
    return recurrent(declared, CarriedLSTM)


RNN_BLOBS = ("input_weight", "bias", "static_weight", "hidden_weight", "output_weight", "output_bias")


@layer_type("RNN", blobs=RNN_BLOBS, bottoms=(2, 4), tops=(1, 2))
def rnn(declared):
    """see recurrent"""
    return recurrent(declared, CarriedRNN)


@define(slots=False)
class Carried(Layer):
    """A recurrent layer whose next forward goes on from the state where this one ends.

    x:          (T, N, ...)
    cont:       (T, N) 0 where a sequence begins, 1 where it goes on
    static:     (N, ...) one more input, the same for all steps, with `has_static`
    states:     (1, N, units) the first ones, with `is_exposed`; they are then returned, too, and nothing is carried on
    return:     (T, N, units)

    After a change of N each forward starts from 0.
    """

    units: int
    has_static: bool = field(default=False, kw_only=True)
    is_exposed: bool = field(default=False, kw_only=True)
    weight_initializer: Any = field(kw_only=True)
    bias_initializer: Any = field(kw_only=True)

    core: ClassVar[str]
    gates: ClassVar[int]
    settings: ClassVar[dict[str, Any]] = {}
    state_names: ClassVar[tuple[str, ...]]

    def parameters(self, x, cont, *others):
        rows, first = self.gates * self.units, self.weight_initializer
        owned = {
            "input_weight": ParamSpec((rows, product(x.shape[2:])), first),
            "bias": ParamSpec((rows,), self.bias_initializer),
            "hidden_weight": ParamSpec((rows, self.units), first),
        }
        if self.has_static:
            owned["static_weight"] = ParamSpec((rows, product(others[0].shape[1:])), first)
        if not self.is_exposed:
            owned |= {name: ParamSpec((1, x.shape[1], self.units), trainable=False) for name in self.state_names}
        return owned

    def walk(self, x, cont, others, weights, carried):
        """What the core's layer makes: the states after each step, and the last ones."""
        steps, n = x.shape[:2]
        x, weight = ops.reshape(x, shape=(steps, n, product(x.shape[2:]))), weights["input_weight"]
        if self.has_static:
            static = ops.reshape(others[0], shape=(1, n, product(others[0].shape[1:])))
            static = ops.broadcast_to(static, shape=(steps, n, static.shape[2]))
            x = ops.concatenate(x, static, axis=2)
            weight = ops.concatenate(weight, weights["static_weight"], axis=1)
        states = others[len(others) - len(self.state_names) :] if self.is_exposed else carried
        is_other_batch = not self.is_exposed and states[0].shape[1] != n
        owned = {
            "input_weight_0": weight, "hidden_weight_0": weights["hidden_weight"], "input_bias_0": weights["bias"]
        }  # fmt: skip
        layer = find_layer(self.core)(self.units, biases="one", **self.settings)
        first = [None] * len(states) if is_other_batch else states
        (outputs, *last), _ = layer.apply([x, *first, None, cont], owned)
        return outputs, last, {} if is_other_batch else dict(zip(self.state_names, last))

    def told(self, outputs, last, updates):
        """What it returns: the last states where they are exposed, else as the next state."""
        return (outputs, *last) if self.is_exposed else (outputs, updates)


@define(slots=False)
class CarriedLSTM(Carried):
    """Long short-term memory, gates in the order i, f, o, g; states h and c; see Carried."""

    core, gates, settings, state_names = "LSTM", 4, {"order": "ifog"}, ("hidden", "cell")

    def forward(self, x, cont, *others, input_weight, bias, static_weight, hidden_weight, hidden, cell):
        weights = {"input_weight": input_weight, "bias": bias, "static_weight": static_weight}
        weights["hidden_weight"] = hidden_weight
        return self.told(*self.walk(x, cont, others, weights, [hidden, cell]))


@define(slots=False)
class CarriedRNN(Carried):
    """h = tanh(W_xh x + b_h + W_hh (cont * h)), and tanh(W_ho h + b_o) is returned; see Carried."""

    core, gates, state_names = "RNN", 1, ("hidden",)

    def parameters(self, x, cont, *others):
        return {
            **Carried.parameters(self, x, cont, *others),
            "output_weight": ParamSpec((self.units, self.units), self.weight_initializer),
            "output_bias": ParamSpec((self.units,), self.bias_initializer),
        }

    def forward(
        self, x, cont, *others, input_weight, bias, static_weight, hidden_weight, output_weight, output_bias, hidden
    ):
        weights = {"input_weight": input_weight, "bias": bias, "static_weight": static_weight}
        weights["hidden_weight"] = hidden_weight
        outputs, *rest = self.walk(x, cont, others, weights, [hidden])
        return self.told(ops.tanh(ops.matmul(outputs, ops.transpose(output_weight)) + output_bias), *rest)


@layer_type("LSTMUnit", bottoms=(3, 3), tops=(2, 2))
def lstm_unit(declared):
    """bottoms c (1, N, units), gates (1, N, 4 * units) and cont (1, N); tops c and h"""
    cell, gates, _ = declared.specs
    if cell.ndim != 3 or cell.shape[0] != 1 or gates.shape != (1, cell.shape[1], 4 * cell.shape[2]):
        raise declared.error(f"needs c (1, N, units) and gates (1, N, 4 * units), got {cell} and {gates}", "bottom")

    def unit(cell, gates, cont):
        kept = cell * ops.stop_gradient(ops.expand(cont, axis=2))
        rows = [ops.squeeze(x, axis=0) for x in (gates, kept)]
        hidden, after = ops.lstm_unit(*rows, order="ifog")
        return ops.expand(after, axis=0), ops.expand(hidden, axis=0)

    return Function(unit)
