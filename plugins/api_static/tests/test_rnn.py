"""Recurrent cells and what walks them: names as in TensorFlow 1.15, values against formulas."""

import numpy as np
import pytest

import trivium_api_static as tf

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 5, 2)).astype(np.float32)  # (batch, steps, features)
LENGTHS = [5, 2, 4]
cells = tf.nn.rnn_cell


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def variables():
    return {v.op.name: v.shape.as_list() for v in tf.global_variables()}


@pytest.fixture
def evaluated():
    """Values of fetches and, by the last part of their names, of variables drawn at random."""

    def evaluate(fetches, feed_dict=None):
        rng = np.random.default_rng(1)
        with tf.Session() as session:
            owned = {}
            for variable in tf.global_variables():
                value = rng.normal(size=variable.shape.as_list()).astype(np.float32)
                variable.load(value, session)
                owned[variable.op.name] = value
            return session.run(fetches, feed_dict), owned

    return evaluate


def lstm(x, kernel, bias, forget_bias=1.0, peepholes=None):
    """Outputs and the last (c, h) of (batch, steps, features)."""
    units = bias.size // 4
    c, h, made = np.zeros((len(x), units)), np.zeros((len(x), units)), []
    w_f, w_i, w_o = peepholes or (0, 0, 0)
    for t in range(x.shape[1]):
        i, j, f, o = np.split(np.concatenate([x[:, t], h], 1) @ kernel + bias, 4, 1)
        c = sigmoid(f + forget_bias + w_f * c) * c + sigmoid(i + w_i * c) * np.tanh(j)
        h = sigmoid(o + w_o * c) * np.tanh(c)
        made.append(h)
    return np.stack(made, 1), (c, h)


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "make, expected",
    [
        (lambda: cells.BasicRNNCell(4), {"basic_rnn_cell/kernel": [6, 4], "basic_rnn_cell/bias": [4]}),
        (lambda: cells.BasicLSTMCell(4), {"basic_lstm_cell/kernel": [6, 16], "basic_lstm_cell/bias": [16]}),
        (
            lambda: cells.LSTMCell(4, use_peepholes=True, num_proj=3),
            {
                "lstm_cell/kernel": [5, 16],
                "lstm_cell/bias": [16],
                "lstm_cell/w_f_diag": [4],
                "lstm_cell/w_i_diag": [4],
                "lstm_cell/w_o_diag": [4],
                "lstm_cell/projection/kernel": [4, 3],
            },
        ),
        (
            lambda: cells.GRUCell(4),
            {
                "gru_cell/gates/kernel": [6, 8],
                "gru_cell/gates/bias": [8],
                "gru_cell/candidate/kernel": [6, 4],
                "gru_cell/candidate/bias": [4],
            },
        ),
        (
            lambda: cells.MultiRNNCell([cells.DropoutWrapper(cells.BasicLSTMCell(4)), cells.BasicRNNCell(3)]),
            {
                "multi_rnn_cell/cell_0/basic_lstm_cell/kernel": [6, 16],
                "multi_rnn_cell/cell_0/basic_lstm_cell/bias": [16],
                "multi_rnn_cell/cell_1/basic_rnn_cell/kernel": [7, 3],
                "multi_rnn_cell/cell_1/basic_rnn_cell/bias": [3],
            },
        ),
    ],
)
def test_variables_have_tensorflows_names_and_shapes(make, expected):
    outputs, _ = tf.nn.dynamic_rnn(make(), tf.placeholder(tf.float32, [None, None, 2]), dtype=tf.float32)

    assert variables() == {f"rnn/{name}": shape for name, shape in expected.items()}
    assert str(outputs.shape) == f"(?, ?, {make().output_size})"


def test_a_basic_lstm_is_the_formula_with_a_forget_bias(evaluated):
    outputs, state = tf.nn.dynamic_rnn(cells.BasicLSTMCell(4), X, dtype=tf.float32)

    (y, last), owned = evaluated([outputs, state])

    expected, (c, h) = lstm(X, *owned.values())
    close(y, expected)
    close(last.c, c)
    close(last.h, h)


def test_peepholes_let_the_gates_see_the_cell(evaluated):
    outputs, _ = tf.nn.dynamic_rnn(cells.LSTMCell(4, use_peepholes=True, forget_bias=0.0), X, dtype=tf.float32)

    y, owned = evaluated(outputs)

    kernel, bias, *peepholes = owned.values()
    close(y, lstm(X, kernel, bias, 0.0, peepholes)[0])


def test_a_gru_resets_the_state_before_the_product(evaluated):
    outputs, state = tf.nn.dynamic_rnn(cells.GRUCell(4), X, dtype=tf.float32)

    (y, last), owned = evaluated([outputs, state])

    gates, gates_bias, candidate, candidate_bias = owned.values()
    h = np.zeros((3, 4))
    for t in range(5):
        r, u = np.split(sigmoid(np.concatenate([X[:, t], h], 1) @ gates + gates_bias), 2, 1)
        h = u * h + (1 - u) * np.tanh(np.concatenate([X[:, t], r * h], 1) @ candidate + candidate_bias)
        close(y[:, t], h)
    close(last, h)


@pytest.mark.parametrize("activation", [None, tf.nn.relu])
@pytest.mark.parametrize("make", [cells.BasicRNNCell, cells.BasicLSTMCell, cells.GRUCell])
def test_a_loop_of_steps_and_both_kinds_of_walk_agree(evaluated, make, activation):
    cell = make(4, activation=activation)
    whole, last = tf.nn.dynamic_rnn(cell, X, dtype=tf.float32)
    listed, last_listed = tf.nn.static_rnn(cell, tf.unstack(tf.constant(X), axis=1), dtype=tf.float32)
    state, by_hand = cell.zero_state(3, tf.float32), []
    for t in range(5):
        output, state = cell(X[:, t], state)
        by_hand.append(output)

    made, owned = evaluated([whole, listed, by_hand, last, last_listed, state])

    assert len(owned) == (4 if make is cells.GRUCell else 2)
    close(np.stack(made[1], 1), made[0])
    close(np.stack(made[2], 1), made[0])
    close(made[4], made[3])
    close(made[5], made[3])


@pytest.mark.parametrize("activation", [None, tf.nn.relu])
def test_outputs_beyond_a_length_are_0_and_the_state_stays(evaluated, activation):
    lengths = tf.placeholder(tf.int32, [None])
    outputs, state = tf.nn.dynamic_rnn(cells.BasicRNNCell(4, activation), X, lengths, dtype=tf.float32)

    (y, last), _ = evaluated([outputs, state], {lengths: LENGTHS})

    for i, length in enumerate(LENGTHS):
        assert not y[i, length:].any()
        close(last[i], y[i, length - 1])


@pytest.mark.parametrize("activation", [None, tf.nn.relu])
def test_the_way_back_starts_at_each_sequences_last_step(evaluated, activation):
    forward, backward = cells.BasicRNNCell(4, activation), cells.BasicRNNCell(4, activation)
    (_, back), (_, last) = tf.nn.bidirectional_dynamic_rnn(forward, backward, X, LENGTHS, dtype=tf.float32)
    alone = [
        tf.nn.dynamic_rnn(backward, X[i : i + 1, :n][:, ::-1].copy(), dtype=tf.float32)[0]
        for i, n in enumerate(LENGTHS)
    ]

    (y, end, singles), owned = evaluated([back, last, alone])

    assert list(owned) == [
        f"bidirectional_rnn/{way}/basic_rnn_cell/{n}" for way in "fw bw".split() for n in ("kernel", "bias")
    ]
    for i, (n, single) in enumerate(zip(LENGTHS, singles, strict=True)):
        close(y[i, :n], single[0, ::-1])
        close(end[i], single[0, -1])


class Leaky(cells.RNNCell):
    """A cell of a user, written as TensorFlow's guides do."""

    state_size = output_size = 4

    def call(self, inputs, state):
        weight = tf.get_variable("weight", [2, 4])
        state = 0.5 * state + tf.matmul(inputs, weight)
        return tf.tanh(state), state


def test_a_cell_of_the_users_own_walks_too(evaluated):
    outputs, state = tf.nn.dynamic_rnn(Leaky(), X, LENGTHS, dtype=tf.float32)
    slope = tf.gradients(outputs, tf.trainable_variables())[0]

    (y, last, g), owned = evaluated([outputs, state, slope])

    (weight,) = owned.values()
    assert list(owned) == ["rnn/leaky/weight"]
    h = np.zeros((3, 4))
    for t in range(5):
        is_live = (np.array(LENGTHS) > t)[:, None]
        h = np.where(is_live, 0.5 * h + X[:, t] @ weight, h)
        close(y[:, t], np.where(is_live, np.tanh(h), 0))
    close(last, h)
    assert g.shape == (2, 4) and abs(g).max() > 0


def test_gradients_flow_back_through_every_step(evaluated):
    x = tf.constant(X)
    outputs, _ = tf.nn.dynamic_rnn(cells.BasicLSTMCell(4), x, LENGTHS, dtype=tf.float32)
    loss = tf.reduce_sum(tf.square(outputs))

    (g, base), owned = evaluated([tf.gradients(loss, tf.trainable_variables()[0])[0], loss])

    kernel, bias = owned.values()
    turned = np.random.default_rng(2).normal(size=kernel.shape)
    slopes = []
    for step in (1e-3, -1e-3):
        y = lstm(X.astype(float), kernel + step * turned, bias)[0]
        slopes.append(sum((y[i, :n] ** 2).sum() for i, n in enumerate(LENGTHS)))
    assert (g * turned).sum() == pytest.approx((slopes[0] - slopes[1]) / 2e-3, rel=1e-3)
    assert base > 0


def test_scopes_share_variables_as_those_of_layers_do():
    for reuse in (False, True):
        with tf.variable_scope("model", reuse=reuse):
            tf.nn.dynamic_rnn(cells.BasicLSTMCell(4), X, dtype=tf.float32)

    assert list(variables()) == ["model/rnn/basic_lstm_cell/kernel", "model/rnn/basic_lstm_cell/bias"]
    with pytest.raises(ValueError, match="already exists, disallowed"):
        with tf.variable_scope("model"):
            tf.nn.dynamic_rnn(cells.BasicLSTMCell(4), X, dtype=tf.float32)


def test_dropout_of_outputs_is_fed_its_rate(evaluated):
    keep = tf.placeholder(tf.float32, [])
    cell = cells.DropoutWrapper(cells.BasicRNNCell(50), output_keep_prob=keep)
    outputs, _ = tf.nn.dynamic_rnn(cell, X, dtype=tf.float32)

    dropped, _ = evaluated(outputs, {keep: 0.5})
    kept, _ = evaluated(outputs, {keep: 1.0})

    assert np.mean(dropped == 0) == pytest.approx(0.5, abs=0.1)
    close(dropped[dropped != 0], 2 * kept[dropped != 0])


def test_mistakes_are_told_in_tensorflows_words():
    cell = cells.BasicLSTMCell(4)
    with pytest.raises(ValueError, match="If there is no initial_state, you must give a dtype"):
        tf.nn.dynamic_rnn(cell, X)
    with pytest.raises(TypeError, match="is not an RNNCell"):
        tf.nn.dynamic_rnn(lambda x: x, X, dtype=tf.float32)
    with pytest.raises(ValueError, match="to be known, saw shape"):
        tf.nn.dynamic_rnn(cell, tf.placeholder(tf.float32, [None, None, None]), dtype=tf.float32)
    with pytest.raises(ValueError, match="at least one cell"):
        cells.MultiRNNCell([])


def test_contrib_knows_the_same_cells():
    assert tf.contrib.rnn.BasicLSTMCell is cells.BasicLSTMCell
    assert tf.contrib.rnn.static_rnn is tf.nn.static_rnn


def test_the_loss_of_a_sequence_is_a_weighted_mean(run):
    logits, labels = RNG.normal(size=(2, 3, 4)).astype(np.float32), np.array([[0, 3, 1], [2, 2, 0]])
    weights = np.array([[1, 1, 0], [1, 0.5, 0]], np.float32)
    whole = tf.contrib.seq2seq.sequence_loss(logits, labels, weights)
    by_row = tf.contrib.seq2seq.sequence_loss(logits, labels, weights, average_across_batch=False)

    a, b = run([whole, by_row])

    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    each = -np.log(np.take_along_axis(p, labels[..., None], 2)[..., 0]) * weights
    close(a, each.sum() / weights.sum())
    close(b, each.sum(1) / weights.sum(1))


def test_rows_are_looked_up_and_may_be_scaled_down(run):
    table = np.array([[3, 4], [0.3, 0.4]], np.float32)

    made = run(tf.nn.embedding_lookup(table, [[0, 1]], max_norm=1.0))

    close(made, [[[0.6, 0.8], [0.3, 0.4]]])
