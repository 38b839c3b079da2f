"""Layers and losses: names, variables, phases."""

import numpy as np
import pytest

import trivium_api_static as tf

RNG = np.random.default_rng(0)


def variables():
    return {v.op.name: v.shape.as_list() for v in tf.global_variables()}


def test_dense_names_its_variables_and_its_last_operation(run):
    x = tf.placeholder(tf.float32, [None, 3])

    plain, active = tf.layers.dense(x, 4), tf.layers.dense(x, 5, activation=tf.nn.relu, name="fc")
    bare = tf.layers.dense(x, 2, use_bias=False)

    assert variables() == {
        "dense/kernel": [3, 4],
        "dense/bias": [4],
        "fc/kernel": [3, 5],
        "fc/bias": [5],
        "dense_1/kernel": [3, 2],
    }
    assert (plain.op.name, active.op.name, bare.op.name) == ("dense/BiasAdd", "fc/Relu", "dense_1/MatMul")
    assert str(plain.shape) == "(?, 4)"
    kernel = tf.global_variables()[0]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        w, y = session.run([kernel, plain], {x: np.ones((2, 3))})
        np.testing.assert_allclose(y, np.ones((2, 3)) @ w, rtol=1e-5)


def test_layers_share_variables_when_they_are_told_to():
    x = tf.placeholder(tf.float32, [None, 3])
    tf.layers.dense(x, 4, name="fc")

    with pytest.raises(ValueError, match="Variable fc/kernel already exists, disallowed"):
        tf.layers.dense(x, 4, name="fc")
    tf.layers.dense(x, 4, name="fc", reuse=True)

    assert len(variables()) == 2
    with pytest.raises(ValueError, match=r"The last dimension of the inputs should be defined. Found `None`."):
        tf.layers.dense(tf.placeholder(tf.float32, [None, None]), 4)


def test_a_layer_object_makes_its_variables_once_and_its_operations_each_time(run):
    layer = tf.layers.Dense(2, activation=tf.nn.relu, kernel_regularizer=lambda w: tf.nn.l2_loss(w))
    x = tf.constant([[1.0, 2.0]])

    first, second = layer(x), layer(2.0 * x)

    assert (first.op.name, second.op.name) == ("dense/Relu", "dense_1/Relu")
    assert (layer.name, layer.scope_name, layer.built, layer.count_params()) == ("dense", "dense", True, 6)
    assert layer.variables == layer.trainable_weights == [layer.kernel, layer.bias] == tf.global_variables()
    assert layer.losses == tf.losses.get_regularization_losses() and len(layer.losses) == 1
    a, b, charge, w = run([first, second, layer.losses[0], layer.kernel], init=True)
    np.testing.assert_allclose(a * 2, b, rtol=1e-6)
    np.testing.assert_allclose(charge, (w**2).sum() / 2, rtol=1e-6)


def test_a_layer_of_ones_own_has_a_scope_and_variables(run):
    class Scaled(tf.layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_variable("scale", [input_shape[-1].value], initializer=tf.constant_initializer(3.0))
            super().build(input_shape)

        def call(self, inputs):
            return tf.multiply(inputs, self.scale, name="out")

    y = Scaled(name="mine", trainable=False)(tf.constant([[1.0, 2.0]]))

    assert y.name == "mine/out:0" and variables() == {"mine/scale": [2]} and not tf.trainable_variables()
    np.testing.assert_array_equal(run(y, init=True), [[3.0, 6.0]])


def test_layers_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="Input 0 of layer conv2d is incompatible with the layer: expected ndim=4"):
        tf.layers.conv2d(tf.zeros([2, 3, 4]), 1, 1)
    with pytest.raises(ValueError, match="The `strides` argument must be a tuple of 2 integers"):
        tf.layers.conv2d(tf.zeros([2, 3, 4, 1]), 1, 1, strides=(1, 2, 3))
    with pytest.raises(NotImplementedError, match="renorm=True is not there"):
        tf.layers.batch_normalization(tf.zeros([2, 3]), renorm=True)


def test_layers_name_their_operations_and_variables():
    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    series = tf.placeholder(tf.float32, [None, 8, 3])

    made = [
        tf.layers.conv2d(x, 2, 3, use_bias=False), tf.layers.conv2d_transpose(x, 2, 3, name="up"),
        tf.layers.separable_conv2d(x, 2, 3), tf.layers.conv1d(series, 2, 3), tf.layers.max_pooling1d(series, 2, 2),
    ]  # fmt: skip

    assert [y.op.name for y in made] == ["conv2d/Conv2D", "up/BiasAdd", "separable_conv2d/BiasAdd", "conv1d/BiasAdd",
                                         "max_pooling1d/Squeeze"]  # fmt: skip
    assert variables() == {
        "conv2d/kernel": [3, 3, 3, 2], "up/kernel": [3, 3, 2, 3], "up/bias": [2],
        "separable_conv2d/depthwise_kernel": [3, 3, 3, 1], "separable_conv2d/pointwise_kernel": [1, 1, 3, 2],
        "separable_conv2d/bias": [2], "conv1d/kernel": [3, 3, 2], "conv1d/bias": [2],
    }  # fmt: skip
    assert str(made[1].shape) == "(?, 10, 10, 2)"


def test_a_constraint_holds_after_each_step():
    x = tf.placeholder(tf.float32, [None, 2])
    y = tf.layers.dense(x, 1, kernel_constraint=lambda w: tf.clip_by_value(w, -0.25, 0.25), use_bias=False)
    step = tf.train.GradientDescentOptimizer(1.0).minimize(y)

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(step, {x: [[1.0, -1.0]]})
        np.testing.assert_array_equal(session.run("dense/kernel:0"), [[-0.25], [0.25]])


def test_dropout_may_drop_whole_channels(run):
    x = tf.ones([4, 5, 5, 30])

    y, z = run([tf.nn.dropout(x, 0.5, noise_shape=[4, 1, 1, 30]),
                tf.layers.dropout(x, 0.5, noise_shape=[4, 1, 1, -1], training=True)])  # fmt: skip

    for dropped in (y, z):
        assert (dropped == dropped[:, :1, :1]).all() and abs((dropped > 0).mean() - 0.5) < 0.2
        assert set(np.unique(dropped)) == {0.0, 2.0}


def test_a_convolution_layer_is_the_function_with_variables(run):
    x = tf.placeholder(tf.float32, [None, 6, 6, 3])
    y = tf.layers.conv2d(
        x, 4, 3, strides=2, padding="same", activation=tf.nn.relu, bias_initializer=tf.ones_initializer()
    )
    kernel, bias = tf.global_variables()
    again = tf.nn.relu(tf.nn.conv2d(x, kernel, [1, 2, 2, 1], "SAME") + bias)
    images = RNG.normal(size=(2, 6, 6, 3))

    a, b = run([y, again], {x: images}, init=True)

    np.testing.assert_allclose(a, b, rtol=1e-5)
    assert variables() == {"conv2d/kernel": [3, 3, 3, 4], "conv2d/bias": [4]} and y.op.name == "conv2d/Relu"


def test_pools_and_flatten(run):
    x = tf.constant(RNG.normal(size=(2, 5, 5, 3)).astype("f4"))

    pairs = [
        (tf.layers.max_pooling2d(x, 2, 2), tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")),
        (tf.layers.average_pooling2d(x, 3, 2, "same"), tf.nn.avg_pool(x, [1, 3, 3, 1], [1, 2, 2, 1], "SAME")),
        (tf.layers.flatten(x), tf.reshape(x, [-1, 75])),
    ]  # fmt: skip
    for a, b in pairs:
        np.testing.assert_array_equal(*run([a, b]))
    assert [a.op.name for a, _ in pairs] == ["max_pooling2d/MaxPool", "average_pooling2d/AvgPool", "flatten/Reshape"]
    assert str(tf.layers.flatten(tf.placeholder(tf.float32, [None, 2, 3])).shape) == "(?, 6)"


def test_dropout_follows_its_phase(run):
    x, training = tf.ones([1000]), tf.placeholder(tf.bool, [])

    always, fed = tf.layers.dropout(x, 0.4, training=True), tf.layers.dropout(x, 0.4, training=training)

    assert tf.layers.dropout(x) is x
    with tf.Session() as session:
        first, second = session.run(always), session.run(always)
        assert abs((first > 0).mean() - 0.6) < 0.08 and not np.array_equal(first, second)
        assert (session.run(fed, {training: False}) == 1.0).all()
        masks = [session.run(fed, {training: True}) for _ in range(2)]
        assert abs((masks[0] > 0).mean() - 0.6) < 0.08 and not np.array_equal(*masks)


@pytest.mark.parametrize(
    "shape, axis, unbiased", [((8, 3), -1, False), ((8, 2, 2, 3), -1, True), ((8, 3, 2, 2), 1, True)]
)
def test_batch_normalization_leaves_its_averages_to_update_ops(shape, axis, unbiased):
    training = tf.placeholder(tf.bool, [])
    x = tf.placeholder(tf.float32, (None, *shape[1:]))
    y = tf.layers.batch_normalization(x, axis=axis, training=training)
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    data = RNG.normal(1.0, 2.0, size=shape).astype("f4")
    others = tuple(i for i in range(len(shape)) if i != axis % len(shape))
    mean, variance = data.mean(others, keepdims=True), data.var(others, keepdims=True)
    count = data.size / 3

    assert list(variables()) == [
        f"batch_normalization/{n}" for n in ("gamma", "beta", "moving_mean", "moving_variance")
    ]
    assert [v.op.name for v in tf.trainable_variables()] == ["batch_normalization/gamma", "batch_normalization/beta"]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        got = session.run(y, {x: data, training: True})
        np.testing.assert_allclose(got, (data - mean) / np.sqrt(variance + 1e-3), rtol=1e-3, atol=1e-4)
        still = session.run("batch_normalization/moving_mean:0")
        session.run(updates, {x: data, training: True})
        moved = session.run(["batch_normalization/moving_mean:0", "batch_normalization/moving_variance:0"])
        assert not still.any()
        np.testing.assert_allclose(moved[0], 0.01 * mean.ravel(), rtol=1e-4)
        np.testing.assert_allclose(
            moved[1], 0.99 + 0.01 * variance.ravel() * (count / (count - 1) if unbiased else 1), rtol=1e-4
        )
        at_rest = session.run(y, {x: data, training: False})
        shaped = [m.reshape(mean.shape) for m in moved]
        np.testing.assert_allclose(at_rest, (data - shaped[0]) / np.sqrt(shaped[1] + 1e-3), rtol=1e-3, atol=1e-4)


def test_training_without_the_update_ops_is_warned_about():
    x = tf.placeholder(tf.float32, [None, 3])
    loss = tf.reduce_sum(tf.square(tf.layers.batch_normalization(x, training=True)))
    careless = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        careful = tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
    data = RNG.normal(3.0, 1.0, size=(16, 3))

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        with pytest.warns(UserWarning, match="training runs without the 2 operations in tf.GraphKeys.UPDATE_OPS"):
            session.run(careless, {x: data})
        session.run(careful, {x: data})
        assert (session.run("batch_normalization/moving_mean:0") > 0.02).all()


def test_losses_are_means_and_are_remembered(run):
    logits = np.array([[1.0, 2.0], [3.0, -1.0]], np.float32)
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))

    made = [
        tf.losses.softmax_cross_entropy([[0, 1], [1, 0]], logits), tf.losses.sparse_softmax_cross_entropy([1,
        0], logits),
        tf.losses.mean_squared_error([[0.0, 0.0], [0.0, 0.0]], logits),
        tf.losses.absolute_difference([[0.0] * 2] * 2, logits),
        tf.losses.hinge_loss([1, 0], [0.3, -0.2]), tf.losses.sparse_softmax_cross_entropy([1, 0], logits,
        weights=[1.0, 0.0]),
    ]  # fmt: skip

    both = -(log_p[0, 1] + log_p[1, 0])
    expected = [both / 2, both / 2, (logits**2).mean(), np.abs(logits).mean(), 0.75, -log_p[0, 1]]
    np.testing.assert_allclose(run(made), expected, rtol=1e-5)
    assert tf.losses.get_losses() == made
    assert made[0].name == "softmax_cross_entropy_loss/value:0"
    with pytest.raises(ValueError, match=r"weights can not be broadcast to values. values.rank=2. weights.rank=1"):
        tf.losses.mean_squared_error([[0.0, 0.0]], [[1.0, 1.0]], weights=[1.0, 2.0])
    with pytest.raises(ValueError, match="Invalid Reduction Key mean"):
        tf.losses.mean_squared_error([0.0], [1.0], reduction="mean")
    np.testing.assert_allclose(run(tf.losses.get_total_loss()), sum(expected), rtol=1e-5)
