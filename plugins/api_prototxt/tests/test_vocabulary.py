"""Layer types: Caffe's conventions against formulas written in NumPy."""

import numpy as np
import pytest

import trivium_api_prototxt as caffe
from trivium_api_prototxt.errors import PrototxtError

pytestmark = pytest.mark.usefixtures("own_folder")


def rows(*shapes):
    """An Input layer for blobs a, b, ..."""
    tops = " ".join(f'top: "{name}"' for name, _ in zip("abc", shapes))
    sizes = " ".join(f"shape {{ {' '.join(f'dim: {size}' for size in shape)} }}" for shape in shapes)
    return f'layer {{ name: "in" type: "Input" {tops} input_param {{ {sizes} }} }}\n'


def layer(type, settings="", bottoms="a", tops="y"):
    named = " ".join([f'bottom: "{b}"' for b in bottoms.split()] + [f'top: "{t}"' for t in tops.split()])
    return f'layer {{ name: "l" type: "{type}" {named} {settings} }}\n'


@pytest.fixture
def run(make_net):
    """What a layer makes of arrays."""

    def forward(type, *arrays, settings="", tops="y", phase=caffe.TEST):
        text = rows(*[array.shape for array in arrays])
        text += layer(type, settings, " ".join("abc"[: len(arrays)]), tops)
        net = make_net(text, phase)
        out = net.forward(**dict(zip("abc", arrays)))
        made = [out[top] if top in out else net.blobs[top].data for top in tops.split()]
        return made[0] if len(made) == 1 else made

    return forward


def grid(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


class TestPooling:
    @pytest.mark.parametrize(
        "size, kernel, stride, pad, expected",
        [(24, 2, 2, 0, 12), (32, 3, 2, 0, 16), (5, 3, 2, 1, 3), (7, 2, 2, 1, 4), (5, 1, 3, 0, 3), (6, 3, 2, 0, 3)],
    )
    def test_sizes_are_rounded_up_and_clipped_only_with_padding(self, run, size, kernel, stride, pad, expected):
        x = grid(1, 1, size, size)
        settings = f"pooling_param {{ kernel_size: {kernel} stride: {stride} pad: {pad} }}"

        assert run("Pooling", x, settings=settings).shape == (1, 1, expected, expected)

    def test_averages_count_padding_but_no_overhang(self, run):
        x = np.ones((1, 1, 4, 4), np.float32)

        padded = run("Pooling", x, settings="pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 }")
        hanging = run("Pooling", x, settings="pooling_param { pool: AVE kernel_size: 3 stride: 2 }")

        np.testing.assert_allclose(
            padded[0, 0], np.array([[4, 6, 2], [6, 9, 3], [2, 3, 1]]) / [[9, 9, 6], [9, 9, 6], [6, 6, 4]]
        )
        np.testing.assert_allclose(hanging[0, 0], np.ones((2, 2)))

    def test_round_mode_floor_and_both_spellings(self, run):
        x = grid(1, 2, 5, 8)

        down = run("Pooling", x, settings="pooling_param { kernel_size: 2 stride: 2 round_mode: FLOOR }")
        apart = run("Pooling", x, settings="pooling_param { kernel_h: 1 kernel_w: 4 stride_h: 1 stride_w: 4 }")

        assert down.shape == (1, 2, 2, 4)
        np.testing.assert_array_equal(apart, x.reshape(1, 2, 5, 2, 4).max(-1))

    def test_global_pooling_takes_the_plane(self, run):
        x = grid(2, 3, 4, 5)

        assert np.array_equal(
            run("Pooling", x, settings="pooling_param { global_pooling: true }"), x.max((2, 3), keepdims=True)
        )
        with pytest.raises(PrototxtError, match=r"global_pooling takes the whole plane: remove kernel_size"):
            run("Pooling", x, settings="pooling_param { global_pooling: true kernel_size: 2 }")

    def test_a_second_top_tells_where_the_maxima_stand(self, run):
        x = grid(1, 1, 4, 4)

        out, mask = run("Pooling", x, settings="pooling_param { kernel_size: 2 stride: 2 }", tops="y m")

        np.testing.assert_array_equal(x.reshape(-1)[mask.astype(int)], out)

    def test_stochastic_pooling_is_not_here_yet(self, run):
        with pytest.raises(PrototxtError, match=r"pool: STOCHASTIC is not here yet"):
            run("Pooling", grid(1, 1, 4, 4), settings="pooling_param { pool: STOCHASTIC kernel_size: 2 }")


class TestConvolution:
    def test_every_spelling_of_its_sizes(self, make_net):
        text = rows((1, 4, 9, 8)) + layer(
            "Convolution",
            "convolution_param { num_output: 6 group: 2 "
            "kernel_h: 3 kernel_w: 2 stride: 2 stride: 1 pad_h: 1 dilation: 2 }",
        )
        net = make_net(text)

        assert [blob.shape for blob in net.params["l"]] == [(6, 2, 3, 2), (6,)]
        assert net.blobs["y"].shape == (1, 6, (9 + 2 - 5) // 2 + 1, 8 - 3 + 1)

    @pytest.mark.parametrize(
        "settings, words",
        [
            ("num_output: 2", "kernel_size is missing"),
            ("num_output: 2 kernel_size: 3 kernel_h: 3 kernel_w: 3", "kernel_size and kernel_h both given"),
            ("num_output: 2 kernel_h: 3", "kernel_h without kernel_w"),
            ("num_output: 3 kernel_size: 3 group: 2", "group 2 divides 4 channels and 3 filters unevenly"),
            ("num_output: 2 kernel_size: 3 kernel_size: 3 kernel_size: 3", "3 kernel_size for 2 spatial axes"),
            ("num_output: 2 kernel_size: 3 stride: 0", "stride is 0: it must be at least 1"),
        ],
    )
    def test_sizes_that_contradict_are_refused(self, make_net, settings, words):
        with pytest.raises(PrototxtError, match=words):
            make_net(rows((1, 4, 9, 9)) + layer("Convolution", f"convolution_param {{ {settings} }}"))

    def test_several_bottoms_share_the_weights(self, make_net):
        text = rows((1, 1, 3, 3), (1, 1, 3, 3))
        text += layer(
            "Convolution",
            'convolution_param { num_output: 1 kernel_size: 3 weight_filler { type: "xavier" } }',
            "a b",
            "y z",
        )
        net = make_net(text, caffe.TEST)
        x = grid(1, 1, 3, 3)

        out = net.forward(a=x, b=2 * x)

        assert len(net.params["l"]) == 2
        np.testing.assert_allclose(out["z"], 2 * out["y"], rtol=1e-5)


class TestInnerProduct:
    def test_transposed_weights_are_stored_the_other_way_round(self, make_net):
        text = rows((2, 3, 4)) + layer(
            "InnerProduct", 'inner_product_param { num_output: 5 transpose: true weight_filler { type: "xavier" } }'
        )
        net = make_net(text, caffe.TEST)
        x = grid(2, 3, 4)

        weight = net.params["l"][0].data
        assert weight.shape == (12, 5)
        np.testing.assert_allclose(net.forward(a=x)["y"], x.reshape(2, 12) @ weight, rtol=1e-4, atol=1e-6)

    def test_axes_before_axis_are_kept_and_the_bias_can_be_left_out(self, make_net):
        net = make_net(
            rows((2, 3, 4)) + layer("InnerProduct", "inner_product_param { num_output: 5 axis: 2 bias_term: false }")
        )

        assert net.blobs["y"].shape == (2, 3, 5) and [b.shape for b in net.params["l"]] == [(5, 4)]


class TestNormalization:
    def test_lrn_across_channels_divides_alpha_by_the_size(self, run):
        x = grid(2, 6, 3, 3)
        squares = np.pad(x**2, ((0, 0), (1, 1), (0, 0), (0, 0)))
        sums = squares[:, :-2] + squares[:, 1:-1] + squares[:, 2:]

        out = run("LRN", x, settings="lrn_param { local_size: 3 alpha: 0.9 beta: 0.75 k: 2 }")

        np.testing.assert_allclose(out, x / (2 + 0.9 / 3 * sums) ** 0.75, rtol=1e-5)

    def test_lrn_within_a_channel_ignores_k(self, run):
        x = grid(1, 2, 5, 5)
        p = np.pad(x**2, ((0, 0), (0, 0), (1, 1), (1, 1)))
        sums = sum(p[:, :, i : i + 5, j : j + 5] for i in range(3) for j in range(3))

        out = run(
            "LRN", x, settings="lrn_param { local_size: 3 alpha: 0.9 beta: 0.75 k: 2 norm_region: WITHIN_CHANNEL }"
        )

        np.testing.assert_allclose(out, x / (1 + 0.9 / 9 * sums) ** 0.75, rtol=1e-5)

    def test_batch_norm_keeps_sums_and_the_number_that_divides_them(self, make_net):
        settings = "batch_norm_param { moving_average_fraction: 0.9 eps: 0.001 }"
        text = rows((5, 2, 3, 3)) + layer("BatchNorm", settings)
        net = make_net(text, caffe.TRAIN)
        mean, variance, factor = (np.zeros(size) for size in (2, 2, 1))
        for i in range(3):
            x = grid(5, 2, 3, 3, seed=i) * 3 + 1
            out = net.forward(a=x)["y"]
            m, v = x.mean((0, 2, 3)), x.var((0, 2, 3))
            mean, variance, factor = mean * 0.9 + m, variance * 0.9 + v * 45 / 44, factor * 0.9 + 1
            standard = (x - m.reshape(2, 1, 1)) / np.sqrt(v.reshape(2, 1, 1) + 0.001)
            np.testing.assert_allclose(out, standard, rtol=1e-3, atol=1e-5)
        for blob, expected in zip(net.params["l"], (mean, variance, factor)):
            np.testing.assert_allclose(blob.data, expected, rtol=1e-5)

        test = make_net(text, caffe.TEST, share=net)
        m, v = (mean / factor).reshape(2, 1, 1), (variance / factor).reshape(2, 1, 1)
        np.testing.assert_allclose(test.forward(a=x)["y"], (x - m) / np.sqrt(v + 0.001), rtol=1e-4, atol=1e-5)

    def test_batch_norm_with_statistics_that_were_never_gathered_divides_by_epsilon(self, run):
        x = grid(2, 2, 2, 2)

        np.testing.assert_allclose(run("BatchNorm", x, settings="batch_norm_param { eps: 0.01 }"), x * 10, rtol=1e-5)

    def test_batch_norm_can_use_what_it_has_while_training(self, make_net):
        net = make_net(rows((4, 2)) + layer("BatchNorm", "batch_norm_param { use_global_stats: true }"), caffe.TRAIN)
        net.params["l"][0].data[...], net.params["l"][1].data[...], net.params["l"][2].data[...] = 4.0, 8.0, 2.0

        out = net.forward(a=np.full((4, 2), 6.0))["y"]

        np.testing.assert_allclose(out, 2.0, rtol=1e-5)  # (6 - 4/2) / sqrt(8/2)
        assert net.params["l"][2].data == 2.0

    @pytest.mark.parametrize("axis, count, shape", [(1, 1, (3,)), (0, 2, (2, 3)), (1, -1, (3, 4)), (2, 0, ())])
    def test_scale_has_a_number_for_each_place_of_its_axes(self, make_net, axis, count, shape):
        settings = f"scale_param {{ axis: {axis} num_axes: {count} bias_term: true filler {{ type: 'uniform' }} }}"
        net = make_net(rows((2, 3, 4)) + layer("Scale", settings), caffe.TEST)
        net.params["l"][1].data[...] = 0.5
        x, scale = grid(2, 3, 4), net.params["l"][0].data

        assert scale.shape == shape
        spread = scale.reshape((1,) * axis + shape + (1,) * (3 - axis - len(shape)))
        np.testing.assert_allclose(net.forward(a=x)["y"], x * spread + 0.5, rtol=1e-5)

    def test_scale_and_bias_by_a_second_bottom(self, run):
        x, y = grid(2, 3, 4), grid(3, seed=1)

        np.testing.assert_allclose(run("Scale", x, y), x * y[:, None], rtol=1e-6)
        np.testing.assert_allclose(run("Bias", x, y), x + y[:, None], rtol=1e-6)


class TestLosses:
    def entropy(self, scores, labels):
        shifted = scores - scores.max(1, keepdims=True)
        log = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
        return -np.take_along_axis(log, labels[:, None].astype(int), 1)[:, 0]

    @pytest.mark.parametrize(
        "settings, divisor",
        [
            ("", 5),
            ("normalization: FULL", 8),
            ("normalization: BATCH_SIZE", 2),
            ("normalization: NONE", 1),
            ("normalize: false", 2),
            ("normalize: true", 5),
            ("normalize: false normalization: FULL", 8),
        ],
    )
    def test_softmax_loss_is_divided_by_what_is_asked(self, run, settings, divisor):
        scores = grid(2, 3, 2, 2)
        labels = np.array([[[0, 1], [2, 9]], [[9, 9], [1, 0]]], np.float32)
        expected = self.entropy(scores, np.where(labels == 9, 0, labels))[labels != 9].sum() / divisor

        for shape in ((2, 2, 2), (2, 1, 2, 2)):
            loss = run(
                "SoftmaxWithLoss",
                scores,
                labels.reshape(shape),
                settings=f"loss_param {{ ignore_label: 9 {settings} }}",
            )
            assert float(loss) == pytest.approx(expected, rel=1e-5)

    def test_batch_size_is_all_before_the_classes(self, run):
        scores, labels = grid(2, 3, 4), np.zeros((2, 3), np.float32)
        settings = "softmax_param { axis: 2 } loss_param { normalization: %s }"

        batch, none = (
            float(run("SoftmaxWithLoss", scores, labels, settings=settings % n)) for n in ("BATCH_SIZE", "NONE")
        )

        assert batch == pytest.approx(none / 6, rel=1e-5)

    def test_softmax_loss_gives_probabilities_on_a_second_top(self, run):
        scores = grid(2, 3)

        _, probabilities = run("SoftmaxWithLoss", scores, np.array([0, 1]), tops="loss prob")

        np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-6)

    def test_labels_with_a_fraction_are_refused(self, run):
        with pytest.raises(PrototxtError, match=r"1.5"):
            run("SoftmaxWithLoss", grid(2, 3), np.array([0, 1.5], np.float32))

    def test_labels_that_are_too_few_are_refused(self, make_net):
        with pytest.raises(
            PrototxtError, match=r"layer 'l' \(SoftmaxWithLoss\): scores .* need labels of shape \(4,\)"
        ):
            make_net(rows((4, 3), (3,)) + layer("SoftmaxWithLoss", "", "a b"))

    def test_a_loss_may_have_no_top(self, make_net):
        net = make_net(rows((4, 3), (4, 3)) + 'layer { name: "l" type: "EuclideanLoss" bottom: "a" bottom: "b" }')
        net.blobs["a"].data[...] = 2

        assert net.forward() == {} and float(net.blobs["(automatic)"].data) == 6.0

    def test_euclidean_loss_takes_bottoms_of_one_size(self, run, make_net):
        x, y = grid(4, 3), grid(4, 3, 1, seed=1)

        assert float(run("EuclideanLoss", x, y)) == pytest.approx(((x - y[..., 0]) ** 2).sum() / 8, rel=1e-5)
        with pytest.raises(PrototxtError, match=r"its bottoms differ in size"):
            make_net(rows((4, 3), (4, 2)) + layer("EuclideanLoss", "", "a b"))

    def test_accuracy_counts_ties_as_wrong_and_takes_top_k(self, run):
        scores = np.array([[1, 1, 0], [0, 1, 2], [3, 2, 1], [2, 1, 0]], np.float32)
        labels = np.array([0, 2, 2, 1], np.float32)

        assert float(run("Accuracy", scores, labels)) == 0.25
        assert float(run("Accuracy", scores, labels, settings="accuracy_param { top_k: 2 }")) == 0.75
        assert float(run("Accuracy", scores, labels, settings="accuracy_param { ignore_label: 2 }")) == 0.0


class TestArithmetic:
    @pytest.mark.parametrize(
        "settings, formula",
        [
            ("", lambda a, b: a + b),
            ("eltwise_param { coeff: 1 coeff: -0.5 }", lambda a, b: a - b / 2),
            ("eltwise_param { operation: PROD }", lambda a, b: a * b),
            ("eltwise_param { operation: MAX }", np.maximum),
        ],
    )
    def test_eltwise(self, run, settings, formula):
        a, b = grid(2, 3), grid(2, 3, seed=1)

        np.testing.assert_allclose(run("Eltwise", a, b, settings=settings), formula(a, b), rtol=1e-6)

    @pytest.mark.parametrize(
        "power, scale, shift", [(1, 1, 0), (2, 3, 1), (0.5, 0.1, 3), (0, 2, 1), (3, 0, 2), (-1, 1, 5)]
    )
    def test_power(self, run, power, scale, shift):
        x = grid(3, 4)

        out = run("Power", x, settings=f"power_param {{ power: {power} scale: {scale} shift: {shift} }}")

        np.testing.assert_allclose(out, (shift + scale * x) ** power, rtol=1e-5)

    @pytest.mark.parametrize(
        "type, settings, formula",
        [
            ("ReLU", "", lambda x: np.maximum(x, 0)),
            ("ReLU", "relu_param { negative_slope: 0.1 }", lambda x: np.where(x > 0, x, 0.1 * x)),
            ("Sigmoid", "", lambda x: 1 / (1 + np.exp(-x))),
            ("TanH", "", np.tanh),
            ("AbsVal", "", np.abs),
            ("Dropout", "", lambda x: x),
            ("Softmax", "", lambda x: np.exp(x) / np.exp(x).sum(1, keepdims=True)),
        ],
    )
    def test_activations(self, run, type, settings, formula):
        x = grid(3, 4)

        np.testing.assert_allclose(run(type, x, settings=settings), formula(x), rtol=1e-5, atol=1e-7)


class TestShaping:
    @pytest.mark.parametrize(
        "type, settings, shape",
        [
            ("Flatten", "", (2, 60)),
            ("Flatten", "flatten_param { axis: 1 end_axis: 2 }", (2, 12, 5)),
            ("Flatten", "flatten_param { axis: -2 }", (2, 3, 20)),
            ("Reshape", "reshape_param { shape { dim: 0 dim: -1 } }", (2, 60)),
            ("Reshape", "reshape_param { shape { dim: 2 dim: 2 } axis: 2 num_axes: 1 }", (2, 3, 2, 2, 5)),
            ("Reshape", "reshape_param { shape { dim: 1 } axis: -1 num_axes: 0 }", (2, 3, 4, 5, 1)),
        ],
    )
    def test_shapes(self, run, type, settings, shape):
        x = grid(2, 3, 4, 5)

        np.testing.assert_array_equal(run(type, x, settings=settings), x.reshape(shape))

    def test_concat_slice_and_split(self, run):
        a, b = grid(2, 3), grid(2, 2, seed=1)

        np.testing.assert_array_equal(run("Concat", a, b), np.concatenate([a, b], 1))
        np.testing.assert_array_equal(run("Concat", a, a, settings="concat_param { axis: 0 }"), np.concatenate([a, a]))
        first, second = run("Slice", a, tops="y z", settings="slice_param { slice_point: 1 }")
        np.testing.assert_array_equal(np.concatenate([first, second], 1), a)
        assert [part.shape for part in run("Slice", b, tops="y z")] == [(2, 1), (2, 1)]
        for part in run("Split", a, tops="y z"):
            np.testing.assert_array_equal(part, a)

    def test_silence_leaves_no_output(self, make_net):
        net = make_net(rows((2, 3)) + 'layer { name: "s" type: "Silence" bottom: "a" }', caffe.TEST)

        assert net.outputs == [] and net.forward() == {}


class TestFillers:
    @pytest.mark.parametrize(
        "filler, low, high, std",
        [
            ('type: "constant" value: 0.5', 0.5, 0.5, 0),
            ('type: "uniform" min: -2 max: 4', -2, 4, 6 / 12**0.5),
            ('type: "gaussian" mean: 3 std: 0.5', 0, 6, 0.5),
            ('type: "xavier"', -((3 / 50) ** 0.5), (3 / 50) ** 0.5, 50**-0.5),
            ('type: "xavier" variance_norm: FAN_OUT', -((3 / 400) ** 0.5), (3 / 400) ** 0.5, 400**-0.5),
            ('type: "msra" variance_norm: AVERAGE', -1, 1, (2 / 225) ** 0.5),
        ],
    )
    def test_weights_are_spread_as_asked(self, make_net, filler, low, high, std):
        settings = f"inner_product_param {{ num_output: 400 weight_filler {{ {filler} }} }}"
        weight = make_net(rows((1, 50)) + layer("InnerProduct", settings)).params["l"][0].data

        assert low <= weight.min() and weight.max() <= high
        assert float(weight.std()) == pytest.approx(std, rel=0.03)

    def test_sparse_gaussian_positive_unitball_and_bilinear(self, make_net):
        ip = "inner_product_param { num_output: 100 weight_filler { %s } }"
        sparse = make_net(rows((1, 50)) + layer("InnerProduct", ip % 'type: "gaussian" sparse: 10')).params["l"][0].data
        ball = make_net(rows((1, 50)) + layer("InnerProduct", ip % 'type: "positive_unitball"')).params["l"][0].data
        conv = 'convolution_param { num_output: 2 kernel_size: 4 weight_filler { type: "bilinear" } }'
        tent = make_net(rows((1, 1, 8, 8)) + layer("Convolution", conv)).params["l"][0].data[1, 0]

        assert 0.07 < (sparse != 0).mean() < 0.13
        np.testing.assert_allclose(ball.sum(1), 1, rtol=1e-5)
        np.testing.assert_allclose(tent, np.outer([0.25, 0.75, 0.75, 0.25], [0.25, 0.75, 0.75, 0.25]))


class TestSequences:
    """x (T, N, D), cont (T, N); the formulas walk one step after the other."""

    UNITS = 3
    SETTINGS = "recurrent_param { num_output: 3 weight_filler { type: 'gaussian' std: 0.5 } "
    SETTINGS += "bias_filler { type: 'uniform' min: -1 max: 1 }"
    X = grid(4, 2, 5)
    CONT = np.array([[0, 1], [1, 1], [1, 0], [1, 1]], np.float32)

    def net(self, make_net, type, more="", extra=(), tops="y"):
        arrays = [self.X, self.CONT, *extra]
        names = "a b c d e".split()[: len(arrays)]
        text = ""
        for name, array in zip(names, arrays):
            dims = " ".join(f"dim: {n}" for n in array.shape)
            text += f'layer {{ name: "{name}" type: "Input" top: "{name}" input_param {{ shape {{ {dims} }} }} }}\n'
        net = make_net(text + layer(type, f"{self.SETTINGS} {more} }}", " ".join(names), tops))
        return net, dict(zip(names, arrays))

    @staticmethod
    def lstm(x, cont, weights, h, c):
        w_x, b, *_, w_h = weights
        made = []
        for row, k in zip(x, cont[..., None]):
            h, c = h * k, c * k
            i, f, o, g = np.split(row @ w_x.T + b + h @ w_h.T, 4, 1)
            i, f, o = [1 / (1 + np.exp(-gate)) for gate in (i, f, o)]
            c = f * c + i * np.tanh(g)
            h = o * np.tanh(c)
            made.append(h)
        return np.stack(made), h, c

    @staticmethod
    def close(actual, expected):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)

    def test_embed_looks_rows_up_and_adds_a_bias(self, make_net):
        indices = np.array([[1, 4], [0, 1]], np.float32)
        settings = "embed_param { num_output: 3 input_dim: 5 weight_filler { type: 'gaussian' } "
        settings += "bias_filler { type: 'constant' value: 2 } }"
        net = make_net(rows(indices.shape) + layer("Embed", settings))

        y = net.forward(a=indices)["y"]

        table, bias = [blob.data for blob in net.params["l"]]
        assert (table.shape, bias.shape) == ((5, 3), (3,))
        np.testing.assert_array_equal(y, table[indices.astype(int)] + bias)
        with pytest.raises(PrototxtError, match="input_dim is missing: say how many rows there are"):
            make_net(rows((2, 2)) + layer("Embed", "embed_param { num_output: 3 }"))
        with pytest.raises(ValueError, match=r"1\.5 cannot be represented"):
            net.forward(a=indices + 0.5)

    def test_an_lstm_goes_on_where_the_last_forward_ended(self, make_net):
        net, _ = self.net(make_net, "LSTM")
        weights = [blob.data for blob in net.params["l"]]
        assert [w.shape for w in weights] == [(12, 5), (12,), (12, 3)]

        h = c = np.zeros((2, 3))
        for cont in (self.CONT, np.ones_like(self.CONT), self.CONT):
            y = net.forward(a=self.X, b=cont)["y"]
            expected, h, c = self.lstm(self.X, cont, weights, h, c)
            self.close(y, expected)

    def test_a_static_input_stands_beside_every_step(self, make_net):
        static = grid(2, 4, seed=1)
        net, fed = self.net(make_net, "LSTM", extra=[static])
        w_x, b, w_static, w_h = [blob.data for blob in net.params["l"]]
        assert w_static.shape == (12, 4)

        y = net.forward(**fed)["y"]

        x = np.concatenate([self.X, np.broadcast_to(static, (4, 2, 4))], 2)
        zero = np.zeros((2, 3))
        self.close(y, self.lstm(x, self.CONT, [np.concatenate([w_x, w_static], 1), b, w_h], zero, zero)[0])

    def test_exposed_states_come_in_and_go_out(self, make_net):
        h, c = grid(1, 2, 3, seed=1), grid(1, 2, 3, seed=2)
        net, fed = self.net(make_net, "LSTM", "expose_hidden: true", [h, c], "y h c_t")
        ones = np.ones_like(self.CONT)

        out = net.forward(**{**fed, "b": ones})

        weights = [blob.data for blob in net.params["l"]]
        for _ in range(2):
            expected = self.lstm(self.X, ones, weights, h[0], c[0])
            for actual, value in zip((out["y"], out["h"][0], out["c_t"][0]), expected):
                self.close(actual, value)
            out = net.forward(**{**fed, "b": ones})  # nothing is carried on

    def test_an_rnn_has_a_layer_behind_its_states(self, make_net):
        net, fed = self.net(make_net, "RNN")
        weights = w_x, b_h, w_h, w_o, b_o = [blob.data for blob in net.params["l"]]
        assert [w.shape for w in weights] == [(3, 5), (3,), (3, 3), (3, 3), (3,)]

        h = np.zeros((2, 3))
        for _ in range(2):
            y = net.forward(**fed)["y"]
            for row, k, actual in zip(self.X, self.CONT[..., None], y):
                h = np.tanh(row @ w_x.T + b_h + (h * k) @ w_h.T)
                self.close(actual, np.tanh(h @ w_o.T + b_o))

    def test_gradients_stop_where_a_sequence_begins_and_where_a_forward_ends(self, make_net):
        text = rows((4, 2, 5), (4, 2), (4, 2, 3)) + layer("LSTM", f"{self.SETTINGS} }}", "a b", "y")
        net = make_net(
            text + 'layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "c" top: "loss" }', caffe.TRAIN
        )
        target, ones = grid(4, 2, 3, seed=3), np.ones_like(self.CONT)
        net.forward(a=self.X, b=ones, c=target)  # so that a state is carried on
        net.forward(a=self.X, b=ones, c=target)
        net.clear_param_diffs()
        net.forward(a=self.X, b=self.CONT, c=target)
        net.backward()

        weights = [blob.data.astype(float) for blob in net.params["l"]]
        zero = np.zeros((2, 3))
        _, h, c = self.lstm(self.X, ones, weights, zero, zero)
        _, h, c = self.lstm(self.X, ones, weights, h, c)
        for at, blob in enumerate(net.params["l"]):
            turned, losses = np.random.default_rng(at).normal(size=blob.shape), []
            for step in (1e-4, -1e-4):
                moved = [w + step * turned if i == at else w for i, w in enumerate(weights)]
                y, _, _ = self.lstm(self.X, self.CONT, moved, h, c)
                losses.append(((y - target) ** 2).sum() / 2 / 4)
            assert (blob.diff * turned).sum() == pytest.approx((losses[0] - losses[1]) / 2e-4, rel=1e-3)

    def test_a_net_that_shares_weights_carries_its_own_state(self, make_net):
        net, _ = self.net(make_net, "LSTM")
        ones = np.ones_like(self.CONT)
        first = net.forward(a=self.X, b=ones)["y"].copy()
        other = caffe.Net(net.draft, share=net)

        assert np.array_equal(other.forward(a=self.X, b=ones)["y"], first)
        assert not np.array_equal(net.forward(a=self.X, b=ones)["y"], first)
        assert other.params["l"][0].data is net.params["l"][0].data

    def test_an_lstm_unit_is_one_step(self, make_net):
        c, gates, cont = grid(1, 2, 3), grid(1, 2, 12, seed=1), np.array([[1, 0]], np.float32)
        net = make_net(rows(c.shape, gates.shape, cont.shape) + layer("LSTMUnit", "", "a b c", "d h"))

        out = net.forward(a=c, b=gates, c=cont)

        i, f, o, g = np.split(gates[0], 4, 1)
        i, f, o = [1 / (1 + np.exp(-gate)) for gate in (i, f, o)]
        after = f * c[0] * cont[0][:, None] + i * np.tanh(g)
        self.close(out["d"][0], after)
        self.close(out["h"][0], o * np.tanh(after))

    @pytest.mark.parametrize(
        "settings, tops, words",
        [
            ("", "y", "num_output is missing"),
            ("num_output: 3", "y h", "has 2 bottoms and 2 tops: it takes x, cont, perhaps a static input, and makes 1"),
            ("num_output: 3 expose_hidden: true", "y h c", "then 2 first states, and makes 3"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, make_net, settings, tops, words):
        with pytest.raises(PrototxtError, match=words):
            make_net(rows((4, 2, 5), (4, 2)) + layer("LSTM", f"recurrent_param {{ {settings} }}", "a b", tops))
