"""What layers compute, by formulas that are written here again."""

import math
import pickle

import numpy as np
import pytest

from trivium.errors import ShapeError
from trivium.randomness import seed
from trivium.registry import find_layer
from trivium.tensor import Tensor
from trivium_layers_vision import LAYERS
from trivium_layers_vision.of_function import layer_of


def numbers(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def computed(layer, *arrays, training=False):
    return layer(*[Tensor.of(x) for x in arrays], training=training).numpy()


def test_a_convolution_the_other_way_round_spreads_each_element():
    x = numbers(1, 2, 3)
    layer = find_layer("ConvolutionTranspose")(4, kernel=3, stride=2, padding=1, output_padding=1, groups=2)

    y = computed(layer, x)

    weight, spread = layer.weight.numpy(), np.zeros((4, 8))
    for place in range(3):
        for tap in range(3):
            for channel in range(2):  # each is a group of its own, with two filters
                taps = weight[channel, :, tap] * x[0, channel, place]
                spread[2 * channel : 2 * channel + 2, 2 * place + tap] += taps
    np.testing.assert_allclose(y[0], spread[:, 1:7], rtol=1e-5, atol=1e-6)


def test_a_separable_convolution_is_two_convolutions():
    x = numbers(2, 3, 5, 5)
    layer = find_layer("SeparableConvolution")(4, kernel=3, multiplier=2)

    y = computed(layer, x)

    depthwise, pointwise = layer.depthwise.numpy(), layer.pointwise.numpy()
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (2, 3))
    own = np.einsum("nchwij,cmij->ncmhw", windows, depthwise.reshape(3, 2, 3, 3)).reshape(2, 6, 3, 3)
    np.testing.assert_allclose(y, np.einsum("nchw,oc->nohw", own, pointwise[:, :, 0, 0]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("unbiased", [True, False])
def test_instance_norm_keeps_the_average_statistics_of_its_examples(unbiased):
    x = numbers(4, 3, 5)
    layer = find_layer("InstanceNorm")(is_tracking=True, momentum=0.8, unbiased=unbiased)

    computed(layer, x, training=True)
    used = computed(layer, x)

    variance = 0.8 + 0.2 * x.var(axis=2, ddof=int(unbiased)).mean(axis=0)
    mean = 0.2 * x.mean(axis=(0, 2))
    np.testing.assert_allclose(layer.variance.numpy(), variance, rtol=1e-5)
    np.testing.assert_allclose(layer.mean.numpy(), mean, rtol=1e-4, atol=1e-7)
    expected = (x - mean[:, None]) / np.sqrt(variance + 1e-5)[:, None]
    np.testing.assert_allclose(used, expected, rtol=1e-4, atol=1e-5)


def test_normalizations_own_a_scale_or_a_shift_or_neither():
    x = Tensor.of(numbers(2, 4, 3))
    for name, settings in (("BatchNorm", {}), ("GroupNorm", {"groups": 2}), ("LayerNorm", {}), ("InstanceNorm", {})):
        with_scale = find_layer(name)(has_shift=False, **settings)
        without = find_layer(name)(has_scale=False, has_shift=False, **settings)
        with_scale(x, training=True)
        without(x, training=True)

        assert "scale" in with_scale.owned, name
        assert not {"scale", "shift"} & {*without.owned} and "shift" not in with_scale.owned, name


def test_dropout_of_whole_channels_shares_a_draw():
    seed(3)
    x = np.ones((6, 20, 4, 4), np.float32)

    y = computed(find_layer("Dropout")(0.25, shared=(2, 3)), x, training=True).reshape(120, 16)

    assert (y == y[:, :1]).all()
    assert set(np.unique(y)) == {np.float32(0.0), np.float32(1.0 / 0.75)}


def test_alpha_dropout_is_an_affine_map_of_what_is_kept_and_of_selus_floor():
    seed(3)
    x, rate = numbers(50, 50), 0.3
    floor = -1.6732632423543772 * 1.0507009873554805
    scale = (1 - rate + floor**2 * rate * (1 - rate)) ** -0.5
    shift = -scale * rate * floor

    y = computed(find_layer("AlphaDropout")(rate), x, training=True)

    dropped = np.isclose(y, floor * scale + shift, atol=1e-6)
    assert 0.2 < dropped.mean() < 0.4
    np.testing.assert_allclose(y[~dropped], (x * scale + shift)[~dropped], rtol=1e-4, atol=1e-6)


def test_random_slopes_are_drawn_while_training_and_their_middle_is_used_otherwise():
    seed(3)
    x = -np.ones((40, 50), np.float32)
    layer = find_layer("RandomRelu")(0.1, 0.3)

    slopes = -computed(layer, x, training=True)

    assert 0.1 <= slopes.min() < 0.11 and 0.29 < slopes.max() <= 0.3
    np.testing.assert_allclose(computed(layer, x), -0.2, rtol=1e-6)


def test_a_border_may_cut():
    x = numbers(1, 1, 4)

    assert computed(find_layer("Pad")(((-1, 2),), value=7.0), x)[0, 0].tolist() == [*x[0, 0, 1:].tolist(), 7.0, 7.0]
    assert (
        computed(find_layer("Pad")(2, mode="reflect"), x)[0, 0].tolist() == x[0, 0, [2, 1, 0, 1, 2, 3, 2, 1]].tolist()
    )


def test_resizing_by_a_factor_goes_by_the_factor_and_not_by_the_rounded_size():
    x = np.arange(5, dtype=np.float32).reshape(1, 1, 5)

    y = computed(find_layer("Resize")(factors=1.5), x)[0, 0]

    places = np.clip((np.arange(7) + 0.5) / 1.5 - 0.5, 0, 4)
    np.testing.assert_allclose(y, places, rtol=1e-5, atol=1e-6)
    with pytest.raises(ShapeError, match="either size or factors says how large the result is"):
        computed(find_layer("Resize")(), x)


def test_a_max_pool_and_its_opposite():
    x = numbers(1, 2, 4, 4)
    out, indices = find_layer("MaxPool")(2, with_indices=True)(Tensor.of(x))

    back = find_layer("MaxUnpool")(size=(4, 4))(out, indices).numpy()

    largest = x.reshape(1, 2, 2, 2, 2, 2).max(axis=(3, 5), keepdims=True)
    is_largest = (x.reshape(1, 2, 2, 2, 2, 2) == largest).reshape(x.shape)
    assert np.array_equal(back, np.where(is_largest, x, 0.0))


def test_adaptive_pools_leave_an_axis_without_a_size_as_it_is():
    x = numbers(1, 2, 5, 3)

    y = computed(find_layer("AdaptiveAveragePool")((2, None)), x)

    np.testing.assert_allclose(y[:, :, 0], x[:, :, :3].mean(axis=2), rtol=1e-5)
    np.testing.assert_allclose(y[:, :, 1], x[:, :, 2:].mean(axis=2), rtol=1e-5)


def test_losses_divide_as_caffe_pytorch_and_tensorflow_do():
    x, y = numbers(4, 3), numbers(4, 3) * 0.5
    total = np.abs(x - y).sum()
    by_word = {"batch": 4, "full": 12, "none": 1}

    for word, count in by_word.items():
        loss = computed(find_layer("AbsoluteError")(normalization=word), x, y)
        np.testing.assert_allclose(loss, total / count, rtol=1e-5)


def test_contrastive_loss_is_caffes_in_both_versions():
    x, y, is_same = numbers(4, 3), numbers(4, 3)[::-1].copy(), np.array([1, 0, 0, 1], np.float32)
    distance = np.sqrt(((x - y) ** 2).sum(axis=1))
    like = (is_same * distance**2).sum()

    for form, unlike in (("distance", np.maximum(3 - distance, 0) ** 2), ("square", np.maximum(3 - distance**2, 0))):
        loss = computed(find_layer("Contrastive")(margin=3.0, form=form), x, y, is_same)
        np.testing.assert_allclose(loss, (like + ((1 - is_same) * unlike).sum()) / 2 / 4, rtol=1e-5)


def test_labels_of_losses_may_be_whole_numbers_of_any_dtype():
    scores, labels = numbers(3, 4), np.array([1, 0, 3])

    for name in ("Hinge", "MultiMargin", "NegativeLogLikelihood"):
        as_integers = computed(find_layer(name)(), scores, labels)
        assert np.array_equal(as_integers, computed(find_layer(name)(), scores, labels.astype(np.float32))), name


def test_a_layer_of_a_function_takes_its_settings_its_defaults_and_its_words():
    elu = find_layer("Elu")

    assert repr(elu(0.3)) == "Elu(name=None, alpha=0.3)"
    assert elu() == elu(alpha=1.0)
    assert pickle.loads(pickle.dumps(elu(0.3))) == elu(0.3)
    assert "arXiv:1511.07289" in elu.__doc__
    with pytest.raises(TypeError, match="sharpness"):
        elu(sharpness=2.0)

    def shifted(x, *, by, times=1.0):
        return (x + by) * times

    made = layer_of("Shifted", shifted, lambda make: (make(2),), tried={"by": 1.0, "times": 2.0})
    assert computed(made(by=2.0), np.float32([1.0])).tolist() == [3.0]
    tried = [(layer.by, layer.times) for layer, _ in made.samples(lambda size: np.ones(size))]
    assert tried == [(1.0, 1.0), (1.0, 1.0), (1.0, 2.0)]


def test_every_layer_says_what_it_is():
    assert [layer.__name__ for layer in LAYERS if not layer.__doc__] == []


def test_gelu_in_both_forms_is_its_formula():
    x = numbers(50)
    exact = np.array([v * 0.5 * math.erfc(-v / math.sqrt(2)) for v in x.tolist()])
    tanh = 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))

    np.testing.assert_allclose(computed(find_layer("Gelu")(), x), exact, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(computed(find_layer("Gelu")("tanh"), x), tanh, rtol=1e-5, atol=1e-6)
