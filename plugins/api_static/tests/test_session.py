"""Sessions: fetches, feeds, state, and what they refuse."""

import collections
import gc
import pickle
import warnings
import weakref

import numpy as np
import pytest

import trivium_api_static as tf


def test_multiplying_vectors_prints_their_elementwise_product(capsys):
    a, b = tf.constant([4.0, 5.0]), tf.constant([6.0, 7.0])
    session = tf.Session()
    print(session.run(a * b))
    session.close()

    assert capsys.readouterr().out == "[24. 35.]\n"


def test_a_scalar_is_fetched_as_a_numpy_number(run):
    x, y = tf.placeholder(tf.float32, [], "x"), tf.placeholder(dtype=tf.float32, shape=[], name="y")

    product = run(x * y, {x: 1.0, y: 5.2})

    assert type(product) is np.float32 and str(product) == "5.2"


def test_structures_of_fetches_are_kept(run):
    Pair = collections.namedtuple("Pair", "first second")
    a, b = tf.constant(1, name="a"), tf.constant(2, name="b")

    got = run({"list": [a, b], "pair": Pair(a, (b, "a:0")), "op": a.op, "name": "b"})

    assert got == {"list": [1, 2], "pair": Pair(1, (2, 1)), "op": None, "name": None}
    assert type(got["pair"]) is Pair and run([]) == []


def test_a_tensor_with_an_operation_gives_a_value_and_none():
    v = tf.Variable(2.0)
    with tf.Session() as session:
        assert session.run([v.initializer]) == [None]
        assert session.run([v * 2.0, tf.no_op()]) == [4.0, None]


@pytest.mark.parametrize("fetch", [None, 3])
def test_what_cannot_be_fetched_is_named(run, fetch):
    tf.constant(1)
    with pytest.raises(TypeError, match=f"Fetch argument {fetch!r} has invalid type"):
        run(fetch)


def test_an_unknown_name_in_fetches_is_an_error_that_suggests(run):
    tf.constant(1, name="loss")
    with pytest.raises(
        ValueError, match=r"Fetch argument 'los:0' cannot be interpreted as a Tensor.*Did you mean 'loss'"
    ):
        run("los:0")


def test_any_tensor_may_be_fed(run):
    c = tf.constant(2)
    d = c * 3

    assert run(d, {c: 5}) == 15 and run(d + 1, {d: 1}) == 2 and run(d, {"Const:0": 4}) == 12


def test_lists_and_numbers_are_fed_as_arrays_and_a_lossy_cast_warns(run):
    x = tf.placeholder(tf.int32, [2])

    assert run(x, {x: [1, 2]}).tolist() == [1, 2]
    with pytest.warns(UserWarning, match="feed for Placeholder:0: float64 was cast to int32 and lost something"):
        assert run(x, {x: [1.5, 2.5]}).tolist() == [1, 2]


def test_a_feed_of_the_wrong_shape_is_refused_before_anything_runs(run):
    x = tf.placeholder(tf.float32, [None, 2], "input_data")

    with pytest.raises(
        ValueError, match=r"Cannot feed value of shape \(5, 3\) for Tensor 'input_data:0', which has shape '\(\?, 2\)'"
    ):
        run(x * 2.0, {x: np.zeros((5, 3))})


def test_feeds_that_make_no_sense_are_refused(run):
    x = tf.placeholder(tf.float32, [2])

    with pytest.raises(TypeError, match=r"The value of a feed cannot be a tf.Tensor object"):
        run(x, {x: tf.zeros([2])})
    with pytest.raises(TypeError, match="Cannot interpret feed_dict key as Tensor: The name 'y:0' refers"):
        run(x, {"y:0": 1})
    with pytest.raises(
        TypeError, match="Cannot interpret feed_dict key as Tensor: Can not convert a int into a Tensor"
    ):
        run(x, {3: 1})
    total = tf.reduce_sum(x)
    with pytest.raises(ValueError, match="may not be fed"):
        run(total, {"Const:0": [0]})


def test_an_unfed_placeholder_is_named_with_its_type_shape_line_and_reader(run):
    x = tf.placeholder(tf.float32, [None, 2], "input_data")
    y = tf.reduce_sum(tf.exp(x * 2.0), name="total")

    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        run(y)

    error = caught.value
    assert "You must feed a value for placeholder tensor 'input_data' with dtype float and shape [?,2]" in error.message
    assert "fetch 'total' needs it, through Exp <- mul" in error.message
    assert error.op is x.op and error.node_def.name == "input_data" and error.error_code == 3
    assert "test_session.py:" in str(error)


def test_one_session_runs_batches_of_any_size():
    x = tf.placeholder(tf.float32, [None, 2])
    y = tf.reduce_sum(x, 1)

    with tf.Session() as session:
        for batch in (1, 5, 10):
            assert session.run(y, {x: np.ones((batch, 2))}).tolist() == [2.0] * batch


def test_fetches_and_feeds_of_one_kind_share_a_program():
    x = tf.placeholder(tf.float32, [])
    y = x * 2.0

    with tf.Session() as session:
        session.run(y, {x: 1})
        session.run(y, {x: 2})
        assert len(session._plans) == 1
        session.run([y, x], {x: 2})
        assert len(session._plans) == 2


def test_a_closed_session_refuses_to_run():
    x = tf.constant(1)
    session = tf.Session()
    session.close()

    with pytest.raises(RuntimeError, match=r"Attempted to use a closed Session."):
        session.run(x)


def test_an_empty_graph_cannot_run():
    with tf.Session() as session, pytest.raises(RuntimeError, match="The Session graph is empty"):
        session.run([])


def test_closing_a_session_frees_its_memory_and_forgetting_to_is_reported():
    v = tf.Variable(np.zeros(1000, np.float32))
    session, forgotten = tf.Session(), tf.Session()
    session.run(v.initializer)
    state = weakref.ref(session._state)

    session.close()
    gc.collect()

    assert state() is None
    with pytest.warns(ResourceWarning, match="unclosed <tf.Session"):
        del forgotten
        gc.collect()


def test_two_sessions_have_two_states():
    v = tf.Variable(1.0)
    up = v.assign_add(1.0)

    with tf.Session() as one, tf.Session() as two:
        for session in (one, two):
            session.run(tf.global_variables_initializer())
        one.run(up)
        assert (one.run(v), two.run(v)) == (2.0, 1.0)


def test_eval_and_run_use_the_default_session():
    x = tf.constant(3)

    with pytest.raises(ValueError, match=r"Cannot evaluate tensor using `eval\(\)`: No default session is registered"):
        x.eval()
    with pytest.raises(ValueError, match=r"Cannot execute operation using `run\(\)`: No default session"):
        x.op.run()
    with tf.Session() as session:
        assert x.eval() == 3 and tf.get_default_session() is session
    other = tf.Session()
    with other.as_default():
        assert x.eval() == 3
    assert other.run(x) == 3
    other.close()


def test_an_interactive_session_is_the_default_until_it_is_closed():
    session = tf.InteractiveSession()
    assert tf.constant(3).eval() == 3

    session.close()

    assert tf.get_default_session() is None


def test_a_callable_takes_its_feeds_in_order():
    x, y = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
    with tf.Session() as session:
        minus = session.make_callable(x - y, [x, y])

        assert minus(5, 3) == 2.0
        with pytest.raises(ValueError, match="expected 2 feed values, got 1"):
            minus(5)


def test_text_can_be_fetched(run):
    hello = tf.constant("Hello, TensorFlow!")

    assert str(hello) == 'Tensor("Const:0", shape=(), dtype=string)' and run(hello) == b"Hello, TensorFlow!"
    with pytest.raises(TypeError, match="text can only be fetched"):
        tf.add(hello, hello)


def test_an_error_while_running_is_typed_and_names_the_operation_and_its_line(run):
    labels = tf.placeholder(tf.int32, [None])
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=tf.zeros([1, 3]))

    with pytest.raises(tf.errors.InvalidArgumentError, match=r"label 7 at .* is outside 0..2") as caught:
        run(loss, {labels: [7]})
    assert caught.value.op is loss.op and "(defined at" in str(caught.value)


def test_error_classes_have_tensorflows_codes_and_survive_pickling():
    error = tf.errors.NotFoundError(None, None, "no such key")
    again = pickle.loads(pickle.dumps(error))

    assert (error.error_code, error.message, error.op) == (5, "no such key", None)
    assert (
        type(again) is tf.errors.NotFoundError and isinstance(again, tf.errors.OpError) and str(again) == "no such key"
    )


def test_options_are_accepted():
    config = tf.ConfigProto(allow_soft_placement=True, log_device_placement=False)
    config.gpu_options.allow_growth = True

    with tf.Session(config=config) as session:
        assert (
            session.run(
                tf.constant(1),
                options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE),
                run_metadata=tf.RunMetadata(),
            )
            == 1
        )
        assert session.list_devices()
    with pytest.raises(TypeError, match=r"config must be a tf.ConfigProto"):
        tf.Session(config={})


def test_a_run_warns_of_nothing(run):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run(tf.constant(1) + 1) == 2
