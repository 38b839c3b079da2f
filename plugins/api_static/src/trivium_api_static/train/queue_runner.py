"""QueueRunners: threads that fill queues while a session trains."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock, Thread
from typing import Any

from .. import errors
from ..collection import GraphKeys
from ..default import get_default_session
from ..graph import get_default_graph
from ..operation import Operation
from ..queues import QueueBase

__all__ = ["QueueRunner", "add_queue_runner", "start_queue_runners"]


class QueueRunner:
    """Runs operations that fill a queue, each in a thread of its own, until there is nothing more to put in."""

    def __init__(
        self, queue: QueueBase, enqueue_ops: Sequence[Operation], close_op: Any = None, cancel_op: Any = None,
        queue_closed_exception_types: tuple[type[Exception], ...] = (errors.OutOfRangeError, errors.CancelledError),
    ) -> None:  # fmt: skip
        self.queue, self.enqueue_ops = queue, list(enqueue_ops)
        self.exceptions_raised: list[BaseException] = []
        self._ends, self._lock = queue_closed_exception_types, Lock()
        self._running: dict[Any, int] = {}

    @property
    def name(self) -> str:
        """That of its queue."""
        return self.queue.name

    def create_threads(self, sess: Any, coord: Any = None, daemon: bool = False, start: bool = False) -> list[Thread]:
        """A thread for each operation, and one that closes the queue when all are to stop."""
        with self._lock:
            if self._running.get(sess):
                return []
            self._running[sess] = len(self.enqueue_ops)
        threads = [Thread(target=self._run, args=(sess, op, coord), daemon=daemon) for op in self.enqueue_ops]
        if coord is not None:
            threads.append(Thread(target=self._close_when_asked, args=(sess, coord), daemon=daemon))
        for thread in threads:
            if coord is not None:
                coord.register_thread(thread)
            if start:
                thread.start()
        return threads

    def _run(self, session: Any, op: Operation, coord: Any) -> None:
        try:
            while coord is None or not coord.should_stop():
                session.run(op)
        except self._ends:
            pass
        except Exception as error:
            if coord is not None:
                coord.request_stop(error)
            else:
                self.exceptions_raised.append(error)
                raise
        finally:
            with self._lock:
                self._running[session] -= 1
                is_last = self._running[session] == 0
            if is_last:
                self.queue.end(session, is_cancelled=False)

    def _close_when_asked(self, session: Any, coord: Any) -> None:
        while not coord.wait_for_stop(0.1):
            if not self._running.get(session):
                return
        self.queue.end(session, is_cancelled=True)


def add_queue_runner(qr: QueueRunner, collection: str = GraphKeys.QUEUE_RUNNERS) -> None:
    """Let `start_queue_runners` start it."""
    get_default_graph().add_to_collection(collection, qr)


def start_queue_runners(
    sess: Any = None, coord: Any = None, daemon: bool = True, start: bool = True,
    collection: str = GraphKeys.QUEUE_RUNNERS,
) -> list[Thread]:  # fmt: skip
    """The threads of all queue runners of the graph."""
    session = get_default_session() if sess is None else sess
    if session is None:
        raise ValueError(
            "Cannot start queue runners: No default session is registered. Use `with sess.as_default()` or pass an "
            "explicit session to tf.start_queue_runners(sess=sess)"
        )
    runners = session.graph.get_collection(collection)
    return [thread for qr in runners for thread in qr.create_threads(session, coord, daemon, start)]
