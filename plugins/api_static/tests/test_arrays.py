"""Making tensors and arranging their elements."""

import numpy as np
import pytest

import trivium_api_static as tf

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


@pytest.mark.parametrize(
    "key",
    [
        0, -1, (1, 2), slice(1, None), (slice(None), 1), (slice(None), slice(None, None, 2)), (..., 0), (...,
        slice(1, 3)),
        (0, ..., -1), (slice(None, None, -1),), None, (slice(None), None, 0), (..., None), (1, slice(0, -1),
        slice(-2, None)),
    ],
)  # fmt: skip
def test_tensors_are_indexed_as_arrays_are(run, key):
    known, unknown = tf.constant(X), tf.placeholder(tf.float32, [None, 3, 4])

    np.testing.assert_array_equal(run(known[key]), X[key])
    np.testing.assert_array_equal(run(unknown[key], {unknown: X}), X[key])
    assert known[key].shape.as_list() == list(X[key].shape) and known[key].op.type == "StridedSlice"


def test_an_index_may_be_a_tensor(run):
    x, i = tf.constant(X), tf.placeholder(tf.int32, [])

    np.testing.assert_array_equal(run(x[i, 1], {i: 1}), X[1, 1])
    np.testing.assert_array_equal(run(x[:, i], {i: 2}), X[:, 2])


def test_an_index_that_does_not_exist_is_refused():
    x = tf.constant(X)
    with pytest.raises(ValueError, match="slice index 2 of dimension 0 out of bounds"):
        x[2]
    with pytest.raises(ValueError, match="Index out of range"):
        x[0, 0, 0, 0]
    with pytest.raises(TypeError, match="Only integers, slices"):
        x["a"]


def test_sizes_are_known_or_found_when_the_graph_runs(run):
    x = tf.placeholder(tf.float32, [None, 4])

    assert run([tf.shape(x), tf.size(x), tf.rank(x)], {x: np.zeros((5, 4))})[0].tolist() == [5, 4]
    assert run(tf.size(x), {x: np.zeros((5, 4))}) == 20 and run(tf.shape(X)).tolist() == [2, 3, 4]
    with pytest.raises(tf.errors.InvalidArgumentError, match="You must feed a value for placeholder tensor"):
        run(tf.shape(x))


def test_shapes_may_be_computed_from_shapes(run):
    x = tf.placeholder(tf.float32, [None, 2, 3])
    batch = tf.shape(x)[0]

    flat = tf.reshape(x, [batch, -1])
    square = tf.reshape(x, tf.stack([batch * 2, 3]))
    zeros = tf.zeros(tf.concat([tf.shape(x)[:1], [7]], 0))

    got = run([flat, square, zeros, tf.random_uniform(tf.shape(x))], {x: np.zeros((5, 2, 3))})
    assert [a.shape for a in got] == [(5, 6), (10, 3), (5, 7), (5, 2, 3)]
    assert str(flat.shape) == "(?, 6)"
    with pytest.raises(TypeError, match="shape holds None"):
        tf.reshape(x, x.shape.as_list())


def test_shapes_may_be_known_only_when_the_graph_runs(run):
    count = tf.placeholder(tf.int32, [])
    sizes = tf.placeholder(tf.int32, [2])

    made = [
        tf.zeros([count, 2]),
        tf.reshape(tf.range(6), sizes),
        tf.range(count),
        tf.fill(sizes, 1.5),
        tf.tile([7], [count]),
    ]

    got = run(made, {count: 3, sizes: [2, 3]})
    assert [x.shape for x in got] == [(3, 2), (2, 3), (3,), (2, 3), (3,)] and got[2].tolist() == [0, 1, 2]
    assert [str(x.shape) for x in made] == ["(?, 2)", "(?, ?)", "(?,)", "(?, ?)", "(?,)"]
    assert run(made[0], {count: 5}).shape == (5, 2)
    with pytest.raises(tf.errors.InvalidArgumentError, match="-1 is no size: it is below 0"):
        run(made[0], {count: -1})
    with pytest.raises(ValueError, match=r"shape: how many sizes .* holds must be known while the graph is built"):
        tf.zeros(tf.placeholder(tf.int32, [None]))


def test_slices_may_have_ends_that_only_the_run_tells(run):
    n, a = tf.placeholder(tf.int32, []), np.arange(20).reshape(4, 5)
    x = tf.constant(a)

    made = [x[n], x[:n], x[n:], x[-n:], x[1 : n + 1, n], x[tf.newaxis, ..., n : n + 2], tf.slice(x, [n, 0], [2, -1])]

    for k in (1, 2):
        expected = [a[k], a[:k], a[k:], a[-k:], a[1 : k + 1, k], a[None, ..., k : k + 2], a[k : k + 2]]
        for got, want in zip(run(made, {n: k}), expected):
            np.testing.assert_array_equal(got, want)
    assert [str(part.shape) for part in made] == ["(5,)", "(?, 5)", "(?, 5)", "(?, 5)", "(?,)", "(1, 4, ?)", "(2, 5)"]


def test_a_reshape_that_loses_elements_is_refused():
    with pytest.raises(ValueError, match=r"a tensor with 24 elements to shape \[5,5\] \(25 elements\) for 'Reshape'"):
        tf.reshape(X, [5, 5])


def test_arrangements_agree_with_numpy(run):
    cases = [
        (tf.transpose(X), X.T), (tf.transpose(X, [1, 0, 2]), X.transpose(1, 0, 2)),
        (tf.expand_dims(X, -1), X[..., None]), (tf.expand_dims(X, 0), X[None]), (tf.squeeze(X[:1]), X[0]),
        (tf.squeeze(X[:, :1, :1], [2]), X[:, :1, 0]), (tf.concat([X, X], -1), np.concatenate([X, X], -1)),
        (tf.stack([X, X], 1), np.stack([X, X], 1)), (tf.pad(X[0], [[1, 0], [0, 2]]), np.pad(X[0], [(1, 0), (0, 2)])),
        (tf.slice(X, [0, 1, 0], [-1, 2, 3]), X[:, 1:3, :3]), (tf.tile(X[0], [2, 1]), np.tile(X[0], (2, 1))),
        (tf.reverse(X, [1]), X[:, ::-1]), (tf.gather(X, [1, 0, 1]), X[[1, 0, 1]]), (tf.gather(X, 2, axis=1), X[:, 2]),
        (tf.strided_slice(X, [0, 2], [2, 0], [1, -1]), X[0:2, 2:0:-1]), (tf.fill([2, 2], 3), np.full((2, 2), 3)),
        (tf.range(2, 9, 3), np.arange(2, 9, 3)), (tf.range(4), np.arange(4)), (tf.linspace(0.0, 1.0, 5),
        np.linspace(0, 1, 5)),
        (tf.zeros_like(X), np.zeros_like(X)), (tf.ones_like(X, tf.int32), np.ones(X.shape)), (tf.ones([2],
        tf.int32), [1, 1]),
        (tf.eye(2), np.eye(2)), (tf.constant(7, shape=[2, 2]), np.full((2, 2), 7)), (tf.broadcast_to([1, 2],
        [2, 2]), [[1, 2]] * 2),
        (tf.one_hot([0, 2], 3), np.eye(3)[[0, 2]]), (tf.one_hot([0, 2], 3, axis=0), np.eye(3)[[0, 2]].T),
        (tf.one_hot([1], 2, 5, -1), [[-1, 5]]), (tf.where([True, False], X[0, :2], -X[0, :2]), [X[0, 0], -X[0, 1]]),
    ]  # fmt: skip
    for tensor, expected in cases:
        got = run(tensor)
        np.testing.assert_array_equal(got, expected, err_msg=tensor.name)
        assert tensor.shape.as_list() == list(np.shape(expected)), tensor


def test_splitting_gives_a_list(run):
    parts = tf.split(X, [1, -1], axis=2) + tf.split(X, 3, 1) + tf.unstack(X)

    expected = [X[..., :1], X[..., 1:], *np.split(X, 3, 1), *X]
    for part, array in zip(run(parts), expected):
        np.testing.assert_array_equal(part, array)
    with pytest.raises(ValueError, match="Dimension size must be evenly divisible by 5 but is 4"):
        tf.split(X, 5, axis=2)


def test_lists_of_tensors_become_one(run):
    a = tf.constant(1.0)

    assert run(tf.convert_to_tensor([a, 2.0])).tolist() == [1.0, 2.0]
    assert run(tf.reduce_sum([[a, a], [1.0, 2.0]])) == 5.0


def test_a_placeholder_with_a_default_needs_no_feed(run):
    x = tf.placeholder_with_default([[1.0, 2.0]], [None, 2])
    doubled = x * 2.0

    assert str(doubled.shape) == "(?, 2)" and run(doubled).tolist() == [[2.0, 4.0]]
    assert run(doubled, {x: np.ones((3, 2))}).shape == (3, 2)
    with pytest.raises(ValueError, match="are incompatible"):
        tf.placeholder_with_default([1.0], [None, 2])


def test_constants_that_do_not_fit_their_shape_are_refused():
    with pytest.raises(ValueError, match=r"Too many elements provided. Needed at most 2, but received 3"):
        tf.constant([1, 2, 3], shape=[2])
    with pytest.raises(TypeError, match=r"Expected Tensor's shape: \(2, 2\), got \(1,\)"):
        tf.constant([1], shape=[2, 2], verify_shape=True)


def test_get_shape_is_also_a_function():
    assert tf.get_shape(tf.zeros([2, 3])).as_list() == [2, 3]
