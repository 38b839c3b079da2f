"""Values and gradients agree with PyTorch to 1e-5 of the largest, wherever PyTorch has the op."""

import numpy as np
import pytest

from trivium import ops
from trivium.autodiff import gradients
from trivium.tensor import Tensor

try:
    import torch
    from torch.nn import functional as F
except ImportError:
    torch = None

CLOSE = 1e-5
RANDOM = np.random.default_rng(5)


def drawn(*shape, low=-2.0, high=2.0):
    return RANDOM.uniform(low, high, shape)


def positive(*shape):
    return drawn(*shape, low=0.3, high=3.0)


def inside(*shape):
    return drawn(*shape, low=-0.9, high=0.9)


def distinct(*shape):
    count = int(np.prod(shape))
    return ((RANDOM.permutation(count) + 0.5) / count * 4 - 2).reshape(shape)


def chances(*shape):
    weights = RANDOM.uniform(0.1, 1.0, shape)
    return weights / weights.sum(axis=1, keepdims=True)


def truths(*shape):
    return RANDOM.integers(0, 2, shape) * 2.0 - 1.0


def labels(*shape, classes):
    return RANDOM.integers(0, classes, shape)


X = drawn(3, 4)
Y = drawn(3, 4)
IMAGE = drawn(2, 4, 6, 5)
SCALE, SHIFT = positive(4), drawn(4)


def row(name, ours, theirs, *arrays):
    return pytest.param(ours, theirs, arrays, id=name)


def same(name, *arrays, theirs=None, **settings):
    """An op that both sides call with the same operands and settings."""
    found = getattr(ops, name)
    return row(
        name, lambda *xs: found(*xs, **settings), lambda *xs: getattr(torch, theirs or name)(*xs, **settings), *arrays
    )


def activation(name, theirs=None, **settings):
    """A function of one value that PyTorch keeps under torch.nn.functional."""
    return row(
        name, lambda x: getattr(ops, name)(x, **settings), lambda x: getattr(F, theirs or name)(x), distinct(5, 6) * 4
    )


OUR_WORD = {"mean": "full", "sum": "none", "none": "each"}


ELEMENTWISE = [
    *[
        same(name, drawn(3, 4))
        for name in ("floor", "ceil", "round", "trunc", "sign", "expm1", "exp2", "sin", "cos", "atan")
    ],
    *[same(name, drawn(3, 4)) for name in ("sinh", "cosh", "asinh", "erf", "erfc", "isnan", "isinf")],
    *[same(name, positive(3, 4)) for name in ("log1p", "log2", "log10", "rsqrt", "reciprocal", "lgamma", "digamma")],
    *[same(name, inside(3, 4)) for name in ("tan", "asin", "acos", "atanh", "erfinv")],
    same("acosh", positive(3, 4) + 1.0),
    same("atan2", X, Y),
    same("fmod", X, Y + 3.0),
    same("fmod", -np.abs(X), np.array([0.7, -0.7, 0.4, -1.1])),
    row("remainder", ops.mod, lambda x, y: torch.remainder(x, y), X, np.array([0.7, -0.7, 0.4, -1.1])),
    row("floor_divide", ops.floor_divide, lambda x, y: torch.floor_divide(x.detach(), y.detach()), X, Y),
    row("digamma-below-0", ops.digamma, lambda x: torch.digamma(x), np.array([-0.3, -1.6, -2.2])),
    row("polygamma-2", lambda x: ops.polygamma(x, order=2), lambda x: torch.polygamma(2, x), positive(5)),
    *[
        same(name, labels(5, classes=16), labels(5, classes=16))
        for name in ("bitwise_and", "bitwise_or", "bitwise_xor")
    ],
    row(
        "shifts",
        ops.left_shift,
        lambda x, y: torch.bitwise_left_shift(x, y),
        labels(5, classes=16),
        labels(5, classes=4),
    ),
]

ACTIVATIONS = [
    *[activation(name) for name in ("softplus", "softsign", "elu", "selu", "celu", "gelu", "silu", "mish", "relu6")],
    *[activation(name) for name in ("hardtanh", "leaky_relu")],
    activation("log_sigmoid", "logsigmoid"),
    activation("hard_sigmoid", "hardsigmoid"),
    activation("hard_swish", "hardswish"),
    activation("hard_shrink", "hardshrink"),
    activation("soft_shrink", "softshrink"),
    activation("tanh_shrink", "tanhshrink"),
    row("gelu-tanh", lambda x: ops.gelu(x, form="tanh"), lambda x: F.gelu(x, approximate="tanh"), X),
    row("elu-alpha", lambda x: ops.elu(x, alpha=0.3), lambda x: F.elu(x, alpha=0.3), X),
    row("celu-alpha", lambda x: ops.celu(x, alpha=0.3), lambda x: F.celu(x, alpha=0.3), X),
    row("relu6-kinks", ops.relu6, lambda x: F.relu6(x), np.array([-1.0, 0.0, 3.0, 6.0, 7.0])),
    row("prelu", ops.prelu, lambda x, slope: F.prelu(x, slope), IMAGE, positive(4)),
    row("glu", ops.glu, lambda x: F.glu(x), X),
    row("softmin", ops.softmin, lambda x: F.softmin(x, dim=-1), X),
    row("threshold", lambda x: ops.threshold(x, at=0.5, value=-3.0), lambda x: F.threshold(x, 0.5, -3.0), X),
]

REDUCTIONS = [
    row("prod", lambda x: ops.prod(x, axis=1), lambda x: torch.prod(x, dim=1), np.where(X > 1.5, 0.0, X)),
    row("min", lambda x: ops.min(x, axis=1), lambda x: torch.amin(x, dim=1), distinct(3, 4)),
    row("min-ties", lambda x: ops.min(x, axis=1), lambda x: torch.amin(x, dim=1), np.array([[1.0, 0.0, 0.0, 2.0]])),
    row("argmin", lambda x: ops.argmin(x, axis=1), lambda x: torch.argmin(x, dim=1), distinct(3, 4)),
    row("logsumexp", lambda x: ops.logsumexp(x, axis=1), lambda x: torch.logsumexp(x, dim=1), X * 50),
    row("variance-1", lambda x: ops.variance(x, axis=1, correction=1), lambda x: torch.var(x, dim=1), X),
    row("variance-0", lambda x: ops.variance(x), lambda x: torch.var(x, correction=0), X),
    row("std", lambda x: ops.std(x, axis=0, correction=1), lambda x: torch.std(x, dim=0), X),
    *[
        row(
            f"norm-{p}",
            lambda x, p=p: ops.norm(x, order=p, axis=1),
            lambda x, p=p: torch.linalg.vector_norm(x, p, dim=1),
            X,
        )
        for p in (1.0, 2.0, 3.0, np.inf, -np.inf, 0.0)
    ],
    row("norm-of-0", lambda x: ops.norm(x), lambda x: torch.norm(x), np.zeros(3)),
    row("cumsum", lambda x: ops.cumsum(x, axis=1), lambda x: torch.cumsum(x, 1), X),
    row("cumprod", lambda x: ops.cumprod(x, axis=1), lambda x: torch.cumprod(x, 1), np.where(X > 1.5, 0.0, X)),
    row("count_nonzero", lambda x: ops.count_nonzero(x, axis=1), lambda x: torch.count_nonzero(x, dim=1), np.round(X)),
]

LINEAR_ALGEBRA = [
    row("einsum", lambda x, y: ops.einsum(x, y, equation="bij,bkj->bik"),
        lambda x, y: torch.einsum("bij,bkj->bik", x, y), drawn(2, 3, 4), drawn(2, 5, 4)),
    row("einsum-dots", lambda x, y: ops.einsum(x, y, equation="...ij,jk"), lambda x, y: torch.einsum("...ij,jk", x, y),
        drawn(2, 3, 4), drawn(4, 2)),
    row("outer", ops.outer, lambda x, y: torch.outer(x, y), drawn(3), drawn(4)),
    row("dot", ops.dot, lambda x, y: torch.dot(x, y), drawn(3), drawn(3)),
    row("tensordot", lambda x, y: ops.tensordot(x, y, axes=((1, 0), (0, 1))),
        lambda x, y: torch.tensordot(x, y, ([1, 0], [0, 1])), drawn(3, 4, 2), drawn(4, 3, 5)),
    row("diagonal", lambda x: ops.diagonal(x, offset=1), lambda x: torch.diagonal(x, 1, -2, -1), drawn(2, 3, 5)),
    row("embed_diagonal", lambda x: ops.embed_diagonal(x, size=(3, 3)), lambda x: torch.diag_embed(x), drawn(2, 3)),
    row("tril", lambda x: ops.tril(x, offset=-1), lambda x: torch.tril(x, -1), drawn(2, 3, 5)),
    row("triu", lambda x: ops.triu(x, offset=1), lambda x: torch.triu(x, 1), drawn(2, 3, 5)),
    row("trace", ops.trace, lambda x: torch.trace(x), drawn(3, 5)),
]  # fmt: skip

ARRANGING = [
    row("stack", lambda x, y: ops.stack(x, y, axis=1), lambda x, y: torch.stack((x, y), 1), X, Y),
    row("tile", lambda x: ops.tile(x, times=(2, 1, 3)), lambda x: torch.tile(x, (2, 1, 3)), X),
    row("repeat", lambda x: ops.repeat(x, times=3, axis=1), lambda x: torch.repeat_interleave(x, 3, 1), X),
    row("roll", lambda x: ops.roll(x, shift=-3, axis=1), lambda x: torch.roll(x, -3, 1), X),
    row("meshgrid", lambda x, y: ops.stack(*ops.meshgrid(x, y, indexing="xy")),
        lambda x, y: torch.stack(torch.meshgrid(x, y, indexing="xy")), drawn(3), drawn(4)),
    *[
        row(f"pad-{ours}", lambda x, ours=ours: ops.pad_mirrored(x, widths=((0, 0), (0, 0), (2, 1), (0, 3)), mode=ours),
            lambda x, theirs=theirs: F.pad(x, (0, 3, 2, 1), mode=theirs), IMAGE)
        for ours, theirs in (("reflect", "reflect"), ("edge", "replicate"), ("wrap", "circular"))
    ],
    row("depth_to_space", lambda x: ops.depth_to_space(x, block=2, order="channel"),
        lambda x: F.pixel_shuffle(x, 2), IMAGE),
    row("space_to_depth", lambda x: ops.space_to_depth(x, block=2, order="channel"), lambda x: F.pixel_unshuffle(x, 2),
        drawn(2, 3, 4, 6)),
]  # fmt: skip

ROWS, PLACES = np.array([2, 0]), np.array([[1, 0, 3], [2, 3, 0]])

INDEXING = [
    row("sort", lambda x: ops.sort(x, axis=0, descending=True)[0], lambda x: torch.sort(x, 0, True)[0], distinct(3, 4)),
    row("argsort", lambda x: ops.argsort(x), lambda x: torch.argsort(x, stable=True), np.round(X)),
    row("top_k", lambda x: ops.top_k(x, k=2)[0], lambda x: torch.topk(x, 2)[0], distinct(3, 4)),
    row("top_k-smallest", lambda x: ops.top_k(x, k=2, axis=0, largest=False)[1],
        lambda x: torch.topk(x, 2, 0, largest=False)[1], distinct(3, 4)),
    row("unique", lambda x: ops.unique(x)[0], lambda x: torch.unique(x.detach()), np.round(X)),
    row("unique-inverse", lambda x: ops.unique(x)[1], lambda x: torch.unique(x, return_inverse=True)[1], np.round(X)),
    row("nonzero", ops.nonzero, lambda x: torch.nonzero(x), np.round(X / 2)),
    row("masked_select", lambda x: ops.masked_select(x, x > 0.0), lambda x: torch.masked_select(x, x > 0), X),
    row("searchsorted", lambda e, x: ops.searchsorted(e, x, side="right"),
        lambda e, x: torch.searchsorted(e, x, right=True), np.sort(drawn(5)), X),
    row("bincount", ops.bincount, lambda x: torch.bincount(x), labels(9, classes=4)),
    row("scatter", lambda x, y: ops.put_along(x, Tensor.of(PLACES), y, axis=1),
        lambda x, y: torch.scatter(x, 1, torch.tensor(PLACES), y), drawn(2, 4), drawn(2, 3)),
    row("scatter_add", lambda x, y: ops.put_along_add(x, Tensor.of(PLACES), y, axis=1),
        lambda x, y: torch.scatter_add(x, 1, torch.tensor(PLACES), y), drawn(2, 4), drawn(2, 3)),
    row("index_copy", lambda x, y: ops.scatter(x, Tensor.of(ROWS), y),
        lambda x, y: torch.index_copy(x, 0, torch.tensor(ROWS), y), drawn(3, 4), drawn(2, 4)),
    row("index_put", lambda x, y: ops.scatter_nd(x, Tensor.of(np.array([[0, 1], [2, 3]])), y),
        lambda x, y: x.index_put((torch.tensor([0, 2]), torch.tensor([1, 3])), y), X, drawn(2)),
    row("embedding", lambda x: ops.embedding(x, Tensor.of(PLACES), padding=3),
        lambda x: F.embedding(torch.tensor(PLACES), x, padding_idx=3), drawn(4, 5)),
    row("segment_sum", lambda x: ops.segment_sum(x, Tensor.of(np.array([1, 0, 1])), count=3),
        lambda x: torch.zeros(3, 4, dtype=x.dtype).index_add(0, torch.tensor([1, 0, 1]), x), X),
]  # fmt: skip

SPATIAL = [
    row("convolution_transpose",
        lambda x, w, b: ops.convolution_transpose(x, w, b, stride=2, padding=1, output_padding=(1, 0), groups=2),
        lambda x, w, b: F.conv_transpose2d(x, w, b, stride=2, padding=1, output_padding=(1, 0), groups=2),
        IMAGE, drawn(4, 3, 3, 2), drawn(6)),
    row("convolution_transpose-dilated", lambda x, w: ops.convolution_transpose(x, w, dilation=2),
        lambda x, w: F.conv_transpose1d(x, w, dilation=2), drawn(2, 3, 5), drawn(3, 2, 3)),
    row("lp_pool", lambda x: ops.lp_pool(x, order=2, kernel=2), lambda x: F.lp_pool2d(x, 2, 2), IMAGE),
    row("adaptive_average_pool", lambda x: ops.adaptive_average_pool(x, size=(4, 3)),
        lambda x: F.adaptive_avg_pool2d(x, (4, 3)), IMAGE),
    row("adaptive_max_pool", lambda x: ops.adaptive_max_pool(x, size=(4, 3))[0],
        lambda x: F.adaptive_max_pool2d(x, (4, 3)), distinct(2, 4, 6, 5)),
    row("adaptive_max_pool-indices", lambda x: ops.cast(ops.adaptive_max_pool(x, size=(4, 3))[1], dtype="int64"),
        lambda x: F.adaptive_max_pool2d(x, (4, 3), return_indices=True)[1], distinct(2, 4, 6, 5)),
    row("max_unpool", lambda x: ops.max_unpool(*ops.max_pool(x, kernel=2), size=(6, 5)),
        lambda x: F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2, output_size=(6, 5)),
        distinct(2, 4, 6, 5)),
    row("global_average_pool", ops.global_average_pool, lambda x: F.adaptive_avg_pool2d(x, 1), IMAGE),
    row("global_max_pool", ops.global_max_pool, lambda x: F.adaptive_max_pool2d(x, 1), distinct(2, 4, 6, 5)),
    *[
        row(f"local_response_norm-{size}",
            lambda x, s=size: ops.local_response_norm(x, size=s, alpha=0.4, beta=0.6, k=1.5),
            lambda x, s=size: F.local_response_norm(x, s, 0.4, 0.6, 1.5), drawn(2, 7, 3, 3))
        for size in (3, 4)
    ],
    row("layer_norm", lambda x, s, b: ops.layer_norm(x, s, b, axes=2, epsilon=0.01),
        lambda x, s, b: F.layer_norm(x, (6, 5), s, b, 0.01), IMAGE, positive(6, 5), drawn(6, 5)),
    row("group_norm", lambda x, s, b: ops.group_norm(x, s, b, groups=2), lambda x, s, b: F.group_norm(x, 2, s, b),
        IMAGE, SCALE, SHIFT),
    row("instance_norm", ops.instance_norm, lambda x, s, b: F.instance_norm(x, weight=s, bias=b), IMAGE, SCALE, SHIFT),
    row("l2_normalize", lambda x: ops.l2_normalize(x, axis=1, limit="length"), lambda x: F.normalize(x), X),
]  # fmt: skip


def resized(name, theirs, sizes=((9, 3), (3, 8)), **settings):
    return [
        row(f"{name}-{size}", lambda x, size=size: ops.resize(x, size=size, **settings),
            lambda x, size=size: F.interpolate(x, size, **theirs), IMAGE)
        for size in sizes
    ]  # fmt: skip


RESIZING = [
    *resized("nearest", {"mode": "nearest"}, method="nearest", corners="asymmetric"),
    *resized("nearest-exact", {"mode": "nearest-exact"}, method="nearest"),
    *resized("bilinear", {"mode": "bilinear"}),
    *resized("bilinear-corners", {"mode": "bilinear", "align_corners": True}, corners="align_corners"),
    *resized("bicubic", {"mode": "bicubic"}, method="cubic"),
    *resized("bicubic-corners", {"mode": "bicubic", "align_corners": True}, method="cubic", corners="align_corners"),
    *resized("area", {"mode": "area"}, method="windows"),
]


def weighted(name, ours, theirs, *arrays):
    """A loss with each of the three ways to reduce it."""
    return [
        row(f"{name}-{reduction}", lambda *xs, r=reduction: ours(*xs, normalization=OUR_WORD[r]),
            lambda *xs, r=reduction: theirs(*xs, reduction=r), *arrays)
        for reduction in ("mean", "sum", "none")
    ]  # fmt: skip


CLASSES = labels(3, classes=4)
TRUTH, PAIR = truths(3), truths(3, 4)
NEGATIVE = np.log(chances(3, 4))
WEIGHTS = positive(4)

LOSSES = [
    *weighted("l1", ops.absolute_error, lambda *xs, **s: F.l1_loss(*xs, **s), X, Y),
    *weighted("huber", lambda *xs, **s: ops.huber(*xs, delta=0.7, **s),
              lambda *xs, **s: F.huber_loss(*xs, delta=0.7, **s), X, Y),
    *weighted("smooth_l1", lambda *xs, **s: ops.smooth_absolute_error(*xs, beta=0.7, **s),
              lambda *xs, **s: F.smooth_l1_loss(*xs, beta=0.7, **s), X, Y),
    *weighted("sigmoid_cross_entropy", ops.sigmoid_cross_entropy,
              lambda *xs, **s: F.binary_cross_entropy_with_logits(*xs, **s), X * 100, chances(3, 4)),
    *weighted("sigmoid_cross_entropy-positive",
              lambda x, y, **s: ops.sigmoid_cross_entropy(x, y, positive_weight=Tensor.of(WEIGHTS), **s),
              lambda x, y, **s: F.binary_cross_entropy_with_logits(x, y, pos_weight=torch.tensor(WEIGHTS), **s),
              X, chances(3, 4)),
    *weighted("binary_cross_entropy", ops.binary_cross_entropy, lambda *xs, **s: F.binary_cross_entropy(*xs, **s),
              chances(3, 4), np.round(chances(3, 4))),
    *weighted("kl_divergence", ops.kl_divergence, lambda *xs, **s: F.kl_div(*xs, **s), NEGATIVE, chances(3, 4)),
    row("kl_divergence-batch", ops.kl_divergence, lambda *xs: F.kl_div(*xs, reduction="batchmean"),
        NEGATIVE, chances(3, 4)),
    *weighted("poisson_nll", ops.poisson_nll, lambda *xs, **s: F.poisson_nll_loss(*xs, **s), X, positive(3, 4)),
    *weighted("poisson_nll-rate", lambda *xs, **s: ops.poisson_nll(*xs, form="rate", **s),
              lambda *xs, **s: F.poisson_nll_loss(*xs, log_input=False, **s), positive(3, 4), positive(3, 4)),
    row("nll", ops.nll, lambda x, y: F.nll_loss(x, y), NEGATIVE, CLASSES),
    row("nll-weights", lambda x, y: ops.nll(x, y, Tensor.of(WEIGHTS)),
        lambda x, y: F.nll_loss(x, y, torch.tensor(WEIGHTS)), NEGATIVE, CLASSES),
    row("nll-ignore", lambda x, y: ops.nll(x, y, Tensor.of(WEIGHTS), ignore=1),
        lambda x, y: F.nll_loss(x, y, torch.tensor(WEIGHTS), ignore_index=1), NEGATIVE, np.array([1, 0, 3])),
    *weighted("multi_margin", ops.multi_margin, lambda *xs, **s: F.multi_margin_loss(*xs, **s), X, CLASSES),
    *weighted("multi_margin-squared",
              lambda x, y, **s: ops.multi_margin(x, y, Tensor.of(WEIGHTS), power=2, margin=0.7, **s),
              lambda x, y, **s: F.multi_margin_loss(x, y, p=2, margin=0.7, weight=torch.tensor(WEIGHTS), **s),
              X, CLASSES),
    *weighted("cosine_embedding", lambda *xs, **s: ops.cosine_embedding(*xs, margin=0.1, **s),
              lambda *xs, **s: F.cosine_embedding_loss(*xs, margin=0.1, **s), X, Y, TRUTH),
    row("cosine_similarity", ops.cosine_similarity, lambda *xs: F.cosine_similarity(*xs), X, Y),
    *weighted("margin_ranking", lambda *xs, **s: ops.margin_ranking(*xs, margin=0.1, **s),
              lambda *xs, **s: F.margin_ranking_loss(*xs, margin=0.1, **s), X, Y, PAIR),
    *weighted("hinge_embedding", ops.hinge_embedding, lambda *xs, **s: F.hinge_embedding_loss(*xs, **s), X, PAIR),
    *weighted("triplet_margin", ops.triplet_margin, lambda *xs, **s: F.triplet_margin_loss(*xs, **s),
              X, Y, drawn(3, 4)),
]  # fmt: skip


def cell(gates):
    return drawn(2, 3), drawn(2, 4), drawn(gates * 4, 3), drawn(gates * 4, 4), drawn(gates * 4), drawn(gates * 4)


STATE = drawn(2, 4)

RECURRENT = [
    row("rnn_cell", ops.rnn_cell, lambda *xs: torch.rnn_tanh_cell(*xs), *cell(1)),
    row("rnn_cell-relu", lambda *xs: ops.rnn_cell(*xs, activation="relu"), lambda *xs: torch.rnn_relu_cell(*xs),
        *cell(1)),
    row("gru_cell", ops.gru_cell, lambda *xs: torch.gru_cell(*xs), *cell(3)),
    *[
        row(f"lstm_cell-{i}", lambda x, h, *rest, i=i: ops.lstm_cell(x, h, Tensor.of(STATE), *rest)[i],
            lambda x, h, *rest, i=i: torch.lstm_cell(x, (h, torch.tensor(STATE)), *rest)[i], *cell(4))
        for i in (0, 1)
    ],
]  # fmt: skip

TABLE = (
    ELEMENTWISE
    + ACTIVATIONS
    + REDUCTIONS
    + LINEAR_ALGEBRA
    + ARRANGING
    + INDEXING
    + SPATIAL
    + RESIZING
    + LOSSES
    + RECURRENT
)


def close(actual, expected, what):
    assert actual.shape == expected.shape, f"{what}: {actual.shape}, PyTorch has {expected.shape}"
    largest = float(np.abs(expected).max(initial=0.0))
    difference = float(np.abs(actual - expected).max(initial=0.0))
    assert difference <= CLOSE * max(largest, 1e-12) or difference == 0, f"{what}: {difference} apart, of {largest}"


def test_pytorch_is_here_to_compare_with():
    if torch is None:
        pytest.skip("PYTORCH IS NOT INSTALLED: nothing in this file was compared; pip install 'trivium[peers]'")


@pytest.mark.skipif(torch is None, reason="PYTORCH IS NOT INSTALLED: pip install 'trivium[peers]'")
@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides the total loss")
@pytest.mark.parametrize(("ours", "theirs", "arrays"), TABLE)
def test_values_and_gradients_agree(ours, theirs, arrays):
    mine = [Tensor.of(x) for x in arrays]
    others = [torch.tensor(x) for x in arrays]
    free = [i for i, x in enumerate(arrays) if x.dtype == np.float64]
    for i in free:
        mine[i].require_gradient()
        others[i].requires_grad_()

    out, expected = ours(*mine), theirs(*others)

    close(np.asarray(out.numpy()).astype(np.float64), expected.detach().double().numpy(), "value")
    if not (expected.requires_grad and out.edge is not None):
        assert not expected.requires_grad or not expected.grad_fn or float(slopes(expected, others, free)) == 0.0
        return
    seed = RANDOM.uniform(0.5, 1.5, expected.shape)
    found = gradients([out], [mine[i] for i in free], [Tensor.of(np.asarray(seed))])
    wanted = torch.autograd.grad(expected, [others[i] for i in free], torch.tensor(seed), allow_unused=True)
    for i, g, w in zip(free, found, wanted, strict=True):
        zero = np.zeros(arrays[i].shape)
        g = zero if g is None else np.asarray((g.dense() if hasattr(g, "dense") else g).numpy())
        close(g, zero if w is None else w.numpy(), f"gradient of operand {i}")


def slopes(expected, others, free):
    """How large PyTorch's gradients are where this side has none."""
    found = torch.autograd.grad(expected.sum(), [others[i] for i in free], allow_unused=True)
    return sum(g.abs().sum() for g in found if g is not None)
