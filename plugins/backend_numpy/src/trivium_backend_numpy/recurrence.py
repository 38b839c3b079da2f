"""Whole sequences: the walks of `trivium.ops.recurrence` with quick sigmoids, and the LSTM's written out.

A sigmoid is half a tanh, and NumPy's tanh is vectorized: sigmoid(x) = (tanh(x / 2) + 1) / 2.  So all gates of a step go
through one tanh, those of a sigmoid halved before and after.
"""

import numpy as np

from trivium.ops.recurrence import gru_walked, gru_walked_back, ordered, rnn_walked, rnn_walked_back, started_from

from .precision import deliver, in_float32


def quick_sigmoid(x):
    y = np.tanh(x * x.dtype.type(0.5))
    y *= 0.5
    y += 0.5
    return y


QUICK = {
    "sigmoid": quick_sigmoid,
    "matmul": np.matmul,
    "concatenate": lambda *xs, axis=0: np.concatenate(xs, axis),
    "reshape": lambda x, *, shape: x.reshape(shape),
    "split": lambda x, *, sizes, axis=0: np.split(x, len(sizes), axis),
}


def quickly(op, *arrays, **settings):
    """What an op makes of arrays."""
    if op.name in QUICK:
        return QUICK[op.name](*arrays, **settings)
    return op.reference(*arrays, **op.complete(settings))


def offered(out, shapes, dtype):
    """The memory that is offered, or new arrays."""
    return out or [np.empty(shape, dtype) for shape in shapes]


def delivered(results, out):
    """Results, in the offered memory where there is some."""
    return tuple(map(deliver, results, out)) if out else tuple(results)


# -- plain and gated units -----------------------------------------------------------------------


def prepare_rnn(specs, settings):
    def rnn(given, hidden, weight, lengths=None, keep=None, out=None):
        return deliver(rnn_walked(quickly, given, hidden, weight, lengths, keep, **settings), out)

    return rnn


def prepare_rnn_gradient(specs, settings):
    def rnn_gradient(g, hidden, weight, hiddens, lengths=None, keep=None, out=None):
        return delivered(rnn_walked_back(quickly, g, hidden, weight, hiddens, lengths, keep, **settings), out)

    return rnn_gradient


def prepare_gru(specs, settings):
    def gru(given, hidden, weight, bias=None, lengths=None, keep=None, out=None):
        return delivered(gru_walked(quickly, given, hidden, weight, bias, lengths, keep, **settings), out)

    return gru


def prepare_gru_gradient(specs, settings):
    def gru_gradient(
        g, given, hidden, weight, hiddens, gates, inner, bias=None, lengths=None, keep=None, out=None
    ):  # fmt: skip
        operands = (g, given, hidden, weight, hiddens, gates, inner, bias, lengths, keep)
        return delivered(gru_walked_back(quickly, *operands, **settings), out)

    return gru_gradient


# -- long short-term memory ----------------------------------------------------------------------


class Gates:
    """Where the gates stand in a row of all of them.

    scale: for each element, what it is multiplied with before and after tanh: 1/2, but 1 for the candidate g
    shift: what is added after: 1/2, but 0
    """

    def __init__(self, units, order, dtype):
        self.spans = [slice(order.index(name) * units, (order.index(name) + 1) * units) for name in "ifgo"]
        is_candidate = np.repeat([name == "g" for name in order], units)
        self.scale = np.where(is_candidate, 1.0, 0.5).astype(dtype)
        self.shift = np.where(is_candidate, 0.0, 0.5).astype(dtype)
        self.candidate = is_candidate.astype(dtype)

    def of(self, row):
        """i, f, g and o of a row."""
        return [row[:, span] for span in self.spans]


def prepare_lstm(specs, settings):
    given, hidden = specs[:2]
    (steps, n, wide), units, dtype = given.shape, hidden.shape[1], given.dtype
    at, numbers = Gates(units, settings["order"], dtype), ordered(steps, settings["reverse"])
    shapes = ((steps, n, units), (steps, n, units), (steps, n, wide))
    before_tanh = np.zeros(wide, dtype)
    before_tanh[at.spans[1]] = settings["forget_bias"] / 2

    def lstm(given, hidden, cell, weight, lengths=None, keep=None, out=None):
        hiddens, cells, gates = offered(out, shapes, dtype)
        weight = (weight * at.scale[:, None]).T
        row, part = np.empty((n, wide), dtype), np.empty((n, units), dtype)
        for t in numbers:
            if keep is not None:
                last, (hidden, cell) = (hidden, cell), [x * keep[t][:, None] for x in (hidden, cell)]
            else:
                last = hidden, cell
            sums = np.matmul(hidden, weight, out=gates[t])
            sums += np.multiply(given[t], at.scale, out=row)
            if settings["forget_bias"]:
                sums += before_tanh
            np.tanh(sums, out=sums)
            sums *= at.scale
            sums += at.shift
            i, f, g, o = at.of(sums)
            cell = np.multiply(f, cell, out=cells[t])
            cell += np.multiply(i, g, out=part)
            hidden = np.tanh(cell, out=hiddens[t])
            hidden *= o
            if lengths is not None:
                is_over = lengths <= t
                hidden[is_over], cell[is_over] = last[0][is_over], last[1][is_over]
        return hiddens, cells, gates

    return lstm


def prepare_lstm_gradient(specs, settings):
    given, hidden = specs[2:4]
    (steps, n, wide), units, dtype = given.shape, hidden.shape[1], given.dtype
    reverse = settings["reverse"]
    at, numbers = Gates(units, settings["order"], dtype), ordered(steps, not reverse)
    shapes = ((steps, n, wide), (n, units), (n, units), (wide, units))

    def lstm_gradient(
        g_hiddens, g_cells, given, hidden, cell, weight, hiddens, cells, gates, lengths=None, keep=None, out=None
    ):  # fmt: skip
        g_given, g_hidden, g_cell, g_weight = offered(out, shapes, dtype)
        before = started_from(quickly, hidden, hiddens, keep, reverse)
        cell_before = started_from(quickly, cell, cells, keep, reverse)
        g_hidden.fill(0)
        g_cell.fill(0)
        squashed, part = np.empty((n, units), dtype), np.empty((n, units), dtype)
        slope, other = np.empty((n, wide), dtype), np.empty((n, wide), dtype)
        for t in numbers:
            g_hidden += g_hiddens[t]
            g_cell += g_cells[t]
            if lengths is not None:
                is_over = lengths <= t
                past = g_hidden[is_over], g_cell[is_over]
                g_hidden[is_over] = g_cell[is_over] = 0
            i, f, g, o = at.of(gates[t])
            to_i, to_f, to_g, to_o = at.of(g_given[t])
            np.tanh(cells[t], out=squashed)
            np.multiply(g_hidden, squashed, out=to_o)
            squashed *= squashed
            np.subtract(1, squashed, out=squashed)
            squashed *= np.multiply(g_hidden, o, out=part)
            g_cell += squashed
            np.multiply(g_cell, g, out=to_i)
            np.multiply(g_cell, cell_before[t], out=to_f)
            np.multiply(g_cell, i, out=to_g)
            np.subtract(1, gates[t], out=slope)  # (1 - a) * a behind a sigmoid, (1 - a) * (a + 1) behind tanh
            slope *= np.add(gates[t], at.candidate, out=other)
            g_given[t] *= slope
            g_cell *= f
            np.matmul(g_given[t], weight, out=g_hidden)
            if keep is not None:
                g_hidden *= keep[t][:, None]
                g_cell *= keep[t][:, None]
            if lengths is not None:
                g_hidden[is_over], g_cell[is_over] = past
        np.matmul(g_given.reshape(-1, wide).T, before.reshape(-1, units), out=g_weight)
        return g_given, g_hidden, g_cell, g_weight

    return lstm_gradient


KERNELS = {}

PREPARED = {
    "rnn": in_float32(prepare_rnn),
    "rnn_gradient": in_float32(prepare_rnn_gradient),
    "lstm": in_float32(prepare_lstm),
    "lstm_gradient": in_float32(prepare_lstm_gradient),
    "gru": in_float32(prepare_gru),
    "gru_gradient": in_float32(prepare_gru_gradient),
}
