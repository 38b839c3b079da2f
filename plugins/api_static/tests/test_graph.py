"""Graphs: operations as records, collections, scopes of control and device."""

import threading

import numpy as np
import pytest

import trivium
import trivium_api_static as tf


def test_an_operation_says_what_it_is_and_what_it_reads():
    a, b = tf.constant([[1.0, 2.0]], name="a"), tf.constant([[1.0], [2.0]], name="b")
    op = tf.matmul(a, b, transpose_b=False, name="product").op

    assert (op.name, op.type, op.inputs, op.control_inputs) == ("product", "MatMul", [a, b], [])
    assert op.outputs[0].op is op and op.outputs[0].value_index == 0 and op.values() == op.outputs
    assert op.get_attr("transpose_a") is False and op.get_attr("T") == tf.float32
    assert op.node_def.input == ("a", "b") and 'op: "MatMul"' in str(op)
    assert repr(op) == "<tf.Operation 'product' type=MatMul>" and a.consumers() == [op]
    here = test_an_operation_says_what_it_is_and_what_it_reads.__code__
    assert op.traceback[-1].endswith(f"test_graph.py:{here.co_firstlineno + 2} in {here.co_name}")
    with pytest.raises(ValueError, match="No attr named 'strides'"):
        op.get_attr("strides")


def test_building_a_graph_computes_nothing_and_operations_are_listed_in_order():
    a = tf.constant(1, name="a")
    tf.add(a, 2, name="sum")

    assert [op.name for op in tf.get_default_graph().get_operations()] == ["a", "sum/y", "sum"]
    assert tf.get_default_graph().version == 3


def test_each_thread_has_its_own_default_graph():
    mine, others = tf.get_default_graph(), []

    thread = threading.Thread(target=lambda: others.append(tf.get_default_graph()))
    thread.start()
    thread.join()

    assert mine is tf.get_default_graph() and others[0] is not mine


def test_as_default_holds_for_its_block_and_cannot_be_reset_inside():
    outside, g = tf.get_default_graph(), tf.Graph()

    with g.as_default():
        x = tf.constant(1)
        with pytest.raises(AssertionError, match=r"Do not use tf.reset_default_graph"):
            tf.reset_default_graph()

    assert x.graph is g and tf.get_default_graph() is outside


def test_tensors_of_two_graphs_do_not_mix():
    a = tf.constant(1.0)
    with tf.Graph().as_default():
        b = tf.constant(2.0)

    with pytest.raises(ValueError, match="must be from the same graph as"):
        tf.add(a, b)
    with tf.Session() as session, pytest.raises(ValueError, match="is not an element of this graph"):
        session.run(b)


def test_a_finalized_graph_refuses_operations():
    tf.constant(1)
    tf.get_default_graph().finalize()

    with pytest.raises(RuntimeError, match=r"Graph is finalized and cannot be modified."):
        tf.constant(2)


def test_collections_remember_values_and_filter_by_scope():
    with tf.name_scope("a"):
        x = tf.constant(1)
    y = tf.constant(2)
    tf.add_to_collection("things", x)
    tf.add_to_collection("things", y)

    assert tf.get_collection("things") == [x, y] and tf.get_collection("things", "a/") == [x]
    assert tf.get_default_graph().get_all_collection_keys() == ["things"]
    tf.get_default_graph().clear_collection("things")
    assert tf.get_collection("things") == []


def test_control_dependencies_order_what_is_made_inside():
    v = tf.Variable(1)
    with tf.control_dependencies([v.assign_add(1)]):
        fresh, plain = tf.identity(v), tf.constant(5)

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(fresh) == 2 and session.run(fresh) == 3
        assert session.run(plain) == 5 and session.run(v) == 4  # anything made inside waits
    assert [op.name for op in fresh.op.control_inputs] == ["AssignAdd"]
    assert fresh.op.node_def.input == ("Variable", "^AssignAdd")


def test_control_dependencies_can_be_forgotten_for_a_block(run):
    v = tf.Variable(1)
    with tf.control_dependencies([v.assign_add(1)]), tf.control_dependencies(None):
        free = tf.constant(5)

    assert free.op.control_inputs == []


@trivium.device("cpu")
def test_a_device_scope_is_recorded_and_only_fetches_that_need_it_fail():
    with tf.device("/gpu:0"):
        far = tf.constant(1.0, name="far")
    with tf.device("/cpu:0"):
        near = tf.constant(2.0, name="near")

    assert far.device == "/device:GPU:0"
    assert str(near) == 'Tensor("near:0", shape=(), dtype=float32, device=/device:CPU:0)'
    with tf.Session() as session:
        assert session.run(near) == 2.0
        text = "Cannot assign a device for operation far: Operation was explicitly assigned to /device:GPU:0"
        with pytest.raises(tf.errors.InvalidArgumentError, match=text):
            session.run(far)
    with tf.Session(config=tf.ConfigProto(allow_soft_placement=True)) as session:
        assert session.run(far) == 1.0


def test_a_tensor_has_no_truth_and_no_elements_before_it_runs():
    x = tf.constant([1, 2])

    with pytest.raises(TypeError, match=r"Using a `tf.Tensor` as a Python `bool` is not allowed"):
        bool(x)
    with pytest.raises(TypeError, match="cannot be iterated"):
        list(x)


def test_set_shape_adds_what_inference_cannot_know():
    x = tf.placeholder(tf.float32)

    x.set_shape([None, 3])

    assert str(tf.matmul(x, tf.ones([3, 2])).shape) == "(?, 2)"
    with pytest.raises(ValueError, match="not compatible"):
        x.set_shape([None, 4])


def test_dtypes_print_compare_and_describe_themselves():
    assert str(tf.float32) == "<dtype: 'float32'>" and tf.as_dtype("int64") is tf.int64
    assert tf.float32 == np.float32 and tf.float32 != tf.float64 and tf.float32.is_floating and not tf.int32.is_floating
    assert tf.int8.max == 127 and tf.float32.size == 4 and tf.float32.as_numpy_dtype is np.float32
    with pytest.raises(TypeError, match="Cannot convert value 'nonsense' to a TensorFlow DType"):
        tf.as_dtype("nonsense")


def test_collections_are_filtered_by_a_pattern_at_the_start_of_names():
    with tf.name_scope("layer"):
        a = tf.constant(1, name="a")
    b = tf.constant(1, name="b")
    for value in (a, b, 3):
        tf.add_to_collection("things", value)

    assert tf.get_collection("things") == [a, b, 3] and tf.get_collection("things", "layer/") == [a]
    assert tf.get_collection("things", "[b]") == [b] and tf.get_collection("none") == []


def test_a_graph_describes_itself():
    x = tf.placeholder(tf.float32, [2], "x")
    with tf.device("/cpu:0"), tf.control_dependencies([tf.no_op("first")]):
        tf.square(x, "y")

    described = tf.get_default_graph().as_graph_def()
    assert [node.name for node in described.node] == ["x", "first", "y"] and described.node[2].device == "/device:CPU:0"
    assert described.node[2].input == ("x", "^first") and 'name: "y"' in str(described)
    assert [node.name for node in tf.get_default_graph().as_graph_def(from_version=2).node] == ["y"]
    op = tf.get_default_graph().get_operation_by_name("y")
    assert op.op_def.name == "Square" and op.op_def.input_arg[0].type == tf.float32 and not op.op_def.is_stateful
    assert tf.get_default_graph().get_operation_by_name("first").control_outputs == [op]


# -- gradients of the user's own -------------------------------------------------------------------------------


def test_a_python_function_gets_a_gradient_by_the_name_of_one(run):
    @tf.RegisterGradient("HalfOfCube")
    def gradient(op, g):
        return g * op.inputs[0] * op.inputs[0], None

    x = tf.constant([1.0, 2.0])
    with tf.get_default_graph().gradient_override_map({"PyFunc": "HalfOfCube"}):
        y = tf.py_func(lambda x, power: x**power, [x, 3.0], tf.float32)
    y.set_shape([2])
    (g,) = tf.gradients(y, x, grad_ys=[tf.constant([1.0, 10.0])])

    assert run(y).tolist() == [1.0, 8.0] and run(g).tolist() == [1.0, 40.0]
    with pytest.raises(KeyError, match="Registering two gradient with name 'HalfOfCube'!"):
        tf.RegisterGradient("HalfOfCube")(gradient)
    with tf.get_default_graph().gradient_override_map({"Square": "Unknown"}):
        with pytest.raises(LookupError, match="gradient registry has no entry for: Unknown"):
            tf.square(x)


def test_a_function_brings_its_own_gradient(run):
    @tf.custom_gradient
    def log1pexp(x):
        e = tf.exp(x)
        return tf.log(1.0 + e), lambda dy: dy * (1.0 - 1.0 / (1.0 + e))

    @tf.custom_gradient
    def swapped(a, b):
        return [a + 0.0, b * 1.0], lambda da, db: (db, da)

    x = tf.constant(100.0)
    (g,) = tf.gradients(log1pexp(x), x)
    a, b = tf.constant(1.0), tf.constant(2.0)
    first, second = swapped(a, b)
    crossed = tf.gradients(3.0 * first + 5.0 * second, [a, b])

    assert run(g) == 1.0 and run([first, second]) == [1.0, 2.0] and run(crossed) == [5.0, 3.0]


# -- shapes ----------------------------------------------------------------------------------------------------


def test_shapes_know_what_they_know():
    shape = tf.TensorShape([None, 2, 3])

    assert (shape.ndims, len(shape), shape.as_list(), shape.num_elements()) == (3, 3, [None, 2, 3], None)
    assert (
        shape[1:].num_elements() == 6
        and shape[0].value is None
        and shape[-1] == 3
        and bool(tf.TensorShape(None)) is False
    )
    assert shape.merge_with([4, None, 3]).as_list() == [4, 2, 3] and shape.concatenate([5]).as_list() == [None, 2, 3, 5]
    assert shape.is_compatible_with([9, 2, 3]) and not shape.is_compatible_with([9, 2]) and shape != [1, 2, 3]
    assert tf.TensorShape(None).with_rank(2).as_list() == [None, None] and shape.with_rank_at_least(2) is shape
    assert tf.broadcast_static_shape(tf.TensorShape([2, 1]), tf.TensorShape([3])).as_list() == [2, 3]
    for call, text in [
        (lambda: shape.with_rank(2), r"Shape \(\?, 2, 3\) must have rank 2"),
        (lambda: shape.with_rank_at_least(4), "must have rank at least 4"),
        (lambda: shape.with_rank_at_most(2), "must have rank at most 2"),
        (lambda: shape.merge_with([1, 2]), r"Shapes \(\?, 2, 3\) and \(1, 2\) are not compatible"),
        (lambda: shape.assert_is_compatible_with([1, 1, 1]), "are incompatible"),
        (lambda: shape.assert_same_rank([1]), "must have the same rank"),
        (lambda: shape.assert_is_fully_defined(), r"Shape \(\?, 2, 3\) is not fully defined"),
        (lambda: tf.broadcast_static_shape(tf.TensorShape([2]), tf.TensorShape([3])), "Incompatible shapes"),
        (lambda: tf.TensorShape(None).as_list(), "not defined on an unknown TensorShape"),
        (lambda: tf.Dimension(-1), "must be >= 0"),
        (lambda: tf.Dimension(2).merge_with(3), "Dimensions 2 and 3 are not compatible"),
    ]:
        with pytest.raises(ValueError, match=text):
            call()


def test_sizes_compute_and_what_is_unknown_stays_so():
    three, unknown = tf.Dimension(3), tf.Dimension(None)

    made = (three + 1, 1 + three, three - 1, 7 - three, three * 2, 7 // three, three % 2, 7 % three)
    assert [x.value for x in made] == [4, 4, 2, 4, 6, 2, 1, 1]
    assert (unknown * 3).value is None and (unknown == 3) is None and (three < 4) is True and (unknown < 4) is None
    assert int(three) == 3 and list(range(three)) == [0, 1, 2] and str(unknown) == "?" and three == tf.Dimension(3)


def test_dtypes_have_tensorflows_numbers_and_limits():
    assert [d.as_datatype_enum for d in (tf.float32, tf.int32, tf.bool, tf.string, tf.half)] == [1, 3, 10, 7, 19]
    assert tf.as_dtype(9) is tf.int64 and tf.as_dtype("float") is tf.float32 and tf.as_dtype(np.uint8) is tf.uint8
    assert (tf.uint8.min, tf.uint8.max, tf.uint8.size, tf.uint8.is_unsigned) == (0, 255, 1, True)
    assert tf.complex64.real_dtype == tf.float32 and tf.float32.limits == (0, 1) and not tf.float32.is_quantized
    assert tf.errors.exception_type_from_error_code(5) is tf.errors.NotFoundError and tf.errors.OUT_OF_RANGE == 11
