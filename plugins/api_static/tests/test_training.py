"""Optimizers: TensorFlow's conventions, written out in NumPy."""

import numpy as np
import pytest

import trivium
import trivium_api_static as tf
from trivium import registry
from trivium.testing.fake import FakeBackend

GRADIENTS = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)


def trajectory(optimizer):
    """The values of a variable while it is fed gradients."""
    v, g = tf.Variable([1.0, 2.0, 3.0], name="v"), tf.placeholder(tf.float32, [3])
    step = optimizer.apply_gradients([(g, v)])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return np.array([session.run([step, v], {g: row}) and session.run(v) for row in GRADIENTS])


def test_gradient_descent_follows_its_formula():
    got = trajectory(tf.train.GradientDescentOptimizer(0.1))

    np.testing.assert_allclose(got, np.array([1, 2, 3]) - 0.1 * GRADIENTS.cumsum(0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_follows_its_formula(nesterov):
    got = trajectory(tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=nesterov))

    v, accumulated, expected = np.array([1.0, 2.0, 3.0]), 0.0, []
    for g in GRADIENTS:
        accumulated = 0.9 * accumulated + g
        v = v - 0.1 * (g + 0.9 * accumulated if nesterov else accumulated)
        expected.append(v)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def test_adam_follows_its_formula():
    got = trajectory(tf.train.AdamOptimizer(0.01, epsilon=0.1))

    v, m, s, expected = np.array([1.0, 2.0, 3.0]), 0.0, 0.0, []
    for t, g in enumerate(GRADIENTS, 1):
        m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
        v = v - 0.01 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(s) + 0.1)
        expected.append(v)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def adagrad(g, total):
    total = total + g * g
    return 0.1 * g / np.sqrt(total), total


def adadelta(g, square, mean_step):
    square = 0.9 * square + 0.1 * g * g
    step = g * np.sqrt(mean_step + 1e-3) / np.sqrt(square + 1e-3)
    return 0.5 * step, square, 0.9 * mean_step + 0.1 * step * step


def rmsprop(g, square, velocity):
    square = 0.9 * square + 0.1 * g * g
    velocity = 0.5 * velocity + 0.01 * g / np.sqrt(square + 1e-10)
    return velocity, square, velocity


def centered_rmsprop(g, square, mean, velocity):
    square, mean = 0.9 * square + 0.1 * g * g, 0.9 * mean + 0.1 * g
    velocity = 0.01 * g / np.sqrt(square - mean * mean + 1e-3)
    return velocity, square, mean, velocity


FORMULAS = [
    (lambda: tf.train.AdagradOptimizer(0.1), adagrad, {"accumulator": (0.1, "v/Adagrad")}),
    (
        lambda: tf.train.AdadeltaOptimizer(0.5, 0.9, 1e-3),
        adadelta,
        {"accum": (0.0, "v/Adadelta"), "accum_update": (0.0, "v/Adadelta_1")},
    ),
    (
        lambda: tf.train.RMSPropOptimizer(0.01, momentum=0.5),
        rmsprop,
        {"rms": (1.0, "v/RMSProp"), "momentum": (0.0, "v/RMSProp_1")},
    ),
    (
        lambda: tf.train.RMSPropOptimizer(0.01, epsilon=1e-3, centered=True),
        centered_rmsprop,
        {"rms": (1.0, "v/RMSProp"), "mg": (0.0, "v/RMSProp_1"), "momentum": (0.0, "v/RMSProp_2")},
    ),
]


@pytest.mark.parametrize(("make", "formula", "slots"), FORMULAS)
def test_adaptive_steps_follow_their_formulas_and_name_their_slots(make, formula, slots):
    optimizer = make()
    got = trajectory(optimizer)

    v, state, expected = np.array([1.0, 2.0, 3.0]), [np.full(3, start) for start, _ in slots.values()], []
    for g in GRADIENTS.astype(np.float64):
        move, *state = formula(g, *state)
        v = v - move
        expected.append(v)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)
    variable = tf.trainable_variables()[0]
    assert {name: optimizer.get_slot(variable, name).op.name for name in slots} == {n: s for n, (_, s) in slots.items()}
    assert optimizer.get_slot_names() == sorted(slots)


def test_ftrl_follows_its_formula_and_makes_weights_zero():
    optimizer = tf.train.FtrlOptimizer(0.1, l1_regularization_strength=2.0, l2_regularization_strength=0.1)
    got = trajectory(optimizer)

    v, total, linear, expected = np.array([1.0, 2.0, 3.0]), 0.1, 0.0, []
    for g in GRADIENTS.astype(np.float64):
        before, total = total, total + g * g
        linear = linear + g - (np.sqrt(total) - np.sqrt(before)) / 0.1 * v
        pull = np.clip(linear, -2.0, 2.0) - linear
        v = pull / (np.sqrt(total) / 0.1 + 2 * 0.1)
        expected.append(v)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
    assert (got == 0.0).any()
    names = [optimizer.get_slot(tf.trainable_variables()[0], name).op.name for name in ("accum", "linear")]
    assert names == ["v/Ftrl", "v/Ftrl_1"]


def test_slots_are_variables_named_after_what_they_belong_to():
    x = tf.placeholder(tf.float32, [None, 3])
    loss = tf.reduce_sum(tf.layers.dense(x, 2, name="fc"))
    momentum, adam = tf.train.MomentumOptimizer(0.1, 0.9), tf.train.AdamOptimizer()

    momentum.minimize(loss)
    adam.minimize(loss)

    names = [v.op.name for v in tf.global_variables()]
    assert names == ["fc/kernel", "fc/bias", "fc/kernel/Momentum", "fc/bias/Momentum", "beta1_power", "beta2_power",
                     "fc/kernel/Adam", "fc/kernel/Adam_1", "fc/bias/Adam", "fc/bias/Adam_1"]  # fmt: skip
    kernel = tf.global_variables()[0]
    assert momentum.get_slot(kernel, "momentum").name == "fc/kernel/Momentum:0" and momentum.get_slot_names() == [
        "momentum"
    ]
    assert adam.get_slot(kernel, "v").name == "fc/kernel/Adam_1:0" and adam.get_slot_names() == ["m", "v"]
    assert {v.op.name for v in tf.trainable_variables()} == {"fc/kernel", "fc/bias"}


def test_minimize_gives_an_operation_that_sums_a_vector_of_losses():
    v = tf.Variable([1.0, 2.0])
    step = tf.train.GradientDescentOptimizer(0.5).minimize(v * v, name="train_step")
    other = tf.train.GradientDescentOptimizer(0.5).minimize(v * v)

    assert (step.name, step.type, other.name) == ("train_step", "NoOp", "GradientDescent")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(step) is None and session.run(v).tolist() == [0.0, 0.0]


def test_a_global_step_counts():
    v, step = tf.Variable(1.0), tf.train.get_or_create_global_step()
    train = tf.train.AdamOptimizer().minimize(v * v, global_step=step)

    assert (train.name, train.type, step.name) == ("Adam", "AssignAdd", "global_step:0")
    assert tf.train.get_or_create_global_step() is step
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(3):
            session.run(train)
        assert tf.train.global_step(session, step) == 3


def test_a_learning_rate_may_be_fed_and_may_decay():
    v, rate, step = tf.Variable(1.0), tf.placeholder(tf.float32, []), tf.Variable(0, trainable=False)
    fed = tf.train.GradientDescentOptimizer(rate).minimize(v)
    falling = tf.train.exponential_decay(0.8, step, 2, 0.5, staircase=True)
    smooth = tf.train.exponential_decay(0.8, step, 2, 0.25)
    decayed = tf.train.GradientDescentOptimizer(falling).minimize(v, global_step=step)

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(fed, {rate: 0.25})
        assert session.run(v) == 0.75
        rates = [session.run([falling, smooth, decayed])[:2] for _ in range(4)]
        np.testing.assert_allclose(rates, [[0.8, 0.8], [0.8, 0.4], [0.4, 0.2], [0.4, 0.1]], rtol=1e-5)
        np.testing.assert_allclose(session.run(v), 0.75 - 0.8 - 0.8 - 0.4 - 0.4, rtol=1e-5)


def test_every_decay_follows_its_formula():
    step = tf.placeholder(tf.int64, [])
    decays = {
        "piecewise": tf.train.piecewise_constant(step, [2, 5], [1.0, 0.5, 0.25]),
        "polynomial": tf.train.polynomial_decay(1.0, step, 10, 0.1, power=2.0),
        "cycle": tf.train.polynomial_decay(1.0, step, 4, 0.0, cycle=True),
        "natural": tf.train.natural_exp_decay(1.0, step, 4, 0.5),
        "inverse": tf.train.inverse_time_decay(1.0, step, 4, 0.5, staircase=True),
        "cosine": tf.train.cosine_decay(1.0, step, 8, alpha=0.2),
        "restarts": tf.train.cosine_decay_restarts(1.0, step, 2, m_mul=0.5, alpha=0.2),
    }

    with tf.Session() as session:
        got = {at: session.run(decays, {step: at}) for at in (2, 3, 6, 14)}

    assert [got[at]["piecewise"] for at in got] == [1.0, 0.5, 0.25, 0.25]
    np.testing.assert_allclose([got[at]["polynomial"] for at in got], [0.676, 0.541, 0.244, 0.1], rtol=1e-5)
    np.testing.assert_allclose([got[at]["cycle"] for at in got], [0.5, 0.25, 0.25, 0.125], rtol=1e-5)
    np.testing.assert_allclose([got[at]["natural"] for at in got], np.exp([-0.25, -0.375, -0.75, -1.75]), rtol=1e-5)
    np.testing.assert_allclose([got[at]["inverse"] for at in got], [1, 1, 1 / 1.5, 1 / 2.5], rtol=1e-5)
    wave = 0.2 + 0.8 * (1 + np.cos(np.pi * np.minimum([2, 3, 6, 14], 8) / 8)) / 2
    np.testing.assert_allclose([got[at]["cosine"] for at in got], wave, rtol=1e-5)
    falls = np.array([0.5, 0.5 * (1 + np.cos(np.pi / 4)) / 2, 0.25, 0.125])
    np.testing.assert_allclose([got[at]["restarts"] for at in got], 0.2 + 0.8 * falls, rtol=1e-5)


def test_tensors_are_clipped_by_their_norms():
    x, y = tf.constant([3.0, 4.0]), tf.constant([[0.0, 12.0]])
    clipped, norm = tf.clip_by_global_norm([x, None, y], 6.5)
    wild, _ = tf.clip_by_global_norm([x, tf.constant([float("inf")])], 1.0)
    rows = tf.clip_by_norm(tf.constant([[3.0, 4.0], [0.3, 0.4]]), 1.0, axes=[1])
    average = tf.clip_by_average_norm(x, 1.0)

    with tf.Session() as session:
        assert session.run([norm, tf.global_norm([y, x])]) == [13.0, 13.0]
        np.testing.assert_allclose(session.run(clipped[0]), [1.5, 2.0], rtol=1e-6)
        np.testing.assert_allclose(session.run(clipped[2]), [[0.0, 6.0]], rtol=1e-6)
        assert clipped[1] is None
        assert np.isnan(session.run(wild[0])).all()
        np.testing.assert_allclose(session.run(tf.clip_by_norm(x, 1.0)), [0.6, 0.8], rtol=1e-6)
        np.testing.assert_array_equal(session.run(tf.clip_by_norm(x, 10.0)), [3.0, 4.0])
        np.testing.assert_allclose(session.run(rows), [[0.6, 0.8], [0.3, 0.4]], rtol=1e-6)
        np.testing.assert_allclose(session.run(average), [1.2, 1.6], rtol=1e-6)


def test_averages_follow_variables_after_each_step():
    v, step = tf.Variable(1.0, name="v"), tf.Variable(0, trainable=False, name="step")
    train = tf.train.GradientDescentOptimizer(1.0).minimize(v, global_step=step)
    slow = tf.train.ExponentialMovingAverage(0.9)
    young = tf.train.ExponentialMovingAverage(0.9, num_updates=step, name="young")
    with tf.control_dependencies([train]):
        follow = tf.group(slow.apply([v]), young.apply())

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(slow.average(v)) == 1.0
        session.run(follow)
        np.testing.assert_allclose(session.run(slow.average(v)), 0.9, rtol=1e-6)
        session.run(follow)
        np.testing.assert_allclose(session.run(slow.average(v)), 0.9 * 0.9 - 0.1, rtol=1e-6)
        assert session.run(v) == -1.0 and session.run(young.average(v)) < 0.0
    assert slow.average_name(v) == slow.average(v).op.name == "v/ExponentialMovingAverage"
    assert set(slow.variables_to_restore()) == {"v/ExponentialMovingAverage", "step", "v/young"}


def test_the_average_of_a_tensor_starts_at_zero_and_may_be_corrected_for_that():
    x = tf.placeholder(tf.float32, [], name="x")
    plain, corrected = tf.train.ExponentialMovingAverage(0.5), tf.train.ExponentialMovingAverage(0.5, zero_debias=True)
    follow = [plain.apply([x]), corrected.apply([x])]

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for value in (8.0, 4.0):
            session.run(follow, {x: value})
        assert session.run(plain.average(x)) == 4.0
        np.testing.assert_allclose(session.run(corrected.average(x)), 4.0 / 0.75, rtol=1e-6)


def test_gradients_may_be_changed_before_they_are_applied():
    v = tf.Variable([10.0, 0.1])
    optimizer = tf.train.GradientDescentOptimizer(1.0)
    pairs = optimizer.compute_gradients(v * v)
    step = optimizer.apply_gradients([(tf.clip_by_value(g, -1.0, 1.0), x) for g, x in pairs])

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(step)
        np.testing.assert_allclose(session.run(v), [9.0, -0.1], rtol=1e-5)


def test_variables_that_do_not_matter_are_skipped_and_all_of_them_is_an_error():
    used, dead = tf.Variable(1.0, name="used"), tf.Variable(1.0, name="dead")
    optimizer = tf.train.MomentumOptimizer(0.1, 0.9)

    pairs = optimizer.compute_gradients(used * used)
    optimizer.minimize(used * used)

    assert [(g is None, v) for g, v in pairs] == [(False, used), (True, dead)]
    assert "dead/Momentum" not in [v.op.name for v in tf.global_variables()]
    with pytest.raises(ValueError, match="No gradients provided for any variable, check your graph"):
        optimizer.minimize(tf.constant(1.0))
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        optimizer.apply_gradients([(None, used)])


def test_only_the_variables_asked_for_are_trained():
    a, b = tf.Variable(1.0), tf.Variable(1.0)
    step = tf.train.GradientDescentOptimizer(0.5).minimize(a * b, var_list=[a])

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(step)
        assert session.run([a, b]) == [0.5, 1.0]


def test_a_graph_without_variables_cannot_be_trained():
    with pytest.raises(ValueError, match=r"No variables to optimize."):
        tf.train.GradientDescentOptimizer(0.5).minimize(tf.constant(1.0))


def test_a_step_and_its_loss_in_one_run_see_the_values_before_it():
    v = tf.Variable(2.0)
    loss = v * v
    step = tf.train.GradientDescentOptimizer(0.25).minimize(loss)

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert [session.run([loss, step])[0] for _ in range(3)] == [4.0, 1.0, 0.25]


def test_a_device_with_memory_of_its_own_trains_to_the_same_numbers():
    x, t = tf.placeholder(tf.float32, [None, 6, 6, 1]), tf.placeholder(tf.int32, [None])
    h = tf.layers.max_pooling2d(tf.layers.conv2d(x, 3, 3, activation=tf.nn.relu), 2, 2)
    h = tf.layers.dropout(tf.layers.flatten(h), 0.25, training=True)
    loss = tf.losses.sparse_softmax_cross_entropy(t, tf.layers.dense(h, 4))
    step = tf.train.AdamOptimizer(0.01).minimize(loss, global_step=tf.train.get_or_create_global_step())
    feed = {x: np.random.default_rng(0).normal(size=(5, 6, 6, 1)), t: [0, 1, 2, 3, 0]}

    def losses(device):
        with trivium.device(device), tf.Session() as session:
            session.run(tf.global_variables_initializer())
            return [session.run([loss, step], feed)[0] for _ in range(4)]

    with registry.temporary():
        registry.register_backend(FakeBackend("fake"))
        np.testing.assert_allclose(losses("fake"), losses("cpu"), rtol=1e-5)


def test_gradients_and_variables_may_come_as_a_zip(run):
    w = tf.get_variable("w", initializer=[3.0])
    gradients = tf.gradients(tf.square(w), [w])

    step = tf.train.GradientDescentOptimizer(0.5).apply_gradients(zip(gradients, [w]))

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(step)
        assert session.run(w) == [0.0]
