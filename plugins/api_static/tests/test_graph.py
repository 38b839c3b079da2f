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
    assert op.traceback[0].endswith(
        f"test_graph.py:{test_an_operation_says_what_it_is_and_what_it_reads.__code__.co_firstlineno + 2}"
    )
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
