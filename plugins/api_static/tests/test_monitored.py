"""Sessions that look after themselves: hooks, checkpoints, coordinators, the supervisor."""

import logging
from threading import Event, Thread

import numpy as np
import pytest

import trivium_api_static as tf


@pytest.fixture
def step():
    """A training operation that lowers `w` from 8 by 1 each time, and counts."""
    w = tf.Variable(8.0, name="w")
    return tf.train.GradientDescentOptimizer(1.0).minimize(w, tf.train.get_or_create_global_step())


class Diary(tf.train.SessionRunHook):
    """Writes down what happens."""

    def __init__(self):
        self.lines = []

    def begin(self):
        self.lines.append("begin")

    def after_create_session(self, session, coord):
        self.lines.append("created")

    def before_run(self, run_context):
        self.lines.append("before")
        return tf.train.SessionRunArgs({"w": "w:0"})

    def after_run(self, run_context, run_values):
        self.lines.append(run_values.results["w"])
        if run_values.results["w"] == 6.0:
            run_context.request_stop()

    def end(self, session):
        self.lines.append(("end", session.run("w:0")))


def test_hooks_are_called_around_runs_and_may_stop_them(step):
    diary = Diary()

    with tf.train.MonitoredTrainingSession(hooks=[diary]) as session:
        while not session.should_stop():
            assert session.run([step, "global_step:0"])[0] is None

    assert diary.lines == ["begin", "created", *["before", 8.0, "before", 7.0, "before", 6.0], ("end", 5.0)]
    assert tf.get_default_graph().finalized
    with pytest.raises(RuntimeError, match=r"Session is already closed\."):
        session.run(step)


def test_training_goes_on_from_the_folder_where_it_stopped(step, tmp_path):
    for last, expected in ((3, 5.0), (5, 3.0)):
        hooks = [tf.train.StopAtStepHook(last_step=last)]
        with tf.train.MonitoredTrainingSession(checkpoint_dir=str(tmp_path), hooks=hooks) as session:
            while not session.should_stop():
                session.run(step)
            assert session.run("w:0") == expected

    assert tf.train.latest_checkpoint(str(tmp_path)) == str(tmp_path / "model.ckpt-5")
    names = [path.rsplit("-", 1)[1] for path in
             tf.train.get_checkpoint_state(str(tmp_path)).all_model_checkpoint_paths]  # fmt: skip
    assert names[-1] == "5" and "3" in [p.name.split("-")[-1].removesuffix(".index") for p in tmp_path.glob("*.index")]


def test_checkpoints_are_saved_every_few_steps_and_listeners_hear_of_it(step, tmp_path):
    class Listener(tf.train.CheckpointSaverListener):
        heard = ()

        def after_save(self, session, global_step_value):
            self.heard += (global_step_value,)

    listener = Listener()
    hooks = [tf.train.CheckpointSaverHook(str(tmp_path), save_steps=2, saver=tf.train.Saver(), listeners=[listener]),
             tf.train.StopAtStepHook(num_steps=5)]  # fmt: skip

    with tf.train.SingularMonitoredSession(hooks) as session:
        while not session.should_stop():
            session.run(step)
        assert session.raw_session().run("w:0") == 3.0

    assert listener.heard == (0, 2, 4, 5)


def test_an_error_ends_the_session_without_the_last_words_of_hooks(step):
    diary = Diary()

    with pytest.raises(ValueError, match="mine"), tf.train.MonitoredSession(hooks=[diary]) as session:
        session.run(step)
        raise ValueError("mine")
    with tf.train.MonitoredSession() as session:
        raise tf.errors.OutOfRangeError(None, None, "the data ended")

    assert diary.lines[-1] == 8.0


def test_a_loss_that_is_no_number_stops_training(step):
    bad = tf.placeholder(tf.float32, [], name="bad")

    with pytest.raises(tf.train.NanLossDuringTrainingError, match=r"NaN loss during training\."):
        with tf.train.MonitoredSession(hooks=[tf.train.NanTensorHook(bad)]) as session:
            session.run(step, {bad: 1.0})
            session.run(step, {bad: np.nan})
    hooks = [tf.train.NanTensorHook(bad, fail_on_nan_loss=False), tf.train.FeedFnHook(lambda: {bad: np.nan})]
    with tf.train.MonitoredSession(hooks=hooks) as session:
        session.run(step)
        assert session.should_stop()


def test_values_are_logged_now_and_then(step, caplog):
    hooks = [tf.train.LoggingTensorHook({"loss": "w:0"}, every_n_iter=2),
             tf.train.LoggingTensorHook(["w:0"], at_end=True, formatter=lambda v: f"at last {v['w:0']:.0f}"),
             tf.train.StopAtStepHook(last_step=4)]  # fmt: skip

    with caplog.at_level(logging.INFO, "trivium.static"), tf.train.MonitoredSession(hooks=hooks) as session:
        while not session.should_stop():
            session.run(step)

    assert [message.split(" (")[0] for message in caplog.messages] == ["loss = 8.0", "loss = 6.0", "at last 4"]


def test_a_scaffold_may_initialize_in_its_own_way_and_must_not_forget_anything():
    w, v = tf.Variable(1.0, name="w"), tf.Variable(2.0, name="v")
    place = tf.placeholder(tf.float32, [])
    scaffold = tf.train.Scaffold(
        init_op=tf.group(w.initializer, v.assign(place)), init_feed_dict={place: 7.0},
        init_fn=lambda scaffold, session: w.load(5.0, session),
    )  # fmt: skip
    lazy = tf.train.Scaffold(init_op=w.initializer)

    with tf.train.MonitoredTrainingSession(scaffold=scaffold) as session:
        assert session.run([w, v]) == [5.0, 7.0]
    with tf.Graph().as_default():
        first = tf.Variable(1.0, name="first")
        tf.Variable(1.0, name="second")
        lazy = tf.train.Scaffold(init_op=first.initializer)
        with pytest.raises(RuntimeError, match="Variables not initialized: second"):
            tf.train.MonitoredTrainingSession(scaffold=lazy)


def test_a_coordinator_stops_all_threads_when_one_fails():
    coord, other_ran = tf.train.Coordinator(), Event()

    def fails():
        with coord.stop_on_exception():
            other_ran.wait(10)
            raise ValueError("thread")

    def waits():
        other_ran.set()
        coord.wait_for_stop()

    threads = [Thread(target=fails), Thread(target=waits)]
    for thread in threads:
        thread.start()

    with pytest.raises(ValueError, match="thread"):
        coord.join(threads)
    assert coord.should_stop() and coord.joined and not any(thread.is_alive() for thread in threads)
    coord.clear_stop()
    assert not coord.should_stop()


def test_the_end_of_the_data_is_no_failure_to_a_coordinator():
    coord = tf.train.Coordinator()
    with coord.stop_on_exception():
        raise tf.errors.OutOfRangeError(None, None, "End of sequence")

    coord.join([])

    stuck, let_go = Thread(target=lambda: let_go.wait(10), name="stuck"), Event()
    stuck.start()
    coord = tf.train.Coordinator()
    coord.request_stop()
    with pytest.raises(RuntimeError, match="Coordinator stopped with threads still running: stuck"):
        coord.join([stuck], stop_grace_period_secs=0.01)
    let_go.set()
    stuck.join()


def test_a_supervisor_restores_saves_and_stops(step, tmp_path):
    for begins in (8.0, 6.0):
        supervisor = tf.train.Supervisor(logdir=str(tmp_path), save_model_secs=0)
        with supervisor.managed_session() as session:
            assert session.run("w:0") == begins
            while not supervisor.should_stop():
                session.run(step)
                if session.run("w:0") == begins - 2.0:
                    supervisor.saver.save(session, supervisor.save_path, supervisor.global_step)
                    supervisor.request_stop()

    assert tf.train.latest_checkpoint(str(tmp_path)) == str(tmp_path / "model.ckpt-4")
    with pytest.raises(ValueError, match="mine"), tf.train.Supervisor().managed_session():
        raise ValueError("mine")


def test_a_supervisor_saves_in_a_thread_of_its_own(step, tmp_path, monkeypatch):
    saved = Event()
    supervisor = tf.train.Supervisor(logdir=str(tmp_path), save_model_secs=600)
    write = supervisor.saver.save
    monkeypatch.setattr(supervisor.saver, "save", lambda *args, **options: (write(*args, **options), saved.set()))

    with supervisor.managed_session():
        assert saved.wait(30)

    assert tf.train.latest_checkpoint(str(tmp_path)) == str(tmp_path / "model.ckpt-0")
