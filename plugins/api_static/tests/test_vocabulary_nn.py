"""One row for each word of tf.nn, tf.layers, tf.losses, tf.initializers: its path, a call, its value in NumPy."""

import numpy as np
import pytest

import trivium_api_static as tf

RNG = np.random.default_rng(7)
X = np.array([[-2.0, -0.5, 0.0, 0.5, 3.0, 7.0]], np.float32)
E = np.exp(X - X.max())
LOG_P = np.log(E / E.sum())
IMAGE = RNG.normal(size=(2, 5, 6, 3)).astype(np.float32)
VOLUME = RNG.normal(size=(1, 4, 5, 3, 2)).astype(np.float32)
SERIES = RNG.normal(size=(2, 7, 3)).astype(np.float32)
W1, W2, W3 = (RNG.normal(size=s).astype(np.float32) for s in ((3, 3, 4), (3, 2, 3, 4), (2, 3, 2, 2, 4)))
DEEP, POINT = RNG.normal(size=(3, 2, 3, 2)).astype(np.float32), RNG.normal(size=(1, 1, 6, 5)).astype(np.float32)
SCORES = np.array([[0.1, 0.7, 0.2], [0.5, 0.3, 0.9]], np.float32)
TRUTH = np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]], np.float32)
SIGMOID = np.log1p(np.exp(SCORES)) - SCORES * TRUTH
SCALE, SHIFT = np.array([1.0, 2.0, 0.5], np.float32), np.array([0.0, -1.0, 3.0], np.float32)


def windows(x, kernel, stride, padding, dilation=1):
    """(position, the elements seen from there, with NaN for padding) for each window of (batch, *spatial, channels)."""
    n = x.ndim - 2
    stride, dilation = np.broadcast_to(stride, n), np.broadcast_to(dilation, n)
    span = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
    if padding == "SAME":
        counts = [-(-s // t) for s, t in zip(x.shape[1:-1], stride)]
        total = [max((c - 1) * t + k - s, 0) for c, t, k, s in zip(counts, stride, span, x.shape[1:-1])]
        x = np.pad(x, [(0, 0), *[(t // 2, t - t // 2) for t in total], (0, 0)], constant_values=np.nan)
    else:
        counts = [(s - k) // t + 1 for s, k, t in zip(x.shape[1:-1], span, stride)]
    for at in np.ndindex(*counts):
        cut = [slice(i * t, i * t + k, d) for i, t, k, d in zip(at, stride, span, dilation)]
        yield at, counts, x[(slice(None), *cut)]


def convolved(x, w, stride=1, padding="VALID", dilation=1):
    for at, counts, seen in windows(x, w.shape[:-2], stride, padding, dilation):
        if not any(at):
            y = np.zeros((len(x), *counts, w.shape[-1]))
        flat = np.nan_to_num(seen).reshape(len(x), -1)
        y[(slice(None), *at)] = flat @ w.reshape(-1, w.shape[-1])
    return y


def spread(y, w, sizes, stride=1, padding="VALID"):
    """The transpose of `convolved`, from its effect on each unit input."""
    x = np.zeros((len(y), *sizes, w.shape[-2]))
    for place in np.ndindex(*x.shape[1:]):
        unit = np.zeros((1, *x.shape[1:]))
        unit[(0, *place)] = 1.0
        x[(slice(None), *place)] = (y * convolved(unit, w, stride, padding)).reshape(len(y), -1).sum(1)
    return x


def each_apart(x, w, stride=1, padding="VALID"):
    parts = [convolved(x[..., c : c + 1], w[..., c : c + 1, :], stride, padding) for c in range(x.shape[-1])]
    return np.concatenate(parts, -1)


def pooled(x, function, kernel, stride, padding, dilation=1):
    for at, counts, seen in windows(x, kernel, stride, padding, dilation):
        if not any(at):
            y = np.zeros((len(x), *counts, x.shape[-1]))
        y[(slice(None), *at)] = function(seen, axis=tuple(range(1, x.ndim - 1)))
    return y


def largest_at(x, kernel, stride):
    """Where in an image the largest element of each window stands."""
    places = np.broadcast_to(np.arange(x[0].size, dtype=float).reshape(x[0].shape), x.shape)
    pairs = zip(windows(x, kernel, stride, "SAME"), windows(places, kernel, stride, "SAME"))
    for (at, counts, seen), (_, _, there) in pairs:
        if not any(at):
            y = np.zeros((len(x), *counts, x.shape[-1]))
        best = np.nanargmax(seen.reshape(len(x), -1, x.shape[-1]), 1)
        y[(slice(None), *at)] = np.take_along_axis(there.reshape(len(x), -1, x.shape[-1]), best[:, None], 1)[:, 0]
    return y


def spatial_moments(x):
    return x.mean((0, 1, 2)), x.var((0, 1, 2))


def normalized(x, mean, variance, epsilon=1e-3):
    return (x - mean) / np.sqrt(variance + epsilon) * SCALE + SHIFT


MEAN, VARIANCE = spatial_moments(IMAGE)
SMALL = RNG.normal(size=(2, 3, 3, 4)).astype(np.float32)
CUBE = RNG.normal(size=(1, 2, 2, 2, 4)).astype(np.float32)
TOP = np.array([[7.0, 3.0]], np.float32)

NN = [
    ("nn.relu", lambda f: f(X), np.maximum(X, 0)),
    ("nn.relu6", lambda f: f(X), np.clip(X, 0, 6)),
    ("nn.leaky_relu", lambda f: f(X), np.where(X > 0, X, 0.2 * X)),
    ("nn.leaky_relu", lambda f: f(X, alpha=0.5), np.where(X > 0, X, 0.5 * X)),
    ("nn.crelu", lambda f: f(X), np.concatenate([np.maximum(X, 0), np.maximum(-X, 0)], -1)),
    ("nn.elu", lambda f: f(X), np.where(X > 0, X, np.expm1(X))),
    ("nn.selu", lambda f: f(X), 1.0507009873554805 * np.where(X > 0, X, 1.6732632423543772 * np.expm1(X))),
    ("nn.softplus", lambda f: f(X), np.log1p(np.exp(X))),
    ("nn.softsign", lambda f: f(X), X / (1 + np.abs(X))),
    ("nn.sigmoid", lambda f: f(X), 1 / (1 + np.exp(-X))),
    ("nn.tanh", lambda f: f(X), np.tanh(X)),
    ("nn.swish", lambda f: f(X), X / (1 + np.exp(-X))),
    ("nn.softmax", lambda f: f(X), E / E.sum()),
    ("nn.softmax", lambda f: f(X.T, axis=0), (E / E.sum()).T),
    ("nn.softmax", lambda f: f(X.T, dim=0), (E / E.sum()).T),
    ("nn.log_softmax", lambda f: f(X), LOG_P),
    ("nn.bias_add", lambda f: f(IMAGE, SHIFT), IMAGE + SHIFT),
    ("nn.xw_plus_b", lambda f: f(SCORES, np.ones((3, 2), "f4"), [1.0, 2.0]), SCORES.sum(1, keepdims=True) + [1, 2]),
    ("nn.relu_layer", lambda f: f(SCORES, -np.ones((3, 1), "f4"), [1.2]), np.maximum(1.2 - SCORES.sum(1), 0)[:, None]),
    ("nn.conv1d", lambda f: f(SERIES, W1, 2, "SAME"), convolved(SERIES, W1, 2, "SAME")),
    ("nn.conv1d", lambda f: f(SERIES.transpose(0, 2, 1), W1, 1, "VALID", data_format="NCW"),
     convolved(SERIES, W1).transpose(0, 2, 1)),
    ("nn.conv2d", lambda f: f(IMAGE, W2, [1, 2, 1, 1], "SAME"), convolved(IMAGE, W2, (2, 1), "SAME")),
    ("nn.conv2d", lambda f: f(IMAGE, W2, [1, 1, 1, 1], "VALID", dilations=[1, 2, 3, 1]),
     convolved(IMAGE, W2, 1, "VALID", (2, 3))),
    ("nn.conv2d", lambda f: f(IMAGE, W2, 1, [[0, 0], [1, 1], [0, 1], [0, 0]]), convolved(IMAGE, W2, 1, "SAME")),
    ("nn.conv3d", lambda f: f(VOLUME, W3, [1, 1, 2, 1, 1], "SAME"), convolved(VOLUME, W3, (1, 2, 1), "SAME")),
    ("nn.convolution", lambda f: f(IMAGE, W2, "SAME", strides=[2, 2]), convolved(IMAGE, W2, 2, "SAME")),
    ("nn.convolution", lambda f: f(SERIES, W1, "VALID", dilation_rate=[2]), convolved(SERIES, W1, 1, "VALID", 2)),
    ("nn.atrous_conv2d", lambda f: f(IMAGE, W2, 2, "SAME"), convolved(IMAGE, W2, 1, "SAME", 2)),
    ("nn.conv2d_transpose", lambda f: f(SMALL, W2, [2, 6, 5, 3], [1, 2, 2, 1], "SAME"),
     spread(SMALL, W2, (6, 5), 2, "SAME")),
    ("nn.conv2d_transpose", lambda f: f(SMALL, W2, [2, 5, 4, 3], [1, 1, 1, 1], "VALID"), spread(SMALL, W2, (5, 4))),
    ("nn.conv2d_transpose",
     lambda f: f(SMALL.transpose(0, 3, 1, 2), W2, [2, 3, 7, 6], [1, 1, 2, 2], "VALID", data_format="NCHW"),
     spread(SMALL, W2, (7, 6), 2).transpose(0, 3, 1, 2)),
    ("nn.conv3d_transpose", lambda f: f(CUBE, W3, [1, 3, 4, 3, 2], [1, 1, 1, 1, 1], "VALID"),
     spread(CUBE, W3, (3, 4, 3))),
    ("nn.depthwise_conv2d", lambda f: f(IMAGE, DEEP, [1, 2, 2, 1], "SAME"), each_apart(IMAGE, DEEP, 2, "SAME")),
    ("nn.depthwise_conv2d", lambda f: f(IMAGE.transpose(0, 3, 1, 2), DEEP, [1, 1, 1, 1], "VALID", data_format="NCHW"),
     each_apart(IMAGE, DEEP).transpose(0, 3, 1, 2)),
    ("nn.separable_conv2d", lambda f: f(IMAGE, DEEP, POINT, [1, 1, 1, 1], "SAME"),
     convolved(each_apart(IMAGE, DEEP, 1, "SAME"), POINT)),
    ("nn.max_pool", lambda f: f(IMAGE, [1, 3, 2, 1], [1, 2, 2, 1], "SAME"),
     pooled(IMAGE, np.nanmax, (3, 2), 2, "SAME")),
    ("nn.max_pool", lambda f: f(IMAGE.transpose(0, 3, 1, 2), [1, 1, 2, 2], [1, 1, 2, 2], "VALID", data_format="NCHW"),
     pooled(IMAGE, np.nanmax, (2, 2), 2, "VALID").transpose(0, 3, 1, 2)),
    ("nn.avg_pool", lambda f: f(IMAGE, [1, 3, 3, 1], [1, 2, 2, 1], "SAME"),
     pooled(IMAGE, np.nanmean, (3, 3), 2, "SAME")),
    ("nn.max_pool3d", lambda f: f(VOLUME, [1, 2, 2, 2, 1], [1, 2, 2, 2, 1], "SAME"),
     pooled(VOLUME, np.nanmax, (2, 2, 2), 2, "SAME")),
    ("nn.avg_pool3d", lambda f: f(VOLUME, [1, 2, 3, 2, 1], [1, 1, 2, 1, 1], "SAME"),
     pooled(VOLUME, np.nanmean, (2, 3, 2), (1, 2, 1), "SAME")),
    ("nn.pool", lambda f: f(IMAGE, [2, 3], "MAX", "SAME", strides=[1, 2]),
     pooled(IMAGE, np.nanmax, (2, 3), (1, 2), "SAME")),
    ("nn.pool", lambda f: f(SERIES, [2], "MAX", "VALID", dilation_rate=[3]), np.maximum(SERIES[:, :4], SERIES[:, 3:])),
    ("nn.pool", lambda f: f(SERIES, [2], "AVG", "VALID"), (SERIES[:, 1:] + SERIES[:, :-1]) / 2),
    ("nn.max_pool_with_argmax", lambda f: f(IMAGE, [1, 3, 2, 1], [1, 2, 2, 1], "SAME"), (
        pooled(IMAGE, np.nanmax, (3, 2), 2, "SAME"), largest_at(IMAGE, (3, 2), 2))),
    ("nn.max_pool_with_argmax", lambda f: f(IMAGE, [1, 3, 2, 1], [1, 2, 2, 1], "SAME", include_batch_in_index=True), (
        pooled(IMAGE, np.nanmax, (3, 2), 2, "SAME"),
        largest_at(IMAGE, (3, 2), 2) + np.array([0, 90]).reshape(2, 1, 1, 1))),
    ("nn.lrn", lambda f: f(IMAGE, 1, 2.0, 0.3, 0.75), IMAGE / (2 + 0.3 * np.stack(
        [(IMAGE[..., max(c - 1, 0) : c + 2] ** 2).sum(-1) for c in range(3)], -1)) ** 0.75),
    ("nn.l2_loss", lambda f: f(X), (X**2).sum() / 2),
    ("nn.l2_normalize", lambda f: f(IMAGE, [1, 2]), IMAGE / np.sqrt((IMAGE**2).sum((1, 2), keepdims=True))),
    ("nn.l2_normalize", lambda f: f(np.zeros((1, 2), "f4"), 1), np.zeros((1, 2))),
    ("nn.moments", lambda f: f(IMAGE, [0, 1, 2]), (MEAN, VARIANCE)),
    ("nn.moments", lambda f: f(X, [1], keep_dims=True), (X.mean(1, keepdims=True), X.var(1, keepdims=True))),
    ("nn.weighted_moments", lambda f: f(SCORES, [0], [[1.0], [3.0]]),
     (np.average(SCORES, 0, [1, 3]), np.average((SCORES - np.average(SCORES, 0, [1, 3])) ** 2, 0, [1, 3]))),
    ("nn.batch_normalization", lambda f: f(IMAGE, MEAN, VARIANCE, SHIFT, SCALE, 1e-3),
     normalized(IMAGE, MEAN, VARIANCE)),
    ("nn.batch_normalization", lambda f: f(IMAGE, MEAN, VARIANCE, None, None, 1e-3),
     (IMAGE - MEAN) / np.sqrt(VARIANCE + 1e-3)),
    ("nn.fused_batch_norm", lambda f: f(IMAGE, SCALE, SHIFT),
     (normalized(IMAGE, MEAN, VARIANCE), MEAN, VARIANCE * 60 / 59)),
    ("nn.fused_batch_norm", lambda f: f(IMAGE, SCALE, SHIFT, [0.5] * 3, [2.0] * 3, is_training=False),
     (normalized(IMAGE, 0.5, 2.0), [0.5] * 3, [2.0] * 3)),
    ("nn.zero_fraction", lambda f: f([0.0, 1.0, 0.0, 0.0]), 0.75),
    ("nn.softmax_cross_entropy_with_logits", lambda f: f(labels=TRUTH[:1], logits=SCORES[:1]),
     -(TRUTH[:1] * (SCORES[:1] - np.log(np.exp(SCORES[:1]).sum()))).sum(1)),
    ("nn.softmax_cross_entropy_with_logits_v2", lambda f: f(labels=TRUTH[:1].T, logits=SCORES[:1].T, dim=0),
     -(TRUTH[:1] * (SCORES[:1] - np.log(np.exp(SCORES[:1]).sum()))).sum(1)),
    ("nn.sparse_softmax_cross_entropy_with_logits", lambda f: f(labels=[1, 0], logits=SCORES),
     np.log(np.exp(SCORES).sum(1)) - [0.7, 0.5]),
    ("nn.sigmoid_cross_entropy_with_logits", lambda f: f(labels=TRUTH, logits=SCORES), SIGMOID),
    ("nn.weighted_cross_entropy_with_logits", lambda f: f(TRUTH, SCORES, 3.0),
     np.where(TRUTH == 1, 3 * np.log1p(np.exp(-SCORES)), np.log1p(np.exp(SCORES)))),
    ("nn.log_poisson_loss", lambda f: f([1.0, 4.0], [0.5, 2.0]), np.exp([0.5, 2.0]) - [0.5, 8.0]),
    ("nn.log_poisson_loss", lambda f: f([1.0, 4.0], [0.5, 2.0], True),
     np.exp([0.5, 2.0]) - [0.5, 8.0] + [0, 4 * np.log(4) - 4 + 0.5 * np.log(8 * np.pi)]),
    ("nn.top_k", lambda f: f(X, 2), (TOP, [[5, 4]])),
    ("nn.in_top_k", lambda f: f(SCORES, [0, 0], 2), [False, True]),
    ("nn.embedding_lookup", lambda f: f(SCORES, [1, 0, 1]), SCORES[[1, 0, 1]]),
    ("nn.dropout", lambda f: f(X, 1.0), X),
    ("nn.local_response_normalization", lambda f: f(IMAGE * 0), IMAGE * 0),
    ("nn.conv2d_backprop_input", lambda f: f([2, 6, 5, 3], W2, SMALL, [1, 2, 2, 1], "SAME"),
     spread(SMALL, W2, (6, 5), 2, "SAME")),
    ("nn.conv2d_backprop_filter",
     lambda f: f(IMAGE[:, :3, :3], [2, 2, 3, 4], SMALL[:, :2, :2], [1, 1, 1, 1], "VALID"),
     np.stack([[np.einsum("nhwc,nhwo->co", IMAGE[:, i : i + 2, j : j + 2], SMALL[:, :2, :2]) for j in range(2)]
               for i in range(2)])),
]  # fmt: skip


def ones(shape, **_):
    return tf.ones(shape)


K = {"kernel_initializer": tf.ones_initializer(), "bias_initializer": tf.constant_initializer(0.5)}
SEPARATE = {"depthwise_initializer": tf.ones_initializer(), "pointwise_initializer": tf.ones_initializer()}


def filled(w, out=None):
    return np.ones(w if out is None else (*w, out), np.float32)


LAYERS = [
    ("layers.dense", lambda f: f(SCORES, 2, **K), np.repeat(SCORES.sum(1, keepdims=True), 2, 1) + 0.5),
    ("layers.dense", lambda f: f(IMAGE, 2, tf.nn.relu, **K), np.maximum(IMAGE @ filled((3, 2)) + 0.5, 0)),
    ("layers.Dense", lambda f: f(2, use_bias=False, kernel_initializer="ones")(SCORES), SCORES @ filled((3, 2))),
    ("layers.conv1d", lambda f: f(SERIES, 4, 3, 2, "same", **K), convolved(SERIES, filled((3, 3, 4)), 2, "SAME") + 0.5),
    ("layers.conv2d", lambda f: f(IMAGE, 4, [3, 2], (2, 1), "valid", activation=tf.nn.relu, **K),
     np.maximum(convolved(IMAGE, filled((3, 2, 3, 4)), (2, 1)) + 0.5, 0)),
    ("layers.Conv2D", lambda f: f(4, 3, padding="same", dilation_rate=2, data_format="channels_first", **K)(
        IMAGE.transpose(0, 3, 1, 2)),
     convolved(IMAGE, filled((3, 3, 3, 4)), 1, "SAME", 2).transpose(0, 3, 1, 2) + 0.5),
    ("layers.conv3d", lambda f: f(VOLUME, 3, 2, **K), convolved(VOLUME, filled((2, 2, 2, 2, 3))) + 0.5),
    ("layers.conv2d_transpose", lambda f: f(SMALL, 2, 3, 2, "same", **K),
     spread(SMALL, filled((3, 3, 2, 4)), (6, 6), 2, "SAME") + 0.5),
    ("layers.conv2d_transpose", lambda f: f(SMALL, 2, (3, 2), 2, **K),
     spread(SMALL, filled((3, 2, 2, 4)), (7, 6), 2) + 0.5),
    ("layers.Conv2DTranspose", lambda f: f(2, 1, 3, data_format="channels_first", **K)(SMALL.transpose(0, 3, 1, 2)),
     spread(SMALL, filled((1, 1, 2, 4)), (9, 9), 3).transpose(0, 3, 1, 2) + 0.5),
    ("layers.conv3d_transpose", lambda f: f(CUBE, 2, 2, **K), spread(CUBE, filled((2, 2, 2, 2, 4)), (3, 3, 3)) + 0.5),
    ("layers.separable_conv1d", lambda f: f(SERIES, 2, 3, depth_multiplier=2, **SEPARATE),
     2 * convolved(SERIES, filled((3, 3, 2)))),
    ("layers.separable_conv2d", lambda f: f(IMAGE, 2, 3, padding="same", use_bias=False, **SEPARATE),
     convolved(IMAGE, filled((3, 3, 3, 2)), 1, "SAME")),
    ("layers.max_pooling1d", lambda f: f(SERIES, 3, 2, "same"), pooled(SERIES, np.nanmax, (3,), 2, "SAME")),
    ("layers.max_pooling2d", lambda f: f(IMAGE, [2, 3], 2), pooled(IMAGE, np.nanmax, (2, 3), 2, "VALID")),
    ("layers.MaxPooling2D", lambda f: f(2, 1, data_format="channels_first")(IMAGE.transpose(0, 3, 1, 2)),
     pooled(IMAGE, np.nanmax, (2, 2), 1, "VALID").transpose(0, 3, 1, 2)),
    ("layers.max_pooling3d", lambda f: f(VOLUME, 2, 2), pooled(VOLUME, np.nanmax, (2, 2, 2), 2, "VALID")),
    ("layers.average_pooling1d", lambda f: f(SERIES, 2, 2), pooled(SERIES, np.nanmean, (2,), 2, "VALID")),
    ("layers.average_pooling2d", lambda f: f(IMAGE, 3, 2, "same"), pooled(IMAGE, np.nanmean, (3, 3), 2, "SAME")),
    ("layers.average_pooling3d", lambda f: f(VOLUME, 2, 1, "same"), pooled(VOLUME, np.nanmean, (2, 2, 2), 1, "SAME")),
    ("layers.flatten", lambda f: f(IMAGE), IMAGE.reshape(2, -1)),
    ("layers.Flatten", lambda f: f()(IMAGE), IMAGE.reshape(2, -1)),
    ("layers.dropout", lambda f: f(X), X),
    ("layers.Dropout", lambda f: f(0.5)(X, training=False), X),
    ("layers.batch_normalization", lambda f: f(IMAGE), IMAGE / np.sqrt(1.001)),
    ("layers.BatchNormalization", lambda f: f(center=False, epsilon=0.5)(IMAGE, training=True),
     (IMAGE - MEAN) / np.sqrt(VARIANCE + 0.5)),
]  # fmt: skip

LOSSES = [
    ("losses.mean_squared_error", lambda f: f(TRUTH, SCORES), ((TRUTH - SCORES) ** 2).mean()),
    ("losses.mean_squared_error", lambda f: f([0, 1], [0.1, 0.3]), 0.25),
    ("losses.absolute_difference", lambda f: f(TRUTH, SCORES), np.abs(TRUTH - SCORES).mean()),
    ("losses.hinge_loss", lambda f: f([1, 0], [0.3, -0.2]), 0.75),
    ("losses.huber_loss", lambda f: f([0.0], [3.0]), 2.5),
    ("losses.huber_loss", lambda f: f([0.0, 0.0], [1.0, 3.0], delta=2.0), (0.5 + 4.0) / 2),
    ("losses.log_loss", lambda f: f(TRUTH, SCORES),
     -np.where(TRUTH == 1, np.log(SCORES + 1e-7), np.log(1 - SCORES + 1e-7)).mean()),
    ("losses.softmax_cross_entropy", lambda f: f([[0, 1, 0]], SCORES[:1]), np.log(np.exp(SCORES[0]).sum()) - 0.7),
    ("losses.softmax_cross_entropy", lambda f: f([[0, 1, 0]], SCORES[:1], label_smoothing=0.3),
     np.log(np.exp(SCORES[0]).sum()) - SCORES[0] @ [0.1, 0.8, 0.1]),
    ("losses.sparse_softmax_cross_entropy", lambda f: f([[1], [0]], SCORES),
     (np.log(np.exp(SCORES).sum(1)) - [0.7, 0.5]).mean()),
    ("losses.sparse_softmax_cross_entropy", lambda f: f([[1], [0]], SCORES, [[2.0], [0.0]]),
     2 * (np.log(np.exp(SCORES[0]).sum()) - 0.7)),
    ("losses.sigmoid_cross_entropy", lambda f: f(TRUTH, SCORES), SIGMOID.mean()),
    ("losses.sigmoid_cross_entropy", lambda f: f(TRUTH, SCORES, label_smoothing=0.2),
     (np.log1p(np.exp(SCORES)) - SCORES * (TRUTH * 0.8 + 0.1)).mean()),
    ("losses.cosine_distance", lambda f: f(TRUTH, SCORES, axis=1), 1 - (TRUTH * SCORES).sum(1).mean()),
    *[("losses.compute_weighted_loss", lambda f, how=how: f([1.0, 2.0, 4.0], [2.0, 0.0, 1.0], reduction=how), value)
      for how, value in (("none", [2, 0, 4]), ("weighted_sum", 6), ("weighted_mean", 2),
                         ("weighted_sum_over_batch_size", 2), ("weighted_sum_by_nonzero_weights", 3))],
    ("losses.compute_weighted_loss", lambda f: f([[1.0, 2.0], [3.0, 4.0]], [[1.0], [0.0]]), 1.5),
    ("losses.compute_weighted_loss", lambda f: f([1.0, 2.0], 0.0), 0.0),
    ("losses.compute_weighted_loss", lambda f: f([1.0, 2.0], 0.0, reduction="weighted_mean"), 0.0),
]  # fmt: skip

INITIALIZERS = [
    ("zeros_initializer", lambda f: f()([2]), [0, 0]),
    ("ones_initializer", lambda f: f()([2]), [1, 1]),
    ("constant_initializer", lambda f: f([1, 2, 3])([2, 2]), [[1, 2], [3, 3]]),
    ("initializers.identity", lambda f: f(2.0)([2, 3]), [[2, 0, 0], [0, 2, 0]]),
    ("orthogonal_initializer", lambda f: (lambda q: tf.matmul(q, q, transpose_a=True))(f()([4, 3])), np.eye(3)),
]


@pytest.mark.parametrize(("path", "call", "expected"), NN + LAYERS + LOSSES + INITIALIZERS,
                         ids=lambda x: x if isinstance(x, str) else "")  # fmt: skip
def test_a_word_gives_its_value(run, path, call, expected):
    word = tf
    for part in path.split("."):
        word = getattr(word, part)

    got = run(call(word), init=True)

    if isinstance(expected, tuple):
        assert len(got) == len(expected)
    for a, b in zip(got, expected) if isinstance(expected, tuple) else [(got, expected)]:
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


SPREADS = {
    "random_uniform_initializer": (lambda f: f(-2.0, 2.0), 0.0, 4 / np.sqrt(12), 2.0),
    "random_normal_initializer": (lambda f: f(1.0, 2.0), 1.0, 2.0, np.inf),
    "truncated_normal_initializer": (lambda f: f(0.0, 1.0), 0.0, 0.8796, 2.0),
    "variance_scaling_initializer": (lambda f: f(2.0), 0.0, np.sqrt(2 / 200), np.inf),
    "glorot_uniform_initializer": (lambda f: f(), 0.0, np.sqrt(2 / 300), np.sqrt(6 / 300)),
    "glorot_normal_initializer": (lambda f: f(), 0.0, np.sqrt(2 / 300), np.inf),
    "initializers.he_normal": (lambda f: f(), 0.0, np.sqrt(2 / 200), np.inf),
    "initializers.he_uniform": (lambda f: f(), 0.0, np.sqrt(2 / 200), np.sqrt(6 / 200)),
    "initializers.lecun_normal": (lambda f: f(), 0.0, np.sqrt(1 / 200), np.inf),
    "initializers.lecun_uniform": (lambda f: f(), 0.0, np.sqrt(1 / 200), np.sqrt(3 / 200)),
    "contrib.layers.xavier_initializer": (lambda f: f(), 0.0, np.sqrt(2 / 300), np.sqrt(6 / 300)),
}


@pytest.mark.parametrize("path", SPREADS)
def test_an_initializer_spreads_as_it_should(run, path):
    word = tf
    for part in path.split("."):
        word = getattr(word, part)
    make, mean, std, most = SPREADS[path]

    got = run(make(word)([200, 100]))

    assert got.dtype == np.float32 and np.abs(got).max() <= most
    assert abs(got.mean() - mean) < 0.03 * std and abs(got.std() / std - 1) < 0.02
