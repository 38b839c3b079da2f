"""Random operations: distributions, seeds, sessions."""

from math import erf, sqrt

import numpy as np
import pytest

import trivium_api_static as tf
from trivium.tensor import Tensor
from trivium_api_static.random import central_normal


def test_distributions_have_the_moments_they_promise(run):
    uniform, normal, cut, whole = run([
        tf.random_uniform([20000], -1.0, 3.0), tf.random_normal([20000], 2.0, 0.5),
        tf.truncated_normal([20000], 1.0, 2.0),
        tf.random_uniform([20000], 2, 7, tf.int32),
    ])  # fmt: skip

    assert uniform.min() >= -1 and uniform.max() < 3 and abs(uniform.mean() - 1) < 0.03
    assert abs(normal.mean() - 2) < 0.02 and abs(normal.std() - 0.5) < 0.01
    assert np.abs(cut - 1).max() <= 4.0 and abs(cut.std() - 2 * 0.8796) < 0.03 and abs(cut.mean() - 1) < 0.05
    assert sorted(set(whole.tolist())) == [2, 3, 4, 5, 6] and uniform.dtype == np.float32


def test_the_truncated_normal_has_the_distribution_of_the_normal_inside_its_limits():
    unit = np.linspace(0, 1, 1001)[:-1].astype(np.float32)
    z = central_normal(Tensor.of(unit)).numpy()

    below = np.array([0.5 * (1 + erf(v / sqrt(2))) for v in z])
    edge = 0.5 * (1 + erf(-sqrt(2)))
    np.testing.assert_allclose((below - edge) / (1 - 2 * edge), unit, atol=2e-6)


def test_each_run_draws_anew_and_each_session_starts_over():
    x = tf.random_uniform([3])

    with tf.Session() as one, tf.Session() as two:
        first, second = one.run(x), one.run(x)
        assert not np.array_equal(first, second)
        assert np.array_equal(two.run(x), first) and np.array_equal(two.run(x), second)


def test_one_run_draws_once_for_all_readers(run):
    x = tf.random_uniform([3])

    a, b = run([x + 0.0, x * 1.0])

    assert np.array_equal(a, b)


def test_seeds_decide_the_numbers():
    def drawn(graph_seed, op_seed=None, before=0):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(graph_seed)
            for _ in range(before):
                tf.random_uniform([3])
            return session.run(tf.random_uniform([3], seed=op_seed)).tolist()

    assert drawn(1) == drawn(1) != drawn(2) and drawn(1) != drawn(1, before=1)
    assert drawn(1, 7) == drawn(1, 7, before=1) != drawn(1, 8)


def test_two_operations_draw_different_numbers(run):
    a, b = run([tf.random_normal([4]), tf.random_normal([4])])

    assert not np.array_equal(a, b)


def test_dropout_keeps_a_part_and_scales_it(run):
    x = tf.ones([20000])

    kept = run(tf.nn.dropout(x, 0.75))

    assert abs((kept > 0).mean() - 0.75) < 0.02 and np.unique(kept).tolist() == pytest.approx([0.0, 4 / 3])
    assert tf.nn.dropout(x, 1.0) is x
    with pytest.raises(ValueError, match=r"keep_prob must be a scalar tensor or a float in the range \(0, 1\], got 0"):
        tf.nn.dropout(x, 0.0)


def test_dropout_takes_its_rate_when_the_graph_runs(run):
    keep = tf.placeholder(tf.float32, [])
    y = tf.nn.dropout(tf.ones([1000]), keep)
    (g,) = tf.gradients(y, keep)

    assert (run(y, {keep: 1.0}) == 1.0).all() and abs((run(y, {keep: 0.5}) > 0).mean() - 0.5) < 0.1 and g is None


def test_initializers_make_what_their_names_say():
    shapes = {"he_normal": np.sqrt(2 / 300), "lecun_uniform": np.sqrt(1 / 300), "glorot_normal": np.sqrt(2 / 500)}
    with tf.Session() as session:
        for name, std in shapes.items():
            values = session.run(getattr(tf.initializers, name)()([300, 200]))
            assert abs(values.std() / std - 1) < 0.02, name
        assert session.run(tf.constant_initializer([1, 2, 3, 4])([2, 2])).tolist() == [[1, 2], [3, 4]]
        assert session.run(tf.ones_initializer()([2], tf.int32)).tolist() == [1, 1]


def test_whole_numbers_are_even_on_both_sides_of_zero(run):
    x = run(tf.random_uniform([30000], -3, 3, tf.int32))

    values, counts = np.unique(x, return_counts=True)
    assert values.tolist() == [-3, -2, -1, 0, 1, 2] and np.abs(counts / 5000 - 1).max() < 0.1


def test_rows_are_shuffled_and_classes_drawn(run):
    x = tf.placeholder(tf.float32, [None, 2])
    shuffled = tf.random_shuffle(x)
    drawn = tf.multinomial(tf.log([[0.2, 0.8], [0.999, 0.001]]), 5000, output_dtype=tf.int32)
    rows = np.arange(20, dtype=np.float32).reshape(10, 2)

    got, classes = run(shuffled, {x: rows}), run(drawn)

    assert sorted(got.tolist()) == rows.tolist() and got.tolist() != rows.tolist()
    assert classes.shape == (2, 5000) and classes.dtype == np.int32 and abs(classes[0].mean() - 0.8) < 0.03
    assert classes[1].mean() < 0.01 and run(tf.random.shuffle([[1]])).tolist() == [[1]]
