"""Meta graphs: a graph written by one program goes on in another."""

import json

import numpy as np
import pytest

import trivium_api_static as tf

DATA = {"x:0": np.random.default_rng(0).normal(size=(6, 4)), "t:0": [0, 1, 2, 0, 1, 2], "training:0": True}


def network():
    """A graph with state of every kind: variables, slots, moving averages, dropout, a global step, a branch."""
    x, t = tf.placeholder(tf.float32, [None, 4], name="x"), tf.placeholder(tf.int32, [None], name="t")
    training = tf.placeholder(tf.bool, [], name="training")
    h = tf.layers.batch_normalization(tf.layers.dense(x, 5, tf.nn.relu, name="fc"), training=training)
    h = tf.layers.dropout(h, 0.5, training=training)
    scores = tf.layers.dense(h, 3, name="scores")
    loss = tf.losses.sparse_softmax_cross_entropy(t, scores)
    tf.identity(loss, name="loss")
    tf.identity(tf.cond(training, lambda: tf.square(loss + 1.0) * 2.0, lambda: -loss), name="branch")
    tf.constant("some text", name="note")
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        step = tf.train.AdamOptimizer(0.01).minimize(loss, tf.train.get_or_create_global_step(), name="train")
    tf.add_to_collection("steps", step)
    tf.add_to_collection("settings", 7)


def losses(session, count=4):
    return [session.run(["loss:0", "train"], DATA)[0] for _ in range(count)]


def test_training_goes_on_in_a_program_that_never_built_the_graph(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        network()
        session.run(tf.global_variables_initializer())
        losses(session)
        saver = tf.train.Saver(max_to_keep=3)
        path = saver.save(session, str(tmp_path / "m"), global_step=4)
        with tf.Session() as other:  # random masks start over in each session
            saver.restore(other, path)
            expected = losses(other)

    with tf.Graph().as_default() as graph, tf.Session() as session:
        saver = tf.train.import_meta_graph(f"{path}.meta")
        saver.restore(session, path)
        assert losses(session) == expected

    assert [v.op.name for v in tf.get_collection("trainable_variables")] == []
    names = [v.op.name for v in graph.get_collection("trainable_variables")]
    assert names == ["fc/kernel", "fc/bias", "batch_normalization/gamma", "batch_normalization/beta", "scores/kernel",
                     "scores/bias"]  # fmt: skip
    assert graph.get_collection("settings") == [7] and graph.get_collection("steps")[0].name == "train"


def test_without_random_masks_the_numbers_are_the_same_bits(tmp_path):
    feed = {**DATA, "training:0": False}
    with tf.Graph().as_default() as graph, tf.Session() as session:
        network()
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(session, str(tmp_path / "m"))
        expected = [session.run(["loss:0", "branch:0", "train"], feed)[:2] for _ in range(3)]
        before = graph.as_graph_def()

    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.train.import_meta_graph(f"{path}.meta").restore(session, path)
        assert [session.run(["loss:0", "branch:0", "train"], feed)[:2] for _ in range(3)] == expected
        assert session.run("global_step:0") == 3 and session.run("note:0") == b"some text"
        assert [(node.name, node.op) for node in before] == [(node.name, node.op) for node in graph.as_graph_def()]
        assert tf.layers.dense(graph.get_tensor_by_name("x:0"), 2, name=None).op.name == "dense/BiasAdd"


def test_an_imported_graph_may_be_initialized_and_built_on():
    with tf.Graph().as_default():
        network()
        meta = tf.train.export_meta_graph()

    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.train.import_meta_graph(meta)
        session.run(tf.global_variables_initializer())
        scores = graph.get_tensor_by_name("scores/BiasAdd:0")
        features = tf.stop_gradient(graph.get_tensor_by_name("fc/Relu:0"))
        new = tf.layers.dense(features, 2, name="new")
        with tf.control_dependencies(graph.get_collection(tf.GraphKeys.UPDATE_OPS)):
            step = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(new))
        session.run(tf.variables_initializer(tf.global_variables("new")))
        before = session.run("fc/kernel:0")
        session.run([step, scores], DATA)
        assert np.array_equal(session.run("fc/kernel:0"), before)
        assert tf.trainable_variables()[-1].op.name == "new/bias"


def test_a_scope_prefixes_what_is_imported_beside_other_things(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable(3.0, name="v")
        tf.multiply(v, 2.0, name="twice")
        session.run(v.initializer)
        path = tf.train.Saver().save(session, str(tmp_path / "m"))

    with tf.Graph().as_default(), tf.Session() as session:
        tf.Variable(1.0, name="v")
        saver = tf.train.import_meta_graph(f"{path}.meta", import_scope="old")
        saver.restore(session, path)
        assert session.run("old/twice:0") == 6.0
        assert [v.name for v in tf.global_variables()] == ["v:0", "old/v:0"]
        with pytest.raises(ValueError, match="the graph has an operation 'old/v/initial_value' already"):
            tf.train.import_meta_graph(f"{path}.meta", import_scope="old")


def test_a_graph_without_variables_has_no_saver(tmp_path):
    with tf.Graph().as_default():
        tf.add(1, 2, name="sum")
        tf.train.export_meta_graph(str(tmp_path / "g.meta"))

    with tf.Graph().as_default(), tf.Session() as session:
        assert tf.train.import_meta_graph(str(tmp_path / "g.meta")) is None
        assert session.run("sum:0") == 3


def test_files_that_hold_no_graph_are_refused(tmp_path):
    with pytest.raises(OSError, match=r"none\.meta does not exist"):
        tf.train.import_meta_graph(str(tmp_path / "none.meta"))
    damaged = tmp_path / "damaged.meta"
    for text in ("{", "[]", json.dumps({"format": 99, "graph": {}})):
        damaged.write_text(text)
        with pytest.raises(ValueError, match="it is no meta graph of this program"):
            tf.train.import_meta_graph(str(damaged))
    damaged.write_text(json.dumps({"format": 1, "graph": {"core": {}}, "saver": None}))
    with pytest.raises(ValueError, match="the meta graph is damaged: KeyError"):
        tf.train.import_meta_graph(str(damaged))


def test_a_graph_that_calls_python_is_saved_with_a_reason(tmp_path):
    v = tf.get_variable("v", [3, 3], initializer=tf.orthogonal_initializer())
    with tf.Session() as session:
        session.run(v.initializer)
        saver = tf.train.Saver()
        path = saver.save(session, str(tmp_path / "m"))
        saver.restore(session, path)

    with pytest.raises(ValueError, match="the graph was not written: v/Initializer/Orthogonal is a Python function"):
        tf.train.import_meta_graph(f"{path}.meta")
