"""Neural-network functions: TensorFlow's axis orders, paddings and conventions."""

import numpy as np
import pytest

import trivium_api_static as tf

RNG = np.random.default_rng(0)


def numpy_conv2d(x, w, stride, padding, dilation=1):
    """NHWC, HWIO, written out."""
    (n, height, width, _), (kh, kw, _, out) = x.shape, w.shape
    spans = [dilation * (k - 1) + 1 for k in (kh, kw)]
    if padding == "SAME":
        sizes = [-(-s // stride) for s in (height, width)]
        total = [max((o - 1) * stride + k - s, 0) for o, k, s in zip(sizes, spans, (height, width))]
        x = np.pad(x, [(0, 0), *[(t // 2, t - t // 2) for t in total], (0, 0)])
    else:
        sizes = [(s - k) // stride + 1 for s, k in zip((height, width), spans)]
    y = np.zeros((n, *sizes, out), x.dtype)
    for i, j in np.ndindex(*sizes):
        rows = slice(i * stride, i * stride + spans[0], dilation)
        columns = slice(j * stride, j * stride + spans[1], dilation)
        y[:, i, j] = np.einsum("nhwc,hwco->no", x[:, rows, columns], w)
    return y


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(
    "size, kernel, stride, dilation", [(5, 3, 1, 1), (6, 3, 2, 1), (7, 2, 2, 1), (7, 4, 3, 1), (8, 3, 1, 2)]
)
def test_convolutions_pad_as_tensorflow_pads(run, padding, size, kernel, stride, dilation):
    x = RNG.normal(size=(2, size, size + 1, 3)).astype("f4")
    w = RNG.normal(size=(kernel, kernel, 3, 4)).astype("f4")

    y = tf.nn.conv2d(x, w, [1, stride, stride, 1], padding, dilations=[1, dilation, dilation, 1])
    first = tf.nn.conv2d(x.transpose(0, 3, 1, 2), w, [1, 1, stride, stride], padding, data_format="NCHW",
                         dilations=[1, 1, dilation, dilation])  # fmt: skip

    expected = numpy_conv2d(x, w, stride, padding, dilation)
    np.testing.assert_allclose(run(y), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(run(first).transpose(0, 2, 3, 1), expected, rtol=1e-4, atol=1e-5)
    assert y.shape.as_list() == list(expected.shape) and y.name.startswith("Conv2D")


def test_a_convolution_has_gradients_in_tensorflows_orders(run):
    x, w = (
        tf.constant(RNG.normal(size=(1, 4, 4, 2)), tf.float32),
        tf.constant(RNG.normal(size=(3, 3, 2, 5)), tf.float32),
    )

    gx, gw = tf.gradients(tf.nn.conv2d(x, w, [1, 2, 2, 1], "SAME"), [x, w])

    assert (gx.shape.as_list(), gw.shape.as_list()) == ([1, 4, 4, 2], [3, 3, 2, 5]) and run([gx, gw])


def test_convolutions_that_make_no_sense_are_refused():
    x, w = tf.zeros([1, 4, 4, 3]), tf.zeros([3, 3, 4, 2])

    with pytest.raises(
        ValueError, match=r"Depth of input \(3\) is not a multiple of input depth of filter \(4\) for 'Conv2D'"
    ):
        tf.nn.conv2d(x, w, [1, 1, 1, 1], "SAME")
    with pytest.raises(ValueError, match="Padding must be 'SAME' or 'VALID', got 'same'"):
        tf.nn.conv2d(x, tf.zeros([3, 3, 3, 2]), [1, 1, 1, 1], "same")
    with pytest.raises(ValueError, match="does not yet support strides in the batch and depth dimensions"):
        tf.nn.conv2d(x, tf.zeros([3, 3, 3, 2]), [2, 1, 1, 1], "SAME")
    unknown = tf.placeholder(tf.float32, [None, None, None, 3])
    with pytest.raises(ValueError, match="padding 'SAME' with stride 2 depends on a spatial size"):
        tf.nn.conv2d(unknown, tf.zeros([3, 3, 3, 2]), [1, 2, 2, 1], "SAME")
    assert str(tf.nn.conv2d(unknown, tf.zeros([3, 3, 3, 2]), [1, 1, 1, 1], "SAME").shape) == "(?, ?, ?, 2)"


@pytest.mark.parametrize(
    "size, kernel, stride, padding", [(5, 2, 2, "SAME"), (6, 3, 2, "SAME"), (5, 3, 1, "SAME"), (6, 3, 2, "VALID")]
)
def test_pools_take_what_is_there_and_leave_padding_out(run, size, kernel, stride, padding):
    x = RNG.normal(size=(2, size, size, 3)).astype("f4")
    window = ([1, kernel, kernel, 1], [1, stride, stride, 1], padding)

    largest, mean = run([tf.nn.max_pool(x, *window), tf.nn.avg_pool(x, *window)])

    out = -(-size // stride) if padding == "SAME" else (size - kernel) // stride + 1
    low = max((out - 1) * stride + kernel - size, 0) // 2 if padding == "SAME" else 0
    for i, j in np.ndindex(out, out):
        rows, columns = (slice(max(k * stride - low, 0), k * stride - low + kernel) for k in (i, j))
        np.testing.assert_allclose(largest[:, i, j], x[:, rows, columns].max((1, 2)), rtol=1e-6)
        np.testing.assert_allclose(mean[:, i, j], x[:, rows, columns].mean((1, 2)), rtol=1e-4, atol=1e-6)


def test_the_usual_pool_needs_no_sizes(run):
    x = tf.placeholder(tf.float32, [None, None, None, 1])
    y = tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")

    assert run(y, {x: np.arange(9).reshape(1, 3, 3, 1)}).ravel().tolist() == [4, 5, 7, 8]


def test_activations_and_small_things(run):
    x = np.array([[-2.0, 0.5, 7.0]], np.float32)
    e = np.exp(x - x.max())
    cases = [
        (tf.nn.relu(x), [[0, 0.5, 7]]), (tf.nn.relu6(x), [[0, 0.5, 6]]), (tf.nn.leaky_relu(x), [[-0.4, 0.5, 7]]),
        (tf.nn.softplus(x), np.log1p(np.exp(x))), (tf.nn.softmax(x), e / e.sum()), (tf.nn.log_softmax(x),
        np.log(e / e.sum())),
        (tf.nn.bias_add(x, [1.0, 2.0, 3.0]), x + [1, 2, 3]), (tf.nn.l2_loss(x), (x**2).sum() / 2),
        (tf.nn.xw_plus_b(x, np.ones((3, 2), "f4"), [1.0, 2.0]), [[6.5, 7.5]]), (tf.nn.zero_fraction([0.0, 1.0]), 0.5),
        (tf.nn.l2_normalize(x, 1), x / np.sqrt((x**2).sum())), (tf.nn.sigmoid(x), 1 / (1 + np.exp(-x))),
        (tf.nn.embedding_lookup(x.T, [2, 0]), [[7], [-2]]), (tf.bias_add(x, [0.0, 0.0, 1.0]), x + [0, 0, 1]),
    ]  # fmt: skip
    for tensor, expected in cases:
        np.testing.assert_allclose(run(tensor), expected, rtol=1e-5, atol=1e-6, err_msg=tensor.name)


def test_channels_first_biases_are_added_per_channel(run):
    y = tf.nn.bias_add(tf.zeros([1, 2, 2, 2]), [1.0, 2.0], data_format="NCHW")

    assert run(y)[0, :, 0, 0].tolist() == [1.0, 2.0]


def test_lrn_multiplies_alpha_by_the_sum(run):
    x = RNG.normal(size=(1, 2, 2, 7)).astype("f4")

    got = run(tf.nn.lrn(x, depth_radius=2, bias=1.5, alpha=0.3, beta=0.75))

    sums = np.stack([(x[..., max(c - 2, 0) : c + 3] ** 2).sum(-1) for c in range(7)], -1)
    np.testing.assert_allclose(got, x / (1.5 + 0.3 * sums) ** 0.75, rtol=1e-4)


def test_moments_feed_batch_normalization(run):
    x = RNG.normal(2.0, 3.0, size=(50, 4)).astype("f4")
    mean, variance = tf.nn.moments(tf.constant(x), [0])
    y = tf.nn.batch_normalization(x, mean, variance, [1.0] * 4, [2.0] * 4, 1e-3)

    m, v, got = run([mean, variance, y])

    np.testing.assert_allclose(m, x.mean(0), rtol=1e-4)
    np.testing.assert_allclose(v, x.var(0), rtol=1e-4)
    np.testing.assert_allclose(got, (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3) * 2 + 1, rtol=1e-3, atol=1e-4)


def test_cross_entropies_give_one_loss_for_each_row(run):
    logits = RNG.normal(size=(3, 4)).astype("f4")
    labels = np.array([[1, 0, 0, 0], [0, 0.5, 0.5, 0], [0, 0, 0, 1]], np.float32)
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    x = tf.placeholder(tf.float32, [None, 4])

    dense = tf.nn.softmax_cross_entropy_with_logits(logits=x, labels=labels)
    sparse = tf.nn.sparse_softmax_cross_entropy_with_logits(logits=x, labels=[0, 2, 3])
    logistic = tf.nn.sigmoid_cross_entropy_with_logits(logits=x, labels=labels)
    (g,) = tf.gradients(dense, x)

    got = run([dense, sparse, logistic, g], {x: logits})
    np.testing.assert_allclose(got[0], -(labels * log_p).sum(1), rtol=1e-5)
    np.testing.assert_allclose(got[1], [-log_p[0, 0], -log_p[1, 2], -log_p[2, 3]], rtol=1e-5)
    np.testing.assert_allclose(got[2], np.log1p(np.exp(logits)) - logits * labels, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(got[3], np.exp(log_p) - labels, rtol=1e-4, atol=1e-6)
    assert str(dense.shape) == "(?,)" or str(dense.shape) == "(3,)"


def test_only_the_second_version_of_the_loss_learns_from_labels(run):
    logits, labels = tf.constant([[1.0, 2.0]]), tf.constant([[0.5, 0.5]])

    (old,) = tf.gradients(tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=labels), labels)
    (new,) = tf.gradients(tf.nn.softmax_cross_entropy_with_logits_v2(logits=logits, labels=labels), labels)

    assert old is None and run(new).shape == (1, 2)


def test_cross_entropies_want_named_arguments():
    x = tf.zeros([1, 2])
    with pytest.raises(
        ValueError,
        match=r"Only call `softmax_cross_entropy_with_logits` with named arguments \(labels=..., logits=..., ...\)",
    ):
        tf.nn.softmax_cross_entropy_with_logits(x, x)
    with pytest.raises(ValueError, match=r"Both labels and logits must be provided."):
        tf.nn.softmax_cross_entropy_with_logits(logits=x)


def test_images_are_standardized_each_by_itself(run):
    image = np.arange(12, dtype=np.float32).reshape(2, 2, 3)

    y = tf.image.per_image_standardization(tf.constant(image), "processedImage")
    flat = tf.image.per_image_standardization(tf.fill([2, 2, 3], 5.0))
    whole = tf.image.per_image_standardization(tf.constant(image.astype(np.uint8)))
    unknown = tf.placeholder(tf.float32, [None, None, 3])

    assert run(y)[0, 0, 0] == pytest.approx(-1.593255, abs=1e-5) and y.name == "processedImage:0"
    assert not run(flat).any() and whole.dtype == tf.float32
    np.testing.assert_allclose(run(tf.image.per_image_standardization(unknown), {unknown: image}), run(y), rtol=1e-5)
