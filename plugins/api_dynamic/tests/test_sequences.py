"""Recurrent modules and embeddings, against formulas; PyTorch itself judges them in tests/parity."""

import numpy as np
import pytest

import trivium_api_dynamic as torch
from trivium.graph import Graph
from trivium.program import Program
from trivium_api_dynamic import nn

RNN = nn.utils.rnn


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_of(module, x):
    """The hidden states of one LSTM layer, written out."""
    state = {name: p.detach().numpy() for name, p in module.named_parameters()}
    h = c = np.zeros((x.shape[1], module.hidden_size), np.float32)
    made = []
    for row in x:
        gates = row @ state["weight_ih_l0"].T + state["bias_ih_l0"] + h @ state["weight_hh_l0"].T + state["bias_hh_l0"]
        i, f, g, o = np.split(gates, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        made.append(h)
    return np.stack(made), h, c


def test_an_lstm_is_the_formula_with_gates_in_the_order_i_f_g_o():
    x, module = numbers(5, 2, 3), nn.LSTM(3, 4)

    outputs, (h, c) = module(torch.tensor(x))

    for actual, expected in zip((outputs, h[0], c[0]), lstm_of(module, x), strict=True):
        np.testing.assert_allclose(actual.detach().numpy(), expected, rtol=1e-5, atol=1e-6)


def test_a_loop_of_cells_is_the_layer():
    x, layer, cell = torch.tensor(numbers(4, 2, 3)), nn.LSTM(3, 5), nn.LSTMCell(3, 5)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in layer.state_dict().items()})

    state, made = None, []
    for row in x:
        state = cell(row, state)
        made.append(state[0])

    assert np.array_equal(torch.stack(made).detach().numpy(), layer(x)[0].detach().numpy())


def test_names_and_shapes_of_parameters_are_pytorchs():
    module = nn.GRU(3, 4, num_layers=2, bidirectional=True)

    shapes = {name: tuple(p.shape) for name, p in module.named_parameters()}

    assert list(shapes)[:5] == ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_ih_l0_reverse"]
    assert shapes["weight_ih_l1_reverse"] == (12, 8)
    assert shapes["weight_hh_l1"] == (12, 4)
    assert all(abs(p.detach().numpy()).max() <= 0.5 for p in module.parameters())


def test_padding_changes_nothing_in_packed_sequences():
    module, lengths = nn.LSTM(3, 4, bidirectional=True), [2, 5, 3]
    x = numbers(5, 3, 3)
    alone = [module(torch.tensor(x[:n, i])) for i, n in enumerate(lengths)]

    packed = RNN.pack_padded_sequence(torch.tensor(x), lengths, enforce_sorted=False)
    outputs, (h, c) = module(packed)
    padded, found = RNN.pad_packed_sequence(outputs)

    assert found.tolist() == lengths
    for i, (n, (single, (h_alone, c_alone))) in enumerate(zip(lengths, alone, strict=True)):
        for actual, expected in ((padded[:n, i], single), (h[:, i], h_alone), (c[:, i], c_alone)):
            np.testing.assert_allclose(actual.detach().numpy(), expected.detach().numpy(), rtol=1e-5, atol=1e-6)
        assert not padded[n:, i].detach().numpy().any()


def test_sequences_must_be_sorted_unless_it_is_allowed():
    with pytest.raises(RuntimeError, match="must be sorted in decreasing order"):
        RNN.pack_sequence([torch.zeros(2, 3), torch.zeros(4, 3)])

    packed = RNN.pack_sequence([torch.zeros(2, 3), torch.zeros(4, 3)], enforce_sorted=False)

    assert packed.batch_sizes.tolist() == [2, 2, 1, 1]
    assert packed.sorted_indices.tolist() == [1, 0]


def test_dropout_stands_between_layers_and_in_training_only():
    module = nn.LSTM(3, 8, num_layers=2, dropout=0.5)
    x = torch.tensor(numbers(4, 2, 3))

    first, second = module(x)[0], module(x)[0]
    module.eval()

    assert not np.array_equal(first.detach().numpy(), second.detach().numpy())
    assert np.array_equal(module(x)[0].detach().numpy(), module(x)[0].detach().numpy())
    assert "random" not in "".join(module.state_dict())
    with pytest.warns(UserWarning, match="num_layers greater than 1"):
        nn.LSTM(3, 8, dropout=0.5)


def test_a_module_runs_in_a_graph_of_any_number_of_steps():
    module = nn.GRU(3, 4, num_layers=2, batch_first=True)
    graph = Graph()
    fed = graph.placeholder(("batch", "steps", 3))
    program = Program([module(fed)[0]])

    for steps in (2, 5):
        x = numbers(3, steps, 3)
        assert np.array_equal(program.run({fed: x})[0].numpy(), module(torch.tensor(x))[0].detach().numpy())


def test_rows_that_are_too_long_are_scaled_down_in_the_table():
    module = nn.Embedding(4, 3, max_norm=1.0)
    with torch.no_grad():
        module.weight.fill_(2.0)

    made = module(torch.tensor([1, 1, 3])).detach().numpy()

    np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(
        np.linalg.norm(module.weight.detach().numpy(), axis=1), [12**0.5, 1, 12**0.5, 1], rtol=1e-5
    )


@pytest.mark.parametrize("settings", [{}, {"sparse": True}])
def test_a_gradient_counts_how_often_a_row_was_used_except_padding(settings):
    module = nn.Embedding(4, 2, padding_idx=0, **settings)

    module(torch.tensor([[1, 1, 0], [3, 1, 0]])).sum().backward()

    assert module.weight.grad.tolist() == [[0, 0], [3, 3], [0, 0], [1, 1]]
    assert module.weight.detach()[0].tolist() == [0, 0]


def test_an_index_beyond_the_table_is_refused():
    with pytest.raises(IndexError, match="index out of range in self: 4, the table has 4 rows"):
        nn.Embedding(4, 2)(torch.tensor([1, 4]))


def test_bags_are_sums_of_rows():
    table = torch.tensor(np.arange(8, dtype=np.float32).reshape(4, 2))
    module = nn.EmbeddingBag.from_pretrained(table, mode="sum")

    made = module(torch.tensor([0, 1, 3, 3]), torch.tensor([0, 2, 2]))

    assert made.tolist() == [[2, 4], [0, 0], [12, 14]]
    assert not module.weight.requires_grad
