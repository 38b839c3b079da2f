import numpy as np
import pytest

from trivium.control import scan
from trivium.errors import ShapeError
from trivium.graph import Graph
from trivium.ops import gru_cell, lstm_cell, rnn_cell
from trivium.program import Program
from trivium.tensor import Tensor
from trivium_layers_sequence import GRU, LSTM, RNN, Embedding, EmbeddingBag, LSTMCell

RANDOM = np.random.default_rng(0)


def numbers(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


def close(actual, expected):
    np.testing.assert_allclose(actual.numpy(), expected, rtol=1e-5, atol=1e-6)


CELLS = [
    (RNN, rnn_cell, {"activation": "relu"}),
    (LSTM, lstm_cell, {"order": "ifog", "forget_bias": 1.0}),
    (GRU, gru_cell, {"order": "zrn", "reset": "before"}),
    (GRU, gru_cell, {}),
]


@pytest.mark.parametrize("layer_type, cell, settings", CELLS)
@pytest.mark.parametrize("reverse", [False, True])
def test_a_layer_is_a_loop_of_its_cell(layer_type, cell, settings, reverse):
    x = Tensor.of(numbers(5, 3, 4))
    layer = layer_type(6, direction="reverse" if reverse else "forward", bias_initializer="ones", **settings)

    outputs, *last = layer(x)

    start = (Tensor.of(np.zeros((3, 6), np.float32)),) * len(last)

    def step(carry, rows):
        after = cell(rows[0], *carry, *layer, **settings)
        after = after if isinstance(after, tuple) else (after,)
        return after, after[:1]

    ends, (made,) = scan(step, start, (x,), reverse=reverse)
    close(outputs, made.numpy())
    for actual, expected in zip(last, ends, strict=True):
        close(actual, expected.numpy()[None])


def test_layers_stand_on_one_another_in_both_directions():
    x = Tensor.of(numbers(4, 2, 3))
    layer = GRU(5, layers=2, direction="both", biases="none")
    outputs, hidden = layer(x)

    def alone(inputs, k, end):
        single = GRU(5, direction="reverse" if end else "forward", biases="none")
        owned = {f"{n}_0{end}": layer.owned[f"{n}_{k}{end}"] for n in ("input_weight", "hidden_weight")}
        return single.apply([inputs], owned)[0]

    ends, inputs = [], x.numpy()
    for k in range(2):
        made = [alone(Tensor.of(inputs), k, end) for end in ("", "_reverse")]
        inputs = np.concatenate([y.numpy() for y, _ in made], axis=2)
        ends += [h.numpy() for _, h in made]
    close(outputs, inputs)
    close(hidden, np.concatenate(ends))
    assert layer.input_weight_1_reverse.shape == (15, 10)


@pytest.mark.parametrize("direction", ["forward", "reverse", "both"])
def test_a_sequence_in_a_batch_is_the_sequence_alone(direction):
    x, lengths = numbers(5, 3, 2), [5, 1, 3]
    layer = LSTM(4, layers=2, direction=direction)
    outputs, hidden, cell = layer(Tensor.of(x), None, None, Tensor.of(np.array(lengths)))

    for i, length in enumerate(lengths):
        single, h, c = layer(Tensor.of(x[:length, i : i + 1]))
        close(single, outputs.numpy()[:length, i : i + 1])
        close(h, hidden.numpy()[:, i : i + 1])
        close(c, cell.numpy()[:, i : i + 1])
        assert not outputs.numpy()[length:, i].any()


def test_a_marker_begins_a_sequence_anew():
    x, keep = numbers(4, 1, 3), np.array([[1.0], [1.0], [0.0], [1.0]], np.float32)
    layer = LSTM(5)

    outputs, *_ = layer(Tensor.of(x), None, None, None, Tensor.of(keep))

    for part in (slice(0, 2), slice(2, 4)):
        close(layer(Tensor.of(x[part]))[0], outputs.numpy()[part])


def test_one_program_serves_any_number_of_steps_and_sequences():
    graph = Graph()
    x, lengths = graph.placeholder(("batch", "steps", 3)), graph.placeholder(("batch",), "int64")
    layer = LSTM(4, batch_first=True)
    program = Program(list(layer(x, None, None, lengths)))

    for batch, steps in ((2, 3), (4, 6)):
        fed = {x: numbers(batch, steps, 3), lengths: np.arange(1, batch + 1)}
        now = layer(Tensor.of(fed[x]), None, None, Tensor.of(fed[lengths]))
        for made, expected in zip(program.run(fed), now, strict=True):
            assert np.array_equal(made.numpy(), expected.numpy())


def test_a_cell_starts_from_nothing_and_goes_on():
    x, cell = numbers(2, 2, 3), LSTMCell(4)
    layer = LSTM(4)
    layer(Tensor.of(x))
    for name, own in cell.parameters(Tensor.of(x[0])).items():
        assert own.shape == layer.owned[f"{name}_0"].shape

    owned = {name: layer.owned[f"{name}_0"] for name in cell.asks_for}
    first, _ = cell.apply([Tensor.of(x[0])], owned)
    second, _ = cell.apply([Tensor.of(x[1]), *first], owned)

    close(second[0], layer(Tensor.of(x))[0].numpy()[1])


def test_what_does_not_fit_is_told_in_the_name_of_the_layer():
    x = Tensor.of(numbers(3, 2, 4))
    with pytest.raises(ShapeError, match=r"rnn1 \(LSTM\): lstm: order is 'ifgg'; it has each of i, f, g and o once"):
        LSTM(4, order="ifgg", name="rnn1")(x)
    with pytest.raises(ShapeError, match="direction is 'back'; it may be 'forward' or 'reverse' or 'both'"):
        GRU(4, direction="back")
    with pytest.raises(ShapeError, match=r"lengths are int64\[3\], float32\[3, 2, 16\] needs \(2,\)"):
        LSTM(4)(x, None, None, Tensor.of(np.array([1, 2, 3])))


def test_the_row_of_padding_starts_as_0_and_does_not_learn():
    layer = Embedding(4, 3, padding=1)
    rows = layer(Tensor.of(np.array([[0, 1], [1, 3]])))

    assert not rows.numpy()[0, 1].any()
    (rows * 2.0).sum().backward()
    assert layer.weight.gradient.numpy()[:, 0].tolist() == [2, 0, 0, 2]


def test_a_sparse_gradient_names_the_rows_that_were_used():
    layer = Embedding(1000, 2, sparse_gradient=True)

    layer(Tensor.of(np.array([7, 7, 3]))).sum().backward()

    assert layer.weight.gradient.values.shape == (3, 2)
    dense = layer.weight.gradient.dense().numpy()
    assert (dense[7], dense[3], dense.sum()) == (pytest.approx([2, 2]), pytest.approx([1, 1]), 6)


@pytest.mark.parametrize("mode, reduce", [("sum", np.sum), ("mean", np.mean), ("max", np.max)])
def test_bags_are_rows_taken_together(mode, reduce):
    layer, indices = EmbeddingBag(6, 3, mode=mode), np.array([0, 5, 5, 2, 1])

    made = layer(Tensor.of(indices), Tensor.of(np.array([0, 3, 3])))
    table = layer.weight.numpy()

    close(made, [reduce(table[indices[:3]], axis=0), np.zeros(3), reduce(table[indices[3:]], axis=0)])
    square = layer(Tensor.of(indices[:4].reshape(2, 2)))
    close(square, reduce(table[indices[:4].reshape(2, 2)], axis=1))
