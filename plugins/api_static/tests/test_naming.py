"""Names are API: operations, scopes, and how they are found again."""

import pytest

import trivium_api_static as tf


def names():
    return [op.name for op in tf.get_default_graph().get_operations()]


def test_adding_two_numbers_prints_a_tensor_not_a_sum():
    t = tf.add(8, 9)

    assert str(t) == 'Tensor("Add:0", shape=(), dtype=int32)'
    assert repr(tf.add(8, 9)) == 'Tensor("Add_1:0", shape=(), dtype=int32)'
    assert names() == ["Add/x", "Add/y", "Add", "Add_1/x", "Add_1/y", "Add_1"]


def test_functions_name_their_operations_after_themselves_and_operators_in_lower_case():
    a, b = tf.constant([1.0]), tf.constant([2.0])

    made = [a + b, a - b, a * b, a / b, -a, tf.add(a, b), tf.matmul([[1.0]], [[1.0]]), tf.nn.relu(a)]

    assert [x.op.name for x in made] == ["add", "sub", "mul", "truediv", "Neg", "Add_1", "MatMul", "Relu"]
    assert made[0].op.type == "AddV2" and made[5].op.type == "Add"


def test_array_functions_have_tensorflows_default_names():
    x = tf.placeholder(tf.float32, [2, 3])

    made = [
        tf.reduce_mean(x), tf.reduce_sum(x, 1), tf.reshape(x, [6]), tf.cast(x, tf.int32), tf.shape(x), tf.identity(x),
        tf.argmax(x, 1), tf.equal(x, x), tf.concat([x, x], 0), x[0], tf.transpose(x), tf.no_op(), tf.group(x),
        tf.nn.softmax(x), tf.nn.bias_add(x, [1.0, 2.0, 3.0]),
    ]  # fmt: skip

    assert x.name == "Placeholder:0"
    assert [getattr(x, "op", x).name for x in made] == [
        "Mean", "Sum", "Reshape", "Cast", "Shape", "Identity", "ArgMax", "Equal", "concat", "strided_slice",
        "transpose",
        "NoOp", "group_deps", "Softmax", "BiasAdd",
    ]  # fmt: skip


def test_a_name_that_is_taken_gets_a_number_whatever_its_case():
    made = [tf.constant(1, name=name).op.name for name in ("x", "x", "X", "x_1", "x")]

    assert made == ["x", "x_1", "X_2", "x_1_1", "x_3"]


def test_scopes_prefix_names_get_numbers_and_can_be_entered_again():
    with tf.name_scope("a") as scope:
        first = tf.constant(1, name="c")
    with tf.name_scope("a"):
        second = tf.constant(1, name="c")
    with tf.name_scope(scope):
        third = tf.constant(1, name="c")
    with tf.name_scope("outer"), tf.name_scope("inner"):
        fourth = tf.constant(1, name="c")

    assert [x.op.name for x in (first, second, third, fourth)] == ["a/c", "a_1/c", "a/c_1", "outer/inner/c"]


@pytest.mark.parametrize("name", ["bad name", "-first", "a:b"])
def test_a_name_that_tensorflow_would_refuse_is_refused(name):
    with pytest.raises(ValueError, match=f"'{name}' is not a valid scope name"):
        tf.placeholder(tf.float32, name=name)


def test_gradients_stand_under_their_own_prefix():
    x = tf.constant([1.0, 2.0])

    (g,) = tf.gradients(tf.reduce_sum(x * x), [x])

    assert g.name.startswith("gradients/")
    assert all(name.startswith("gradients/") for name in names()[names().index("Sum") + 1 :])


def test_a_tensor_is_found_by_name_and_is_the_same_object():
    x = tf.placeholder(tf.float32, [32, 32, 3], "inputImage")
    graph = tf.get_default_graph()

    assert graph.get_tensor_by_name("inputImage:0") is x
    assert graph.get_operation_by_name("inputImage") is x.op
    assert graph.as_graph_element("inputImage") is x.op
    assert graph.as_graph_element("inputImage:0") is x


def test_lookups_that_fail_say_why_and_what_was_meant():
    tf.constant(1, name="init")
    graph = tf.get_default_graph()

    with pytest.raises(
        KeyError, match=r"The name 'initer' refers to an Operation not in the graph\..*Did you mean 'init'"
    ):
        graph.get_operation_by_name("initer")
    with pytest.raises(
        KeyError, match=r"'nothing:0' refers to a Tensor which does not exist. The operation, 'nothing', does not"
    ):
        graph.get_tensor_by_name("nothing:0")
    with pytest.raises(KeyError, match=r"'init:1' refers to a Tensor .* exists but only has 1 outputs"):
        graph.get_tensor_by_name("init:1")
    with pytest.raises(ValueError, match=r"The name 'init' refers to an Operation, not a Tensor. Tensor names must be"):
        graph.get_tensor_by_name("init")
    with pytest.raises(ValueError, match=r"'other' looks like an \(invalid\) Operation name, not a Tensor"):
        graph.get_tensor_by_name("other")
    with pytest.raises(ValueError, match=r"Name 'init:0' appears to refer to a Tensor, not a Operation"):
        graph.get_operation_by_name("init:0")
    with pytest.raises(ValueError, match=r"looks a like a Tensor name, but is not a valid one"):
        graph.get_tensor_by_name("init:a")
    with pytest.raises(TypeError, match="Can not convert a float into a Tensor or Operation"):
        graph.as_graph_element(1.5)


def test_shapes_print_as_tensorflow_prints_them():
    x = tf.placeholder(tf.float32, [None, 2])

    assert str(x.get_shape()) == "(?, 2)" and x.shape.as_list() == [None, 2]
    assert repr(x.shape) == "TensorShape([Dimension(None), Dimension(2)])"
    assert str(tf.placeholder(tf.float32).shape) == "<unknown>"
    assert str(tf.zeros([3]).shape) == "(3,)" and str(tf.constant(1).shape) == "()"
    assert str(x) == 'Tensor("Placeholder:0", shape=(?, 2), dtype=float32)'
    assert str(tf.placeholder(tf.float32)) == 'Tensor("Placeholder_2:0", dtype=float32)'


def test_any_number_of_sizes_may_be_unknown(run):
    x = tf.placeholder(tf.float32, [None, None, 3])
    total = tf.reduce_sum(x, axis=[1, 2])

    assert str(x.shape) == "(?, ?, 3)" and str(total.shape) == "(?,)"
    assert run(total, {x: [[[1, 2, 3]], [[4, 5, 6]]]}).tolist() == [6.0, 15.0]
