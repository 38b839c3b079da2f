"""Python inside a graph: functions, messages, checks."""

import numpy as np
import pytest

import trivium_api_static as tf


def test_a_python_function_is_called_in_each_run_with_arrays():
    seen = []

    def double(x, n):
        seen.append((type(x), x.dtype, int(n)))
        return x * 2, np.int64(len(seen))

    x = tf.placeholder(tf.float32, [None])
    y, count = tf.py_func(double, [x, 3], [tf.float32, tf.int64])

    with tf.Session() as session:
        assert session.run(y, {x: [1, 2]}).tolist() == [2, 4]
        assert [part.tolist() for part in session.run([y, count], {x: [5]})] == [[10], 2]
    assert seen == [(np.ndarray, np.float32, 3)] * 2 and y.op.type == "PyFunc" and str(y.shape) == "<unknown>"
    y.set_shape([None])
    assert tf.gradients(y, x) == [None] and str((y * 2.0).shape) == "(?,)"


def test_what_a_python_function_returns_must_be_what_it_announced(run):
    wide, few = tf.py_func(lambda: np.ones(2), [], tf.float32), tf.py_func(lambda: 1.0, [], [tf.float32, tf.float32])

    with pytest.raises(
        tf.errors.InvalidArgumentError, match="0-th value returned by PyFunc is double, but expects float"
    ):
        run(wide)
    with pytest.raises(tf.errors.InvalidArgumentError, match="returns 1 values, but expects to see 2 values"):
        run(few)
    assert run(tf.py_func(lambda: 1.5, [], tf.float32)) == np.float32(1.5)


def test_what_a_python_function_raises_keeps_its_kind_and_its_text(run):
    def fail(error):
        raise error

    for raised, kind in [
        (ValueError("odd"), tf.errors.InvalidArgumentError), (KeyError("odd"), tf.errors.UnknownError),
        (StopIteration("odd"), tf.errors.OutOfRangeError), (NotImplementedError("odd"), tf.errors.UnimplementedError),
    ]:  # fmt: skip
        y = tf.py_func(lambda raised=raised: fail(raised), [], tf.float32)
        with pytest.raises(kind, match=f"{type(raised).__name__}: .*odd") as caught:
            run(y)
        assert type(caught.value) is kind and caught.value.op is y.op


def test_a_python_function_without_results_is_an_operation():
    called = []
    op = tf.py_func(called.append, [tf.constant(3)], [])

    with tf.control_dependencies([op]):
        y = tf.constant(1) + 1
    with tf.Session() as session:
        assert session.run(op) is None and session.run(y) == 2
    assert called == [3, 3] and isinstance(op, tf.Operation)


def test_print_tells_the_first_elements_on_standard_error_and_passes_gradients(run, capsys):
    x = tf.constant([1.0, 2.0, 3.0, 4.5])

    y = tf.Print(x * 2.0, [x, "and", tf.constant([[1, 2], [3, 4]]), tf.constant(True)], "values: ", first_n=2)
    with tf.Session() as session:
        for _ in range(3):
            session.run(y)
    wide = tf.Print(x, [x], summarize=10)

    assert run(wide).tolist() == [1.0, 2.0, 3.0, 4.5] and str(y.shape) == "(4,)"
    assert capsys.readouterr().err == "values: [1 2 3...][and][[1 2][3...]][1]\n" * 2 + "[1 2 3 4.5]\n"
    assert run(tf.gradients(y, x)[0]).tolist() == [2.0] * 4


def test_an_assertion_fails_with_its_data(run):
    x = tf.placeholder(tf.int32, [None])
    check = tf.Assert(tf.reduce_all(x > 0), ["x must be positive:", x])
    with tf.control_dependencies([check]):
        y = tf.identity(x)

    assert run(check, {x: [1]}) is None and run(y, {x: [1, 2]}).tolist() == [1, 2]
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"assertion failed: \[x must be positive:\] \[0 1 2\.\.\.\]"
    ):
        run(y, {x: [0, 1, 2, 3]})


@pytest.mark.parametrize(
    "check, good, bad, claim",
    [
        (tf.assert_equal, (1, 1), (1, 2), "x == y"), (tf.assert_none_equal, (1, 2), (1, 1), "x != y"),
        (tf.assert_less, (1, 2), (2, 2), "x < y"), (tf.assert_less_equal, (2, 2), (3, 2), "x <= y"),
        (tf.assert_greater, (3, 2), (2, 2), "x > y"), (tf.assert_greater_equal, (2, 2), (1, 2), "x >= y"),
        (tf.assert_positive, (1,), (0,), "x > 0"), (tf.assert_negative, (-1,), (0,), "x < 0"),
        (tf.assert_non_negative, (0,), (-1,), "x >= 0"), (tf.assert_non_positive, (0,), (1,), "x <= 0"),
    ],
)  # fmt: skip
def test_comparisons_are_asserted(run, check, good, bad, claim):
    assert run(check(*good)) is None
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"note. .Condition {claim} did not hold element-wise"):
        run(check(*bad, message="note"))


def test_ranks_and_types_are_asserted_while_building():
    x = tf.zeros([2, 3])

    assert [tf.assert_rank(x, 2).type, tf.assert_rank_at_least(x, 1).type, tf.assert_rank_in(x, (1, 2)).type] == [
        "NoOp"
    ] * 3
    assert tf.assert_scalar(tf.constant(1)).shape == () and tf.assert_type(x, tf.float32).type == "NoOp"
    assert (
        tf.assert_same_float_dtype([x], tf.float32) == tf.float32 and tf.assert_integer(tf.constant(1)).type == "NoOp"
    )
    assert tf.is_numeric_tensor(x) and not tf.is_numeric_tensor(1.0)
    tf.assert_proper_iterable([1])
    for call, text in [
        (
            lambda: tf.assert_rank(x, 1, message="m"),
            r"m Tensor zeros:0 must have rank 1. Received rank 2, shape \(2, 3\)",
        ),
        (lambda: tf.assert_rank_at_least(x, 3), "must have rank at least 3"),
        (lambda: tf.assert_rank_in(x, [0, 1]), r"must have rank in \(0, 1\)"),
        (lambda: tf.assert_scalar(x), "Expected scalar shape for zeros:0"),
        (lambda: tf.assert_same_float_dtype([x, tf.constant(1)]), "Tensor types do not match"),
    ]:
        with pytest.raises(ValueError, match=text):
            call()
    for call in (
        lambda: tf.assert_type(x, tf.int32), lambda: tf.assert_integer(x), lambda: tf.assert_proper_iterable(x)
    ):  # fmt: skip
        with pytest.raises(TypeError):
            call()


def test_numbers_are_checked_where_that_is_asked_for(run):
    x = tf.placeholder(tf.float32, [None])
    y = tf.check_numerics(tf.log(x), "log of x")
    (g,) = tf.gradients(y, x)

    assert run([y, g], {x: [1.0]})[1].tolist() == [1.0]
    with pytest.raises(tf.errors.InvalidArgumentError, match="log of x : Tensor had NaN values"):
        run(y, {x: [-1.0]})
    with pytest.raises(tf.errors.InvalidArgumentError, match="log of x : Tensor had Inf and NaN values"):
        run(y, {x: [-1.0, 0.0]})


def test_all_tensors_of_a_graph_are_checked_at_once(run):
    x = tf.placeholder(tf.float32, [])
    y = tf.exp(tf.sqrt(x, name="root")) + 1.0
    checks = tf.add_check_numerics_ops()

    assert run([y, checks], {x: 0.0})[0] == 2.0
    with pytest.raises(tf.errors.InvalidArgumentError, match="root:0 : Tensor had NaN values"):
        run([y, checks], {x: -1.0})
