"""Values, dtypes and gradients of functions and methods, beside PyTorch's own."""

import numpy as np
import pytest

import trivium_api_dynamic as ours

RANDOM = np.random.default_rng(0)
MATRIX = RANDOM.uniform(-2, 2, (3, 4)).astype(np.float32)
OTHER = RANDOM.uniform(-2, 2, (3, 4)).astype(np.float32)
POSITIVE = RANDOM.uniform(0.5, 2, (3, 4)).astype(np.float32)
CUBE = RANDOM.uniform(-2, 2, (2, 3, 4)).astype(np.float32)
BATCH = RANDOM.uniform(-2, 2, (2, 4, 5)).astype(np.float32)
ROW = RANDOM.uniform(-2, 2, 4).astype(np.float32)
SQUARE = RANDOM.uniform(-2, 2, (4, 4)).astype(np.float32)
TIES = np.array([[1, 3, 3], [2, 2, 0]], np.float32)

# name: (function of (torch, tensors...), inputs)
CASES = {
    "add": (lambda t, x, y: x + y, MATRIX, OTHER),
    "add alpha": (lambda t, x, y: t.add(x, y, alpha=3), MATRIX, ROW),
    "sub": (lambda t, x, y: x - y, MATRIX, ROW),
    "rsub": (lambda t, x: 2 - x, MATRIX),
    "mul": (lambda t, x, y: x * y, MATRIX, OTHER),
    "div": (lambda t, x, y: x / y, MATRIX, POSITIVE),
    "rdiv": (lambda t, x: 1 / x, POSITIVE),
    "pow 2": (lambda t, x: x**2, MATRIX),
    "pow 3": (lambda t, x: x**3, MATRIX),
    "pow half": (lambda t, x: x**0.5, POSITIVE),
    "pow tensor": (lambda t, x, y: x**y, POSITIVE, OTHER),
    "rpow": (lambda t, x: 2**x, MATRIX),
    "neg": (lambda t, x: -x, MATRIX),
    "abs": (lambda t, x: x.abs(), MATRIX),
    "exp": (lambda t, x: x.exp(), MATRIX),
    "log": (lambda t, x: x.log(), POSITIVE),
    "sqrt": (lambda t, x: x.sqrt(), POSITIVE),
    "rsqrt": (lambda t, x: x.rsqrt(), POSITIVE),
    "square": (lambda t, x: x.square(), MATRIX),
    "reciprocal": (lambda t, x: x.reciprocal(), POSITIVE),
    "sigmoid": (lambda t, x: t.sigmoid(x), MATRIX),
    "tanh": (lambda t, x: x.tanh(), MATRIX),
    "relu": (lambda t, x: x.relu(), MATRIX),
    "clamp": (lambda t, x: x.clamp(-0.5, 0.7), MATRIX),
    "clamp at its limits": (lambda t, x: x.clamp(1, 3), TIES),
    "clamp min": (lambda t, x: t.clamp(x, min=0.1), MATRIX),
    "clamp max tensor": (lambda t, x, y: x.clamp(max=y), MATRIX, ROW),
    "maximum": (lambda t, x, y: t.maximum(x, y), MATRIX, OTHER),
    "minimum": (lambda t, x, y: t.minimum(x, y), MATRIX, ROW),
    "lerp": (lambda t, x, y: t.lerp(x, y, 0.3), MATRIX, OTHER),
    "addcmul": (lambda t, x, y: t.addcmul(x, x, y, value=0.5), MATRIX, OTHER),
    "addcdiv": (lambda t, x, y: t.addcdiv(x, x, y, value=0.5), MATRIX, POSITIVE),
    "where": (lambda t, x, y: t.where(x > 0, x, y), MATRIX, OTHER),
    "where number": (lambda t, x: t.where(x > 0, x, 0.0), MATRIX),
    "where method": (lambda t, x, y: x.where(y > 0, y), MATRIX, OTHER),
    "sum": (lambda t, x: x.sum(), MATRIX),
    "sum dim": (lambda t, x: x.sum(1), CUBE),
    "sum dims keep": (lambda t, x: x.sum(dim=(0, -1), keepdim=True), CUBE),
    "mean": (lambda t, x: x.mean(), MATRIX),
    "mean dim": (lambda t, x: t.mean(x, dim=-1, keepdim=True), CUBE),
    "var": (lambda t, x: x.var(), MATRIX),
    "var dim": (lambda t, x: x.var(dim=1, unbiased=False, keepdim=True), CUBE),
    "std": (lambda t, x: x.std(0), MATRIX),
    "max": (lambda t, x: x.max(), TIES),
    "max dim": (lambda t, x: x.max(1)[0], TIES),
    "max dim keep": (lambda t, x: x.max(dim=0, keepdim=True).values, CUBE),
    "max of two": (lambda t, x, y: t.max(x, y), MATRIX, OTHER),
    "min": (lambda t, x: x.min(), TIES),
    "min dim": (lambda t, x: x.min(-1).values, CUBE),
    "amax": (lambda t, x: x.amax(1), TIES),
    "amin": (lambda t, x: x.amin((0, 1)), TIES),
    "norm": (lambda t, x: x.norm(), MATRIX),
    "norm 1": (lambda t, x: x.norm(p=1, dim=1), MATRIX),
    "norm 3": (lambda t, x: x.norm(3, 0), MATRIX),
    "logsumexp": (lambda t, x: t.logsumexp(x, 1), CUBE),
    "softmax": (lambda t, x: x.softmax(1), CUBE),
    "log_softmax": (lambda t, x: t.log_softmax(x, -1), CUBE),
    "matmul": (lambda t, x, y: x @ y, MATRIX, SQUARE),
    "matmul vector": (lambda t, x, y: x @ y, MATRIX, ROW),
    "vector matmul": (lambda t, x, y: x @ y, ROW, SQUARE),
    "vector vector": (lambda t, x, y: x @ y, ROW, ROW),
    "matmul broadcast": (lambda t, x, y: t.matmul(x, y), CUBE, SQUARE),
    "matmul batch": (lambda t, x, y: t.bmm(x, y), CUBE, BATCH),
    "mm": (lambda t, x, y: t.mm(x, y), MATRIX, SQUARE),
    "mv": (lambda t, x, y: x.mv(y), MATRIX, ROW),
    "dot": (lambda t, x, y: x.dot(y), ROW, ROW),
    "outer": (lambda t, x, y: t.outer(x, y), ROW, ROW),
    "addmm": (lambda t, b, x, y: t.addmm(b, x, y, beta=0.5, alpha=2), ROW, MATRIX, SQUARE),
    "view": (lambda t, x: x.view(2, -1) * 2, MATRIX),
    "reshape of transposed": (lambda t, x: x.t().reshape(-1) * 2, MATRIX),
    "flatten": (lambda t, x: x.flatten(1) * 2, CUBE),
    "permute": (lambda t, x: x.permute(2, 0, 1) * 2, CUBE),
    "transpose": (lambda t, x: x.transpose(0, -1) * 2, CUBE),
    "T": (lambda t, x: x.T * 2, MATRIX),
    "squeeze": (lambda t, x: x.unsqueeze(1).squeeze() * 2, MATRIX),
    "squeeze dim": (lambda t, x: x.unsqueeze(-1).squeeze(-1) * 2, MATRIX),
    "expand": (lambda t, x: x.expand(2, 3, -1) * 2, ROW),
    "repeat": (lambda t, x: x.repeat(2, 3) * 2, ROW),
    "narrow": (lambda t, x: x.narrow(1, 1, 2) * 2, MATRIX),
    "select": (lambda t, x: x.select(-1, -2) * 2, CUBE),
    "flip": (lambda t, x: t.flip(x, (0, 2)) * 2, CUBE),
    "cat": (lambda t, x, y: t.cat([x, y, x], 1) * 2, MATRIX, OTHER),
    "stack": (lambda t, x, y: t.stack([x, y], -1) * 2, MATRIX, OTHER),
    "split": (lambda t, x: x.split(3, 1)[1] * 2, MATRIX),
    "split sizes": (lambda t, x: x.split([1, 3], dim=1)[1] * 2, MATRIX),
    "chunk": (lambda t, x: x.chunk(3, -1)[1] * 2, MATRIX),
    "unbind": (lambda t, x: x.unbind(0)[1] * 2, MATRIX),
    "tril": (lambda t, x: x.tril(), MATRIX),
    "triu": (lambda t, x: t.triu(x, 1), MATRIX),
    "gather": (lambda t, x: x.gather(1, t.tensor([[0, 1], [3, 3], [2, 0]])), MATRIX),
    "gather smaller": (lambda t, x: x.gather(1, t.tensor([[0, 1], [3, 3]])), MATRIX),
    "scatter_add": (lambda t, x, y: x.scatter_add(1, t.tensor([[0, 0, 1, 3]] * 3), y), MATRIX, OTHER),
    "index_select": (lambda t, x: x.index_select(1, t.tensor([0, 0, 3])), MATRIX),
    "index_add": (lambda t, x, y: x.index_add(0, t.tensor([0, 0, 2]), y, alpha=2), MATRIX, OTHER),
    "masked_fill": (lambda t, x: x.masked_fill(x > 0, -1.0), MATRIX),
    "masked_select": (lambda t, x: x.masked_select(x > 0), MATRIX),
    "take": (lambda t, x: x.take(t.tensor([0, 5, 5])), MATRIX),
    "clone": (lambda t, x: x.clone() * x, MATRIX),
    "to float64": (lambda t, x: x.double() * 2, MATRIX),
    "detached": (lambda t, x: x.detach() * x, MATRIX),
}
FUNCTIONAL = {
    "linear": (lambda F, x, w, b: F.linear(x, w, b), MATRIX, SQUARE, ROW),
    "leaky_relu": (lambda F, x: F.leaky_relu(x, 0.2), MATRIX),
    "elu": (lambda F, x: F.elu(x, 1.3), MATRIX),
    "silu": (lambda F, x: F.silu(x), MATRIX),
    "softplus": (lambda F, x: F.softplus(x * 20), MATRIX),
    "logsigmoid": (lambda F, x: F.logsigmoid(x * 20), MATRIX),
    "normalize": (lambda F, x: F.normalize(x, dim=1), MATRIX),
    "pad": (lambda F, x: F.pad(x, (1, -2, 2, 0), value=0.5), MATRIX),
    "mse": (lambda F, x, y: F.mse_loss(x, y), MATRIX, OTHER),
    "l1": (lambda F, x, y: F.l1_loss(x, y, reduction="sum"), MATRIX, OTHER),
    "smooth_l1": (lambda F, x, y: F.smooth_l1_loss(x, y, beta=0.7), MATRIX, OTHER),
    "bce": (lambda F, x, y: F.binary_cross_entropy(x.sigmoid(), y.sigmoid()), MATRIX, OTHER),
    "bce logits": (lambda F, x, y: F.binary_cross_entropy_with_logits(x * 9, y.sigmoid()), MATRIX, OTHER),
}


def run(torch, function, arrays, dtype=np.float32):
    inputs = [torch.tensor(a.astype(dtype), requires_grad=True) for a in arrays]
    out = function(inputs)
    seed = np.linspace(0.5, 1.5, out.numel()).astype(str(out.dtype).removeprefix("torch.")).reshape(tuple(out.shape))
    out.backward(torch.tensor(seed))
    return out, [x.grad for x in inputs]


def agree(peer, function_of, arrays):
    mine, my_gradients = run(ours, lambda xs: function_of(ours, xs), arrays)
    theirs, their_gradients = run(peer, lambda xs: function_of(peer, xs), arrays)

    assert tuple(mine.shape) == tuple(theirs.shape)
    assert repr(mine.dtype) == repr(theirs.dtype)
    np.testing.assert_allclose(mine.detach().numpy(), theirs.detach().numpy(), rtol=1e-5, atol=1e-6)
    for mine, theirs in zip(my_gradients, their_gradients, strict=True):
        np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients_agree(peer, name):
    function, *arrays = CASES[name]

    agree(peer, lambda torch, xs: function(torch, *xs), arrays)


@pytest.mark.parametrize("name", FUNCTIONAL)
def test_functional_values_and_gradients_agree(peer, name):
    function, *arrays = FUNCTIONAL[name]

    agree(peer, lambda torch, xs: function(torch.nn.functional, *xs), arrays)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("options", [{}, {"ignore_index": 1}, {"label_smoothing": 0.1}, {"weight": True}])
def test_cross_entropy_agrees(peer, reduction, options):
    def loss(torch, xs):
        given = {**options, "weight": torch.tensor([1.0, 2.0, 0.5, 3.0])} if "weight" in options else options
        return torch.nn.functional.cross_entropy(xs[0], torch.tensor([1, 3, 0]), reduction=reduction, **given)

    agree(peer, loss, [MATRIX])


def test_cross_entropy_of_probabilities_agrees(peer):
    agree(peer, lambda t, xs: t.nn.functional.cross_entropy(xs[0], xs[1].softmax(1)), [MATRIX, OTHER])


def test_nll_and_images_agree(peer):
    labels = [[[0, 1, 2, 2]], [[2, 1, 0, 1]]]
    images = CUBE.reshape(2, 3, 1, 4)

    agree(peer, lambda t, xs: t.nn.functional.cross_entropy(xs[0], t.tensor(labels)), [images])
    agree(
        peer, lambda t, xs: t.nn.functional.nll_loss(xs[0].log_softmax(1), t.tensor(labels), ignore_index=2), [images]
    )


WHOLE = {
    "sum of ints": lambda t: t.tensor([1, 2, 3], dtype=t.int32).sum(),
    "sum of bools": lambda t: t.tensor([True, True]).sum(),
    "true division": lambda t: t.tensor([3, 4]) / 2,
    "argmax": lambda t: t.tensor([[1, 5, 2], [9, 0, 9]]).argmax(1),
    "argmax of all": lambda t: t.tensor([[1, 5, 2], [9, 0, 9]]).argmax(),
    "argmin": lambda t: t.tensor([[1, 5, 2], [9, 0, 9]], dtype=t.uint8).argmin(dim=1, keepdim=True),
    "min of the lowest int": lambda t: t.tensor([-(2**63), 5]).min(),
    "max with indices": lambda t: t.tensor([[1, 5], [7, 0]]).max(0).indices,
    "any": lambda t: t.tensor([[0, 1], [0, 0]]).any(1),
    "all": lambda t: t.tensor([[0, 1], [1, 1]]).all(),
    "count_nonzero": lambda t: t.tensor([[0, 1], [1, 1]]).count_nonzero(),
    "comparison": lambda t: t.tensor([1, 2, 3]) >= t.tensor([2, 2, 2]),
    "comparison with a float": lambda t: t.tensor([1, 2, 3]) > 1.5,
    "equality": lambda t: t.tensor([1.0, 2.0]) == t.tensor([1, 3]),
    "not": lambda t: ~t.tensor([True, False]),
    "not of ints": lambda t: ~t.tensor([0, 5]),
    "and": lambda t: t.tensor([True, False]) & t.tensor([True, True]),
    "xor": lambda t: t.tensor([True, False]) ^ True,
    "sum of bool tensors": lambda t: t.tensor([True, False]) + t.tensor([True, True]),
    "isnan": lambda t: t.tensor([1.0, float("nan"), float("inf")]).isnan(),
    "isinf": lambda t: t.isinf(t.tensor([1.0, float("nan"), float("-inf")])),
    "arange": lambda t: t.arange(2, 10, 3),
    "arange of floats": lambda t: t.arange(0, 1, 0.25),
    "linspace": lambda t: t.linspace(0, 1, 5),
    "eye": lambda t: t.eye(2, 3),
    "full of ints": lambda t: t.full((2,), 7),
    "full of bools": lambda t: t.full((2,), True),
    "ones_like": lambda t: t.ones_like(t.tensor([1, 2])),
    "one_hot": lambda t: t.nn.functional.one_hot(t.tensor([0, 2]), 4),
    "meshgrid": lambda t: t.meshgrid(t.arange(2), t.arange(3), indexing="ij")[1],
    "empty list": lambda t: t.tensor([]),
    "int of float": lambda t: t.tensor([1.7, -1.7]).long(),
    "bool of float": lambda t: t.tensor([0.0, 0.5]).bool(),
    "isclose": lambda t: t.isclose(t.tensor([1.0, 2.0]), t.tensor([1.0, 2.1])),
}


@pytest.mark.parametrize("name", WHOLE)
def test_functions_without_gradients_agree(peer, name):
    mine, theirs = WHOLE[name](ours), WHOLE[name](peer)

    assert repr(mine.dtype) == repr(theirs.dtype)
    np.testing.assert_array_equal(mine.numpy(), theirs.numpy())


REFUSED = {
    "sizes that do not broadcast": lambda t: t.zeros(2) + t.zeros(3),
    "a view across strides": lambda t: t.zeros(2, 3).t().view(6),
    "a shape of another size": lambda t: t.zeros(2, 3).view(4),
    "a truth of many": lambda t: bool(t.zeros(2)),
    "numbers that matmul cannot join": lambda t: t.zeros(2, 3) @ t.zeros(4, 5),
    "an axis that is not there": lambda t: t.zeros(2).sum(3),
    "an index beyond": lambda t: t.zeros(2)[5],
    "too many indices": lambda t: t.zeros(2)[0, 0],
    "mean of ints": lambda t: t.tensor([1]).mean(),
    "a gradient for ints": lambda t: t.tensor([1], requires_grad=True),
    "NumPy of a leaf": lambda t: t.ones(1, requires_grad=True).numpy(),
    "len of a scalar": lambda t: len(t.tensor(1)),
    "bools subtracted": lambda t: t.tensor([True]) - t.tensor([True]),
    "stack of different sizes": lambda t: t.stack([t.zeros(2), t.zeros(3)]),
    "nothing to join": lambda t: t.cat([]),
    "item of many": lambda t: t.zeros(2).item(),
}


@pytest.mark.parametrize("name", REFUSED)
def test_mistakes_are_refused_with_an_error_of_the_same_kind_and_words(peer, name):
    with pytest.raises(Exception) as theirs:
        REFUSED[name](peer)

    with pytest.raises(theirs.type) as mine:
        REFUSED[name](ours)

    first = str(theirs.value).split(".")[0].split("(")[0].split(";")[0][:40]
    assert first in str(mine.value)
