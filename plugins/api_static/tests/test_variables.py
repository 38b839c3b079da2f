"""Variables: their operations, their state, and how scopes share them."""

import re

import numpy as np
import pytest

import trivium_api_static as tf


def test_a_variable_is_four_operations():
    v = tf.Variable(2.0)

    assert [(op.name, op.type) for op in tf.get_default_graph().get_operations()] == [
        ("Variable/initial_value", "Const"), ("Variable", "VariableV2"), ("Variable/Assign", "Assign"),
        ("Variable/read", "Identity"),
    ]  # fmt: skip
    assert v.name == "Variable:0" and v.op.name == "Variable" and v.initializer.name == "Variable/Assign"
    assert v.value().name == "Variable/read:0" and v.initial_value.name == "Variable/initial_value:0"


def test_a_variable_prints_its_name_shape_and_reference_type():
    v = tf.Variable(tf.zeros([2, 2]), name="w1")

    assert repr(v) == "<tf.Variable 'w1:0' shape=(2, 2) dtype=float32_ref>"
    assert v.dtype.base_dtype == tf.float32 and v.get_shape().as_list() == [2, 2]


def test_the_product_of_two_variables_after_initialization(capsys):
    a, b = tf.Variable(2.0), tf.Variable(3.0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        print(session.run(a * b))

    assert capsys.readouterr().out == "6.0\n" and (a.op.name, b.op.name) == ("Variable", "Variable_1")


def test_an_uninitialized_variable_is_named():
    a, b = tf.Variable(2.0), tf.Variable(3.0)

    with (
        tf.Session() as session,
        pytest.raises(
            tf.errors.FailedPreconditionError, match="Attempting to use uninitialized value Variable"
        ) as caught,
    ):
        session.run(a * b)

    assert caught.value.op.name == "Variable" and caught.value.error_code == 9


def test_assignments_give_the_new_value_and_happen_in_order():
    v = tf.Variable([1.0, 2.0])
    up, down, back = v.assign_add([1.0, 1.0]), tf.assign_sub(v, [0.5, 0.5]), tf.assign(v, [0.0, 0.0])

    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(up).tolist() == [2.0, 3.0] and session.run(v).tolist() == [2.0, 3.0]
        assert session.run(down.op) is None and session.run(v).tolist() == [1.5, 2.5]
        assert session.run([up, down])[1].tolist() == [2.0, 3.0]
        session.run(back)
        assert v.eval(session).tolist() == [0.0, 0.0]
        v.load([7, 8], session)
        assert session.run(v).tolist() == [7.0, 8.0]


def test_an_assignment_that_does_not_fit_is_refused_while_building():
    v = tf.Variable([1.0, 2.0])

    with pytest.raises(ValueError, match=r"'Assign' \(op: 'Assign'\) with input shapes: \[2\], \[3\]"):
        v.assign([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="Tensor conversion requested dtype float32 for Tensor with dtype int32"):
        v.assign(tf.constant([1, 2]))


def test_a_variable_may_start_from_another_one():
    a = tf.Variable(tf.random_normal([3]), name="a")
    b = tf.Variable(a.initialized_value() * 2.0, name="b")

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert np.array_equal(session.run(b), session.run(a) * 2)


def test_initializers_are_operations_with_a_name():
    a, b = tf.Variable(1.0, name="a"), tf.Variable(2.0, name="b")

    assert tf.global_variables_initializer().name == "init"
    assert tf.global_variables_initializer(name="initer").name == "initer"
    assert tf.variables_initializer([a]).name == "init_1"
    with tf.Session() as session:
        report = tf.report_uninitialized_variables()
        assert session.run(report).tolist() == [b"a", b"b"]
        session.run(a.initializer)
        assert session.run(report).tolist() == [b"b"]
        assert session.run([tf.is_variable_initialized(a), tf.is_variable_initialized(b)]) == [True, False]


def test_collections_hold_variables():
    a = tf.Variable(1.0, name="a")
    b = tf.Variable(1.0, name="b", trainable=False)
    c = tf.get_local_variable("c", [2])

    assert tf.global_variables() == [a, b] and tf.trainable_variables() == [a] and tf.local_variables() == [c]


def test_rows_of_a_variable_change_where_indices_say():
    start = np.arange(6, dtype=np.float32).reshape(3, 2) + 1.0
    v = tf.Variable(start)
    at, rows = [2, 0], np.array([[1, 2], [3, 4]], np.float32)
    kept = start.copy()
    kept[at] = rows
    added = start.copy()
    added[at] += rows
    results = {
        tf.scatter_update: kept, tf.scatter_add: added, tf.scatter_sub: 2 * start - added,
        tf.scatter_mul: np.where(kept == start, start, start * kept), tf.scatter_min: np.minimum(start, kept),
        tf.scatter_div: np.where(kept == start, start, start / kept), tf.scatter_max: np.maximum(start, kept),
    }  # fmt: skip

    with tf.Session() as session:
        for scatter, expected in results.items():
            session.run(v.initializer)
            np.testing.assert_allclose(session.run(scatter(v, at, rows)), expected, err_msg=scatter.__name__)
            np.testing.assert_allclose(session.run(v), expected)
        session.run(v.initializer)
        session.run(v.scatter_add(tf.IndexedSlices(tf.constant(rows), tf.constant([1, 1]))))
        assert session.run(v).tolist() == [[1, 2], [7, 10], [5, 6]]
        assert session.run(v.scatter_nd_update([[0, 1], [2, 0]], [9.0, 8.0])).tolist() == [[1, 9], [7, 10], [8, 6]]
        assert session.run(tf.scatter_nd_add(v, [[1]], [[1.0, 1.0]])).tolist() == [[1, 9], [8, 11], [8, 6]]
        assert session.run(v.scatter_nd_sub([[1, 1]], [1.0])).tolist() == [[1, 9], [8, 10], [8, 6]]
    with pytest.raises(TypeError, match=r"scatter_add: .* is no variable"):
        tf.scatter_add(tf.constant(start), at, rows)


def test_some_rows_stand_for_a_whole_tensor(run):
    rows = tf.IndexedSlices(tf.constant([[1.0], [2.0], [3.0]]), tf.constant([2, 0, 2]), dense_shape=[4, 1])

    assert run(tf.convert_to_tensor(rows)).tolist() == [[2], [0], [4], [0]] and rows.dtype == tf.float32
    assert run(tf.add(-rows, 1.0)).tolist() == [[-1], [1], [-3], [1]]


def test_a_variable_counts_up_to_its_limit():
    v = tf.Variable(0)
    up = v.count_up_to(2)

    with tf.Session() as session:
        session.run(v.initializer)
        assert [session.run(up), session.run(up), session.run(v)] == [0, 1, 2]
        with pytest.raises(tf.errors.OutOfRangeError, match="Reached limit of 2"):
            session.run(up)


def test_a_read_after_an_assignment_is_new_where_it_is_made_after_it():
    v = tf.Variable(1.0)
    with tf.control_dependencies([v.assign_add(1.0)]):
        stale, fresh = v + 0.0, tf.identity(v)

    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(fresh) == 2.0 and session.run(stale) in (2.0, 3.0)


def test_a_variable_of_unknown_shape_takes_values_of_any():
    first = tf.placeholder(tf.float32, [None, 2])
    v = tf.Variable(first, validate_shape=False)
    longer = tf.assign(v, tf.concat([v.read_value(), tf.ones([1, 2])], 0), validate_shape=False)

    with tf.Session() as session:
        session.run(v.initializer, {first: np.zeros((2, 2))})
        assert str(v.shape) == "(?, 2)" and session.run(tf.shape(v)).tolist() == [2, 2]
        assert [session.run(longer).shape for _ in range(2)] == [(3, 2), (4, 2)]
        assert session.run(v).tolist() == [[0, 0], [0, 0], [1, 1], [1, 1]]
        v.load([[5, 5]], session)
        assert session.run(v * 2.0).tolist() == [[10, 10]]


def test_initialization_is_asserted():
    a, b = tf.Variable(1.0, name="a"), tf.Variable(2.0, name="b")
    check = tf.assert_variables_initialized()

    with tf.Session() as session:
        session.run(a.initializer)
        with pytest.raises(tf.errors.FailedPreconditionError, match="Attempting to use uninitialized value b"):
            session.run(check)
        session.run(b.initializer)
        assert session.run(check) is None


# -- get_variable and its scopes ---------------------------------------------------------------------------


def test_get_variable_takes_its_name_from_the_scopes():
    with tf.variable_scope("outer"), tf.variable_scope("inner"):
        w = tf.get_variable("w", [2, 3])
        y = tf.identity(w)

    assert w.name == "outer/inner/w:0" and y.op.name == "outer/inner/Identity"
    assert [op.name for op in tf.get_default_graph().get_operations() if op.type == "VariableV2"] == ["outer/inner/w"]


def test_a_reopened_scope_shares_variables_and_renames_operations():
    with tf.variable_scope("vs"):
        w = tf.get_variable("w", [2])
        first = tf.identity(w)
    with tf.variable_scope("vs", reuse=True) as scope:
        again = tf.get_variable("w", [2])
        second = tf.identity(again)
    with tf.variable_scope(scope):
        assert tf.get_variable("w") is w

    assert again is w and (first.op.name, second.op.name) == ("vs/Identity", "vs_1/Identity")


def test_sharing_follows_the_scopes_word():
    with tf.variable_scope("vs") as scope:
        w = tf.get_variable("w", [2])
        text = (
            "Variable vs/w already exists, disallowed. Did you mean to set reuse=True or reuse=tf.AUTO_REUSE in "
            "VarScope? Originally defined at:"
        )
        with pytest.raises(ValueError, match=re.escape(text)) as caught:
            tf.get_variable("w", [2])
        scope.reuse_variables()
        assert tf.get_variable("w") is w
        with pytest.raises(
            ValueError, match=r"Trying to share variable vs/w, but specified shape \(3,\) and found shape \(2,\)."
        ):
            tf.get_variable("w", [3])
        with pytest.raises(ValueError, match="specified dtype int32 and found dtype float32_ref"):
            tf.get_variable("w", [2], tf.int32)
        with pytest.raises(
            ValueError, match=r"Variable vs/v does not exist, or was not created with tf.get_variable.*Did you mean"
        ):
            tf.get_variable("v", [2])
    with tf.variable_scope("vs", reuse=tf.AUTO_REUSE):
        assert tf.get_variable("w", [2]) is w and tf.get_variable("new", [1]).name == "vs/new:0"
    assert "test_variables.py" in str(caught.value)


def test_get_variable_wants_a_shape_or_a_constant():
    with pytest.raises(
        ValueError, match=r"Shape of a new variable \(w\) must be fully defined, but instead was <unknown>"
    ):
        tf.get_variable("w")
    with pytest.raises(ValueError, match=r"must be fully defined, but instead was \(\?, 2\)"):
        tf.get_variable("w", [None, 2])
    with pytest.raises(ValueError, match=r"If initializer is a constant, do not specify shape."):
        tf.get_variable("w", [2], initializer=tf.constant([1.0, 2.0]))

    assert tf.get_variable("c", initializer=[1.0, 2.0]).shape.as_list() == [2]
    assert tf.get_variable("z", [2], initializer=tf.zeros_initializer).dtype.base_dtype == tf.float32


def test_defaults_come_from_the_scope_then_from_glorot():
    with tf.variable_scope("s", initializer=tf.constant_initializer(3.0), regularizer=lambda w: tf.nn.l2_loss(w)):
        a = tf.get_variable("a", [2])
    b = tf.get_variable("b", [300, 200])
    n = tf.get_variable("n", [2], tf.int32)

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = session.run(b)
        limit = np.sqrt(6 / 500)
        assert session.run(a).tolist() == [3.0, 3.0] and session.run(n).tolist() == [0, 0]
        assert np.abs(values).max() <= limit and abs(values.std() - limit / np.sqrt(3)) < 0.001
        (charge,) = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
        assert session.run(charge) == 9.0 and charge.op.name.startswith("s/a/Regularizer/")


def test_default_names_are_made_unique_and_start_over_when_a_scope_is_reopened():
    made = []
    for reuse in (False, True):
        with tf.variable_scope("model", reuse=reuse):
            for _ in range(2):
                with tf.variable_scope(None, default_name="layer"):
                    made.append(tf.get_variable("w", [1]).name)

    assert made == ["model/layer/w:0", "model/layer_1/w:0"] * 2
    with pytest.raises(TypeError, match="If default_name is None then name_or_scope is required"):
        with tf.variable_scope(None):
            pass


def test_an_initializer_may_be_any_function_of_shape_and_dtype(run):
    w = tf.get_variable("w", [2], initializer=lambda shape, dtype, partition_info: tf.fill(shape, 4.0))
    v = tf.get_variable("v", [2], initializer=lambda shape, dtype: np.arange(2))

    assert [x.tolist() for x in run([w, v], init=True)] == [[4.0, 4.0], [0.0, 1.0]]


def test_orthogonal_and_identity_variables():
    wide = tf.get_variable("wide", [3, 5], initializer=tf.orthogonal_initializer(gain=2.0))
    kernel = tf.get_variable("kernel", [3, 3, 2, 4], initializer=tf.initializers.orthogonal())
    diagonal = tf.get_variable("diagonal", [2, 3], initializer=tf.initializers.identity(3.0))

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        w, k, d = session.run([wide, kernel, diagonal])

    np.testing.assert_allclose(w @ w.T, 4 * np.eye(3), atol=1e-5)
    np.testing.assert_allclose(k.reshape(-1, 4).T @ k.reshape(-1, 4), np.eye(4), atol=1e-5)
    np.testing.assert_array_equal(d, [[3, 0, 0], [0, 3, 0]])


# -- getters, partitioners, templates ------------------------------------------------------------------------


def test_a_custom_getter_stands_in_for_get_variable(run):
    asked = []

    def fixed(getter, name, *args, **options):
        asked.append((name, options["shape"], options["reuse"]))
        return getter(name, *args, **{**options, "trainable": False})

    with tf.variable_scope("s", custom_getter=fixed, initializer=tf.ones_initializer()):
        w = tf.get_variable("w", [2])
        with tf.variable_scope("t", custom_getter=lambda getter, name, **options: getter(name, **options) * 3.0):
            tripled = tf.get_variable("w", [1])

    assert asked == [("s/w", [2], False), ("s/t/w", [1], False)] and tf.trainable_variables() == []
    assert run([w, tripled], init=True)[1].tolist() == [3.0] and isinstance(w, tf.Variable)


def test_partitioners_are_accepted_and_variables_stay_whole():
    with tf.variable_scope("s", partitioner=tf.fixed_size_partitioner(3), caching_device="/cpu:0") as scope:
        w = tf.get_variable("w", [6, 2])

    assert w.shape.as_list() == [6, 2] and scope.partitioner([6, 2]) == [1, 1]
    assert tf.min_max_variable_partitioner(2)([4]) == tf.variable_axis_size_partitioner(100)([4]) == [1]


def test_a_template_makes_its_variables_once(run):
    def scaled(x, start):
        return x * tf.get_variable("gain", [], initializer=tf.constant_initializer(start))

    double, triple = tf.make_template("scale", scaled, start=2.0), tf.make_template("scale", scaled, start=3.0)
    outputs = [double(1.0), double(10.0), triple(1.0)]

    assert [v.name for v in tf.global_variables()] == ["scale/gain:0", "scale_1/gain:0"]
    assert run(outputs, init=True) == [2.0, 20.0, 3.0] and double.trainable_variables == double.variables
    assert double.var_scope.name == "scale" and double.name == "scale"
    late = tf.make_template("late", lambda first: tf.get_variable("a" if first else "b", []))
    late(True)
    with pytest.raises(ValueError, match=r"Variable late/b does not exist, or was not created with tf.get_variable"):
        late(False)
