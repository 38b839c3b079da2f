"""A whole sequence through one recurrent layer, as one op.

A step is a handful of small calls, its gradient a handful more, and each costs more than what it computes; so a layer
multiplies all steps' inputs with its weights at once, and one op walks through what that gives (docs/decisions/0013).

    given:   (steps, N, gates * units)   what the input adds to the gates, biases included
    hidden:  (N, units)                  the state before the first step; so is the cell of an LSTM
    lengths: (N,)                        how many steps each sequence has; its state stays as it is in later ones
    keep:    (steps, N)                  each step starts from the state times this: 0 where a sequence begins
    reverse:                             walk from the last step to the first

Every op has a gradient op, and both are compositions too, which other devices run and second derivatives go through.
The compositions are written once, for arrays and for values: `do` calls an op or its reference.
"""

import numpy as np

from ..errors import DTypeError, ShapeError
from ..op import op
from ..spec import Dim, same_size
from .choice import check_choice
from .creation import zeros_like
from .elementwise import cast, greater, maximum, relu, sigmoid, tanh, where
from .linear_algebra import matmul, transpose
from .recurrent import check_gates, check_order
from .reduction import sum
from .shaping import concatenate, reshape, slice, split

__all__ = ["rnn", "lstm", "gru"]

WHERE_SEQUENCES_ARE = "it says where sequences begin and end"


def on_arrays(op, *arrays, **settings):
    """What an op makes of arrays."""
    return op.reference(*arrays, **op.complete(settings))


def on_values(op, *values, **settings):
    """What an op makes of tensors or symbols."""
    return op(*values, **settings)


# -- walking -------------------------------------------------------------------------------------


def ordered(steps, reverse):
    """The numbers of the steps as they are taken."""
    return range(steps - 1, -1, -1) if reverse else range(steps)


def rows(do, x):
    """x[0], x[1], ..."""
    if type(x.shape[0]) is Dim:
        raise ShapeError(f"second derivatives need the number of steps, which is known only when the graph runs: {x}")
    return [do(reshape, row, shape=x.shape[1:]) for row in do(split, x, sizes=(1,) * x.shape[0])]


def stacked(do, values):
    """Values of one shape along a new axis 0."""
    return do(concatenate, *[do(reshape, x, shape=(1, *x.shape)) for x in values])


def columns(do, x):
    """x with an axis of size 1 at the end."""
    return do(reshape, x, shape=(*x.shape, 1))


def parts(do, x, order, names, axis=-1):
    """The gates `names` of x, which stand in `order`."""
    size = x.shape[axis] // len(order)
    found = do(split, x, sizes=(size,) * len(order), axis=axis)
    return [found[order.index(name)] for name in names]


def joined(do, gates, order):
    """Gates, by name, side by side in `order`."""
    return do(concatenate, *[gates[name] for name in order], axis=-1)


def live(do, lengths, t):
    """Which sequences have a step t: (N, 1)."""
    return columns(do, do(greater, lengths, t))


def begun(kept, t, states):
    """The states, or gradients of them, times what a step keeps of them."""
    return states if kept is None else [state * kept[t] for state in states]


def walked(do, step, given, states, lengths, keep, reverse):
    """Take every step.

    step:   (a row of given, *states) -> the next states, then whatever else the gradient asks for
    return: all that the steps returned, each stacked in the order of time
    """
    given = rows(do, given)
    kept = None if keep is None else rows(do, columns(do, keep))
    made = [()] * len(given)
    for t in ordered(len(given), reverse):
        after = step(given[t], *begun(kept, t, states))
        if lengths is not None:
            is_live = live(do, lengths, t)
            held = [do(where, is_live, new, old) for new, old in zip(after, states)]
            after = (*held, *after[len(states) :])
        states, made[t] = after[: len(states)], after
    return tuple([stacked(do, column) for column in zip(*made)])


def walked_back(do, step, grads, lengths, keep, reverse):
    """Take every step's gradient, the last step first.

    step:   (t, *gradients of the states after it) -> gradients of the states before it, then that of its row of given
    grads:  of the states after each step, (steps, N, units)
    return: the gradients of given and of the first states
    """
    grads = [rows(do, g) for g in grads]
    kept = None if keep is None else rows(do, columns(do, keep))
    zero = do(zeros_like, grads[0][0])
    carried, made = [zero] * len(grads), [None] * len(grads[0])
    for t in ordered(len(made), not reverse):
        total = [g[t] + c for g, c in zip(grads, carried)]
        if lengths is None:
            *carried, made[t] = step(t, *total)
            carried = begun(kept, t, carried)
        else:
            is_live = live(do, lengths, t)
            *carried, made[t] = step(t, *[do(where, is_live, g, 0.0) for g in total])
            carried = [do(where, is_live, *pair) for pair in zip(begun(kept, t, carried), total)]
    return stacked(do, made), *carried


def started_from(do, first, states, keep, reverse):
    """The state that each step starts from: the first one, then those of the steps before, times what is kept."""
    steps, first = states.shape[0], do(reshape, first, shape=(1, *first.shape))
    others = do(slice, states, start=(1,)) if reverse else do(slice, states, stop=(steps - 1,))
    before = do(concatenate, others, first) if reverse else do(concatenate, first, others)
    return before if keep is None else before * columns(do, keep)


def weight_gradient(do, g, before):
    """Of what multiplies `before` in every step to give what has the gradient g: (rows, units)."""
    g, before = [do(reshape, x, shape=(x.shape[0] * x.shape[1], x.shape[2])) for x in (g, before)]
    return do(matmul, do(transpose, g), before)


def check_walk(given, states, hidden_weight, lengths, keep, gates):
    """Shapes of a sequence, its state and what says where it begins and ends."""
    hidden = states[0]
    if given.ndim != 3 or hidden.ndim != 2 or not same_size(given.shape[1], hidden.shape[0]):
        raise ShapeError(
            f"needs what is given as (steps, N, gates * units) and a state (N, units), got {given}, {hidden}"
        )
    if type(given.shape[0]) is int and not given.shape[0]:
        raise ShapeError(f"{given} has no step; it needs one at least")
    for state in states[1:]:
        if state.ndim != 2 or not all(map(same_size, state.shape, hidden.shape)):
            raise ShapeError(f"hidden state {hidden} and cell {state} differ")
    steps, n, wide = given.shape
    units = hidden.shape[1]
    if not same_size(wide, units * gates):
        raise ShapeError(f"{given} needs {gates} gates for each unit of {hidden}: {units * gates}")
    if hidden_weight.ndim != 2 or not all(map(same_size, hidden_weight.shape, (wide, units))):
        raise ShapeError(f"weight is {hidden_weight}, {hidden} needs ({wide}, {units})")
    if lengths is not None:
        if lengths.dtype.kind not in "iu":
            raise DTypeError(f"lengths are {lengths}, not whole numbers; cast them to int64")
        if lengths.ndim != 1 or not same_size(lengths.shape[0], n):
            raise ShapeError(f"lengths are {lengths}, {given} needs ({n},)")
    if keep is not None and (keep.ndim != 2 or not all(map(same_size, keep.shape, (steps, n)))):
        raise ShapeError(f"keep is {keep}, {given} needs ({steps}, {n})")


def check_results(results, expected):
    """Shapes of what an op returned and of its gradient."""
    for name, value in results.items():
        if value.ndim != expected.ndim or not all(map(same_size, value.shape, expected.shape)):
            raise ShapeError(f"{name} should be {expected}, got {value}")


def sequences(make, gates, states):
    """Operands for every way to walk: given, states and weight; lengths; keep; settings."""

    def operands(steps, n, units):
        return (
            make(steps, n, gates * units, away_from=0.0), *[make(n, units) for _ in range(states)],
            make(gates * units, units, low=-0.5, high=0.5),
        )  # fmt: skip

    yield operands(3, 2, 2)
    yield *operands(2, 3, 2), {"reverse": True}
    yield *operands(4, 3, 2), np.array([4, 1, 2])
    keep = np.array([[1.0, 0.0, 1.0], [1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
    yield *operands(3, 3, 1), np.array([1, 3, 2]), keep, {"reverse": True}
    yield *operands(3, 3, 2), None, keep
    yield operands(1, 1, 1)
    yield operands(2, 0, 2)


# -- the plain recurrence ------------------------------------------------------------------------


def rnn_walked(do, given, hidden, hidden_weight, lengths, keep, activation, reverse):
    """One state, which is its own result."""
    weight, squash = do(transpose, hidden_weight), tanh if activation == "tanh" else relu

    def step(row, hidden):
        return (do(squash, row + do(matmul, hidden, weight)),)

    return walked(do, step, given, [hidden], lengths, keep, reverse)[0]


@op(free=("lengths",), unrolled=True)
def rnn(given, hidden, hidden_weight, lengths=None, keep=None, *, activation="tanh", reverse=False):
    """Every step of a plain recurrent layer: hidden = activation(given + hidden @ hidden_weight.T)  (Elman, 1990).

    given, hidden, lengths, keep, reverse: see the module
    hidden_weight: (units, units)
    return:        (steps, N, units) the state after each step
    activation:    "tanh" or "relu"
    """
    return rnn_walked(on_arrays, given, hidden, hidden_weight, lengths, keep, activation, reverse)


@rnn.shape
def rnn_shape(given, hidden, hidden_weight, lengths=None, keep=None, *, activation, reverse):
    check_choice("activation", activation, ("tanh", "relu"))
    check_walk(given, [hidden], hidden_weight, lengths, keep, gates=1)
    return given.with_shape((given.shape[0], *hidden.shape))


@rnn.decomposition
def rnn_composed(given, hidden, hidden_weight, lengths=None, keep=None, **settings):
    return rnn_walked(on_values, given, hidden, hidden_weight, lengths, keep, **settings)


@rnn.gradient("given", "hidden", "hidden_weight")
def rnn_rule(g, hidden, hidden_weight, lengths, keep, out, activation, reverse):
    return rnn_gradient(g, hidden, hidden_weight, out, lengths, keep, activation=activation, reverse=reverse)


rnn.no_gradient("lengths", "keep", WHERE_SEQUENCES_ARE)


@rnn.samples
def rnn_samples(make):
    yield from sequences(make, 1, 1)
    yield make(3, 2, 2, low=0.5), make(2, 2, low=0.0), make(2, 2, low=0.0), {"activation": "relu"}


def rnn_walked_back(do, g, hidden, hidden_weight, hiddens, lengths, keep, activation, reverse):
    """Back through rnn."""
    dtype = hiddens.dtype.name
    of_tanh = do(maximum, 1.0 - hiddens * hiddens, 0.0)  # whatever rounding made of a state that is nearly 1
    slope = rows(do, of_tanh if activation == "tanh" else do(cast, hiddens > 0.0, dtype=dtype))

    def step(t, g):
        g_row = g * slope[t]
        return do(matmul, g_row, hidden_weight), g_row

    g_given, g_hidden = walked_back(do, step, [g], lengths, keep, reverse)
    before = started_from(do, hidden, hiddens, keep, reverse)
    return g_given, g_hidden, weight_gradient(do, g_given, before)


@op(outputs=("given_gradient", "hidden_gradient", "weight_gradient"), free=("lengths",), unrolled=True)
def rnn_gradient(g, hidden, hidden_weight, hiddens, lengths=None, keep=None, *, activation="tanh", reverse=False):
    """The gradients of `rnn` with respect to what is given, the first state and the weight.

    g, hiddens: (steps, N, units)   of the states after each step, and these
    return:     (steps, N, units), (N, units), (units, units)
    """
    return rnn_walked_back(on_arrays, g, hidden, hidden_weight, hiddens, lengths, keep, activation, reverse)


@rnn_gradient.shape
def rnn_gradient_shape(g, hidden, hidden_weight, hiddens, lengths=None, keep=None, **settings):
    check_results({"g": g, "hiddens": hiddens}, rnn_shape(hiddens, hidden, hidden_weight, lengths, keep, **settings))
    return hiddens, hidden, hidden_weight


@rnn_gradient.decomposition
def rnn_gradient_composed(g, hidden, hidden_weight, hiddens, lengths=None, keep=None, **settings):
    return rnn_walked_back(on_values, g, hidden, hidden_weight, hiddens, lengths, keep, **settings)


rnn_gradient.no_gradient("lengths", "keep", WHERE_SEQUENCES_ARE)


@rnn_gradient.samples
def rnn_gradient_samples(make):
    for given, hidden, weight, *others in sequences(make, 1, 1):
        yield make(*given.shape), hidden, weight, make(*given.shape, low=-0.8, high=0.8), *others
    yield make(3, 2, 2), make(2, 2), make(2, 2), make(3, 2, 2, away_from=0.0), {"activation": "relu"}


# -- long short-term memory ----------------------------------------------------------------------


def lstm_gates(do, sums, order, forget_bias):
    """i, f, g and o behind their sigmoid or tanh."""
    i, f, g, o = parts(do, sums, order, "ifgo")
    f = f + forget_bias if forget_bias else f
    return do(sigmoid, i), do(sigmoid, f), do(tanh, g), do(sigmoid, o)


def lstm_walked(do, given, hidden, cell, hidden_weight, lengths, keep, order, forget_bias, reverse):
    """Two states; the gates are kept side by side."""
    weight = do(transpose, hidden_weight)

    def step(row, hidden, cell):
        i, f, g, o = lstm_gates(do, row + do(matmul, hidden, weight), order, forget_bias)
        cell = f * cell + i * g
        return o * do(tanh, cell), cell, joined(do, {"i": i, "f": f, "g": g, "o": o}, order)

    return walked(do, step, given, [hidden, cell], lengths, keep, reverse)


@op(outputs=("hiddens", "cells", "gates"), auxiliary=("gates",), free=("lengths",), unrolled=True)
def lstm(given, hidden, cell, hidden_weight, lengths=None, keep=None, *, order="ifgo", forget_bias=0.0, reverse=False):
    """Every step of an LSTM layer; see lstm_unit for one  (Hochreiter & Schmidhuber, 1997; Gers et al., 2000).

    given, hidden, cell, lengths, keep, reverse: see the module
    hidden_weight: (4 * units, units)
    return:        hiddens, cells (steps, N, units): the states after each step; gates, behind their sigmoid or tanh
    order:         in which input gate, forget gate, candidate g and output gate stand
    forget_bias:   is added to the forget gate
    """
    return lstm_walked(on_arrays, given, hidden, cell, hidden_weight, lengths, keep, order, forget_bias, reverse)


@lstm.shape
def lstm_shape(given, hidden, cell, hidden_weight, lengths=None, keep=None, *, order, forget_bias, reverse):
    check_order(order)
    check_walk(given, [hidden, cell], hidden_weight, lengths, keep, gates=4)
    states = given.with_shape((given.shape[0], *hidden.shape))
    return states, states, given


@lstm.decomposition
def lstm_composed(given, hidden, cell, hidden_weight, lengths=None, keep=None, **settings):
    return lstm_walked(on_values, given, hidden, cell, hidden_weight, lengths, keep, **settings)


@lstm.gradient("given", "hidden", "cell", "hidden_weight")
def lstm_rule(
    g, given, hidden, cell, hidden_weight, lengths, keep, hiddens, cells, gates, order, forget_bias, reverse
):  # fmt: skip
    return lstm_gradient(
        *g, given, hidden, cell, hidden_weight, hiddens, cells, gates, lengths, keep,
        order=order, forget_bias=forget_bias, reverse=reverse,
    )  # fmt: skip


lstm.no_gradient("lengths", "keep", WHERE_SEQUENCES_ARE)


@lstm.samples
def lstm_samples(make):
    yield from sequences(make, 4, 2)
    yield make(2, 2, 8), make(2, 2), make(2, 2), make(8, 2), {"order": "igfo", "forget_bias": 1.0}


def lstm_walked_back(
    do, g_hiddens, g_cells, given, hidden, cell, hidden_weight, hiddens, cells, gates, lengths, keep,
    order, forget_bias, reverse,
):  # fmt: skip
    """Back through lstm: all that does not depend on later steps is computed for all steps at once.

    gates: None where they are to be computed again
    """
    before, cell_before = [started_from(do, *x, keep, reverse) for x in ((hidden, hiddens), (cell, cells))]
    if gates is None:
        sums = given + do(matmul, before, do(transpose, hidden_weight))
        i, f, g, o = lstm_gates(do, sums, order, forget_bias)
    else:
        i, f, g, o = parts(do, gates, order, "ifgo")
    squashed = do(tanh, cells)
    slopes = {
        "i": g * i * (1.0 - i), "f": cell_before * f * (1.0 - f), "g": i * (1.0 - g * g), "o": squashed * o * (1.0 - o)
    }  # fmt: skip
    slopes, forget = rows(do, joined(do, slopes, order)), rows(do, f)
    through = rows(do, o * (1.0 - squashed * squashed))

    def step(t, g_hidden, g_cell):
        g_cell = g_cell + g_hidden * through[t]
        g_gates = {"i": g_cell, "f": g_cell, "g": g_cell, "o": g_hidden}
        g_row = joined(do, g_gates, order) * slopes[t]
        return do(matmul, g_row, hidden_weight), g_cell * forget[t], g_row

    g_given, *g_states = walked_back(do, step, [g_hiddens, g_cells], lengths, keep, reverse)
    return g_given, *g_states, weight_gradient(do, g_given, before)


@op(
    outputs=("given_gradient", "hidden_gradient", "cell_gradient", "weight_gradient"),
    free=("lengths",), derived=("gates",), unrolled=True,
)  # fmt: skip
def lstm_gradient(
    g_hiddens, g_cells, given, hidden, cell, hidden_weight, hiddens, cells, gates, lengths=None, keep=None,
    *, order="ifgo", forget_bias=0.0, reverse=False
):  # fmt: skip
    """The gradients of `lstm` with respect to what is given, the first states and the weight.

    g_hiddens, g_cells:    (steps, N, units)   of the states after each step
    hiddens, cells, gates: as lstm returned them; the others as it took them
    return:                (steps, N, 4 * units), (N, units), (N, units), (4 * units, units)

    A kernel need not compute the gates again.  The reference does: they follow from what is given, so what flows
    through them is part of that gradient.
    """
    return lstm_walked_back(
        on_arrays, g_hiddens, g_cells, given, hidden, cell, hidden_weight, hiddens, cells, None, lengths, keep,
        order, forget_bias, reverse,
    )  # fmt: skip


@lstm_gradient.shape
def lstm_gradient_shape(
    g_hiddens, g_cells, given, hidden, cell, hidden_weight, hiddens, cells, gates, lengths=None, keep=None, **settings
):
    states, _, _ = lstm_shape(given, hidden, cell, hidden_weight, lengths, keep, **settings)
    check_results({"g_hiddens": g_hiddens, "g_cells": g_cells, "hiddens": hiddens, "cells": cells}, states)
    check_results({"gates": gates}, given)
    return given, hidden, cell, hidden_weight


@lstm_gradient.decomposition
def lstm_gradient_composed(
    g_hiddens, g_cells, given, hidden, cell, hidden_weight, hiddens, cells, gates, lengths=None, keep=None, **settings
):
    operands = (g_hiddens, g_cells, given, hidden, cell, hidden_weight, hiddens, cells, None, lengths, keep)
    return lstm_walked_back(on_values, *operands, **settings)


lstm_gradient.no_gradient("lengths", "keep", WHERE_SEQUENCES_ARE)


@lstm_gradient.samples
def lstm_gradient_samples(make):
    for drawn in lstm_samples(make):
        operands, settings = (drawn[:-1], drawn[-1]) if type(drawn[-1]) is dict else (drawn, {})
        made = lstm.reference(*operands, **lstm.complete(settings))
        yield make(*made[0].shape), make(*made[0].shape), *operands[:4], *made, *operands[4:], settings


# -- gated recurrent unit ------------------------------------------------------------------------


def gru_gates(do, hidden_weight, hidden_bias, order, reset):
    """A function from what is given and the state before to the gates r, z and n, and to what their gradient needs:
    what the state adds to n where the reset gate comes after, else the state that the reset gate lets through.
    """
    weight = do(transpose, hidden_weight)
    weight_r, weight_z, weight_n = parts(do, weight, order, "rzn")
    early = do(concatenate, weight_r, weight_z, axis=1)

    def reset_after(given, before):
        kept = do(matmul, before, weight)
        kept = kept if hidden_bias is None else kept + hidden_bias
        (r, z, n), (kept_r, kept_z, kept_n) = [parts(do, x, order, "rzn") for x in (given, kept)]
        r, z = do(sigmoid, r + kept_r), do(sigmoid, z + kept_z)
        return r, z, do(tanh, n + r * kept_n), kept_n

    def reset_before(given, before):
        r, z, n = parts(do, given if hidden_bias is None else given + hidden_bias, order, "rzn")
        kept_r, kept_z = parts(do, do(matmul, before, early), "rz", "rz")
        r, z = do(sigmoid, r + kept_r), do(sigmoid, z + kept_z)
        inner = r * before
        return r, z, do(tanh, n + do(matmul, inner, weight_n)), inner

    return reset_after if reset == "after" else reset_before


def gru_walked(do, given, hidden, hidden_weight, hidden_bias, lengths, keep, order, reset, reverse):
    """One state; the gates are kept side by side."""
    gates = gru_gates(do, hidden_weight, hidden_bias, order, reset)

    def step(row, hidden):
        r, z, n, inner = gates(row, hidden)
        return z * hidden + (1.0 - z) * n, joined(do, {"r": r, "z": z, "n": n}, order), inner

    return walked(do, step, given, [hidden], lengths, keep, reverse)


@op(outputs=("hiddens", "gates", "inner"), auxiliary=("gates", "inner"), free=("lengths",), unrolled=True)
def gru(
    given, hidden, hidden_weight, hidden_bias=None, lengths=None, keep=None,
    *, order="rzn", reset="after", reverse=False
):  # fmt: skip
    """Every step of a layer of gated recurrent units; see gru_cell for one  (Cho et al., 2014, arXiv:1406.1078).

    given, hidden, lengths, keep, reverse: see the module
    hidden_weight, hidden_bias: (3 * units, units), (3 * units,)
    return:        hiddens (steps, N, units): the state after each step; gates, behind their sigmoid or tanh; inner
    order, reset:  as gru_cell has them
    """
    return gru_walked(on_arrays, given, hidden, hidden_weight, hidden_bias, lengths, keep, order, reset, reverse)


@gru.shape
def gru_shape(given, hidden, hidden_weight, hidden_bias=None, lengths=None, keep=None, *, order, reset, reverse):
    check_gates(order, reset)
    check_walk(given, [hidden], hidden_weight, lengths, keep, gates=3)
    if hidden_bias is not None and (hidden_bias.ndim != 1 or not same_size(hidden_bias.shape[0], given.shape[2])):
        raise ShapeError(f"bias is {hidden_bias}, {given} needs ({given.shape[2]},)")
    states = given.with_shape((given.shape[0], *hidden.shape))
    return states, given, states


@gru.decomposition
def gru_composed(given, hidden, hidden_weight, hidden_bias=None, lengths=None, keep=None, **settings):
    return gru_walked(on_values, given, hidden, hidden_weight, hidden_bias, lengths, keep, **settings)


@gru.gradient("given", "hidden", "hidden_weight", "hidden_bias")
def gru_rule(
    g, given, hidden, hidden_weight, hidden_bias, lengths, keep, hiddens, gates, inner, order, reset, reverse
):  # fmt: skip
    return gru_gradient(
        g, given, hidden, hidden_weight, hiddens, gates, inner, hidden_bias, lengths, keep,
        order=order, reset=reset, reverse=reverse,
    )  # fmt: skip


gru.no_gradient("lengths", "keep", WHERE_SEQUENCES_ARE)


@gru.samples
def gru_samples(make):
    for given, hidden, weight, *others in sequences(make, 3, 1):
        yield given, hidden, weight, None, *others
    for settings in ({}, {"reset": "before"}, {"order": "znr", "reset": "before", "reverse": True}):
        yield make(3, 2, 6), make(2, 2), make(6, 2), make(6), settings
    yield make(2, 2, 6), make(2, 2), make(6, 2), None, np.array([1, 2]), make(2, 2), {"reset": "before"}


def gru_walked_back(
    do, g, given, hidden, hidden_weight, hiddens, gates, inner, hidden_bias, lengths, keep, order, reset, reverse
):
    """Back through gru: all that does not depend on later steps is computed for all steps at once.

    gates: None where they, and inner, are to be computed again
    """
    before = started_from(do, hidden, hiddens, keep, reverse)
    if gates is None:
        r, z, n, inner = gru_gates(do, hidden_weight, hidden_bias, order, reset)(given, before)
    else:
        r, z, n = parts(do, gates, order, "rzn")
    slope_r = (inner if reset == "after" else before) * r * (1.0 - r)
    slope_z, slope_n = (before - n) * z * (1.0 - z), (1.0 - z) * (1.0 - n * n)
    r_rows, z, slope_r, slope_z, slope_n = [rows(do, x) for x in (r, z, slope_r, slope_z, slope_n)]
    weight_r, weight_z, weight_n = parts(do, hidden_weight, order, "rzn", axis=0)
    early = do(concatenate, weight_r, weight_z, axis=0)

    def step_after(t, g):
        g_n = g * slope_n[t]
        of = {"r": g_n * slope_r[t], "z": g * slope_z[t], "n": g_n}
        g_kept = joined(do, {**of, "n": g_n * r_rows[t]}, order)
        return g * z[t] + do(matmul, g_kept, hidden_weight), joined(do, of, order)

    def step_before(t, g):
        g_n = g * slope_n[t]
        g_inner = do(matmul, g_n, weight_n)
        of = {"r": g_inner * slope_r[t], "z": g * slope_z[t], "n": g_n}
        g_hidden = g * z[t] + g_inner * r_rows[t] + do(matmul, joined(do, of, "rz"), early)
        return g_hidden, joined(do, of, order)

    step = step_after if reset == "after" else step_before
    g_given, g_hidden = walked_back(do, step, [g], lengths, keep, reverse)
    of = dict(zip("rzn", parts(do, g_given, order, "rzn")))
    if reset == "after":
        of["n"] = of["n"] * r
        source = {"r": before, "z": before, "n": before}
    else:
        source = {"r": before, "z": before, "n": inner}
    g_weight = do(concatenate, *[weight_gradient(do, of[name], source[name]) for name in order], axis=0)
    return g_given, g_hidden, g_weight, do(sum, joined(do, of, order), axis=(0, 1))


@op(
    outputs=("given_gradient", "hidden_gradient", "weight_gradient", "bias_gradient"),
    free=("lengths",), derived=("gates", "inner"), unrolled=True,
)  # fmt: skip
def gru_gradient(
    g, given, hidden, hidden_weight, hiddens, gates, inner, hidden_bias=None, lengths=None, keep=None,
    *, order="rzn", reset="after", reverse=False
):  # fmt: skip
    """The gradients of `gru` with respect to what is given, the first state, the weight and its bias.

    g:                     (steps, N, units)   of the states after each step
    hiddens, gates, inner: as gru returned them; the others as it took them
    return:                (steps, N, 3 * units), (N, units), (3 * units, units), (3 * units,)

    A kernel need not compute gates and inner again; see lstm_gradient.
    """
    return gru_walked_back(
        on_arrays, g, given, hidden, hidden_weight, hiddens, None, None, hidden_bias, lengths, keep,
        order, reset, reverse,
    )  # fmt: skip


@gru_gradient.shape
def gru_gradient_shape(
    g, given, hidden, hidden_weight, hiddens, gates, inner, hidden_bias=None, lengths=None, keep=None, **settings
):
    states, _, _ = gru_shape(given, hidden, hidden_weight, hidden_bias, lengths, keep, **settings)
    check_results({"g": g, "hiddens": hiddens, "inner": inner}, states)
    check_results({"gates": gates}, given)
    return given, hidden, hidden_weight, given.with_shape(given.shape[2:])


@gru_gradient.decomposition
def gru_gradient_composed(
    g, given, hidden, hidden_weight, hiddens, gates, inner, hidden_bias=None, lengths=None, keep=None, **settings
):
    operands = (g, given, hidden, hidden_weight, hiddens, None, None, hidden_bias, lengths, keep)
    return gru_walked_back(on_values, *operands, **settings)


gru_gradient.no_gradient("lengths", "keep", WHERE_SEQUENCES_ARE)


@gru_gradient.samples
def gru_gradient_samples(make):
    for drawn in gru_samples(make):
        operands, settings = (drawn[:-1], drawn[-1]) if type(drawn[-1]) is dict else (drawn, {})
        made = gru.reference(*operands, **gru.complete(settings))
        yield make(*made[0].shape), *operands[:3], *made, *operands[3:], settings
