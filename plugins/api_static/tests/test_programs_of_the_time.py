"""Whole programs as they were written in 2018: the same calls, names, shapes and printed output."""

import numpy as np
import pytest

import trivium_api_static as tf


def test_a_classifier_is_built_found_by_name_trained_and_saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    g = tf.Graph()
    with g.as_default():
        points = tf.placeholder(tf.float32, [None, 2], "points")
        classes = tf.placeholder(tf.float32, [None, 2], "classes")
        weight = tf.Variable(tf.truncated_normal([2, 2]), name="weight")
        bias = tf.Variable(tf.zeros([2]), name="bias")
        scores = tf.add(tf.matmul(points, weight), bias, name="scores")
        loss = tf.nn.softmax_cross_entropy_with_logits(logits=scores, labels=classes)
        tf.train.AdamOptimizer(0.05).minimize(loss, name="learn")
        tf.global_variables_initializer(name="start")
        saver = tf.train.Saver()
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 2)).astype(np.float32)
    y = np.eye(2, dtype=np.float32)[(x.sum(1) > 0).astype(int)]

    session = tf.Session(graph=g)
    graph = session.graph
    session.run([graph.get_operation_by_name("start")])
    assert np.abs(session.run(weight)).max() <= 2.0
    holders = {graph.get_tensor_by_name("points:0"): x, graph.get_tensor_by_name("classes:0"): y}
    learn, out = graph.get_operation_by_name("learn"), graph.get_tensor_by_name("scores:0")
    for i in range(200):
        result = session.run([out, learn], feed_dict=holders)
        if i % 100 == 0:
            saver.save(session, "./points")
    session.close()

    assert result[0].shape == (64, 2) and result[1] is None and str(loss.shape) == "(?,)"
    assert (result[0].argmax(1) == y.argmax(1)).mean() > 0.95
    assert tf.train.latest_checkpoint(".") == "./points"


def test_a_linear_support_vector_machine_separates():
    x, t = tf.placeholder(tf.float32, [None, 2]), tf.placeholder(tf.float32, [None, 1])
    w, b = tf.Variable(tf.random_normal([2, 1])), tf.Variable(0.0)
    y = tf.matmul(x, w) + b
    loss = tf.reduce_mean(tf.maximum(0.0, 1.0 - t * y)) + 0.001 * tf.nn.l2_loss(w)
    step = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    rng = np.random.default_rng(1)
    data = rng.normal(size=(200, 2))
    sign = np.where(data @ [1.0, -2.0] + 0.3 > 0, 1.0, -1.0)[:, None]

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(200):
            session.run(step, {x: data, t: sign})
        assert (np.sign(session.run(y, {x: data})) == sign).mean() > 0.97


# -- VGG16 without anything but variables and functions; conv5_2 is dead, as in the program of the time -----

PLAN = [("conv1", 2, 64), ("conv2", 2, 128), ("conv3", 3, 256), ("conv4", 3, 512), ("conv5", 3, 512)]


def parameters(shape):
    weight = tf.get_variable("weight", shape=shape, initializer=tf.truncated_normal_initializer(stddev=0.1))
    return weight, tf.get_variable("bias", shape=[shape[-1]], initializer=tf.constant_initializer(0))


def convolution(x, channels, name):
    with tf.variable_scope(name):
        w, b = parameters([3, 3, x.get_shape().as_list()[-1], channels])
        return tf.nn.relu(tf.bias_add(tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="SAME"), b))


def fully_connected(x, units, name):
    with tf.variable_scope(name):
        w, b = parameters([tf.get_shape(x).as_list()[-1], units])
        return tf.nn.relu(tf.bias_add(tf.matmul(x, w), b))


def vgg16(x, width=1):
    for block, depth, channels in PLAN:
        before = None
        for i in range(1, depth + 1):
            source = before if (block, i) == ("conv5", 3) else x
            before = x if i == 1 else before
            x, before = convolution(source, channels // width, f"{block}_{i}"), x
        x = tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
    x = tf.reshape(x, [-1, int(np.prod(x.get_shape().as_list()[1:]))])
    for name, units in (("fc6", 4096 // width), ("fc7", 4096 // width), ("fc8", 10)):
        x = fully_connected(x, units, name)
    return x


@pytest.mark.parametrize("size, count", [(32, 33_638_218), (224, 134_301_514)])
def test_vgg16_has_its_parameters(size, count):
    y = vgg16(tf.placeholder(tf.float32, [None, size, size, 3]))

    assert len(tf.trainable_variables()) == 32 and str(y.shape) == "(?, 10)"
    assert sum(v.get_shape().num_elements() for v in tf.trainable_variables()) == count
    names = [v.name for v in tf.trainable_variables()]
    assert names[:2] == ["conv1_1/weight:0", "conv1_1/bias:0"] and names[-1] == "fc8/bias:0"
    with pytest.raises(ValueError, match="Variable fc8/weight already exists, disallowed"):
        fully_connected(tf.zeros([1, 4096]), 10, "fc8")


def test_a_narrow_vgg16_trains_and_its_dead_layer_has_no_gradient():
    x = tf.placeholder(tf.float32, [None, 32, 32, 3])
    t = tf.placeholder(tf.int64, [None])
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=t, logits=vgg16(x, width=16)))
    pairs = tf.train.AdamOptimizer().compute_gradients(loss)
    step = tf.train.AdamOptimizer().apply_gradients(pairs)

    assert [v.op.name for g, v in pairs if g is None] == ["conv5_2/weight", "conv5_2/bias"]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        feed = {x: np.random.default_rng(0).normal(size=(2, 32, 32, 3)), t: [1, 2]}
        losses = [session.run([loss, step], feed)[0] for _ in range(2)]
    assert np.isfinite(losses).all()


def test_a_deep_mnist_network_learns_with_dropout_that_is_fed():
    x = tf.placeholder(tf.float32, [None, 784])
    t = tf.placeholder(tf.float32, [None, 10])
    keep = tf.placeholder(tf.float32)

    def weight(shape):
        return tf.Variable(tf.truncated_normal(shape, stddev=0.1))

    image = tf.reshape(x, [-1, 28, 28, 1])
    h = tf.nn.relu(
        tf.nn.conv2d(image, weight([5, 5, 1, 8]), [1, 1, 1, 1], "SAME") + tf.Variable(tf.constant(0.1, shape=[8]))
    )
    h = tf.nn.max_pool(h, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    h = tf.nn.relu(tf.matmul(tf.reshape(h, [-1, 14 * 14 * 8]), weight([14 * 14 * 8, 32])))
    y = tf.matmul(tf.nn.dropout(h, keep), weight([32, 10]))
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=t, logits=y))
    step = tf.train.AdamOptimizer(1e-3).minimize(loss)
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(y, 1), tf.argmax(t, 1)), tf.float32))
    rng = np.random.default_rng(0)
    labels = rng.integers(10, size=64)
    images = rng.normal(size=(10, 784))[labels] + 0.1 * rng.normal(size=(64, 784))

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(40):
            session.run(step, {x: images, t: np.eye(10)[labels], keep: 0.5})
        assert session.run(accuracy, {x: images, t: np.eye(10)[labels], keep: 1.0}) > 0.9


def test_placeholders_without_any_shape_do_where_the_program_tells_their_shape():
    x, t = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    rate, training = tf.placeholder(tf.float32), tf.placeholder(tf.bool)
    h = tf.layers.dropout(tf.layers.dense(tf.reshape(x, [-1, 4]), 3), 0.5, training=training)
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=t, logits=h))
    step = tf.train.GradientDescentOptimizer(rate).minimize(loss)

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        feed = {x: np.ones((5, 2, 2)), t: np.eye(3)[[0] * 5], training: False, rate: 0.5}
        losses = [session.run([loss, step], feed)[0] for _ in range(5)]
        assert losses[-1] < losses[0]
        with pytest.raises(tf.errors.InvalidArgumentError):
            session.run(step, {**feed, rate: [0.5, 0.5]})
