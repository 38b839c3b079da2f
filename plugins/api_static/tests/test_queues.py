"""Queues and the threads that fill them: order, waiting, closing, batches for training."""

from threading import Event, Thread

import numpy as np
import pytest

import trivium_api_static as tf


def drained(session, fetches):
    """What a fetch gives until there is no more."""
    found = []
    while True:
        try:
            found.append(session.run(fetches))
        except tf.errors.OutOfRangeError:
            return found


def test_what_goes_in_first_comes_out_first():
    queue = tf.FIFOQueue(10, [tf.float32, tf.string], [[2], []])
    x = tf.placeholder(tf.float32, [2])
    put, many = queue.enqueue([x * 2.0, "one"]), queue.enqueue_many([[[5.0, 6.0], [7.0, 8.0]], ["two", "three"]])
    numbers, text = queue.dequeue()

    with tf.Session() as session, tf.Session() as other:
        session.run(put, {x: [1.0, 2.0]})
        session.run(many)
        assert session.run(queue.size()) == 3 and other.run(queue.size()) == 0
        assert [a.tolist() if isinstance(a, np.ndarray) else a for a in session.run([numbers, text])] == [
            [2, 4],
            b"one",
        ]
        stacked = session.run(queue.dequeue_many(2))
        assert stacked[0].tolist() == [[5, 6], [7, 8]] and stacked[1].tolist() == [b"two", b"three"]
    with pytest.raises(ValueError, match="1 components for a queue of 2"):
        queue.enqueue([x])


def test_a_closed_queue_gives_what_it_holds_and_takes_nothing():
    queue = tf.FIFOQueue(10, tf.int32, [])
    following, rest = queue.dequeue(), queue.dequeue_up_to(5)

    with tf.Session() as session:
        session.run(queue.enqueue_many([[1, 2, 3]]))
        session.run(queue.close())
        assert session.run(following) == 1 and session.run(rest).tolist() == [2, 3]
        with pytest.raises(
            tf.errors.OutOfRangeError, match=r"is closed and has insufficient elements \(requested 1, current size 0\)"
        ):
            session.run(following)
        with pytest.raises(tf.errors.CancelledError, match="FIFOQueue 'fifo_queue' is closed"):
            session.run(queue.enqueue(4))


def test_runs_wait_for_room_and_for_elements():
    queue = tf.FIFOQueue(1, tf.int32, [])
    x = tf.placeholder(tf.int32, [])
    put, following = queue.enqueue(x), queue.dequeue()

    with tf.Session() as session:
        filling = Thread(target=lambda: [session.run(put, {x: i}) for i in range(5)])
        filling.start()
        assert [session.run(following) for _ in range(5)] == list(range(5))
        filling.join(30)


class Watched(tf.FIFOQueue):
    """Tells when somebody looks whether there are elements."""

    def __init__(self):
        super().__init__(1, tf.int32, [])
        self.looked = Event()

    def has(self, held, count):
        self.looked.set()
        return super().has(held, count)


def test_a_session_that_is_closed_lets_nobody_wait():
    queue = Watched()
    following = queue.dequeue()
    session, caught = tf.Session(), []

    def wait():
        try:
            session.run(following)
        except tf.errors.CancelledError as error:
            caught.append(str(error))

    waiting = Thread(target=wait)
    waiting.start()
    assert queue.looked.wait(30)
    session.close()
    waiting.join(30)

    assert caught == ["FIFOQueue 'fifo_queue': the session was closed"]


def test_a_shuffling_queue_keeps_some_elements_back():
    queue = tf.RandomShuffleQueue(100, 10, tf.int32, [], seed=4)
    following = queue.dequeue()

    with tf.Session() as session:
        session.run(queue.enqueue_many(tf.range(50)))
        first = [session.run(following) for _ in range(40)]
        assert first != sorted(first) and len(set(first)) == 40 and session.run(queue.size()) == 10
        session.run(queue.close())
        assert sorted(first + [session.run(following) for _ in range(10)]) == list(range(50))


def test_threads_make_batches_until_the_epochs_end():
    x, t = np.arange(20, dtype=np.float32).reshape(10, 2), np.arange(10)
    row, label = tf.train.slice_input_producer([x, t], num_epochs=2, shuffle=False)
    rows, labels = tf.train.batch([row * 10.0, label], 4)
    last = tf.train.batch(tf.train.slice_input_producer([t], num_epochs=1)[0], 4, allow_smaller_final_batch=True)

    assert (rows.shape.as_list(), labels.shape.as_list(), last.shape.as_list()) == ([4, 2], [4], [None])
    with tf.Session() as session:
        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coord)
        found = drained(session, [rows, labels])
        tail = drained(session, last)
        coord.request_stop()
        coord.join(threads)
    assert [b.tolist() for _, b in found] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 0, 1], [2, 3, 4, 5], [6, 7, 8, 9]]
    np.testing.assert_array_equal(found[1][0], x[4:8] * 10)
    assert [len(b) for b in tail] == [4, 4, 2] and sorted(np.concatenate(tail)) == list(range(10))


def test_files_are_read_in_threads_and_shuffled(tmp_path):
    for name, text in (("a", "1\n2\n3\n"), ("b", "4\n5\n")):
        (tmp_path / name).write_text(text)
    names = tf.train.string_input_producer([str(tmp_path / n) for n in "ab"], num_epochs=1, shuffle=False)
    key, line = tf.TextLineReader().read(names)
    (number,) = tf.decode_csv(line, [[0]])
    batch = tf.train.shuffle_batch(
        {"number": number, "key": key}, 1, capacity=50, min_after_dequeue=2, allow_smaller_final_batch=True
    )  # fmt: skip

    with tf.train.MonitoredSession() as session:
        found = drained(session, batch)
    assert sorted(int(b["number"][0]) for b in found) == [1, 2, 3, 4, 5]
    assert {b["key"][0].decode()[-3:] for b in found} == {"a:1", "a:2", "a:3", "b:1", "b:2"}


def test_records_and_whole_files_are_read(tmp_path):
    (tmp_path / "r").write_bytes(b"HHabcdefF")
    records = tf.FixedLengthRecordReader(3, header_bytes=2, footer_bytes=1)
    first = records.read(tf.train.string_input_producer([str(tmp_path / "r")], num_epochs=1))[1]
    whole = tf.WholeFileReader().read(tf.train.string_input_producer([str(tmp_path / "r")]))

    with tf.Session() as session:
        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coord)
        assert drained(session, first) == [b"abc", b"def"]
        assert session.run(whole) == (str(tmp_path / "r").encode(), b"HHabcdefF")
        coord.request_stop()
        coord.join(threads)


def test_an_error_in_a_thread_reaches_the_program():
    row = tf.train.slice_input_producer([np.arange(3)], shuffle=False)[0]
    bad = tf.train.batch(tf.nn.embedding_lookup(tf.constant([1.0, 2.0]), row), 2)

    with tf.Session() as session:
        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coord)
        with pytest.raises(tf.errors.OutOfRangeError):
            for _ in range(5):
                session.run(bad)
        coord.request_stop()
        with pytest.raises(tf.errors.InvalidArgumentError):
            coord.join(threads)


def test_starting_threads_needs_a_session():
    with pytest.raises(ValueError, match="Cannot start queue runners: No default session is registered"):
        tf.train.start_queue_runners()
