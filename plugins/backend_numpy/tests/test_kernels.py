"""Each kernel against a loop over single elements in float64, written here and nowhere else."""

import importlib
import itertools
import math
import threading

import ml_dtypes
import numpy as np
import pytest

from trivium.kernel import Refused
from trivium.spec import Spec
from trivium_backend_numpy.columns_first import ChannelsFirst
from trivium_backend_numpy.columns_last import ChannelsLast
from trivium_backend_numpy.convolution import Task
from trivium_backend_numpy.random import BLOCKS

FAMILIES = (
    "elementwise",
    "creation",
    "reduction",
    "linear_algebra",
    "shaping",
    "indexing",
    "convolution",
    "pooling",
    "normalization",
    "random",
    "loss",
    "update",
)
MODULES = [importlib.import_module(f"trivium_backend_numpy.{family}") for family in FAMILIES]
PLAIN = {name: kernel for module in MODULES for name, kernel in module.KERNELS.items()}
PREPARED = {name: prepare for module in MODULES for name, prepare in module.PREPARED.items()}

FLOATS = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]
TOLERANCES = {np.float64: 1e-10, np.float32: 1e-4, np.float16: 1e-2, ml_dtypes.bfloat16: 6e-2}


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def bind(name, *operands, **settings):
    """The kernel bound to these operands' shapes, as core binds it."""
    if name in PLAIN:
        return lambda *buffers, out=None: PLAIN[name](*buffers, out=out, **settings)
    specs = tuple(None if x is None else Spec(x.shape, x.dtype) for x in operands)
    return PREPARED[name](specs, settings)


def run(name, *operands, **settings):
    """The kernel's result; offered memory must change no bit of it, and no operand may change."""
    kernel = bind(name, *operands, **settings)
    before = [None if x is None else x.copy() for x in operands]

    result = kernel(*operands)
    single = not isinstance(result, tuple)
    arrays = (result,) if single else result
    offers = tuple(np.full(a.shape, 7, dtype=a.dtype) for a in arrays)
    again = kernel(*operands, out=offers[0] if single else offers)

    for array, offered, second in zip(arrays, offers, (again,) if single else again, strict=True):
        assert np.asarray(array).tobytes() == np.asarray(second).tobytes()
        if array.shape:
            assert second is offered
    for old, new in zip(before, operands, strict=True):
        assert old is None or old.tobytes() == new.tobytes()
    return result


def agree(got, expected, dtype=np.float64, slack=1):
    expected = np.asarray(expected, np.float64)
    tolerance = TOLERANCES[dtype] * slack
    assert got.dtype == dtype
    assert got.shape == expected.shape
    np.testing.assert_allclose(got.astype(np.float64), expected, rtol=tolerance, atol=tolerance)


def transposed(x):
    """The same elements in column-major memory."""
    return np.asfortranarray(x)


# -- convolution ---------------------------------------------------------------------------------

CONVOLUTIONS = [
    # x, weight, settings
    ((2, 3, 6, 5), (4, 3, 3, 2), {}),
    ((2, 3, 6, 5), (4, 3, 3, 2), {"stride": 2, "padding": 1}),
    ((1, 2, 5, 6), (2, 2, 2, 3), {"padding": ((1, 0), (0, 2)), "dilation": (2, 1)}),
    ((2, 2, 7, 7), (3, 2, 3, 3), {"stride": (2, 3), "padding": (0, 2), "dilation": 2}),
    ((2, 4, 5, 5), (6, 2, 3, 3), {"groups": 2, "padding": (0, 1)}),
    ((2, 3, 5, 5), (6, 1, 3, 3), {"groups": 3, "padding": 1, "stride": 2}),
    ((2, 3, 9), (4, 3, 3), {"stride": 3, "padding": 1}),
    ((2, 3, 9), (4, 3, 3), {"dilation": 2, "padding": ((2, 0),)}),
    ((1, 2, 3, 4, 5), (2, 2, 2, 3, 1), {"padding": (0, 1, 0), "stride": (1, 2, 1)}),
    ((2, 3, 1, 1), (4, 3, 1, 1), {}),
    ((2, 4, 3, 3), (4, 2, 1, 1), {"groups": 2}),
    ((2, 3, 4, 4), (4, 3, 1, 1), {"stride": 2, "padding": 1}),
    ((1, 1, 1, 1), (1, 1, 1, 1), {}),
    ((2, 40, 4, 4), (3, 40, 3, 3), {"padding": 1}),
    ((2, 70, 4, 3), (3, 70, 2, 2), {"dilation": (1, 2)}),
    ((2, 80, 3, 3), (4, 40, 2, 2), {"groups": 2}),
    ((0, 3, 4, 4), (2, 3, 3, 3), {}),
]
CONVOLUTION_DEFAULTS = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}


def each_axis(setting, ndim):
    return (setting,) * ndim if isinstance(setting, int) else setting


def connections(x_shape, weight_shape, settings):
    """Every (index of x, index of weight, index of the result) that are multiplied and added."""
    ndim = len(x_shape) - 2
    stride, dilation = each_axis(settings["stride"], ndim), each_axis(settings["dilation"], ndim)
    padding = [(p, p) if isinstance(p, int) else p for p in each_axis(settings["padding"], ndim)]
    size, kernel = x_shape[2:], weight_shape[2:]
    counts = [
        (n + low + high - d * (k - 1) - 1) // s + 1
        for n, k, s, d, (low, high) in zip(size, kernel, stride, dilation, padding, strict=True)
    ]
    inner, outer = weight_shape[1], weight_shape[0] // settings["groups"]
    found = []
    for at in itertools.product(*map(range, counts)):
        for tap in np.ndindex(*kernel):
            place = tuple(
                a * s + t * d - low for a, s, t, d, (low, _) in zip(at, stride, tap, dilation, padding, strict=True)
            )
            if all(0 <= p < n for p, n in zip(place, size, strict=True)):
                found += [
                    ((slice(None), o // outer * inner + i, *place), (o, i, *tap), (slice(None), o, *at))
                    for o in range(weight_shape[0])
                    for i in range(inner)
                ]
    return found, (x_shape[0], weight_shape[0], *counts)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("layout", [np.ascontiguousarray, transposed])
@pytest.mark.parametrize(("x_shape", "weight_shape", "settings"), CONVOLUTIONS)
def test_convolution_and_its_gradients_add_every_connection(rng, x_shape, weight_shape, settings, layout, dtype):
    settings = {**CONVOLUTION_DEFAULTS, **settings}
    links, out_shape = connections(x_shape, weight_shape, settings)
    x, weight, bias, g = (
        layout(rng.uniform(-1, 1, shape).astype(dtype))
        for shape in (x_shape, weight_shape, weight_shape[:1], out_shape)
    )

    wide_x, wide_weight, wide_g = (a.astype(np.float64) for a in (x, weight, g))
    out, dx, dweight = np.zeros(out_shape), np.zeros(x_shape), np.zeros(weight_shape)
    for i, w, o in links:
        out[o] += wide_x[i] * wide_weight[w]
        dx[i] += wide_g[o] * wide_weight[w]
        dweight[w] += (wide_x[i] * wide_g[o]).sum()
    shifted = out + bias.astype(np.float64).reshape(-1, *[1] * (len(x_shape) - 2))

    agree(run("convolution", x, weight, None, **settings), out, dtype, slack=10)
    agree(run("convolution", x, weight, bias, **settings), shifted, dtype, slack=10)
    agree(run("convolution_input_gradient", g, weight, size=x_shape[2:], **settings), dx, dtype, slack=10)
    agree(run("convolution_weight_gradient", x, g, kernel=weight_shape[2:], **settings), dweight, dtype, slack=10)


@pytest.mark.parametrize("channels", [1, 40])
@pytest.mark.parametrize("limit", [1, 700, 5000])
def test_convolution_cut_into_pieces_equals_the_whole(rng, channels, limit):
    settings = {**CONVOLUTION_DEFAULTS, "stride": (2, 1), "padding": ((1, 2), (0, 1))}
    x, weight = rng.uniform(-1, 1, (5, channels, 7, 6)), rng.uniform(-1, 1, (3, channels, 3, 2))
    task = Task(x.shape[2:], weight.shape, 5, x.dtype, settings)
    g = rng.uniform(-1, 1, task.out_shape)

    def results(arrangement, limit):
        return (
            arrangement(task, limit).forward(x, weight, None, np.empty(task.out_shape)),
            arrangement(task, limit).input_gradient(g, weight, np.empty(task.in_shape)),
            arrangement(task, limit).weight_gradient(x, g, np.empty(task.weight_shape)),
        )

    whole = results(ChannelsLast, 1 << 20)
    for arrangement in (ChannelsFirst, ChannelsLast):
        for got, expected in zip(results(arrangement, limit), whole, strict=True):
            agree(got, expected)


# -- pooling -------------------------------------------------------------------------------------

MAX_POOLS = [
    ((4, 6), {"kernel": 2}),
    ((5, 5), {"kernel": 3, "stride": 2}),
    ((5, 6), {"kernel": (3, 2), "stride": (1, 2), "padding": 1}),
    ((7, 7), {"kernel": 2, "stride": 1, "dilation": (2, 3)}),
    ((6, 6), {"kernel": 3, "stride": 2, "padding": 1, "rounding": "ceil"}),
    ((6, 5), {"kernel": 3, "stride": 2, "rounding": "ceil_any"}),
    ((5,), {"kernel": 2, "padding": ((1, 0),), "rounding": "ceil"}),
    ((3, 4, 3), {"kernel": (2, 2, 1), "stride": 2}),
    ((1, 1), {"kernel": 1}),
]
POOL_DEFAULTS = {"stride": None, "padding": 0, "dilation": 1, "rounding": "floor"}


def window_places(size, settings):
    """For each window: the places in it that are elements, and how many places are elements or padding."""
    ndim = len(size)
    kernel = each_axis(settings["kernel"], ndim)
    stride = kernel if settings["stride"] is None else each_axis(settings["stride"], ndim)
    dilation = each_axis(settings.get("dilation", 1), ndim)
    padding = [(p, p) if isinstance(p, int) else p for p in each_axis(settings["padding"], ndim)]
    counts = []
    for n, k, s, d, (low, high) in zip(size, kernel, stride, dilation, padding, strict=True):
        room = n + low + high - d * (k - 1) - 1
        count = room // s + 1 if settings["rounding"] == "floor" else math.ceil(room / s) + 1
        if settings["rounding"] == "ceil" and (count - 1) * s >= n + low:
            count -= 1
        counts.append(count)
    windows = {}
    for at in np.ndindex(*counts):
        places = [
            tuple(a * s + t * d - low for a, s, t, d, (low, _) in zip(at, stride, tap, dilation, padding, strict=True))
            for tap in np.ndindex(*kernel)
        ]
        inside = [p for p in places if all(0 <= q < n for q, n in zip(p, size, strict=True))]
        reached = [p for p in places if all(q < n + high for q, n, (_, high) in zip(p, size, padding, strict=True))]
        windows[at] = inside, len(reached)
    return windows, tuple(counts)


def expected_max_pool(x, settings):
    windows, counts = window_places(x.shape[2:], settings)
    out, indices = np.empty((*x.shape[:2], *counts)), np.empty((*x.shape[:2], *counts), np.int64)
    for plane in np.ndindex(*x.shape[:2]):
        for at, (inside, _) in windows.items():
            values = [float(x[(*plane, *place)]) for place in inside]
            best = next((i for i, v in enumerate(values) if math.isnan(v)), None)
            best = values.index(max(values)) if best is None else best
            out[(*plane, *at)] = values[best]
            indices[(*plane, *at)] = np.ravel_multi_index(inside[best], x.shape[2:])
    return out, indices


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("layout", [np.ascontiguousarray, transposed])
@pytest.mark.parametrize("planes", [(2, 3), (0, 2)])
@pytest.mark.parametrize(("size", "settings"), MAX_POOLS)
def test_max_pool_takes_the_first_largest_and_its_gradient_returns_there(rng, size, settings, planes, layout, dtype):
    settings = {**POOL_DEFAULTS, **settings}
    x = layout(rng.integers(-2, 3, (*planes, *size)).astype(dtype))  # many ties
    expected, places = expected_max_pool(x, settings)
    g = layout(rng.integers(-8, 9, expected.shape).astype(dtype))

    out, indices = run("max_pool", x, **settings)
    dx = run("max_pool_gradient", g, indices, size=size, **settings)

    agree(out, expected, dtype)
    assert indices.dtype == np.int32
    np.testing.assert_array_equal(indices, places)
    expected_dx = np.zeros((*planes, math.prod(size)))
    for at in np.ndindex(*places.shape):
        expected_dx[(*at[:2], places[at])] += float(g[at])
    agree(dx, expected_dx.reshape(x.shape), dtype)


@pytest.mark.parametrize("odd", [np.nan, -np.inf, np.inf])
@pytest.mark.parametrize(("size", "settings"), MAX_POOLS)
def test_max_pool_places_nan_and_infinity(rng, size, settings, odd):
    settings = {**POOL_DEFAULTS, **settings}
    x = rng.integers(-2, 3, (2, 3, *size)).astype(np.float32)
    x[rng.random(x.shape) < 0.5] = odd
    x[0, 0] = odd

    out, indices = run("max_pool", x, **settings)

    expected, places = expected_max_pool(x, settings)
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(indices, places)


def test_max_pool_leaves_whole_numbers_and_empty_windows_to_the_reference(rng):
    x = rng.integers(0, 5, (1, 1, 5))

    assert isinstance(bind("max_pool", x, **POOL_DEFAULTS, kernel=2), Refused)
    settings = {**POOL_DEFAULTS, "kernel": 1, "stride": 3, "rounding": "ceil_any"}
    assert isinstance(bind("max_pool", x.astype(np.float32), **settings), Refused)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("divisor", ["padded", "valid", 5])
@pytest.mark.parametrize("layout", [np.ascontiguousarray, transposed])
@pytest.mark.parametrize(
    ("size", "settings"),
    [
        *[s for s in MAX_POOLS if "dilation" not in s[1]],
        ((5,), {"kernel": 1, "stride": 3, "rounding": "ceil_any"}),
        ((6, 6), {"kernel": 3, "stride": 2, "padding": ((0, 1), (1, 2)), "rounding": "ceil"}),
    ],
)
def test_average_pool_divides_by_what_was_asked(rng, size, settings, layout, divisor, dtype):
    settings = {"stride": None, "padding": 0, "rounding": "floor", **settings, "divisor": divisor}
    windows, counts = window_places(size, settings)
    x = layout(rng.uniform(-1, 1, (2, 3, *size)).astype(dtype))
    g = layout(rng.uniform(-1, 1, (2, 3, *counts)).astype(dtype))

    out, dx = np.zeros(g.shape), np.zeros(x.shape)
    for at, (inside, reached) in windows.items():
        number = max({"padded": reached, "valid": len(inside)}.get(divisor, divisor), 1)
        for place in inside:
            out[(..., *at)] += x[(..., *place)].astype(np.float64) / number
            dx[(..., *place)] += g[(..., *at)].astype(np.float64) / number

    agree(run("average_pool", x, **settings), out, dtype)
    agree(run("average_pool_gradient", g, size=size, **settings), dx, dtype)


def test_average_pool_of_an_empty_batch_is_empty():
    settings = {"kernel": 2, "stride": None, "padding": 0, "rounding": "floor", "divisor": "padded"}

    assert run("average_pool", np.ones((0, 2, 4, 4)), **settings).shape == (0, 2, 2, 2)


# -- normalisation -------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("layout", [np.ascontiguousarray, transposed])
@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 2, 2), (2, 1, 3), (1, 2, 3, 2, 2), (5, 1)])
def test_batch_norm_and_its_gradient(rng, shape, layout, dtype):
    x, g = (layout(rng.uniform(-1, 1, shape).astype(dtype)) for _ in range(2))
    scale, shift = rng.uniform(0.5, 1.5, (2, shape[1])).astype(dtype)
    out, dx = np.empty(shape), np.empty(shape)
    statistics, gradients = np.empty((2, shape[1])), np.empty((2, shape[1]))
    for c in range(shape[1]):
        xs, gs = x[:, c].astype(np.float64), g[:, c].astype(np.float64)
        mean, variance = xs.mean(), xs.var()
        normal = (xs - mean) / math.sqrt(variance + 0.1)
        out[:, c] = normal * float(scale[c]) + float(shift[c])
        statistics[:, c] = mean, variance
        gradients[:, c] = (gs * normal).sum(), gs.sum()
        dx[:, c] = float(scale[c]) / math.sqrt(variance + 0.1) * (gs - gs.mean() - normal * (gs * normal).mean())

    got = run("batch_norm", x, scale, shift, epsilon=0.1)
    back = run("batch_norm_gradient", g, x, scale, got[1], got[2], epsilon=0.1)

    for result, expected in zip((*got, *back), (out, *statistics, dx, *gradients), strict=True):
        agree(result, expected, dtype, slack=3)


# -- loss ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("normalization", ["full", "valid", "batch", "none", "each"])
@pytest.mark.parametrize(
    ("shape", "axis", "ignore"),
    [
        ((4, 3), 1, None),
        ((4, 3), 1, 2),
        ((2, 3, 2, 2), 1, 0),
        ((2, 2, 3), -1, 255),
        ((3, 4), 0, None),
        ((2, 1), 1, None),
        ((0, 3), 1, None),
    ],
)
def test_softmax_cross_entropy_and_its_gradient(rng, shape, axis, ignore, normalization, dtype):
    settings = {"axis": axis, "normalization": normalization, "ignore": ignore}
    logits = rng.uniform(-4, 4, shape).astype(dtype)
    rows = np.moveaxis(logits, axis, -1).astype(np.float64)
    labels = rng.integers(0, shape[axis], rows.shape[:-1])
    if ignore is not None:
        labels.flat[0] = ignore
    losses, counted = np.zeros(labels.shape), labels != (math.nan if ignore is None else ignore)
    probabilities = np.exp(rows) / np.exp(rows).sum(-1, keepdims=True)
    gradient = np.zeros(rows.shape)
    for at in np.ndindex(*labels.shape):
        if counted[at]:
            losses[at] = -math.log(probabilities[at][labels[at]])
            gradient[at] = probabilities[at] - np.eye(shape[axis])[labels[at]]
    sizes = {"full": labels.size, "valid": counted.sum(), "batch": len(labels), "none": 1, "each": 1}
    divisor = max(1, sizes[normalization])
    g = rng.uniform(0.5, 1, labels.shape if normalization == "each" else ()).astype(dtype)
    expected = losses if normalization == "each" else losses.sum() / divisor
    expected_gradient = (
        gradient * np.asarray(g, np.float64)[..., None] / divisor
        if normalization == "each"
        else gradient * float(g) / divisor
    )

    loss, got_probabilities = run("softmax_cross_entropy", logits, labels, **settings)
    back = run("softmax_cross_entropy_gradient", g, logits, got_probabilities, labels, **settings)

    agree(loss, expected, dtype, slack=3)
    agree(got_probabilities, np.moveaxis(probabilities, -1, axis), dtype)
    agree(back, np.moveaxis(expected_gradient, -1, axis), dtype)


def test_cross_entropy_stays_finite_far_from_the_label():
    settings = {"axis": 1, "normalization": "none", "ignore": None}

    loss, _ = run("softmax_cross_entropy", np.array([[1000.0, -1000.0]], np.float32), np.array([1]), **settings)

    assert loss == 2000


@pytest.mark.parametrize("label", [-1, 3])
def test_cross_entropy_names_a_label_outside_the_classes(label):
    settings = {"axis": 1, "normalization": "valid", "ignore": 255}
    logits, labels = np.zeros((2, 3), np.float32), np.array([255, label])

    with pytest.raises(ValueError, match=rf"label {label} .*0\.\.2"):
        bind("softmax_cross_entropy", logits, labels, **settings)(logits, labels)


# -- random numbers ------------------------------------------------------------------------------


def philox(key, counter):
    """One block by whole numbers of Python."""
    a, b, c, d = counter & 0xFFFFFFFF, counter >> 32, 0, 0
    key_a, key_b = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        left, right = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = (right >> 32) ^ b ^ key_a, right & 0xFFFFFFFF, (left >> 32) ^ d ^ key_b, left & 0xFFFFFFFF
        key_a, key_b = (key_a + 0x9E3779B9) & 0xFFFFFFFF, (key_b + 0xBB67AE85) & 0xFFFFFFFF
    return [a, b, c, d]


def expected_words(key, counter, count):
    blocks = [philox(key, (counter + block) % 2**64) for block in range(-(-count // 4))]
    return np.array([word for block in blocks for word in block][:count], np.uint32)


def test_random_bits_know_the_published_answer():
    bits = run("random_bits", np.zeros(2, np.uint64), shape=(4,))

    assert [f"{word:08x}" for word in bits] == ["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]


@pytest.mark.parametrize("shape", [(), (1,), (4,), (3, 7), (0, 3)])
@pytest.mark.parametrize(("key", "counter"), [(7, 5), (2**64 - 1, 2**32 - 2), (3 << 32, 2**64 - 2)])
def test_random_bits_count_on_past_every_word(key, counter, shape):
    bits = run("random_bits", np.array([key, counter], np.uint64), shape=shape)

    assert bits.dtype == np.uint32
    np.testing.assert_array_equal(bits.reshape(-1), expected_words(key, counter, math.prod(shape)))


def test_a_long_draw_equals_short_ones():
    long = run("random_bits", np.array([9, 1], np.uint64), shape=(4 * BLOCKS + 9,))

    np.testing.assert_array_equal(long[-9:], expected_words(9, 1 + BLOCKS, 9))


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_uniform_uses_the_upper_bits(dtype):
    state = np.array([9, 1], np.uint64)

    got = run("uniform", state, shape=(5, 3), dtype=dtype, low=-1.0, high=3.0)

    fractions = (expected_words(9, 1, 15) >> 8) / 2**24
    agree(got, (4 * fractions - 1).reshape(5, 3), got.dtype.type)


@pytest.mark.parametrize("count", [0, 1, 7, 12])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_normal_turns_pairs_of_words(dtype, count):
    state = np.array([9, 1], np.uint64)

    got = run("normal", state, shape=(count,), dtype=dtype, mean=0.5, std=2.0)

    fractions = (expected_words(9, 1, count + count % 2) >> 8) / 2**24
    expected = []
    for first, second in fractions.reshape(-1, 2):
        radius, angle = math.sqrt(-2 * math.log(first + 2**-24)), 2 * math.pi * second
        expected += [0.5 + 2 * radius * math.cos(angle), 0.5 + 2 * radius * math.sin(angle)]
    agree(got, expected[:count], got.dtype.type)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("rate", [0.0, 0.25, 0.3, 1.0])
def test_dropout_keeps_where_the_fraction_is_at_least_the_rate(rng, rate, dtype):
    x, rate, state = rng.uniform(-1, 1, (5, 7)).astype(dtype), np.array(rate, dtype), np.array([9, 1], np.uint64)
    x[0, 0] = np.inf

    out, mask = run("dropout", x, rate, state)

    kept = ((expected_words(9, 1, 35) >> 8) / 2**24 >= float(rate)).reshape(5, 7)
    np.testing.assert_array_equal(mask, kept)
    agree(out, np.where(kept, x.astype(np.float64) / max(1 - float(rate), 2**-24), 0), dtype)


def test_advance_wraps_the_counter():
    state = np.array([5, 2**64 - 1], np.uint64)

    np.testing.assert_array_equal(run("advance", state, count=3), np.array([5, 2], np.uint64))


# -- updates -------------------------------------------------------------------------------------

HYPER = {"learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.05}
SIZES = [(), (1,), (3, 5), (0,), (20_001,)]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("decay", [0.0, 0.05])
@pytest.mark.parametrize("shape", SIZES)
def test_gradient_descent_update(rng, shape, decay, dtype):
    value, gradient = (np.asarray(rng.uniform(-1, 1, shape)).astype(dtype) for _ in range(2))

    got = run("gradient_descent_update", value, gradient, np.array(0.1, dtype), np.array(decay, dtype))

    value, gradient = value.astype(np.float64), gradient.astype(np.float64)
    agree(got, value - 0.1 * (gradient + decay * value), dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("decay", [0.0, 0.05])
@pytest.mark.parametrize(("rate", "dampening"), [("inside", 0.0), ("outside", 0.0), ("outside", 0.3)])
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("shape", SIZES)
def test_sgd_update(rng, shape, nesterov, rate, dampening, decay, dtype):
    arrays = [np.asarray(rng.uniform(-1, 1, shape)).astype(dtype) for _ in range(3)]
    hyper = [np.array(h, dtype) for h in (0.1, 0.9, decay)]

    got = run("sgd_update", *arrays, *hyper, rate=rate, nesterov=nesterov, dampening=dampening)

    value, gradient, velocity = (a.astype(np.float64) for a in arrays)
    gradient = gradient + decay * value
    if rate == "inside":
        velocity = 0.9 * velocity + 0.1 * gradient
        step = 0.1 * gradient + 0.9 * velocity if nesterov else velocity
    else:
        velocity = 0.9 * velocity + (1 - dampening) * gradient
        step = 0.1 * (gradient + 0.9 * velocity if nesterov else velocity)
    agree(got[0], value - step, dtype)
    agree(got[1], velocity, dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("epsilon_form", ["corrected", "hat"])
@pytest.mark.parametrize("decoupled", [False, True])
@pytest.mark.parametrize("decay", [0.0, 0.05])
@pytest.mark.parametrize("shape", SIZES)
def test_adam_update(rng, shape, decay, decoupled, epsilon_form, dtype):
    arrays = [np.asarray(rng.uniform(0.1, 1, shape)).astype(dtype) for _ in range(4)]
    hyper = [np.array(h, dtype) for h in (0.1, 0.875, 0.96875, 0.0078125, 3, decay)]

    got = run("adam_update", *arrays, *hyper, epsilon_form=epsilon_form, decoupled=decoupled)

    value, gradient, m, v = (a.astype(np.float64) for a in arrays)
    rate, beta1, beta2, epsilon, step, decay = map(float, hyper)
    if decoupled:
        value = value * (1 - rate * decay)
    else:
        gradient = gradient + decay * value
    m, v = beta1 * m + (1 - beta1) * gradient, beta2 * v + (1 - beta2) * gradient**2
    bias1, bias2 = 1 - beta1**step, math.sqrt(1 - beta2**step)
    if epsilon_form == "hat":
        change = rate * bias2 / bias1 * m / (np.sqrt(v) + epsilon)
    else:
        change = rate / bias1 * m / (np.sqrt(v) / bias2 + epsilon)
    for result, expected in zip(got, (value - change, m, v), strict=True):
        agree(result, expected, dtype)


@pytest.mark.parametrize("layout", [np.ascontiguousarray, transposed])
@pytest.mark.parametrize("name", ["gradient_descent_update", "sgd_update", "adam_update"])
def test_updates_in_place_give_the_bits_of_fresh_ones(rng, name, layout):
    states = {"gradient_descent_update": 0, "sgd_update": 1, "adam_update": 2}[name]
    hyper = {
        "gradient_descent_update": (0.1, 0.05),
        "sgd_update": (0.1, 0.9, 0.05),
        "adam_update": (0.1, 0.9, 0.99, 1e-8, 2, 0.05),
    }
    settings = {
        "sgd_update": {"rate": "outside", "nesterov": True, "dampening": 0.0},
        "adam_update": {"epsilon_form": "corrected", "decoupled": True},
    }.get(name, {})
    value, gradient, *state = (layout(rng.uniform(0.1, 1, (90, 200)).astype(np.float32)) for _ in range(2 + states))
    kernel = bind(name, value, gradient, *state, **settings)
    numbers = [np.float32(h) for h in hyper[name]]

    fresh = kernel(value, gradient, *state, *numbers)
    kernel(value, gradient, *state, *numbers, out=value if states == 0 else (value, *state))

    for mine, expected in zip((value, *state), (fresh,) if states == 0 else fresh, strict=True):
        np.testing.assert_array_equal(mine, expected)


# -- elementwise ---------------------------------------------------------------------------------

UNARY = {
    "negative": lambda x: -x,
    "exp": math.exp,
    "log": lambda x: math.log(x),
    "sqrt": math.sqrt,
    "square": lambda x: x * x,
    "absolute": abs,
    "relu": lambda x: max(x, 0.0),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "tanh": math.tanh,
}
BINARY = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "power": lambda x, y: x**y,
    "maximum": max,
    "minimum": min,
}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("layout", [np.ascontiguousarray, transposed])
@pytest.mark.parametrize("shape", [(3, 4), (1,), (0, 3), (40, 70)])
@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_number(rng, name, shape, layout, dtype):
    low = 0.5 if name in ("log", "sqrt") else -3
    x = layout(rng.uniform(low, 3, shape).astype(dtype))

    got = run(name, x)

    agree(got, np.vectorize(UNARY[name], otypes=[float])(x.astype(np.float64)), dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("first", "second"), [((3, 4), (3, 4)), ((3, 4), (4,)), ((2, 1, 3), (4, 1)), ((0, 3), (3,))])
@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_numbers(rng, name, first, second, dtype):
    x, y = rng.uniform(0.5, 2, first).astype(dtype), rng.uniform(0.5, 2, second).astype(dtype)

    got = run(name, x, y)

    agree(got, np.vectorize(BINARY[name], otypes=[float])(x.astype(np.float64), y.astype(np.float64)), dtype)


@pytest.mark.parametrize("name", ["add", "relu", "sigmoid", "where", "clip"])
def test_elementwise_kernels_may_overwrite_an_operand(rng, name):
    x, y = rng.uniform(-1, 1, (2, 30, 40)).astype(np.float32)
    operands = {"add": (x, y), "where": (x > 0, x, y), "clip": (x, y, y + 1)}.get(name, (x,))
    kernel = bind(name, *operands)
    for i, operand in enumerate(operands):
        if operand.dtype != np.float32:
            continue
        copies = [o.copy() for o in operands]

        kernel(*copies, out=copies[i])

        np.testing.assert_array_equal(copies[i], kernel(*operands))


def test_sigmoid_stays_accurate_far_from_zero():
    x = np.array([-200.0, -80.0, -20.0, 80.0], np.float32)

    np.testing.assert_allclose(run("sigmoid", x), [0, math.exp(-80), math.exp(-20), 1], rtol=1e-5)


def test_relu_passes_nan_on():
    assert np.isnan(run("relu", np.array([np.nan], np.float32)))[0]


@pytest.mark.parametrize("dtype", [*FLOATS, np.int64, np.bool_])
@pytest.mark.parametrize(
    "shapes",
    [
        ((50, 60), (50, 60), (50, 60)),
        ((50, 60), (50, 60), ()),
        ((3, 4), (3, 4), ()),
        ((50, 60), (), (50, 60)),
        ((3, 1), (4,), ()),
        ((50, 1), (60,), (60,)),
        ((4,), (), (3, 4)),
        ((), (), ()),
        ((0, 4), (4,), (1, 4)),
    ],
)
@pytest.mark.parametrize("zero", [False, True])
def test_where_chooses_bits(rng, shapes, zero, dtype):
    condition = np.asarray(rng.random(shapes[0]) < 0.5)
    x, y = (np.asarray(rng.uniform(-3, 3, shape)).astype(dtype) for shape in shapes[1:])
    if zero:
        y = np.zeros_like(y)

    got = run("where", condition, x, y)

    assert got.dtype == dtype
    assert got.tobytes() == np.array(np.where(condition, x, y), order="C").tobytes()


def test_where_keeps_what_multiplication_would_lose():
    x, condition = np.tile([np.inf, np.nan, np.inf], 1000).astype(np.float32), np.tile([False, False, True], 1000)

    assert run("where", condition, x, np.zeros((), np.float32)).tolist() == [0, 0, np.inf] * 1000
    assert np.signbit(run("where", condition, x, np.array(-0.0, np.float32))).tolist() == [True, True, False] * 1000


def test_cast_cuts_fractions_and_refuses_them_when_exact():
    x = np.array([1.5, -2.5, 3.0], np.float32)

    assert run("cast", x, dtype="int64", exact=False).tolist() == [1, -2, 3]
    assert run("cast", x[2:], dtype="int64", exact=True).tolist() == [3]
    for bad, dtype in ((1.5, "int64"), (np.nan, "int64"), (1e30, "int32"), (0.1, "float16")):
        array = np.array([bad])
        with pytest.raises(ValueError, match=f"cast: .* cannot be represented as {dtype}"):
            bind("cast", array, dtype=dtype, exact=True)(array)
    assert np.isnan(run("cast", np.array([np.nan]), dtype="float32", exact=True))[0]


# -- reductions ----------------------------------------------------------------------------------

AXES = [
    ((3, 4), None),
    ((3, 4), 1),
    ((3, 4), -2),
    ((2, 3, 4), (0, -1)),
    ((2, 3, 4), (1, 2)),
    ((3, 4), ()),
    ((1, 1), 0),
    ((2, 3, 4, 5), (0, 2, 3)),
    ((), None),
]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("layout", [np.ascontiguousarray, transposed])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(("shape", "axis"), AXES)
def test_sum_mean_and_max(rng, shape, axis, keepdims, layout, dtype):
    x = np.asarray(layout(rng.uniform(-1, 1, shape).astype(dtype))).reshape(shape)
    axes = range(len(shape)) if axis is None else (axis,) if isinstance(axis, int) else axis
    gone = [a % len(shape) for a in axes]
    kept = tuple(1 if a in gone else n for a, n in enumerate(shape))
    cells = {}
    for at in np.ndindex(*shape):
        cells.setdefault(tuple(0 if a in gone else i for a, i in enumerate(at)), []).append(float(x[at]))
    final = kept if keepdims else tuple(n for a, n in enumerate(shape) if a not in gone)
    settings = {"axis": axis, "keepdims": keepdims}

    for name, reduce in (("sum", sum), ("mean", lambda c: sum(c) / len(c)), ("max", max)):
        expected = np.empty(kept)
        for at, values in cells.items():
            expected[at] = reduce(values)
        agree(run(name, x, **settings), expected.reshape(final), dtype)


def test_sums_of_whole_numbers_keep_their_dtype():
    x = np.array([[1, 2], [3, 4]], np.int32)

    total = run("sum", x, axis=0, keepdims=False)

    assert total.dtype == np.int32
    assert total.tolist() == [4, 6]


def test_sum_of_nothing_is_zero():
    assert run("sum", np.ones((0, 3), np.float32), axis=(0, 1), keepdims=False) == 0
    assert run("sum", np.ones((0, 3), np.float32), axis=0, keepdims=False).tolist() == [0, 0, 0]


@pytest.mark.parametrize("shape", [(3,), (2, 1), (), (4, 2, 3), (1, 3)])
def test_sum_to_undoes_broadcasting(rng, shape):
    x = rng.uniform(-1, 1, (4, 2, 3))
    expected = np.zeros(shape)
    for at in np.ndindex(*x.shape):
        place = tuple(0 if n == 1 else i for i, n in zip(at[3 - len(shape) :], shape, strict=True))
        expected[place] += x[at]

    agree(run("sum_to", x, shape=shape), expected)


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_argmax_is_the_first_largest(rng, axis):
    x = rng.integers(0, 3, (4, 5))
    rows = [x.reshape(-1)] if axis is None else np.moveaxis(x, axis, -1)

    got = run("argmax", x, axis=axis, keepdims=False)

    assert got.dtype == np.int64
    assert got.reshape(-1).tolist() == [list(row).index(max(row)) for row in rows]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("shape", "axis"), [((2, 3), -1), ((2, 3, 4), 1), ((3, 2), 0), ((2, 1), -1), ((0, 3), -1)])
def test_softmax_adds_up_to_one(rng, shape, axis, dtype):
    x = rng.uniform(-20, 20, shape).astype(dtype)
    wide = x.astype(np.float64)
    expected = np.exp(wide) / np.exp(wide).sum(axis, keepdims=True)

    agree(run("softmax", x, axis=axis), expected, dtype)
    agree(run("log_softmax", x, axis=axis), np.log(expected), dtype, slack=2)


# -- matrices, shapes, indices -------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("layout", [np.ascontiguousarray, transposed, lambda x: np.repeat(x, 2, -1)[..., ::2]])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((2, 3), (3, 4)),
        ((2, 2, 3), (3, 4)),
        ((2, 3), (5, 3, 1)),
        ((0, 3), (3, 4)),
        ((2, 1, 2, 3), (4, 3, 2)),
        ((2, 0), (0, 4)),
        ((1, 1), (1, 1)),
    ],
)
def test_matmul_of_any_strides(rng, first, second, layout, dtype):
    x, y = (layout(rng.uniform(-1, 1, shape).astype(dtype)) for shape in (first, second))
    leading = np.broadcast_shapes(first[:-2], second[:-2])
    wide = np.broadcast_to(x, (*leading, *first[-2:])).astype(np.float64), np.broadcast_to(y, (*leading, *second[-2:]))
    expected = np.zeros((*leading, first[-2], second[-1]))
    for at in np.ndindex(*expected.shape):
        for k in range(first[-1]):
            expected[at] += wide[0][(*at[:-1], k)] * float(wide[1][(*at[:-2], k, at[-1])])

    agree(run("matmul", x, y), expected, dtype)


def test_arrangements_are_row_major_copies(rng):
    x = transposed(rng.uniform(-1, 1, (4, 6)))
    cases = {
        "transpose": ({"axes": None}, x.T),
        "reshape": ({"shape": (2, 12)}, x.reshape(2, 12)),
        "broadcast_to": ({"shape": (2, 4, 6)}, np.broadcast_to(x, (2, 4, 6))),
        "slice": ({"start": (3,), "stop": (None, 5), "step": (-2, 2)}, x[3::-2, :5:2]),
        "pad": ({"widths": ((1, 0), (0, 2)), "value": -1.5}, np.pad(x, ((1, 0), (0, 2)), constant_values=-1.5)),
    }
    for name, (settings, expected) in cases.items():
        got = run(name, x, **settings)

        np.testing.assert_array_equal(got, expected)
        assert got.flags.c_contiguous
        assert not np.shares_memory(got, x)


def test_concatenate_and_split_are_inverse(rng):
    x = rng.uniform(-1, 1, (3, 7))

    parts = run("split", x, sizes=(2, 0, 5), axis=-1)

    assert [part.shape for part in parts] == [(3, 2), (3, 0), (3, 5)]
    np.testing.assert_array_equal(run("concatenate", *parts, axis=1), x)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("index_shape", [(), (0,), (6,), (2, 3)])
def test_gather_and_scatter_add(rng, axis, index_shape, dtype):
    x = rng.integers(-8, 8, (2, 4, 3)).astype(dtype)
    size = x.shape[axis]
    indices = np.asarray(rng.integers(-size, size, index_shape))
    axis_from_front = axis % 3
    expected = np.take(x, indices % size, axis_from_front)
    updates = rng.integers(-8, 8, expected.shape).astype(dtype)
    total = x.astype(np.float64)
    for at in np.ndindex(*indices.shape):
        row = (slice(None),) * axis_from_front + (indices[at] % size,)
        total[row] += updates[(slice(None),) * axis_from_front + at].astype(np.float64)

    np.testing.assert_array_equal(run("gather", x, indices, axis=axis, sparse_gradient=False), expected)
    agree(run("scatter_add", x, indices, updates, axis=axis), total, dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    ("shape", "index_shape", "axis"),
    [((3, 5), (3, 2), 1), ((3, 5), (4, 5), 0), ((2, 3, 4), (2, 1, 4), -2), ((3, 5), (3, 0), 1)],
)
def test_take_along_and_put_along_add(rng, shape, index_shape, axis, dtype):
    x = rng.integers(-8, 8, shape).astype(dtype)
    indices = rng.integers(-shape[axis], shape[axis], index_shape)
    updates = rng.integers(-8, 8, index_shape).astype(dtype)
    taken, total = np.empty(index_shape), x.astype(np.float64)
    for at in np.ndindex(*index_shape):
        place = list(at)
        place[axis] = indices[at]
        taken[at] = x[tuple(place)]
        total[tuple(place)] += float(updates[at])

    agree(run("take_along", x, indices, axis=axis), taken, dtype)
    agree(run("put_along_add", x, indices, updates, axis=axis), total, dtype)


@pytest.mark.parametrize("index", [-4, 3])
@pytest.mark.parametrize("name", ["gather", "scatter_add", "take_along", "put_along_add"])
def test_an_index_outside_its_axis_is_an_error(name, index):
    x, indices = np.zeros((3, 2)), np.full((3, 2), index)
    updates = {"scatter_add": (np.zeros((3, 2, 2)),), "put_along_add": (np.zeros((3, 2)),)}.get(name, ())

    with pytest.raises(IndexError, match=f"{index}"):
        PLAIN[name](x, indices, *updates, axis=0)


def test_one_hot_leaves_an_unknown_class_cold():
    got = run("one_hot", np.array([[0, 2], [-1, 3]]), depth=3, dtype="float32")

    assert got.tolist() == [[[1, 0, 0], [0, 0, 1]], [[0, 0, 0], [0, 0, 0]]]


# -- several callers -----------------------------------------------------------------------------


def test_one_prepared_kernel_serves_several_threads(rng):
    settings = {**CONVOLUTION_DEFAULTS, "padding": 1}
    inputs = [rng.uniform(-1, 1, (4, 3, 9, 9)).astype(np.float32) for _ in range(6)]
    weight = rng.uniform(-1, 1, (5, 3, 3, 3)).astype(np.float32)
    kernel = bind("convolution", inputs[0], weight, None, **settings)
    expected = [kernel(x, weight) for x in inputs]
    wrong = []

    def work(x, right):
        wrong.extend(i for i in range(50) if kernel(x, weight).tobytes() != right.tobytes())

    threads = [threading.Thread(target=work, args=pair) for pair in zip(inputs, expected, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


def test_the_same_input_gives_the_same_bits(rng):
    x, weight = (
        rng.uniform(-1, 1, (8, 20, 12, 12)).astype(np.float32),
        rng.uniform(-1, 1, (50, 20, 5, 5)).astype(np.float32),
    )
    first = bind("convolution", x, weight, None, **CONVOLUTION_DEFAULTS)
    second = bind("convolution", x, weight, None, **CONVOLUTION_DEFAULTS)

    assert first(x, weight).tobytes() == first(x, weight).tobytes() == second(x, weight).tobytes()
