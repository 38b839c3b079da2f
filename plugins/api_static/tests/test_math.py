"""Arithmetic, dtypes, reductions: TensorFlow's rules and messages."""

import numpy as np
import pytest

import trivium_api_static as tf


def test_operands_of_two_dtypes_are_refused_with_both_names():
    a, b = tf.constant([1, 2]), tf.constant([1.0, 2.0])

    text = "Input 'y' of 'AddV2' Op has type float32 that does not match type int32 of argument 'x'."
    with pytest.raises(TypeError, match=text):
        a + b
    with pytest.raises(
        TypeError, match="Input 'b' of 'MatMul' Op has type float32 that does not match type int32 of argument 'a'"
    ):
        tf.matmul(tf.constant([[1]]), tf.constant([[1.0]]))
    assert (tf.cast(a, tf.float32) + b).dtype == tf.float32


def test_numbers_take_the_dtype_of_the_tensor_beside_them(run):
    x = tf.constant([1.0, 2.0], tf.float64)

    assert (x + 1).dtype == tf.float64 and (2 * x).dtype == tf.float64 and run(1 - x).tolist() == [0.0, -1.0]
    with pytest.raises(TypeError, match=r"Expected int32, got 1.5 of type 'float' instead."):
        tf.constant([1, 2]) + 1.5
    assert run(np.array([1, 2], np.float32) + tf.constant([1.0, 1.0])).tolist() == [2.0, 3.0]


def test_values_have_the_dtypes_that_tensorflow_gives_them():
    cases = [
        (1, "int32"),
        (1.5, "float32"),
        (True, "bool"),
        ([1, 2], "int32"),
        (2**40, "int64"),
        (np.float64(1), "float64"),
    ]

    assert [tf.constant(value).dtype.name for value, _ in cases] == [name for _, name in cases]
    with pytest.raises(TypeError, match=r"Expected int32, got 1.5"):
        tf.constant(1.5, tf.int32)
    with pytest.raises(ValueError, match="None values not supported"):
        tf.convert_to_tensor(None)
    with pytest.raises(ValueError, match="Tensor conversion requested dtype float32 for Tensor with dtype int32"):
        tf.convert_to_tensor(tf.constant(1), tf.float32)


def test_whole_numbers_divide_as_python_divides_them(run):
    quotient = tf.constant(7) / tf.constant(2)

    assert quotient.dtype == tf.float64 and run(quotient) == 3.5 and quotient.op.type == "RealDiv"


def test_functions_of_real_numbers_refuse_whole_ones():
    with pytest.raises(
        TypeError, match="Value passed to parameter 'x' has DataType int32 not in list of allowed values"
    ):
        tf.sqrt(tf.constant([4]))


def test_shapes_that_do_not_fit_are_refused_while_building():
    two_three = tf.zeros([2, 3])

    text = (
        r"Dimensions must be equal, but are 3 and 2 for 'MatMul' \(op: 'MatMul'\) with input shapes: "
        r"\[2,3\], \[2,3\]\."
    )
    with pytest.raises(ValueError, match=text):
        tf.matmul(two_three, two_three)
    with pytest.raises(ValueError, match=r"Dimensions must be equal, but are 3 and 2 for 'add' \(op: 'AddV2'\)"):
        two_three + tf.zeros([2])


def test_matrices_may_be_transposed_first(run):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(3, 2)).astype("f4"), rng.normal(size=(4, 3)).astype("f4")

    product = tf.matmul(a, b, transpose_a=True, transpose_b=True)

    np.testing.assert_allclose(run(product), a.T @ b.T, rtol=1e-5)
    stacked = tf.matmul(np.stack([a, a]), np.stack([a, a]), transpose_b=True)
    assert stacked.op.type == "BatchMatMul" and stacked.shape.as_list() == [2, 3, 3]


@pytest.mark.parametrize(
    "function, reference",
    [
        (tf.reduce_sum, np.sum), (tf.reduce_mean, np.mean), (tf.reduce_max, np.max), (tf.reduce_min, np.min),
        (tf.reduce_logsumexp, lambda x, axis=None, keepdims=False: np.log(np.exp(x).sum(axis=axis, keepdims=keepdims))),
    ],
)  # fmt: skip
def test_reductions_take_axes_in_old_and_new_words(run, function, reference):
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("f4")

    got = run(
        [
            function(x),
            function(x, 1),
            function(x, [0, -1], keepdims=True),
            function(x, reduction_indices=2, keep_dims=True),
        ]
    )

    expected = [
        reference(x),
        reference(x, axis=1),
        reference(x, axis=(0, 2), keepdims=True),
        reference(x, axis=2, keepdims=True),
    ]
    for a, b in zip(got, expected):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_positions_are_along_the_first_axis_when_nothing_is_said(run):
    x = tf.constant([[1.0, 5.0], [3.0, 2.0]])

    assert run(tf.argmax(x)).tolist() == [1, 0] and run(tf.argmax(x, 1)).tolist() == [1, 0]
    assert run(tf.argmin(x, 1, output_type=tf.int32)).tolist() == [0, 1] and tf.argmax(x).dtype == tf.int64


def test_elementwise_functions_agree_with_numpy(run):
    x = np.array([0.5, 1.0, 2.0], np.float32)
    pairs = {
        tf.exp: np.exp, tf.log: np.log, tf.sqrt: np.sqrt, tf.rsqrt: lambda v: 1 / np.sqrt(v), tf.square: np.square,
        tf.abs: np.abs, tf.negative: np.negative, tf.tanh: np.tanh, tf.sigmoid: lambda v: 1 / (1 + np.exp(-v)),
        tf.reciprocal: lambda v: 1 / v,
    }  # fmt: skip
    for function, reference in pairs.items():
        np.testing.assert_allclose(run(function(x)), reference(x), rtol=1e-6, err_msg=function.__name__)
    assert run(tf.pow(2.0, x)).tolist() == pytest.approx((2**x).tolist()) and run(tf.constant(x) ** 2).tolist() == [
        0.25,
        1,
        4,
    ]
    assert run(tf.clip_by_value(x, 0.7, 1.5)).tolist() == pytest.approx([0.7, 1.0, 1.5])
    assert run(tf.add_n([x, x, x])).tolist() == [1.5, 3.0, 6.0] and run(tf.maximum(x, 1.0)).tolist() == [1.0, 1.0, 2.0]
    assert run(tf.squared_difference(x, 1.0)).tolist() == [0.25, 0.0, 1.0]


def test_comparisons_and_logic(run):
    x = tf.constant([1.0, 2.0, 3.0])

    assert run(x > 2.0).tolist() == [False, False, True] and run(tf.equal(x, 2.0)).tolist() == [False, True, False]
    assert run((x > 1.0) & (x < 3.0)).tolist() == [False, True, False] and run(~(x >= 2.0)).tolist() == [
        True,
        False,
        False,
    ]
    assert run(tf.logical_xor(x > 1.0, x > 2.0)).tolist() == [False, True, False]
    assert run(tf.is_nan([np.nan, 1.0])).tolist() == [True, False] and run(tf.count_nonzero([0, 3, 4])) == 2
    with pytest.raises(TypeError, match="has DataType float32 not in list of allowed values: bool"):
        tf.logical_and(x, x)


# -- gradients -------------------------------------------------------------------------------------------------


def test_gradients_of_several_tensors_add_up_and_unconnected_ones_are_none(run):
    x, w, lonely = tf.constant([1.0, 2.0]), tf.Variable([3.0, 4.0]), tf.Variable(1.0)

    gx, gw, nothing = tf.gradients([x * w, x * x], [x, w, lonely])

    assert nothing is None
    assert [g.tolist() for g in run([gx, gw], init=True)] == [[5.0, 8.0], [1.0, 2.0]]


def test_gradients_stop_where_they_are_told_and_start_as_they_are_told(run):
    x = tf.constant([1.0, 2.0])

    (stopped,) = tf.gradients(x * tf.stop_gradient(x), x)
    (seeded,) = tf.gradients(x * x, x, grad_ys=tf.constant([10.0, 100.0]))

    assert run(stopped).tolist() == [1.0, 2.0] and run(seeded).tolist() == [20.0, 400.0]


def test_gradients_end_at_tensors_that_count_as_constants(run):
    a = tf.constant(2.0)
    b = a * 3.0

    total = tf.gradients(a + b, [a, b])
    partial = tf.gradients(a + b, [a, b], stop_gradients=[a, b])

    assert run(total) == [4.0, 1.0] and run(partial) == [1.0, 1.0]
    with pytest.raises(NotImplementedError, match="stop_gradients must name all of xs"):
        tf.gradients(b, [a], stop_gradients=[b])


def test_gradients_can_be_taken_again(run):
    x = tf.constant(3.0)

    (first,) = tf.gradients(x * x * x, x)
    (second,) = tf.gradients(first, x)

    assert run([first, second]) == [27.0, 18.0] and second.name.startswith("gradients_1/")


def test_gradients_of_whole_numbers_do_not_exist():
    with pytest.raises(TypeError, match="Gradients of int32 do not exist"):
        tf.gradients(tf.constant(2) * 3, [])
