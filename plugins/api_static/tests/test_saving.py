"""Checkpoints: which files there are, what comes back, and what a damaged file does."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

import trivium_api_static as tf


@pytest.fixture
def session():
    tf.Variable([1.0, 2.0], name="w")
    tf.Variable(3, name="n")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        yield session


def test_a_set_of_files_is_written_and_listed(session, tmp_path):
    path = tf.train.Saver(save_relative_paths=True).save(session, str(tmp_path / "m"), global_step=2)

    assert path == str(tmp_path / "m-2")
    assert sorted(os.listdir(tmp_path)) == ["checkpoint", "m-2.data-00000-of-00001", "m-2.index", "m-2.meta"]
    assert (tmp_path / "checkpoint").read_text() == 'model_checkpoint_path: "m-2"\nall_model_checkpoint_paths: "m-2"\n'
    assert tf.train.latest_checkpoint(str(tmp_path)) == path and tf.train.checkpoint_exists(path)
    assert tf.train.list_variables(path) == [("n", []), ("w", [2])] and tf.train.load_variable(
        str(tmp_path), "w"
    ).tolist() == [1.0, 2.0]


def test_a_set_may_be_looked_into_without_a_graph(session, tmp_path):
    tf.train.Saver().save(session, str(tmp_path / "m"))

    reader = tf.train.NewCheckpointReader(str(tmp_path / "m"))

    assert reader.get_variable_to_shape_map() == {"w": [2], "n": []} and reader.has_tensor("w")
    assert reader.get_variable_to_dtype_map() == {"w": tf.float32, "n": tf.int32} and not reader.has_tensor("x")
    assert tf.train.load_checkpoint(str(tmp_path)).get_tensor("w").tolist() == [1.0, 2.0]


def test_a_new_session_gets_the_saved_values(session, tmp_path):
    saver = tf.train.Saver()
    w, _ = tf.global_variables()
    session.run(w.assign([7.0, 8.0]))
    path = saver.save(session, str(tmp_path / "m"), write_meta_graph=False)

    with tf.Session() as other:
        saver.restore(other, path)
        assert other.run(["w:0", "n:0"])[0].tolist() == [7.0, 8.0] and other.run("n:0") == 3
    assert not (tmp_path / "m.meta").exists()


def test_a_path_without_a_folder_works(session, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saver = tf.train.Saver()

    assert saver.save(session, "./moules") == "./moules" and os.path.exists("moules.index")
    assert saver.save(session, "plain") == "plain" and tf.train.latest_checkpoint(".") == "./plain"
    saver.restore(session, "plain")


def test_only_the_newest_sets_are_kept(session, tmp_path):
    saver = tf.train.Saver(max_to_keep=2)

    for step in range(4):
        saver.save(session, str(tmp_path / "m"), global_step=step)

    kept = [str(tmp_path / name) for name in ("m-2", "m-3")]
    assert saver.last_checkpoints == kept and not (tmp_path / "m-1.index").exists()
    assert tf.train.get_checkpoint_state(str(tmp_path)).all_model_checkpoint_paths == kept


def test_saving_twice_under_one_name_keeps_one_set(session, tmp_path):
    saver = tf.train.Saver()
    for _ in range(7):
        path = saver.save(session, str(tmp_path / "m"))

    assert saver.last_checkpoints == [path] and tf.train.checkpoint_exists(path)


def test_a_saver_may_rename_and_choose(session, tmp_path):
    w, _ = tf.global_variables()
    path = tf.train.Saver({"weights": w}).save(session, str(tmp_path / "m"))

    assert tf.train.list_variables(path) == [("weights", [2])]
    with pytest.raises(tf.errors.NotFoundError, match=r"Key w not found in checkpoint .*"):
        tf.train.Saver([w]).restore(session, path)
    with pytest.raises(tf.errors.NotFoundError, match=r"Key weigths not found .*Did you mean 'weights'"):
        tf.train.Saver({"weigths": w}).restore(session, path)


def test_there_must_be_something_to_save():
    with pytest.raises(ValueError, match="No variables to save"):
        tf.train.Saver()


def test_places_that_do_not_exist_are_named(session, tmp_path):
    saver = tf.train.Saver()

    with pytest.raises(ValueError, match="The passed save_path is not a valid checkpoint: nothing/here"):
        saver.restore(session, "nothing/here")
    with pytest.raises(ValueError, match=r"Can't load save_path when it is None."):
        saver.restore(session, None)
    with pytest.raises(ValueError, match=r"Parent directory of .* doesn't exist, can't save."):
        saver.save(session, str(tmp_path / "no" / "m"))
    assert tf.train.latest_checkpoint(str(tmp_path)) is None


def test_an_uninitialized_variable_cannot_be_saved(tmp_path):
    tf.Variable(1.0, name="w")
    with tf.Session() as session, pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value w"):
        tf.train.Saver().save(session, str(tmp_path / "m"))
    assert os.listdir(tmp_path) == []


def test_a_set_for_other_variables_changes_nothing(session, tmp_path):
    path = tf.train.Saver().save(session, str(tmp_path / "m"))
    with tf.Graph().as_default(), tf.Session() as other:
        tf.Variable(0, name="n")
        w = tf.Variable([0.0, 0.0, 0.0], name="w")
        other.run(tf.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError, match=re.escape("lhs shape= [3] rhs shape= [2]")):
            tf.train.Saver().restore(other, path)
        assert other.run("n:0") == 0 and not other.run(w).any()
    with tf.Graph().as_default(), tf.Session() as other:
        tf.Variable(0.0, name="n")
        with pytest.raises(
            tf.errors.InvalidArgumentError, match="expected dtype float32 does not equal original dtype int32"
        ):
            tf.train.Saver().restore(other, path)


@pytest.mark.parametrize("damage", ["short", "changed", "header", "empty", "absurd"])
def test_a_damaged_file_is_a_clear_error(session, tmp_path, damage):
    saver = tf.train.Saver()
    path = saver.save(session, str(tmp_path / "m"))
    data = tmp_path / "m.data-00000-of-00001"
    raw = data.read_bytes()
    data.write_bytes({
        "short": raw[:-2], "changed": raw[:-1] + bytes([raw[-1] ^ 1]), "header": raw[:20] + b"}" + raw[21:],
        "empty": b"",
        "absurd": b"\xff" * 8 + raw[8:],
    }[damage])  # fmt: skip

    with pytest.raises(tf.errors.DataLossError, match="restore an older checkpoint"):
        saver.restore(session, path)
    assert session.run("w:0").tolist() == [1.0, 2.0]


def test_a_crash_while_writing_loses_nothing(session, tmp_path, monkeypatch):
    saver = tf.train.Saver()
    path = saver.save(session, str(tmp_path / "m"))
    before = sorted(os.listdir(tmp_path))
    session.run(tf.global_variables()[0].assign([9.0, 9.0]))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        tf.errors.ResourceExhaustedError, match=r"the disk is full: .*; what was saved before is untouched"
    ):
        saver.save(session, path)
    monkeypatch.undo()

    assert sorted(os.listdir(tmp_path)) == before
    saver.restore(session, path)
    assert session.run("w:0").tolist() == [1.0, 2.0]


def test_the_data_file_has_the_safetensors_layout(session, tmp_path):
    path = tf.train.Saver().save(session, str(tmp_path / "m"))
    raw = Path(f"{path}.data-00000-of-00001").read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])

    first, last = header["w"]["data_offsets"]
    assert header["w"]["dtype"] == "F32" and header["w"]["shape"] == [2]
    assert np.frombuffer(raw[8 + length :][first:last], "<f4").tolist() == [1.0, 2.0]


def test_training_goes_on_where_it_was_saved(tmp_path):
    v = tf.Variable([1.0, -1.0])
    step = tf.train.AdamOptimizer(0.1).minimize(v * v)
    saver = tf.train.Saver()
    with tf.Session() as one, tf.Session() as two:
        one.run(tf.global_variables_initializer())
        for _ in range(3):
            one.run(step)
        saver.restore(two, saver.save(one, str(tmp_path / "m")))
        for session in (one, two):
            for _ in range(3):
                session.run(step)
        assert np.array_equal(one.run(v), two.run(v))
