"""Where Caffe and TensorFlow differ from PyTorch, the setting that gives theirs agrees with their formula."""

import colorsys
import itertools
import math

import numpy as np
import pytest

from trivium import ops
from trivium.errors import TriviumError
from trivium.graph import Graph
from trivium.program import Program
from trivium.tensor import Tensor

RANDOM = np.random.default_rng(3)
IMAGE = RANDOM.normal(size=(2, 5, 4, 6))


def computed(result):
    return np.asarray(result.numpy())


def logistic(x):
    return 1 / (1 + np.exp(-x))


def close(actual, expected):
    return np.allclose(computed(actual), expected, rtol=1e-12, atol=1e-12)


# -- local response ------------------------------------------------------------------------------


def test_tensorflow_adds_up_squares_where_others_average():
    radius, bias, alpha, beta = 2, 1.5, 0.3, 0.6
    padded = np.pad(IMAGE**2, [(0, 0), (radius, radius), (0, 0), (0, 0)])
    total = sum(padded[:, i : i + 5] for i in range(2 * radius + 1))

    size = 2 * radius + 1
    ours = ops.local_response_norm(Tensor.of(IMAGE), size=size, alpha=alpha * size, beta=beta, k=bias)

    assert close(ours, IMAGE / (bias + alpha * total) ** beta)


def test_caffe_within_a_channel_averages_over_a_square_with_padding():
    padded = np.pad(IMAGE**2, [(0, 0), (0, 0), (1, 1), (1, 1)])
    total = sum(padded[:, :, i : i + 4, j : j + 6] for i in range(3) for j in range(3))

    ours = ops.local_response_norm(Tensor.of(IMAGE), size=3, alpha=0.3, region="within")

    assert close(ours, IMAGE * (1 + 0.3 * total / 9) ** -0.75)


# -- recurrent cells -----------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["ifgo", "igfo", "ifog"])
def test_lstm_gates_stand_in_the_order_of_each_family(order):
    gates, cell = {name: RANDOM.normal(size=(2, 3)) for name in "ifgo"}, RANDOM.normal(size=(2, 3))
    joined = np.concatenate([gates[name] for name in order], axis=1)
    expected = logistic(gates["f"] + 1.0) * cell + logistic(gates["i"]) * np.tanh(gates["g"])

    hidden, new = ops.lstm_unit(Tensor.of(joined), Tensor.of(cell), order=order, forget_bias=1.0)

    assert close(new, expected)
    assert close(hidden, logistic(gates["o"]) * np.tanh(expected))


def test_tensorflow_resets_the_state_before_its_product():
    x, h = RANDOM.normal(size=(2, 3)), RANDOM.normal(size=(2, 4))
    gate_kernel, gate_bias = RANDOM.normal(size=(7, 8)), RANDOM.normal(size=8)
    kernel, bias = RANDOM.normal(size=(7, 4)), RANDOM.normal(size=4)
    r, u = np.split(logistic(np.concatenate([x, h], 1) @ gate_kernel + gate_bias), 2, axis=1)
    c = np.tanh(np.concatenate([x, r * h], 1) @ kernel + bias)

    whole = np.concatenate([gate_kernel, kernel], axis=1).T
    values = [x, h, whole[:, :3].copy(), whole[:, 3:].copy(), np.concatenate([gate_bias, bias])]

    assert close(ops.gru_cell(*map(Tensor.of, values), order="rzn", reset="before"), u * h + (1 - u) * c)


# -- losses --------------------------------------------------------------------------------------

SCORES, LABELS = RANDOM.normal(size=(4, 3)), np.array([0, 2, 1, 2])


@pytest.mark.parametrize("power", [1, 2])
def test_caffe_hinge_loss_is_one_against_all(power):
    sign = np.where(np.arange(3) == LABELS[:, None], 1, -1)
    expected = (np.maximum(0, 1 - sign * SCORES) ** power).sum() / 4

    assert close(ops.hinge(Tensor.of(SCORES), Tensor.of(LABELS), power=power), expected)


@pytest.mark.parametrize("form", ["distance", "square"])
def test_caffe_contrastive_loss_in_both_versions(form):
    x, y, same = RANDOM.normal(size=(4, 3)), RANDOM.normal(size=(4, 3)), np.array([1.0, 0.0, 1.0, 0.0])
    squares = ((x - y) ** 2).sum(axis=1)
    unlike = np.maximum(3.0 - squares, 0) if form == "square" else np.maximum(3.0 - np.sqrt(squares), 0) ** 2
    expected = (same * squares + (1 - same) * unlike).sum() / 8

    assert close(ops.contrastive(*map(Tensor.of, (x, y, same)), margin=3.0, form=form), expected)


def test_caffe_divides_sigmoid_cross_entropy_by_the_batch():
    x, y = RANDOM.normal(size=(4, 3)), RANDOM.uniform(size=(4, 3))
    expected = -(y * np.log(logistic(x)) + (1 - y) * np.log(1 - logistic(x))).sum() / 4

    assert close(ops.sigmoid_cross_entropy(Tensor.of(x), Tensor.of(y), normalization="batch"), expected)


def test_tensorflow_divides_by_the_number_of_weights_that_are_not_zero():
    x, y, weights = np.array([1.0, 2.0, 4.0]), np.zeros(3), np.array([2.0, 0.0, 1.0])

    loss = ops.absolute_error(*map(Tensor.of, (x, y, weights)), normalization="counted")

    assert close(loss, (2.0 * 1.0 + 4.0) / 2)


def test_tensorflow_losses_have_the_values_of_their_documentation():
    hinge = ops.binary_hinge(Tensor.of(np.array([0.3, -0.2])), Tensor.of(np.array([1.0, 0.0])))
    huber = ops.huber(Tensor.of(np.array([0.0])), Tensor.of(np.array([3.0])))

    assert close(hinge, 0.75) and close(huber, 2.5)


# -- images --------------------------------------------------------------------------------------


def test_tensorflow_1_resizes_between_the_two_elements_behind_i_n_over_m():
    row = RANDOM.normal(size=(1, 1, 5))
    at = np.arange(8) * 5 / 8
    low = np.floor(at).astype(int)
    expected = row[..., low] * (1 - (at - low)) + row[..., np.minimum(low + 1, 4)] * (at - low)

    assert close(ops.resize(Tensor.of(row), size=(8,), corners="asymmetric"), expected)


def test_tensorflow_area_counts_parts_of_elements():
    row = np.array([[[1.0, 2.0, 4.0]]])

    assert close(ops.resize(Tensor.of(row), size=(2,), method="area"), [[[(1 + 2 * 0.5) / 1.5, (2 * 0.5 + 4) / 1.5]]])


def test_colours_are_those_of_the_standard_library():
    colours = np.concatenate([RANDOM.uniform(size=(20, 3)), [[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]])
    hsv = np.array([colorsys.rgb_to_hsv(*colour) for colour in colours])

    assert np.allclose(computed(ops.rgb_to_hsv(Tensor.of(colours), axis=1)), hsv, atol=1e-12)
    assert np.allclose(computed(ops.hsv_to_rgb(Tensor.of(hsv), axis=1)), colours, atol=1e-12)


def test_turning_the_hue_by_a_third_moves_red_to_green():
    red = Tensor.of(np.array([[1.0, 0.0, 0.0]]))

    assert np.allclose(computed(ops.adjust_hue(red, delta=1 / 3)), [[0, 1, 0]])
    assert np.allclose(computed(ops.adjust_saturation(red, factor=0.0)), [[1, 1, 1]])


def test_contrast_brightness_and_standardization():
    x = Tensor.of(IMAGE)
    middle = IMAGE.mean(axis=(2, 3), keepdims=True)
    rows = IMAGE.reshape(2, -1)
    expected = (rows - rows.mean(1, keepdims=True)) / rows.std(1, keepdims=True)

    assert close(ops.adjust_contrast(x, factor=0.5), (IMAGE - middle) * 0.5 + middle)
    assert close(ops.adjust_brightness(x, delta=0.25), IMAGE + 0.25)
    assert close(ops.standardize_image(x), expected.reshape(IMAGE.shape))
    assert close(ops.standardize_image(Tensor.of(np.ones((1, 2, 2)))), np.zeros((1, 2, 2)))


def test_cropping_and_padding_keep_the_middle():
    x = np.arange(12.0).reshape(1, 1, 3, 4)

    assert close(ops.crop(Tensor.of(x), offset=(1, 2), size=(2, 2)), x[:, :, 1:, 2:])
    smaller = computed(ops.crop_or_pad(Tensor.of(x), size=(1, 6)))
    assert smaller.tolist() == [[[[0, 4, 5, 6, 7, 0]]]]


def test_tensorflow_depth_to_space_lets_the_place_in_the_block_vary_slowest():
    x = np.arange(8.0).reshape(1, 8, 1, 1)

    out = computed(ops.depth_to_space(Tensor.of(x), block=2))

    assert out.tolist() == [[[[0, 2], [4, 6]], [[1, 3], [5, 7]]]]
    assert close(ops.space_to_depth(Tensor.of(out), block=2), x)


# -- distributions -------------------------------------------------------------------------------

MANY = 40_000


def state(seed=1):
    return Tensor.of(np.array([seed, 0], np.uint64))


def test_a_truncated_normal_stays_within_its_limit_and_has_its_deviation():
    drawn = computed(ops.truncated_normal(state(), shape=(MANY,), mean=3.0, std=0.5))

    assert np.abs(drawn - 3.0).max() <= 1.0
    assert abs(drawn.mean() - 3.0) < 0.01
    assert abs(drawn.std() / 0.5 - 0.8796) < 0.01


def test_distributions_have_their_averages():
    chances = Tensor.of(np.full(MANY, 0.3, np.float32))

    assert abs(computed(ops.bernoulli(state(), chances)).mean() - 0.3) < 0.01
    assert abs(computed(ops.exponential(state(), shape=(MANY,), rate=4.0)).mean() - 0.25) < 0.01
    assert abs(computed(ops.gumbel(state(), shape=(MANY,))).mean() - np.euler_gamma) < 0.02
    whole = computed(ops.random_integers(state(), shape=(MANY,), low=-2, high=3))
    assert np.abs(np.bincount(whole + 2) / MANY - 0.2).max() < 0.01


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_no_draw_is_infinite(dtype):
    for draw in (ops.truncated_normal, ops.exponential, ops.gumbel):
        assert np.isfinite(computed(draw(state(), shape=(MANY,), dtype=dtype)).astype(np.float64)).all()


def test_a_permutation_has_each_number_once():
    order = computed(ops.permutation(state(), size=1000))

    assert sorted(order.tolist()) == list(range(1000))
    assert order.tolist() != list(range(1000))
    assert sorted(computed(ops.shuffle(state(), Tensor.of(np.arange(9.0)))).tolist()) == list(range(9))


def test_classes_are_drawn_by_their_chances():
    chances = np.array([[0.1, 0.6, 0.3]])
    logits = Tensor.of(np.log(chances))

    drawn = computed(ops.multinomial(state(), logits, count=MANY))
    once = computed(ops.multinomial(state(), logits, count=3, replace=False))

    assert np.abs(np.bincount(drawn[0]) / MANY - chances[0]).max() < 0.01
    assert sorted(once[0].tolist()) == [0, 1, 2]


# -- accuracy, and sizes that come later -----------------------------------------------------------


def test_the_inverse_error_function_is_exact_from_the_middle_to_the_tails():
    x = np.array([1e-300, 1e-12, 0.3, 0.9, 1 - 1e-12, -0.999])
    y = computed(ops.erfinv(Tensor.of(x)))

    assert np.allclose([math.erf(v) for v in y], x, rtol=4e-16, atol=0)
    edges = computed(ops.erfinv(Tensor.of(np.array([1.0, -1.0, 1.5]))))
    assert edges[0] == np.inf and edges[1] == -np.inf and np.isnan(edges[2])


def test_compositions_take_a_batch_of_unknown_size():
    graph = Graph()
    x = graph.placeholder((None, 3, 4, 4), "float64")
    named = graph.placeholder(("batch", 4), "float64")
    rows = RANDOM.normal(size=(2, 4))
    images = RANDOM.uniform(size=(2, 3, 4, 4))
    fetches = {
        ops.variance(named, correction=1): rows.var(ddof=1),
        ops.tile(named, times=(2, 1)): np.tile(rows, (2, 1)),
        ops.repeat(named, times=2, axis=0): np.repeat(rows, 2, axis=0),
        ops.cumprod(named, axis=0): np.cumprod(rows, axis=0),
        ops.standardize_image(named): (rows - rows.mean(1, keepdims=True)) / rows.std(1, keepdims=True),
        ops.masked_select(named, named > 0.0): rows[rows > 0],
        ops.global_average_pool(x): images.mean(axis=(2, 3), keepdims=True),
        ops.rgb_to_grayscale(x): np.tensordot([0.2989, 0.587, 0.114], images, (0, 1))[:, None],
        ops.adjust_hue(x, delta=1.0): images,
    }

    results = Program(list(fetches), fed=[x, named]).run({x: images, named: rows})

    for result, expected in zip(results, fetches.values(), strict=True):
        assert np.allclose(result.numpy(), expected), result


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: ops.gelu(x, form="fast"), "gelu: form is 'fast'; it may be 'exact' or 'tanh'"),
        (lambda x: ops.resize(x, size=(2,)), r"resize: size \(2,\) is not one number for each spatial axis"),
        (lambda x: ops.top_k(x, k=9), "top_k: 9 of the 6 elements along axis -1"),
        (lambda x: ops.einsum(x, equation="ii->i"), "einsum: 'ii' of 'ii->i' does not name the axes"),
        (lambda x: ops.crop(x, offset=(0, 5), size=(2, 2)), "crop: 2 elements from 5 on reach beyond size 6"),
        (lambda x: ops.bitwise_and(x, x), "bitwise_and: has no bits to combine: float64"),
        (lambda x: ops.group_norm(x, groups=2), "group_norm: 5 channels cannot be divided into 2 groups"),
    ],
)
def test_a_mistake_is_told_in_the_words_of_the_op(call, message):
    with pytest.raises(TriviumError, match=message):
        call(Tensor.of(IMAGE))


# -- sequences -----------------------------------------------------------------------------------


def reading(path, blank):
    """What a path of classes reads as: repeats taken out, then blanks."""
    return tuple([c for i, c in enumerate(path) if c != blank and (i == 0 or path[i - 1] != c)])


@pytest.mark.parametrize("blank", [0, 2])
def test_ctc_adds_up_the_chances_of_all_paths_that_read_as_the_labels(blank):
    classes = [c for c in range(3) if c != blank]
    wanted = [(classes[0], classes[1]), (classes[1], classes[1]), ()]
    lengths = np.array([4, 3, 2])
    chances = RANDOM.dirichlet(np.ones(3), size=(3, 4))
    labels = np.array([[*row, 0, 0][:2] for row in wanted])

    losses = ops.ctc_loss(*[Tensor.of(x) for x in (np.log(chances), labels, lengths, np.array([2, 2, 0]))], blank=blank)

    expected = [
        sum(
            math.prod(chances[n, t, c] for t, c in enumerate(path))
            for path in itertools.product(range(3), repeat=int(lengths[n]))
            if reading(path, blank) == row
        )
        for n, row in enumerate(wanted)
    ]
    assert close(losses, -np.log(expected))


def test_a_sequence_that_is_too_short_for_its_labels_has_no_chance():
    log_chances = Tensor.of(np.log(np.full((1, 2, 3), 1 / 3))).require_gradient()

    loss = ops.ctc_loss(log_chances, *[Tensor.of(np.array(x)) for x in ([[1, 1]], [2], [2])])  # needs a blank between

    assert computed(loss).tolist() == [math.inf]


def test_labels_and_lengths_that_do_not_exist_are_refused():
    operands = [np.zeros((1, 2, 3)), np.array([[1, 7]]), np.array([2]), np.array([1])]
    ops.ctc_loss(*[Tensor.of(x) for x in operands])  # the 7 stands behind the one label

    with pytest.raises(TriviumError, match=r"ctc_loss: label_lengths are 0\.\.2, got \[3\]"):
        ops.ctc_loss(*[Tensor.of(x) for x in (*operands[:3], np.array([3]))])
    with pytest.raises(TriviumError, match=r"ctc_loss: labels are 0\.\.2, there are others among \[1 7\]"):
        ops.ctc_loss(*[Tensor.of(x) for x in (*operands[:3], np.array([2]))])


# -- windows and places --------------------------------------------------------------------------


def test_folding_counts_each_element_as_often_as_windows_saw_it():
    ones = Tensor.of(np.ones((1, 2, 5, 4)))
    settings = {"kernel": (3, 2), "stride": (1, 2), "padding": (1, 0)}

    columns = ops.unfold(ones, **settings)
    back = ops.fold(columns, size=(5, 4), **settings)

    assert columns.shape == (1, 12, 10)
    assert np.array_equal(computed(back)[0, 1], np.repeat([[2], [3], [3], [3], [2]], 4, axis=1))


def test_the_grid_of_no_motion_gives_the_image_back():
    theta = Tensor.of(np.array([[[1.0, 0, 0], [0, 1.0, 0]]] * 2))

    for align_corners in (True, False):
        grid = ops.affine_grid(theta, size=(4, 6), align_corners=align_corners)
        for method in ("linear", "nearest"):
            assert close(ops.grid_sample(Tensor.of(IMAGE), grid, method=method, align_corners=align_corners), IMAGE)


def test_a_mirror_image_is_a_grid_with_one_axis_turned():
    theta = Tensor.of(np.array([[[-1.0, 0, 0], [0, 1.0, 0]]] * 2))

    grid = ops.affine_grid(theta, size=(4, 6))

    assert close(ops.grid_sample(Tensor.of(IMAGE), grid), IMAGE[..., ::-1])


# -- several labels ------------------------------------------------------------------------------


def test_each_label_keeps_its_margin_from_every_class_that_is_none():
    x = RANDOM.normal(size=(3, 4))
    labels = np.array([[2, 0, -1, 1], [-1, 3, 3, 3], [0, 1, 2, 3]])

    expected = []
    for scores, row in zip(x, ([2, 0], [], [0, 1, 2, 3]), strict=True):
        others = [c for c in range(4) if c not in row]
        expected.append(sum(max(0.0, 1 - scores[j] + scores[i]) for j in row for i in others) / 4)

    assert close(ops.multilabel_margin(Tensor.of(x), Tensor.of(labels), normalization="each"), expected)
