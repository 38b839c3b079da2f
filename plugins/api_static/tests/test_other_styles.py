"""Layers of the core, and whatever else computes on symbols, called with tensors."""

import numpy as np

import trivium_api_static as tf
from trivium.registry import find_layer
from trivium.tensor import Parameter, Tensor


def test_a_core_layer_takes_tensors_and_its_parameters_train_where_they_live():
    layer = find_layer("Dense")(1, weight_initializer="ones")
    x = tf.placeholder(tf.float32, [None, 2], "x")

    y = tf.apply(layer, x)
    step = tf.train.GradientDescentOptimizer(0.5).minimize(tf.reduce_sum(y))

    assert isinstance(y, tf.Tensor) and str(y.shape) == "(?, 1)"
    with tf.Session() as session:
        assert session.run(y, {x: [[1.0, 2.0]]}).tolist() == [[3.0]]
        session.run(step, {x: [[1.0, 2.0]]})
        assert session.run(y, {x: [[1.0, 2.0]]}).tolist() == [[0.0]]
    assert layer.weight.numpy().tolist() == [[0.5, 0.0]]  # seen from outside


def test_momentum_of_another_styles_parameter_is_a_variable_of_the_graph():
    parameter = Parameter(np.ones(2, np.float32), name="p")
    loss = tf.reduce_sum(tf.multiply(tf.convert_to_tensor(parameter), 2.0))
    step = tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)

    assert [v.op.name for v in tf.global_variables()] == ["p/Momentum"]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run([step])
        session.run([step])
    np.testing.assert_allclose(parameter.numpy(), 1 - 0.2 - 0.38, rtol=1e-5)


def test_running_statistics_of_a_core_layer_move_when_its_result_is_computed():
    layer = find_layer("BatchNorm")()
    x = tf.placeholder(tf.float32, [None, 2])
    y = tf.apply(layer, x, training=True)
    unrelated = tf.constant(1.0)

    with tf.Session() as session:
        session.run(unrelated)
        assert not layer.mean.numpy().any()
        session.run(y, {x: [[1.0, 2.0], [3.0, 4.0]]})
    np.testing.assert_allclose(layer.mean.numpy(), [0.2, 0.3], rtol=1e-5)


def test_a_function_of_symbols_may_return_a_structure():
    a, b = tf.apply(lambda x: {"twice": x * 2.0, "more": (x + 1.0,)}, tf.constant(3.0), name="pair").values()

    with tf.Session() as session:
        assert session.run([a, b[0]]) == [6.0, 4.0]
    assert a.name.startswith("pair/")


def test_tensors_of_the_core_enter_by_reference():
    held = Tensor.of(np.array([1.0, 2.0], np.float32))
    total = tf.reduce_sum(tf.convert_to_tensor(held))

    with tf.Session() as session:
        assert session.run(total) == 3.0
        held.write(Tensor.of(np.array([5.0, 5.0], np.float32)))
        assert session.run(total) == 10.0
