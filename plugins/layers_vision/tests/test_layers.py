import numpy as np
import pytest

from trivium.errors import DTypeError, ShapeError
from trivium.graph import Graph
from trivium.program import Program
from trivium.randomness import seed
from trivium.tensor import Tensor
from trivium_layers_vision import (
    Accuracy,
    BatchNorm,
    Convolution,
    Dense,
    Dropout,
    LocalResponseNorm,
    SoftmaxCrossEntropy,
)


def numbers(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def test_parameters_are_known_while_the_batch_is_not():
    x = Graph().placeholder(("batch", 3, 8, 8))
    layer = Convolution(6, kernel=3, groups=3, name="conv")

    y = layer(x)

    assert str(y.spec) == "float32[batch, 6, 6, 6]"
    assert {name: p.shape for name, p in layer.owned.items()} == {"weight": (6, 1, 3, 3), "bias": (6,)}


def test_channels_that_do_not_split_into_groups_are_refused_in_the_name_of_the_layer():
    with pytest.raises(ShapeError, match=r"conv1 \(Convolution\): 4 channels and 6 filters do not split into 3 groups"):
        Convolution(6, kernel=3, groups=3, name="conv1")(Tensor.of(numbers(1, 4, 8, 8)))


def test_dense_takes_all_axes_from_one_on_as_features():
    x = numbers(2, 3, 4)
    flat, last = Dense(5, flatten=1), Dense(5)

    assert flat(Tensor.of(x)).shape == (2, 5)
    assert last(Tensor.of(x)).shape == (2, 3, 5)
    expected = x.reshape(2, 12) @ flat.weight.numpy().T + flat.bias.numpy()
    np.testing.assert_allclose(flat(Tensor.of(x)).numpy(), expected, rtol=1e-5)


def test_batch_norm_keeps_the_statistics_of_its_convention():
    x = numbers(4, 3, 5, 5)
    unbiased, biased = BatchNorm(momentum=0.9), BatchNorm(momentum=0.9, unbiased=False)

    unbiased(Tensor.of(x), training=True)
    biased(Tensor.of(x), training=True)

    variance = x.var(axis=(0, 2, 3))
    np.testing.assert_allclose(biased.variance.numpy(), 0.9 + 0.1 * variance, rtol=1e-5)
    np.testing.assert_allclose(unbiased.variance.numpy(), 0.9 + 0.1 * variance * 100 / 99, rtol=1e-5)
    np.testing.assert_allclose(unbiased.mean.numpy(), 0.1 * x.mean(axis=(0, 2, 3)), rtol=1e-4, atol=1e-7)


def test_batch_norm_counts_a_batch_that_is_known_only_when_the_graph_runs():
    x = numbers(4, 3, 5, 5)
    graph = Graph()
    fed = graph.placeholder(("batch", 3, 5, 5))
    layer, twin = BatchNorm(), BatchNorm()

    program = Program([layer(fed, training=True)], updates=graph.updates)
    program.run({fed: x})
    twin(Tensor.of(x), training=True)

    np.testing.assert_allclose(layer.variance.numpy(), twin.variance.numpy(), rtol=1e-6)


@pytest.mark.parametrize("across", [True, False])
def test_local_response_norm_is_the_formula(across):
    x = numbers(2, 7, 6, 6)

    y = LocalResponseNorm(5, alpha=0.5, beta=0.75, k=2.0, across=across)(Tensor.of(x)).numpy()

    axes, count = ((1,), 5) if across else ((2, 3), 25)
    widths = [(2, 2) if axis in axes else (0, 0) for axis in range(4)]
    squares = np.lib.stride_tricks.sliding_window_view(np.pad(x**2, widths), [5] * len(axes), axes)
    total = squares.sum(axis=tuple(range(4, 4 + len(axes))))
    np.testing.assert_allclose(y, x / (2.0 + 0.5 / count * total) ** 0.75, rtol=1e-5)


def test_dropout_draws_another_mask_at_each_step_and_the_same_ones_after_the_same_seed():
    x = Tensor.of(np.ones((4, 50), np.float32))

    def two_masks():
        seed(3)
        layer = Dropout(0.4)
        return [layer(x, training=True).numpy() for _ in range(2)]

    first, second = two_masks()
    again, _ = two_masks()

    assert not np.array_equal(first, second)
    assert np.array_equal(first, again)
    assert set(np.unique(first)) == {np.float32(0.0), np.float32(1.0 / 0.6)}
    assert np.array_equal(Dropout(0.4)(x).numpy(), x.numpy())


def test_labels_may_be_whole_numbers_of_any_dtype_and_nothing_else():
    scores, layer = Tensor.of(numbers(3, 4)), SoftmaxCrossEntropy()
    as_integers, as_floats = Tensor.of(np.array([0, 3, 1])), Tensor.of(np.array([0.0, 3.0, 1.0], np.float32))

    assert layer(scores, as_integers).item() == layer(scores, as_floats).item()
    with pytest.raises((DTypeError, ValueError), match=r"1\.5"):
        layer(scores, Tensor.of(np.array([0.0, 1.5, 1.0], np.float32)))


def test_accuracy_leaves_out_the_label_that_is_ignored():
    scores = Tensor.of(np.eye(4, dtype=np.float32))
    labels = Tensor.of(np.array([0, 1, 0, 9]))

    assert Accuracy(ignore=9)(scores, labels).item() == pytest.approx(2 / 3)
