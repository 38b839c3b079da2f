"""tf.contrib.layers and slim: their names for variables, their defaults, scopes of arguments."""

import numpy as np
import pytest

import trivium_api_static as tf
from trivium.errors import UnknownNameError

slim = tf.contrib.slim
RNG = np.random.default_rng(0)


def names(collection=tf.GraphKeys.GLOBAL_VARIABLES):
    return [v.op.name for v in tf.get_collection(collection)]


def test_layers_call_their_variables_weights_and_biases(run):
    x = tf.constant(RNG.normal(size=(2, 6, 6, 3)).astype("f4"))

    h = slim.conv2d(x, 4, 3)
    h = slim.conv2d(h, 4, [3, 3], stride=2, scope="second", activation_fn=None, biases_initializer=None)
    h = slim.flatten(slim.max_pool2d(h, [2, 2], scope="pool"))
    y = slim.fully_connected(h, 5)

    assert names() == ["Conv/weights", "Conv/biases", "second/weights", "fully_connected/weights",
                       "fully_connected/biases"]  # fmt: skip
    assert names(tf.GraphKeys.MODEL_VARIABLES) == names() == [v.op.name for v in slim.get_model_variables()]
    assert (y.op.name, h.shape.as_list()) == ("fully_connected/Relu", [2, 4])
    assert (run(y, init=True) >= 0).all()


def test_a_scope_of_arguments_gives_defaults_and_may_be_kept():
    x = tf.placeholder(tf.float32, [None, 8, 8, 3])

    with slim.arg_scope([slim.conv2d, slim.fully_connected], weights_regularizer=slim.l2_regularizer(0.5)):
        with slim.arg_scope([slim.conv2d], padding="VALID", stride=2) as kept:
            assert slim.conv2d(x, 4, 2).shape.as_list() == [None, 4, 4, 4]
            assert slim.conv2d(x, 4, 2, padding="SAME", stride=1).shape.as_list() == [None, 8, 8, 4]
        assert slim.conv2d(x, 4, 2).shape.as_list() == [None, 8, 8, 4]
    with slim.arg_scope(kept):
        assert slim.conv2d(x, 4, 2).shape.as_list() == [None, 4, 4, 4]

    assert len(tf.losses.get_regularization_losses()) == 4
    with pytest.raises(UnknownNameError, match="no function that arg_scope knows named 'relu'"):
        with slim.arg_scope([tf.nn.relu], padding="SAME"):
            pass


def test_repeated_and_stacked_layers_are_numbered():
    x = tf.placeholder(tf.float32, [None, 4, 4, 3])
    h = slim.repeat(x, 2, slim.conv2d, 5, [3, 3], scope="conv1")
    slim.stack(slim.flatten(h), slim.fully_connected, [7, 3], scope="fc")

    assert names()[::2] == ["conv1/conv1_1/weights", "conv1/conv1_2/weights", "fc/fc_1/weights", "fc/fc_2/weights"]
    assert [v.op.name for v in slim.get_variables("fc", "biases")] == ["fc/fc_1/biases", "fc/fc_2/biases"]
    assert [v.op.name for v in slim.get_variables_to_restore(exclude=["conv1", "fc/fc_2"])] == [
        "fc/fc_1/weights", "fc/fc_1/biases",
    ]  # fmt: skip


def test_a_normalizer_takes_the_place_of_the_biases_and_moves_with_the_training_operation():
    x = tf.placeholder(tf.float32, [None, 4])
    h = slim.fully_connected(x, 3, normalizer_fn=slim.batch_norm, normalizer_params={"decay": 0.5}, scope="fc")
    loss = slim.losses.mean_squared_error(tf.zeros([8, 3]), h)
    step = slim.learning.create_train_op(loss, tf.train.GradientDescentOptimizer(0.1))

    assert names() == ["fc/weights", "fc/BatchNorm/beta", "fc/BatchNorm/moving_mean", "fc/BatchNorm/moving_variance",
                       "global_step"]  # fmt: skip
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        losses = [session.run(step, {x: RNG.normal(2.0, 1.0, size=(8, 4))}) for _ in range(3)]
        assert np.isfinite(losses).all() and session.run("global_step:0") == 3
        assert np.abs(session.run("fc/BatchNorm/moving_mean:0")).min() > 0.0


def test_batch_norm_may_move_its_averages_by_itself():
    x = tf.placeholder(tf.float32, [None, 4])
    y = slim.batch_norm(x, decay=0.5, updates_collections=None)

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(y, {x: np.full((2, 4), 4.0)})
        np.testing.assert_allclose(session.run("BatchNorm/moving_mean:0"), 2.0)
    assert not tf.get_collection(tf.GraphKeys.UPDATE_OPS)


def test_regularizers_charge(run):
    w = tf.constant([3.0, -4.0])
    both = tf.contrib.layers.l1_l2_regularizer(1.0, 0.1)

    got = run([tf.contrib.layers.l1_regularizer(0.5)(w), tf.contrib.layers.l2_regularizer(0.1)(w), both(w)])

    np.testing.assert_allclose(got, [3.5, 1.25, 8.25], rtol=1e-6)
    assert tf.contrib.layers.l2_regularizer(0.0)(w) is None
    with pytest.raises(ValueError, match="Setting a scale less than 0 on a regularizer"):
        tf.contrib.layers.l2_regularizer(-1.0)
