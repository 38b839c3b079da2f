"""One step of a recurrent network.

Weights stand as PyTorch and Caffe have them, one row for each unit of each gate: (gates * units, features).  The order
of the gates is a setting: "ifgo" (PyTorch), "igfo" (TensorFlow, which calls g j), "ifog" (Caffe).
"""

import numpy as np

from ..errors import ShapeError
from ..op import op
from ..spec import same_size
from .choice import check_choice
from .elementwise import relu, sigmoid, tanh
from .linear_algebra import matmul, transpose
from .shaping import slice, split

__all__ = ["rnn_cell", "lstm_unit", "lstm_cell", "gru_cell"]


def check_weights(x, hidden, input_weight, hidden_weight, biases, gates):
    """Shapes of a step: x (N, D), hidden (N, H), weights (gates * H, D) and (gates * H, H), biases (gates * H,)."""
    if x.ndim != 2 or hidden.ndim != 2 or not same_size(x.shape[0], hidden.shape[0]):
        raise ShapeError(f"needs input (N, features) and state (N, units), got {x} and {hidden}")
    rows = hidden.shape[1] * gates
    for weight, columns in ((input_weight, x.shape[1]), (hidden_weight, hidden.shape[1])):
        if weight.ndim != 2 or not all(map(same_size, weight.shape, (rows, columns))):
            raise ShapeError(f"weight is {weight}, {hidden} and {x} need ({rows}, {columns})")
    for bias in biases:
        if bias is not None and (bias.ndim != 1 or not same_size(bias.shape[0], rows)):
            raise ShapeError(f"bias is {bias}, {hidden} needs ({rows},)")


def product_with(x, weight, bias):
    """What one side of a step adds to the gates."""
    total = x @ weight.T
    return total if bias is None else total + bias


def product_composed(x, weight, bias):
    total = matmul(x, transpose(weight))
    return total if bias is None else total + bias


def weights_for(make, gates, features, units):
    return (
        make(gates * units, features), make(gates * units, units), make(gates * units), make(gates * units),
    )  # fmt: skip


# -- the plain cell ------------------------------------------------------------------------------


@op
def rnn_cell(x, hidden, input_weight, hidden_weight, input_bias=None, hidden_bias=None, *, activation="tanh"):
    """activation(x @ input_weight.T + input_bias + hidden @ hidden_weight.T + hidden_bias)  (Elman, 1990).

    x, hidden:  (N, features), (N, units)
    weights:    (units, features), (units, units)
    biases:     (units,)
    return:     (N, units)
    activation: "tanh" or "relu"
    """
    total = product_with(x, input_weight, input_bias) + product_with(hidden, hidden_weight, hidden_bias)
    return np.tanh(total) if activation == "tanh" else np.maximum(total, 0)


@rnn_cell.shape
def rnn_cell_shape(x, hidden, input_weight, hidden_weight, input_bias=None, hidden_bias=None, *, activation):
    check_choice("activation", activation, ("tanh", "relu"))
    check_weights(x, hidden, input_weight, hidden_weight, (input_bias, hidden_bias), gates=1)
    return hidden


@rnn_cell.decomposition
def rnn_cell_composed(x, hidden, input_weight, hidden_weight, input_bias=None, hidden_bias=None, *, activation):
    total = product_composed(x, input_weight, input_bias) + product_composed(hidden, hidden_weight, hidden_bias)
    return tanh(total) if activation == "tanh" else relu(total)


@rnn_cell.samples
def rnn_cell_samples(make):
    yield make(2, 3), make(2, 4), *weights_for(make, 1, 3, 4)
    yield make(2, 3), make(2, 2), *weights_for(make, 1, 3, 2)[:2], {"activation": "relu"}
    yield make(1, 1), make(1, 1), *weights_for(make, 1, 1, 1)[:3]
    yield make(0, 3), make(0, 2), *weights_for(make, 1, 3, 2)


# -- long short-term memory ----------------------------------------------------------------------


@op(outputs=("hidden", "cell_out"))
def lstm_unit(gates, cell, *, order="ifgo", forget_bias=0.0):
    """What follows the products of an LSTM step: cell = f * cell + i * g, hidden = o * tanh(cell).

    gates:       (N, 4 * units)   before their sigmoid, or tanh for g
    cell:        (N, units)
    return:      hidden (N, units), cell (N, units)
    order:       in which input gate, forget gate, candidate g and output gate stand
    forget_bias: is added to the forget gate
    Hochreiter & Schmidhuber, 1997; Gers et al., 2000.
    """
    units = cell.shape[1]
    i, f, g, o = [gates[:, order.index(gate) * units :][:, :units] for gate in "ifgo"]
    logistic = sigmoid.reference
    cell = logistic(f + forget_bias) * cell + logistic(i) * np.tanh(g)
    return logistic(o) * np.tanh(cell), cell


def check_order(order):
    if sorted(order) != sorted("ifgo"):
        raise ShapeError(f"order is {order!r}; it has each of i, f, g and o once")


@lstm_unit.shape
def lstm_unit_shape(gates, cell, *, order, forget_bias):
    check_order(order)
    if gates.ndim != 2 or cell.ndim != 2 or not all(map(same_size, gates.shape, (cell.shape[0], cell.shape[1] * 4))):
        raise ShapeError(f"cell {cell} needs four gates for each unit, got {gates}")
    return cell, cell


@lstm_unit.decomposition
def lstm_unit_composed(gates, cell, *, order, forget_bias):
    parts = split(gates, sizes=(cell.shape[1],) * 4, axis=1)
    i, f, g, o = [parts[order.index(gate)] for gate in "ifgo"]
    f = f + forget_bias if forget_bias else f
    cell = sigmoid(f) * cell + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(cell), cell


@lstm_unit.samples
def lstm_unit_samples(make):
    yield make(2, 12), make(2, 3)
    yield make(3, 8), make(3, 2), {"order": "igfo", "forget_bias": 1.0}
    yield make(1, 4), make(1, 1), {"order": "ifog"}
    yield make(0, 8), make(0, 2)


@op(outputs=("hidden_out", "cell_out"))
def lstm_cell(
    x, hidden, cell, input_weight, hidden_weight, input_bias=None, hidden_bias=None, *, order="ifgo", forget_bias=0.0
):
    """One step of an LSTM: the products of input and state with their weights, then lstm_unit.

    x:            (N, features)
    hidden, cell: (N, units)
    weights:      (4 * units, features), (4 * units, units)
    biases:       (4 * units,)
    return:       hidden (N, units), cell (N, units)
    """
    gates = product_with(x, input_weight, input_bias) + product_with(hidden, hidden_weight, hidden_bias)
    return lstm_unit.reference(gates, cell, order=order, forget_bias=forget_bias)


@lstm_cell.shape
def lstm_cell_shape(
    x, hidden, cell, input_weight, hidden_weight, input_bias=None, hidden_bias=None, *, order, forget_bias
):
    check_order(order)
    check_weights(x, hidden, input_weight, hidden_weight, (input_bias, hidden_bias), gates=4)
    if cell.ndim != 2 or not all(map(same_size, cell.shape, hidden.shape)):
        raise ShapeError(f"hidden state {hidden} and cell {cell} differ")
    return hidden, cell


@lstm_cell.decomposition
def lstm_cell_composed(
    x, hidden, cell, input_weight, hidden_weight, input_bias=None, hidden_bias=None, *, order, forget_bias
):
    gates = product_composed(x, input_weight, input_bias) + product_composed(hidden, hidden_weight, hidden_bias)
    return lstm_unit(gates, cell, order=order, forget_bias=forget_bias)


@lstm_cell.samples
def lstm_cell_samples(make):
    yield make(2, 3), make(2, 2), make(2, 2), *weights_for(make, 4, 3, 2)
    settings = {"order": "igfo", "forget_bias": 1.0}
    yield make(3, 2), make(3, 2), make(3, 2), *weights_for(make, 4, 2, 2)[:3], settings
    yield make(1, 1), make(1, 1), make(1, 1), *weights_for(make, 4, 1, 1)[:2], {"order": "ifog"}
    yield make(0, 3), make(0, 2), make(0, 2), *weights_for(make, 4, 3, 2)


# -- gated recurrent unit ------------------------------------------------------------------------


@op
def gru_cell(x, hidden, input_weight, hidden_weight, input_bias=None, hidden_bias=None, *, order="rzn", reset="after"):
    """One step of a gated recurrent unit: z * hidden + (1 - z) * n  (Cho et al., 2014, arXiv:1406.1078).

    x, hidden: (N, features), (N, units)
    weights:   (3 * units, features), (3 * units, units)
    biases:    (3 * units,)
    return:    (N, units)
    order:     in which reset gate, update gate and candidate n stand
    reset:     where the reset gate meets the state: "after" its product with the weight (PyTorch, cuDNN), or
               "before" (the paper, TensorFlow 1)
    """
    units = hidden.shape[1]
    rows = {gate: np.s_[order.index(gate) * units : (order.index(gate) + 1) * units] for gate in "rzn"}
    logistic = sigmoid.reference

    def given(gate):
        return product_with(x, input_weight[rows[gate]], None if input_bias is None else input_bias[rows[gate]])

    def kept(gate, state):
        return product_with(state, hidden_weight[rows[gate]], None if hidden_bias is None else hidden_bias[rows[gate]])

    r = logistic(given("r") + kept("r", hidden))
    z = logistic(given("z") + kept("z", hidden))
    n = np.tanh(given("n") + (r * kept("n", hidden) if reset == "after" else kept("n", r * hidden)))
    return z * hidden + (1 - z) * n


def check_gates(order, reset):
    if sorted(order) != sorted("rzn"):
        raise ShapeError(f"order is {order!r}; it has each of r, z and n once")
    check_choice("reset", reset, ("after", "before"))


@gru_cell.shape
def gru_cell_shape(x, hidden, input_weight, hidden_weight, input_bias=None, hidden_bias=None, *, order, reset):
    check_gates(order, reset)
    check_weights(x, hidden, input_weight, hidden_weight, (input_bias, hidden_bias), gates=3)
    return hidden


@gru_cell.decomposition
def gru_cell_composed(x, hidden, input_weight, hidden_weight, input_bias=None, hidden_bias=None, *, order, reset):
    units = hidden.shape[1]
    given = product_composed(x, input_weight, input_bias)

    def rows(value, gate, axis=0):
        at = order.index(gate) * units
        return slice(value, start=(None,) * axis + (at,), stop=(None,) * axis + (at + units,))

    def kept(gate, state):
        bias = None if hidden_bias is None else rows(hidden_bias, gate)
        return product_composed(state, rows(hidden_weight, gate), bias)

    r = sigmoid(rows(given, "r", axis=1) + kept("r", hidden))
    z = sigmoid(rows(given, "z", axis=1) + kept("z", hidden))
    n = tanh(rows(given, "n", axis=1) + (r * kept("n", hidden) if reset == "after" else kept("n", r * hidden)))
    return z * hidden + (1.0 - z) * n


@gru_cell.samples
def gru_cell_samples(make):
    yield make(2, 3), make(2, 2), *weights_for(make, 3, 3, 2)
    yield make(3, 2), make(3, 2), *weights_for(make, 3, 2, 2), {"order": "zrn", "reset": "before"}
    yield make(1, 1), make(1, 1), *weights_for(make, 3, 1, 1)[:2]
    yield make(0, 3), make(0, 2), *weights_for(make, 3, 3, 2)
