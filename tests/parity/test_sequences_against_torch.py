"""Recurrent layers, embeddings and packed sequences give PyTorch's results, states and gradients."""

import numpy as np
import pytest

import trivium_api_dynamic as ours

theirs = pytest.importorskip("torch", reason="PyTorch is not installed: install trivium[peers] to compare with it")

RANDOM = np.random.default_rng(3)
LENGTHS = [5, 2, 4]


def drawn(*shape):
    return RANDOM.normal(size=shape).astype(np.float32)


def of(side, array):
    made = side.tensor(array)
    return made.requires_grad_() if array.dtype.kind == "f" else made


def flat(value):
    """The tensors inside tuples, in order."""
    if value is None:
        return []
    return [x for part in value for x in flat(part)] if isinstance(value, (tuple, list)) else [value]


def same(actual, expected, what):
    assert tuple(actual.shape) == tuple(expected.shape), what
    np.testing.assert_allclose(
        actual.detach().numpy(), expected.detach().numpy(), rtol=1e-5, atol=2e-6, err_msg=what
    )  # fmt: skip


def compare(make, run, *arrays):
    """Let both sides run a module with equal parameters; compare results and all gradients.

    make: side -> module;  run: (side, module, *tensors) -> results
    """
    modules = {side: make(side) for side in (ours, theirs)}
    state = modules[theirs].state_dict()
    assert list(modules[ours].state_dict()) == list(state)
    modules[ours].load_state_dict(state)
    results, leaves = {}, {}
    for side, module in modules.items():
        leaves[side] = [of(side, array) for array in arrays]
        results[side] = flat(run(side, module, *leaves[side]))
    seeds = [RANDOM.normal(size=tuple(x.shape)).astype(np.float32) for x in results[theirs]]
    for side, made in results.items():
        sum((x * side.tensor(seed)).sum() for x, seed in zip(made, seeds) if x.is_floating_point()).backward()

    for i, pair in enumerate(zip(results[ours], results[theirs], strict=True)):
        same(*pair, f"result {i}")
    for i, pair in enumerate(zip(leaves[ours], leaves[theirs], strict=True)):
        if pair[1].grad is not None:
            same(pair[0].grad, pair[1].grad, f"gradient of operand {i}")
    for name, parameter in modules[theirs].named_parameters():
        own = dict(modules[ours].named_parameters())[name]
        if parameter.grad is not None:
            same(own.grad, parameter.grad.to_dense(), f"gradient of {name}")


LAYERS = {"RNN": {}, "LSTM": {}, "GRU": {}}
FORMS = {
    "plain": {}, "batch first": {"batch_first": True}, "two layers": {"num_layers": 2},
    "both directions": {"num_layers": 2, "bidirectional": True}, "no bias": {"bias": False},
}  # fmt: skip


def states_of(name, walks, *batch):
    made = [drawn(walks, *batch, 4) for _ in range(2 if name == "LSTM" else 1)]
    return made


def as_hx(states):
    return tuple(states) if len(states) > 1 else states[0] if states else None


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", LAYERS)
def test_layers(name, form):
    settings = FORMS[form]
    walks = settings.get("num_layers", 1) * (2 if settings.get("bidirectional") else 1)

    def make(side):
        return getattr(side.nn, name)(3, 4, **settings)

    compare(make, lambda side, module, x: module(x), drawn(5, 5, 3))
    compare(make, lambda side, module, x, *states: module(x, as_hx(states)), drawn(5, 5, 3), *states_of(name, walks, 5))
    compare(make, lambda side, module, x, *states: module(x, as_hx(states)), drawn(5, 3), *states_of(name, walks))


def test_relu_as_the_nonlinearity():
    compare(lambda side: side.nn.RNN(3, 4, nonlinearity="relu"), lambda side, module, x: module(x), drawn(6, 2, 3))


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("form", ["plain", "both directions"])
def test_layers_over_packed_sequences(name, form):
    settings = FORMS[form]
    walks = settings.get("num_layers", 1) * (2 if settings.get("bidirectional") else 1)

    def run(side, module, x, *states):
        rnn = side.nn.utils.rnn
        packed = rnn.pack_padded_sequence(x, side.tensor(LENGTHS), enforce_sorted=False)
        outputs, last = module(packed, as_hx(states))
        padded, lengths = rnn.pad_packed_sequence(outputs, padding_value=0.5, total_length=6)
        assert lengths.tolist() == LENGTHS
        return outputs.data, padded, last

    def make(side):
        return getattr(side.nn, name)(3, 4, **settings)

    compare(make, run, drawn(5, 3, 3))
    compare(make, run, drawn(5, 3, 3), *states_of(name, walks, 3))


@pytest.mark.parametrize("name", ["RNNCell", "LSTMCell", "GRUCell"])
def test_cells(name):
    states = [drawn(2, 4) for _ in range(2 if name == "LSTMCell" else 1)]

    def twice(side, module, x, *states):
        hx = module(x, as_hx(states))
        return hx, module(x * 2, hx)

    compare(lambda side: getattr(side.nn, name)(3, 4), twice, drawn(2, 3), *states)
    compare(lambda side: getattr(side.nn, name)(3, 4, bias=False), twice, drawn(2, 3))
    compare(lambda side: getattr(side.nn, name)(3, 4), twice, drawn(3), *[s[0] for s in states])


def test_packing():
    x = drawn(5, 3, 2)
    packs = {}
    for side in (ours, theirs):
        rnn = side.nn.utils.rnn
        a = rnn.pack_padded_sequence(side.tensor(x), [5, 4, 1])
        b = rnn.pack_padded_sequence(side.tensor(x), LENGTHS, enforce_sorted=False)
        c = rnn.pack_sequence([side.tensor(x[:n, 0]) for n in LENGTHS], enforce_sorted=False)
        padded = rnn.pad_packed_sequence(b, batch_first=True, padding_value=-1.0)
        rows = rnn.pad_sequence([side.tensor(x[:n, 0]) for n in LENGTHS], batch_first=True, padding_value=7.0)
        left = rnn.pad_sequence([side.tensor(x[:n, 0]) for n in LENGTHS], padding_side="left")
        packs[side] = flat([tuple(a), tuple(b), tuple(c), padded, rows, left, rnn.unpack_sequence(b)])

    for i, (one, other) in enumerate(zip(packs[ours], packs[theirs], strict=True)):
        assert np.array_equal(one.numpy(), other.numpy()), i


INDICES = np.array([[1, 4, 1], [0, 2, 2]])
TABLES = {
    "plain": {}, "padding": {"padding_idx": 1}, "max norm": {"max_norm": 1.0, "norm_type": 1.0},
    "by frequency": {"scale_grad_by_freq": True}, "sparse": {"sparse": True},
}  # fmt: skip


@pytest.mark.parametrize("form", TABLES)
def test_embedding(form):
    def make(side):
        theirs.manual_seed(1)
        return side.nn.Embedding(5, 3, **TABLES[form])

    compare(make, lambda side, module, i: (module(i), module.weight.detach()), INDICES)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_embedding_bag(mode):
    def make(side):
        return side.nn.EmbeddingBag(5, 3, mode=mode, padding_idx=2)

    offsets = np.array([0, 1, 1, 4])
    compare(make, lambda side, module, i: module(i), INDICES)
    compare(make, lambda side, module, i, o: module(i, o), INDICES.ravel(), offsets)


def test_embedding_bag_with_weights_and_a_last_offset():
    compare(
        lambda side: side.nn.EmbeddingBag(5, 3, mode="sum", include_last_offset=True),
        lambda side, module, i, o, w: module(i, o, w),
        INDICES.ravel(), np.array([0, 2, 6]), drawn(6),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU", "LSTMCell", "Embedding", "EmbeddingBag"])
def test_parameters_start_in_the_same_range(name):
    sizes = {"Embedding": (400, 50), "EmbeddingBag": (400, 50)}.get(name, (40, 100))
    for own, other in zip(
        getattr(ours.nn, name)(*sizes).parameters(), getattr(theirs.nn, name)(*sizes).parameters(), strict=True
    ):
        a, b = own.detach().numpy(), other.detach().numpy()
        assert a.shape == b.shape
        assert a.std() == pytest.approx(b.std(), rel=0.2)
        assert abs(a).max() == pytest.approx(abs(b).max(), rel=0.3)


@pytest.mark.parametrize(
    "mistake",
    [
        lambda side: side.nn.LSTM(3, 4)(side.zeros(2, 5, 7)),
        lambda side: side.nn.GRU(3, 4)(side.zeros(2, 5, 3), side.zeros(1, 4, 4)),
        lambda side: side.nn.LSTM(3, 4)(side.zeros(2, 5, 3, 1)),
        lambda side: side.nn.LSTM(3, 4)(side.zeros(2, 5, 3), (side.zeros(2, 4), side.zeros(2, 4))),
        lambda side: side.nn.GRU(3, 4)(side.zeros(2, 3), side.zeros(1, 2, 4)),
        lambda side: side.nn.GRUCell(3, 4)(side.zeros(2, 7)),
        lambda side: side.nn.GRUCell(3, 4)(side.zeros(2, 3), side.zeros(3, 4)),
        lambda side: side.nn.RNN(3, 4, nonlinearity="elu"),
        lambda side: side.nn.RNN(3, 0),
        lambda side: side.nn.utils.rnn.pack_padded_sequence(side.zeros(5, 2, 3), [2, 5]),
        lambda side: side.nn.utils.rnn.pack_padded_sequence(side.zeros(5, 2, 3), [5, 0]),
        lambda side: side.nn.functional.embedding(side.tensor([7]), side.zeros(5, 2)),
        lambda side: side.nn.functional.embedding(side.tensor([1.0]), side.zeros(5, 2)),
        lambda side: side.nn.Embedding(5, 3, padding_idx=9),
    ],
)
def test_mistakes_are_told_by_the_same_error(mistake):
    kinds = (ValueError, RuntimeError, IndexError, AssertionError)
    with pytest.raises(kinds) as other:
        mistake(theirs)
    with pytest.raises(kinds) as own:
        mistake(ours)

    expected = other.type if other.type is not AssertionError else ValueError
    assert isinstance(own.value, expected)
    assert str(own.value)[:25] == str(other.value)[:25]
