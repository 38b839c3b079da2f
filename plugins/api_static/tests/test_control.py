"""Branches, loops, groups."""

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


def test_cond_reads_variables_and_refuses_to_change_them():
    v = tf.Variable(5.0)
    flag = tf.placeholder(tf.bool, [])
    chosen = tf.cond(flag, lambda: v + 1.0, lambda: tf.identity(v))

    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(chosen, {flag: True}) == 6.0 and session.run(chosen, {flag: False}) == 5.0
    with pytest.raises(TypeError, match=r"Assign of Variable:0: state cannot change inside tf.cond or tf.while_loop"):
        tf.cond(flag, lambda: v.assign(v * 2.0), lambda: tf.constant(0.0))


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


def test_a_loop_refuses_numbers_that_would_repeat():
    with pytest.raises(ValueError, match="a random operation inside while_loop would repeat the same numbers"):
        tf.while_loop(lambda x: x < 1.0, lambda x: x + tf.random_uniform([]), [tf.constant(0.0)])


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
