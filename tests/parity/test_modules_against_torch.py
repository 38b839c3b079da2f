"""Modules and functions of torch.nn agree with PyTorch: values, gradients, state, keys and how they are shown."""

import inspect

import numpy as np
import pytest

import trivium_api_dynamic as ours

try:
    import torch as theirs
except ImportError:
    theirs = None

CLOSE = 1e-5
RANDOM = np.random.default_rng(7)

needs_torch = pytest.mark.skipif(theirs is None, reason="PYTORCH IS NOT INSTALLED: pip install 'trivium[peers]'")


def drawn(*shape):
    return RANDOM.uniform(-2.0, 2.0, shape)


def positive(*shape):
    return RANDOM.uniform(0.2, 3.0, shape)


def chances(*shape):
    return RANDOM.uniform(0.05, 0.95, shape)


def classes(*shape, count=4):
    return RANDOM.integers(0, count, shape)


def signs(*shape):
    return np.asarray(RANDOM.integers(0, 2, shape) * 2 - 1)


X, Y, Z = drawn(5, 4), drawn(5, 4), drawn(5, 4)
LINE, IMAGE, VOLUME = drawn(2, 4, 9), drawn(2, 4, 7, 6), drawn(2, 4, 5, 4, 6)
EVERY = {1: LINE, 2: IMAGE, 3: VOLUME}


def row(name, make, *arrays, training=(True, False)):
    return [pytest.param(make, arrays, phase, id=f"{name}-{'train' if phase else 'eval'}") for phase in training]


def module(text, *arrays, training=(False,)):
    """A module, as it is written after `nn.`."""
    return row(text, lambda torch: eval(f"nn.{text}", {"nn": torch.nn, "torch": torch}), *arrays, training=training)


def function(text, *arrays):
    """A function, as it is written after `F.`, of operands called x, y, z."""

    def make(torch):
        names = {"F": torch.nn.functional, "torch": torch}
        return lambda *xs: eval(f"F.{text}", names | dict(zip("xyz", xs, strict=False)))

    return row(f"F.{text}", make, *arrays, training=(False,))


def in_each_rank(text, *ranks):
    """A module for lines, images and volumes; {n} is the number of spatial axes."""
    rows = []
    for n in ranks or (1, 2, 3):
        rows += module(text.format(n=n), EVERY[n]) + module(text.format(n=n), EVERY[n][0])
    return rows


ACTIVATIONS = [
    each
    for text in (
        "ReLU()", "ReLU6()", "ELU(0.3)", "SELU()", "CELU(alpha=0.3)", "GELU()", "GELU('tanh')", "LeakyReLU(0.1)",
        "RReLU(0.1, 0.4)", "SiLU()", "Mish()", "GLU()", "GLU(1)", "Sigmoid()", "LogSigmoid()", "Hardsigmoid()",
        "Hardswish()", "Tanh()", "Tanhshrink()", "Hardtanh(-0.5, 1.5)", "Hardshrink()", "Softshrink(0.3)",
        "Threshold(0.1, 20)", "Softplus()", "Softplus(2.0, threshold=1.0)", "Softsign()", "Softmax(dim=1)",
        "LogSoftmax(-1)", "Softmin(dim=0)", "PReLU()", "PReLU(4, init=0.1)", "ReLU(inplace=True)", "Identity()",
        "ELU(inplace=True)", "SiLU(inplace=True)", "Threshold(0.1, 20, True)",
    )
    for each in module(text, IMAGE * 3.0)
] + module("Softmax2d()", IMAGE) + module("Softmax2d()", IMAGE[0]) + module("PReLU()", drawn(3))  # fmt: skip

WINDOWS = [
    *in_each_rank("Conv{n}d(4, 6, 3, stride=2, padding=1, groups=2)"),
    *in_each_rank("Conv{n}d(4, 3, 2, dilation=2, bias=False)"),
    *in_each_rank("Conv{n}d(4, 3, 3, padding='same', dilation=2)"),
    *in_each_rank("Conv{n}d(4, 3, 3, padding='valid')"),
    *[each for mode in ("reflect", "replicate", "circular") for each in in_each_rank(
        f"Conv{{n}}d(4, 3, 3, padding=2, padding_mode='{mode}')")],
    *module("Conv2d(4, 3, (3, 2), padding='same', padding_mode='circular')", IMAGE),
    *in_each_rank("ConvTranspose{n}d(4, 6, 3)"),
    *in_each_rank("ConvTranspose{n}d(4, 6, 3, 2, 1, 1, groups=2, bias=False, dilation=2)"),
    *module("ConvTranspose2d(4, 2, (3, 2), stride=(2, 3), padding=(1, 0), output_padding=(1, 2))", IMAGE),
    *in_each_rank("MaxPool{n}d(2)"),
    *in_each_rank("MaxPool{n}d(3, stride=2, padding=1, ceil_mode=True)"),
    *in_each_rank("MaxPool{n}d(2, 1, dilation=2)"),
    *in_each_rank("AvgPool{n}d(2)"),
    *in_each_rank("AvgPool{n}d(3, 2, 1, ceil_mode=True)"),
    *in_each_rank("AvgPool{n}d(3, 2, 1, count_include_pad=False)"),
    *in_each_rank("AvgPool{n}d(2, divisor_override=3)", 2, 3),
    *in_each_rank("LPPool{n}d(2, 3, stride=2, ceil_mode=True)"),
    *module("LPPool2d(3, (2, 3))", np.abs(IMAGE)),
    *in_each_rank("AdaptiveAvgPool{n}d(3)"),
    *in_each_rank("AdaptiveMaxPool{n}d(3)"),
    *module("AdaptiveAvgPool2d((None, 4))", IMAGE),
    *module("AdaptiveMaxPool3d((2, None, 3))", VOLUME),
    *module("Unfold((3, 2), padding=1, stride=2)", IMAGE),
    *module("Unfold(2, dilation=2)", IMAGE[0]),
    *module("Fold((6, 5), kernel_size=2, stride=2, padding=1, dilation=1)", drawn(2, 12, 12)),
    *module("Fold(4, 3)", drawn(9, 4)),
]  # fmt: skip

BOTH = (True, False)

NORMALIZATIONS = [
    *module("BatchNorm1d(4)", X, training=BOTH),
    *module("BatchNorm1d(4, eps=0.1, momentum=0.3)", LINE, training=BOTH),
    *module("BatchNorm2d(4, affine=False)", IMAGE, training=BOTH),
    *module("BatchNorm2d(4, momentum=None)", IMAGE, training=BOTH),
    *module("BatchNorm2d(4, track_running_stats=False)", IMAGE, training=BOTH),
    *module("BatchNorm2d(4, bias=False)", IMAGE, training=BOTH),
    *module("BatchNorm3d(4)", VOLUME, training=BOTH),
    *module("InstanceNorm1d(4)", LINE, training=BOTH),
    *module("InstanceNorm1d(4, affine=True)", LINE[0], training=BOTH),
    *module("InstanceNorm2d(4, track_running_stats=True)", IMAGE, training=BOTH),
    *module("InstanceNorm2d(4, affine=True, track_running_stats=True, momentum=0.3)", IMAGE, training=BOTH),
    *module("InstanceNorm3d(4, eps=0.1)", VOLUME, training=BOTH),
    *module("LayerNorm(6)", IMAGE),
    *module("LayerNorm((7, 6), eps=0.1)", IMAGE),
    *module("LayerNorm(6, elementwise_affine=False)", IMAGE),
    *module("LayerNorm(6, bias=False)", IMAGE),
    *module("RMSNorm(6)", IMAGE),
    *module("RMSNorm([7, 6], eps=0.1, elementwise_affine=False)", IMAGE),
    *module("GroupNorm(2, 4)", IMAGE),
    *module("GroupNorm(4, 4, eps=0.1, affine=False)", LINE),
    *module("GroupNorm(1, 4)", X),
    *module("LocalResponseNorm(2)", IMAGE),
    *module("LocalResponseNorm(3, alpha=0.5, beta=0.6, k=2.0)", LINE),
    *function("normalize(x)", X),
    *function("normalize(x, p=3.0, dim=0)", X),
    *function("batch_norm(x, y.detach(), z.detach())", IMAGE, drawn(4), positive(4)),
    *function("batch_norm(x, None, None, y, z, training=True)", IMAGE, drawn(4), drawn(4)),
    *function("instance_norm(x, weight=y, bias=z)", IMAGE, drawn(4), drawn(4)),
    *function("group_norm(x, 2, y, z)", IMAGE, drawn(4), drawn(4)),
    *function("layer_norm(x, (6,), y, z)", IMAGE, drawn(6), drawn(6)),
]

BORDERS = [
    *[
        each
        for kind, more in (("ConstantPad", ", 0.5"), ("ZeroPad", ""), ("ReflectionPad", ""), ("ReplicationPad", ""),
                           ("CircularPad", ""))
        for n in (1, 2, 3)
        for size in ("2", str((1, 2, 0, 3, 2, 1)[: 2 * n]))
        for each in module(f"{kind}{n}d({size}{more})", EVERY[n])
    ],
    *module("ReflectionPad2d(1)", IMAGE[0]),
    *function("pad(x, (1, -2, -1, 3), value=0.5)", IMAGE),
    *function("pad(x, (1, 1), mode='circular')", LINE),
    *function("pad(x, (2, 1), 'reflect')", LINE[0]),
]  # fmt: skip

RESAMPLING = [
    *in_each_rank("Upsample(scale_factor=2)")[::2],
    *in_each_rank("Upsample(5, mode='nearest')")[::2],
    *in_each_rank("Upsample(scale_factor=1.7, mode='nearest-exact')")[::2],
    *in_each_rank("Upsample(3, mode='area')")[::2],
    *module("Upsample(scale_factor=1.7, mode='linear')", LINE),
    *module("Upsample(scale_factor=(1.7, 0.6), mode='bilinear', align_corners=False)", IMAGE),
    *module("Upsample((9, 3), mode='bilinear', align_corners=True)", IMAGE),
    *module("Upsample(scale_factor=1.7, mode='bicubic')", IMAGE),
    *module("Upsample(scale_factor=1.7, mode='bicubic', recompute_scale_factor=True)", IMAGE),
    *module("Upsample((6, 7, 3), mode='trilinear')", VOLUME),
    *module("UpsamplingNearest2d(scale_factor=2)", IMAGE),
    *module("UpsamplingBilinear2d(size=(5, 9))", IMAGE),
    *module("PixelShuffle(2)", IMAGE),
    *module("PixelShuffle(2)", IMAGE[0]),
    *module("PixelUnshuffle(3)", drawn(2, 3, 2, 6, 9)),
    *module("ChannelShuffle(2)", IMAGE),
    *module("Flatten()", IMAGE),
    *module("Flatten(0, 1)", IMAGE),
    *module("Unflatten(1, (2, -1))", IMAGE),
]

PRODUCTS = [
    *module("Linear(4, 3)", X),
    *module("Linear(4, 3, bias=False)", drawn(2, 3, 4)),
    *module("Linear(4, 3)", drawn(4)),
    *module("Bilinear(4, 3, 2)", X, drawn(5, 3)),
    *module("Bilinear(4, 3, 2, bias=False)", drawn(2, 5, 4), drawn(2, 5, 3)),
    *function("bilinear(x, y, z)", X, Y, drawn(3, 4, 4)),
    *module("CosineSimilarity()", X, Y),
    *module("CosineSimilarity(dim=0, eps=1.0)", X, Y),
    *function("cosine_similarity(x, y, dim=-1)", X, Y[0]),
    *module("PairwiseDistance()", X, Y),
    *module("PairwiseDistance(p=1.0, keepdim=True)", X, Y),
    *function("pairwise_distance(x, y, p=3)", X, Y[:1]),
    *function("pdist(x)", X),
]

SCORES, LABELS = drawn(5, 4), classes(5)
PIXELS, MAP = drawn(2, 4, 3, 2), classes(2, 3, 2)
WEIGHTS = "weight=torch.tensor([0.5, 1.0, 2.0, 0.3]).double()"


# 3 sequences of up to 7 steps, with 2, 3 and 0 labels
STEPS = drawn(7, 3, 4)
SEQUENCES = STEPS, np.array([[1, 2, 0], [2, 1, 2], [0, 0, 0]]), np.array([7, 5, 4]), np.array([2, 3, 0])


def of_logits(text):
    """CTCLoss behind log_softmax, which PyTorch's gradient takes for granted."""

    def make(torch):
        called = eval(f"nn.CTCLoss({text})", {"nn": torch.nn})
        return lambda x, *others: called(x.log_softmax(-1), *others)

    return make


def loss(text, *arrays):
    """A loss, with each reduction."""
    head, _, tail = text.partition("(")
    rows = []
    for reduction in ("mean", "sum", "none"):
        inside = tail[:-1] + (", " if tail != ")" else "") + f"reduction='{reduction}'"
        rows += module(f"{head}({inside})", *arrays)
    return rows


LOSSES = [
    *loss("L1Loss()", X, Y),
    *loss("MSELoss()", X, Y),
    *loss("SmoothL1Loss(beta=0.7)", X, Y),
    *loss("SmoothL1Loss(beta=0.0)", X, Y),
    *loss("HuberLoss(delta=0.7)", X, Y),
    *loss("BCELoss()", chances(5, 4), chances(5, 4)),
    *loss(f"BCELoss({WEIGHTS})", chances(5, 4), chances(5, 4)),
    *loss("BCEWithLogitsLoss()", X * 9, chances(5, 4)),
    *loss(f"BCEWithLogitsLoss(pos_{WEIGHTS}, {WEIGHTS})", X, chances(5, 4)),
    *loss("KLDivLoss()", X - 3.0, chances(5, 4)),
    *loss("KLDivLoss(log_target=True)", X - 3.0, Y - 3.0),
    *module("KLDivLoss(reduction='batchmean')", X - 3.0, chances(5, 4)),
    *loss("PoissonNLLLoss()", X, positive(5, 4)),
    *loss("PoissonNLLLoss(log_input=False, full=True)", positive(5, 4), positive(5, 4)),
    *loss("GaussianNLLLoss()", X, Y, positive(5, 4)),
    *loss("GaussianNLLLoss(full=True, eps=1.0)", X, Y, positive(5, 1)),
    *loss("CrossEntropyLoss()", SCORES, LABELS),
    *loss("CrossEntropyLoss()", SCORES[0], LABELS[0]),
    *loss(f"CrossEntropyLoss({WEIGHTS}, ignore_index=2, label_smoothing=0.2)", PIXELS, MAP),
    *loss(f"CrossEntropyLoss({WEIGHTS}, label_smoothing=0.2)", SCORES, chances(5, 4)),
    *loss("NLLLoss()", SCORES, LABELS),
    *loss("NLLLoss()", SCORES[0], LABELS[0]),
    *loss(f"NLLLoss({WEIGHTS}, ignore_index=1)", PIXELS, MAP),
    *loss("MultiMarginLoss()", SCORES, LABELS),
    *loss(f"MultiMarginLoss(p=2, margin=0.7, {WEIGHTS})", SCORES, LABELS),
    *loss("MultiMarginLoss()", SCORES[0], LABELS[0]),
    *loss("MultiLabelMarginLoss()", SCORES[:3], np.array([[0, 2, -1, 1], [-1, 0, 0, 0], [3, 1, 0, 2]])),
    *loss("MultiLabelMarginLoss()", SCORES[0], np.array([1, -1, 0, 0])),
    *loss("MultiLabelSoftMarginLoss()", X, np.round(chances(5, 4))),
    *loss(f"MultiLabelSoftMarginLoss({WEIGHTS})", X, np.round(chances(5, 4))),
    *[
        row(f"CTCLoss({text})", of_logits(text), *SEQUENCES, training=(False,))[0]
        for text in ("", "reduction='sum'", "reduction='none'", "blank=3, zero_infinity=True")
    ],
    *row("CTCLoss in a row", of_logits(""), STEPS, np.array([1, 2, 2, 1, 2]), *SEQUENCES[2:], training=(False,)),
    *function("ctc_loss(x.log_softmax(1), y, torch.tensor([6]), torch.tensor([2]))", drawn(6, 4), np.array([1, 2])),
    *loss("SoftMarginLoss()", X, signs(5, 4)),
    *loss("HingeEmbeddingLoss(margin=0.7)", X, signs(5, 4)),
    *loss("CosineEmbeddingLoss(margin=0.2)", X, Y, signs(5)),
    *loss("CosineEmbeddingLoss()", X[0], Y[0], signs()),
    *loss("MarginRankingLoss(margin=0.3)", drawn(5), drawn(5), signs(5)),
    *loss("TripletMarginLoss(margin=2.0)", X, Y, Z),
    *loss("TripletMarginLoss(p=3.0, swap=True)", X, Y, Z),
    *loss("TripletMarginLoss()", X[0], Y[0], Z[0]),
    *loss("TripletMarginWithDistanceLoss(swap=True, distance_function=lambda a, b: (a - b).abs().sum(-1))", X, Y, Z),
    *module("L1Loss(size_average=False)", X, Y),
    *module("MSELoss(reduce=False)", X, Y),
    *function("mse_loss(x, y, size_average=True)", X, Y),
    *function("l1_loss(x, y, reduction='mean')", X, Y[:1]),
]

OTHERS = [
    *function("max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2)", drawn(2, 3, 6, 4)),
    *function("max_unpool1d(*F.max_pool1d(x, 2, 2, return_indices=True), 2, output_size=[2, 4, 9])", LINE),
    *function("max_unpool3d(*F.max_pool3d(x, 2, return_indices=True), 2)", drawn(1, 2, 4, 4, 2)),
    *function("adaptive_max_pool2d(x, 3, return_indices=True)[1]", IMAGE),
    *function("conv2d(x, y, z, stride=2, padding=[1, 0])", IMAGE, drawn(3, 4, 2, 2), drawn(3)),
    *function("conv_transpose1d(x, y, stride=2)", LINE, drawn(4, 2, 3)),
    *function("softmax(x, 1, dtype=torch.float32)", X),
    *function("dropout(x, 0.5, training=False)", X),
    *[
        each
        for mode in ("bilinear", "nearest")
        for border in ("zeros", "border", "reflection")
        for aligned in (True, False)
        for each in function(
            f"grid_sample(x, y, '{mode}', '{border}', align_corners={aligned})", IMAGE, drawn(2, 3, 4, 2) * 0.9
        )
    ],
    *function("grid_sample(x, y, align_corners=False)", VOLUME, drawn(2, 2, 3, 2, 3) * 0.6),
    *function("affine_grid(x, (2, 3, 4, 5), align_corners=False)", drawn(2, 2, 3)),
    *function("affine_grid(x, (2, 3, 4, 5, 3), align_corners=True)", drawn(2, 3, 4)),
    *function("prelu(x, y)", IMAGE, positive(4)),
]

TABLE = ACTIVATIONS + WINDOWS + NORMALIZATIONS + BORDERS + RESAMPLING + PRODUCTS + LOSSES + OTHERS


def close(actual, expected, what):
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    assert actual.shape == expected.shape, f"{what}: {actual.shape}, PyTorch has {expected.shape}"
    largest = float(np.abs(expected).max(initial=0.0))
    difference = float(np.abs(actual - expected).max(initial=0.0))
    assert difference <= CLOSE * max(largest, 1e-12), f"{what}: {difference} apart, of {largest}"


def parameters(called):
    return list(called.parameters()) if hasattr(called, "parameters") else []


def observed(torch, called, arrays, seed):
    """Result, gradients of inputs and parameters, and buffers afterwards, of a second run."""
    inputs = [torch.tensor(x) for x in arrays]
    free = [x for x, array in zip(inputs, arrays, strict=True) if array.dtype == np.float64]
    called(*[x * 1 for x in inputs])
    for x in free:
        x.requires_grad_(True)
    out = called(*[x * 1 for x in inputs])
    made = {"result": out.detach().numpy()}
    if out.requires_grad:
        weights = torch.tensor(seed[: made["result"].size].reshape(made["result"].shape)).to(out.dtype)
        (out * weights).sum().backward()
        for name, values in (("input", free), ("parameter", parameters(called))):
            for i, x in enumerate(values):
                zero = np.zeros(tuple(x.shape))
                made[f"gradient of {name} {i}"] = zero if x.grad is None else x.grad.detach().numpy()
    for i, value in enumerate(called.buffers() if hasattr(called, "buffers") else []):
        made[f"buffer {i}"] = value.detach().numpy()
    return made


def test_pytorch_is_here_to_compare_with():
    if theirs is None:
        pytest.skip("PYTORCH IS NOT INSTALLED: nothing in this file was compared; pip install 'trivium[peers]'")


@needs_torch
@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides", "ignore:size_average and reduce args")
@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize(("make", "arrays", "training"), TABLE)
def test_values_gradients_and_state_agree(make, arrays, training):
    mine, other = make(ours), make(theirs)
    if isinstance(other, theirs.nn.Module):
        mine, other = mine.double().train(training), other.double().train(training)
        assert repr(mine) == repr(other)
        assert list(mine.state_dict()) == list(other.state_dict())
        mine.load_state_dict({name: ours.tensor(value.numpy()) for name, value in other.state_dict().items()})
    seed = RANDOM.uniform(0.5, 1.5, 100_000)

    found, expected = observed(ours, mine, arrays, seed), observed(theirs, other, arrays, seed)

    assert list(found) == list(expected)
    for what, value in expected.items():
        close(found[what], value, what)


def told(signature):
    """Names and defaults; a default of 0 or 1 may be written as a whole number or not."""
    return [
        (p.name, float(p.default) if isinstance(p.default, (int, float)) else p.default)
        for p in signature.parameters.values()
        if p.name != "self"
    ]


# Where the two are written in another way, and why.
MODULES_APART = {
    **dict.fromkeys(["Identity", "Sigmoid", "Tanh", "Softsign", "LogSigmoid", "Tanhshrink", "Softmax2d", "Module"],
                    "PyTorch's takes any arguments and does nothing with them, or refuses them later"),
    "Sequential": "its modules go by another name, which no caller can write",
    **dict.fromkeys(["RNN", "LSTM", "GRU"], "PyTorch's takes any arguments, and says in overloads which"),
    "Hardtanh": "the two names that its limits had before PyTorch 0.4 are not taken",
}  # fmt: skip
FUNCTIONS_APART = {
    "normalize": "it does not write to an `out`",
}


@needs_torch
def test_modules_take_pytorchs_arguments_and_defaults():
    differ = {}
    for name, kind in vars(ours.nn).items():
        peer = getattr(theirs.nn, name, None)
        if isinstance(kind, type) and isinstance(peer, type) and issubclass(kind, ours.nn.Module):
            mine, other = told(inspect.signature(kind.__init__)), told(inspect.signature(peer.__init__))
            if mine != other:
                differ[name] = (mine, other)

    assert {name: pair for name, pair in differ.items() if name not in MODULES_APART} == {}
    assert sorted(differ) == sorted(MODULES_APART)


@needs_torch
def test_functions_take_pytorchs_arguments_and_defaults():
    differ = {}
    for name in ours.nn.functional.__all__:
        peer = getattr(theirs.nn.functional, name, None)
        try:
            other = told(inspect.signature(peer))
        except (TypeError, ValueError):  # written in C, without a signature
            continue
        if other[0][0] == "args":  # a choice between two functions
            other = told(inspect.signature(getattr(theirs.nn.functional, f"{name}_with_indices")))
        mine = told(inspect.signature(getattr(ours.nn.functional, name)))
        if mine != other:
            differ[name] = (mine, other)

    assert {name: pair for name, pair in differ.items() if name not in FUNCTIONS_APART} == {}
