"""Branches, loops, groups."""

import numpy as np
import pytest

import trivium_api_static as tf


def test_cond_runs_one_branch_and_has_gradients(run):
    x = tf.placeholder(tf.float32, [])

    y = tf.cond(x > 0.0, lambda: x * x, lambda: -x)
    (g,) = tf.gradients(y, x)

    assert run([y, g], {x: 3.0}) == [9.0, 6.0] and run([y, g], {x: -2.0}) == [2.0, -1.0]


def test_cond_returns_lists_as_its_branches_do(run):
    flag = tf.placeholder(tf.bool, [])

    a, b = tf.cond(flag, lambda: [tf.constant(1), tf.constant(2)], lambda: (tf.constant(3), tf.constant(4)))

    assert run([a, b], {flag: True}) == [1, 2] and run([a, b], {flag: False}) == [3, 4]


def test_state_changes_only_in_the_branch_that_runs():
    flag = tf.placeholder(tf.bool, [])
    v, w = tf.Variable(5.0), tf.Variable(1.0)
    chosen = tf.cond(flag, lambda: v.assign_add(1.0) * 10.0, lambda: w.assign(v * 2.0))

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(chosen, {flag: True}) == 60.0 and session.run([v, w]) == [6.0, 1.0]
        assert session.run(chosen, {flag: False}) == 12.0 and session.run([v, w]) == [6.0, 12.0]


def test_branches_may_give_operations_which_have_run_then():
    flag = tf.placeholder(tf.bool, [])
    v, w = tf.Variable(0), tf.Variable(0)
    train = tf.cond(flag, lambda: tf.group(v.assign_add(1), w.assign_add(2)), tf.no_op)
    with tf.control_dependencies([train]):
        after = tf.identity(v)

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train, {flag: True})
        session.run(train, {flag: False})
        assert session.run([v, w]) == [1, 2] and session.run(after, {flag: True}) == 2


def test_moving_averages_are_updated_in_a_branch_as_tutorials_did_it():
    x, training = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.bool, [])
    mean = tf.reduce_mean(x)
    averages = tf.train.ExponentialMovingAverage(0.5)

    def updated():
        with tf.control_dependencies([averages.apply([mean])]):
            return tf.identity(mean)

    used = tf.cond(training, updated, lambda: averages.average(mean))

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(used, {x: [1.0, 3.0], training: True}) == 2.0
        first = session.run(used, {x: [100.0], training: False})
        assert session.run(used, {x: [8.0], training: True}) == 8.0
        assert session.run(used, {x: [100.0], training: False}) == first / 2 + 4.0


def test_a_branch_waits_for_what_its_insides_wait_for():
    flag, v = tf.placeholder(tf.bool, []), tf.Variable(0)
    outside = v.assign_add(1)

    def waiting():
        with tf.control_dependencies([outside]):
            return tf.constant(1) + 1

    y = tf.cond(flag, waiting, lambda: tf.constant(0))

    with tf.Session() as session:
        session.run(v.initializer)
        session.run(y, {flag: True})
        assert session.run(v) == 1


def test_a_case_takes_the_first_that_holds_and_says_when_there_is_none_or_more(run):
    x = tf.placeholder(tf.int32, [])
    pairs = [(x < 3, lambda: tf.constant(10)), (x < 5, lambda: tf.constant(20))]

    plain, strict, either = tf.case(pairs, lambda: x), tf.case(pairs, lambda: x, exclusive=True), tf.case(pairs)

    assert [run(plain, {x: n}) for n in (1, 4, 7)] == [10, 20, 7] and run(strict, {x: 4}) == 20
    with pytest.raises(tf.errors.InvalidArgumentError, match="More than one condition evaluated as True"):
        run(strict, {x: 1})
    assert run(either, {x: 4}) == 20
    with pytest.raises(tf.errors.InvalidArgumentError, match="None of the conditions evaluated as True"):
        run(either, {x: 7})


def test_cond_refuses_what_it_cannot_decide():
    with pytest.raises(TypeError, match="pred must not be a Python bool"):
        tf.cond(True, lambda: 1, lambda: 2)
    with pytest.raises(TypeError, match="true_fn and false_fn must be callable"):
        tf.cond(tf.constant(True), 1, 2)


def test_what_is_inside_a_branch_has_its_scope_and_cannot_be_fetched(run):
    x, inside = tf.constant(3.0), []

    def branch():
        inside.append(tf.square(x))
        return inside[0] + 1.0

    y = tf.cond(x > 0.0, branch, lambda: x)

    assert inside[0].name == "cond/Square:0" and run(y) == 10.0
    with pytest.raises(ValueError, match=r"Operation 'cond/Square' has been marked as not fetchable."):
        run(inside[0])


def test_a_loop_repeats_while_its_condition_holds(run):
    limit = tf.placeholder(tf.int32, [])

    i, total = tf.while_loop(
        lambda i, t: i < limit, lambda i, t: (i + 1, t + tf.cast(i, tf.float32)), [tf.constant(0), tf.constant(0.0)]
    )

    assert run([i, total], {limit: 5}) == [5, 10.0] and run(total, {limit: 0}) == 0.0


def test_a_loop_has_first_gradients_a_single_variable_and_a_largest_count(run):
    x = tf.constant(2.0)

    power = tf.while_loop(lambda p: p < 100.0, lambda p: p * x, [tf.constant(1.0)])
    (g,) = tf.gradients(power, x)
    capped = tf.while_loop(lambda p: p < 100.0, lambda p: p * x, [tf.constant(1.0)], maximum_iterations=3)

    assert run([power, g, capped]) == [128.0, 7 * 2.0**6, 8.0]


def test_a_loop_draws_new_numbers_in_each_step_and_each_run():
    def step(i, total):
        return i + 1, tf.concat([total, [tf.random_uniform([], seed=1)]], 0)

    _, drawn = tf.while_loop(
        lambda i, t: i < 4, step, [0, tf.zeros([0])], shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])]
    )
    rows = tf.map_fn(lambda x: x + tf.random_normal([2]), tf.zeros([3]), dtype=tf.float32)

    with tf.Session() as session:
        first, second = session.run(drawn), session.run(drawn)
        assert len({*first, *second}) == 8
        a, b = session.run(rows), session.run(rows)
        assert a.shape == (3, 2) and len({*a.ravel(), *b.ravel()}) == 12
    with tf.Session() as session:
        assert session.run(drawn).tolist() == first.tolist() and session.run(rows).tolist() == a.tolist()


def test_a_loop_changes_variables_in_each_step():
    v = tf.Variable(1.0)

    def step(i):
        with tf.control_dependencies([v.assign(v.read_value() * 2.0)]):
            return i + 1

    loop = tf.while_loop(lambda i: i < 3, step, [0])

    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(loop) == 3 and session.run(v) == 8.0


def test_sizes_that_change_must_be_announced(run):
    x = tf.constant([[1.0, 2.0]])

    def doubled(x):
        return tf.concat([x, x], 0)

    text = r"is not an invariant for the loop. It enters the loop with shape \(1, 2\), but has shape \(2, 2\) after"
    with pytest.raises(ValueError, match=text):
        tf.while_loop(lambda x: tf.shape(x)[0] < 5, doubled, [x])
    y = tf.while_loop(lambda x: tf.shape(x)[0] < 5, doubled, [x], shape_invariants=[tf.TensorShape([None, 2])])
    (g,) = tf.gradients(y, x)
    assert str(y.shape) == "(?, 2)" and run(y).shape == (8, 2) and run(g).tolist() == [[8.0, 8.0]]
    with pytest.raises(
        ValueError, match=r"The shape invariant specified for .* is not compatible with the initial shape"
    ):
        tf.while_loop(lambda x: True, doubled, [x], shape_invariants=[tf.TensorShape([None, 3])])


def test_a_loop_keeps_the_structure_of_its_variables(run):
    i, (total, last) = tf.while_loop(
        lambda i, pair: i < 3, lambda i, pair: (i + 1, (pair[0] + i, [pair[1][0] * 2])), (0, (0, [tf.constant(1)]))
    )

    assert run([i, total, last]) == [3, 3, [8]]


# -- arrays of tensors -------------------------------------------------------------------------------------


def test_a_loop_writes_rows_whose_shape_the_first_one_tells(run):
    x = tf.placeholder(tf.float32, [None, 3])
    rows = tf.TensorArray(tf.float32, size=tf.shape(x)[0])

    _, rows = tf.while_loop(
        lambda i, a: i < tf.shape(x)[0], lambda i, a: (i + 1, a.write(i, x[i] * 2.0)), [tf.constant(0), rows]
    )
    y = rows.stack()
    (g,) = tf.gradients(tf.reduce_sum(y * y), x)

    value = [[1, 2, 3], [4, 5, 6]]
    assert run(y, {x: value}).tolist() == [[2, 4, 6], [8, 10, 12]]
    assert run(g, {x: value}).tolist() == [[8, 16, 24], [32, 40, 48]] and run(y, {x: [[0, 0, 1]]}).shape == (1, 3)


def test_rows_are_read_gathered_scattered_and_joined(run):
    rows = tf.TensorArray(tf.int32, size=3).unstack([[1, 2], [3, 4], [5, 6]])

    before = rows.stack()
    after = rows.scatter([2, 0], [[7, 7], [8, 8]])

    assert run(before).tolist() == [[1, 2], [3, 4], [5, 6]] and run(after.read(0)).tolist() == [8, 8]
    assert run(after.gather([1, 2])).tolist() == [[3, 4], [7, 7]] and run(after.concat()).tolist() == [8, 8, 3, 4, 7, 7]
    assert run(after.size()) == 3 and str(after.element_shape) == "(2,)" and after.dtype == tf.int32
    assert run(tf.TensorArray(tf.int32, 2).split([1, 2, 3, 4], [2, 2]).stack()).tolist() == [[1, 2], [3, 4]]
    with pytest.raises(ValueError, match=r"Inconsistent shapes: saw \(3,\) but expected \(2,\)"):
        after.write(0, [1, 2, 3])
    with pytest.raises(ValueError, match="nothing was written"):
        tf.TensorArray(tf.int32, 1).stack()


def test_rows_grow_where_that_is_allowed(run):
    limit = tf.placeholder(tf.int32, [])

    _, rows = tf.while_loop(
        lambda i, a: i < limit, lambda i, a: (i + 1, a.write(i, tf.cast(i, tf.float32))),
        [0, tf.TensorArray(tf.float32, size=0, dynamic_size=True)],
    )  # fmt: skip

    y = rows.stack()
    assert run(y, {limit: 4}).tolist() == [0, 1, 2, 3] and run(y, {limit: 2}).tolist() == [0, 1]


# -- functions along the first axis ------------------------------------------------------------------------


def test_functions_along_the_first_axis_take_structures_and_have_gradients(run):
    x, y = tf.constant([1.0, 2.0, 3.0]), tf.constant([4, 5, 6])

    both = tf.map_fn(lambda pair: (pair[0] * 2.0, pair[1] + 1), (x, y))
    other = tf.map_fn(lambda n: tf.cast(n, tf.float32) / 2.0, y, dtype=tf.float32)
    product = tf.foldl(lambda a, v: a * v, x)
    sums = tf.scan(lambda a, v: (a[0] + v, a[1] - 1), x, initializer=(0.0, 10), reverse=True)
    (g,) = tf.gradients([product, tf.reduce_sum(tf.scan(lambda a, v: a * v, x))], x)

    assert [part.tolist() for part in run(both)] == [[2, 4, 6], [5, 6, 7]] and run(other).tolist() == [2, 2.5, 3]
    assert run(product) == 6.0 and [part.tolist() for part in run(sums)] == [[6, 5, 3], [7, 8, 9]]
    assert run(g).tolist() == [6 + 9, 3 + 4, 2 + 2]
    with pytest.raises(TypeError, match="fn must be callable"):
        tf.map_fn(3, x)


def test_a_step_of_learning_inside_a_map_is_differentiated_again(run):
    weight, data = tf.constant(2.0), tf.placeholder(tf.float32, [None])

    def adapted(x):  # one step of w <- w - 0.1 * d/dw (w x)^2, then the loss there
        (slope,) = tf.gradients(tf.square(weight * x), [weight])
        return tf.square((weight - 0.1 * slope) * x)

    losses = tf.map_fn(adapted, data)
    (meta,) = tf.gradients(losses, [weight])

    x = np.array([1.0, 2.0], np.float32)
    factor = 1.0 - 0.2 * x * x
    np.testing.assert_allclose(run(losses, {data: x}), (2.0 * factor * x) ** 2, rtol=1e-5)
    np.testing.assert_allclose(run(meta, {data: x}), (2 * 2.0 * (factor * x) ** 2).sum(), rtol=1e-5)


@pytest.mark.parametrize("optimizer", [tf.train.GradientDescentOptimizer(0.1), tf.train.AdamOptimizer(0.1)])
def test_training_happens_in_the_branch_that_runs(optimizer):
    flag, v = tf.placeholder(tf.bool, []), tf.Variable(3.0)
    train = tf.cond(flag, lambda: optimizer.minimize(tf.square(v)), tf.no_op)

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train, {flag: False})
        assert session.run(v) == 3.0
        session.run(train, {flag: True})
        assert session.run(v) == pytest.approx(2.4 if "Gradient" in type(optimizer).__name__ else 2.9)


def test_gradients_stop_at_loops_that_say_so(run):
    x = tf.constant([1.0, 2.0])

    loop = tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a * x), [0, x], back_prop=False)[1]
    made = [loop, tf.map_fn(lambda r: r * r, x, back_prop=False), tf.foldl(lambda a, r: a * r, x, back_prop=False)]

    assert run(made[0]).tolist() == [1.0, 16.0] and [tf.gradients(y, x) for y in made] == [[None]] * 3


def test_a_loop_reads_slices_whose_ends_it_computes_and_has_gradients(run):
    x = tf.constant(np.arange(12.0), tf.float32)

    def step(i, total):
        return i + 1, total + tf.reduce_sum(x[i * 3 : i * 3 + 3]) * tf.reduce_mean(x[: i + 1])

    _, total = tf.while_loop(lambda i, t: i < 4, step, [0, 0.0])
    (g,) = tf.gradients(total, x)

    blocks, heads = np.arange(12.0).reshape(4, 3).sum(1), [np.arange(i + 1.0).mean() for i in range(4)]
    expected = np.repeat(heads, 3)
    for i in range(4):
        expected[: i + 1] += blocks[i] / (i + 1)
    assert run(total) == pytest.approx((blocks * heads).sum())
    np.testing.assert_allclose(run(g), expected, rtol=1e-6)


# -- order -------------------------------------------------------------------------------------------------


def test_a_group_runs_everything():
    a, b = tf.Variable(0), tf.Variable(0)
    both = tf.group(a.assign_add(1), b.assign_add(2), name="both")

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(both) is None and session.run([a, b]) == [1, 2]
    assert both.type == "NoOp" and both.outputs == [] and len(both.control_inputs) == 2


def test_a_tuple_waits_for_all_its_members():
    v = tf.Variable(0)
    first, _ = tf.tuple([tf.constant(1), v.assign_add(1)])

    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(first) == 1 and session.run(v) == 1


def test_an_operation_without_outputs_passes_on_what_it_waits_for():
    v = tf.Variable(0)
    with tf.control_dependencies([v.assign_add(1)]):
        gate = tf.no_op(name="gate")
    with tf.control_dependencies([gate]):
        after = tf.constant(3)

    with tf.Session() as session:
        session.run(v.initializer)
        session.run(gate)
        assert session.run(after) == 3 and session.run(v) == 2
