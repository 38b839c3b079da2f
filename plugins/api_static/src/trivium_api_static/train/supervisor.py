"""Supervisor: a session that is restored or initialized, and saved now and then by a thread of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import OutOfRangeError
from ..graph import get_default_graph
from ..session import Session
from .checkpoint import latest_checkpoint
from .coordinator import Coordinator, LooperThread
from .monitored import Scaffold
from .queue_runner import start_queue_runners
from .saver import Saver
from .step import get_global_step

__all__ = ["Supervisor"]

_DEFAULT: Any = object()


class Supervisor:
    """Looks after a training program: `with supervisor.managed_session() as session:`.

    logdir:          where checkpoints are found and saved; None for nowhere
    save_model_secs: how often; 0 for never
    init_fn:         is called with the session after init_op has run
    """

    USE_DEFAULT = _DEFAULT

    def __init__(
        self, graph: Any = None, ready_op: Any = None, ready_for_local_init_op: Any = None, is_chief: bool = True,
        init_op: Any = None, init_feed_dict: Any = None, local_init_op: Any = None, logdir: str | None = None,
        summary_op: Any = None, saver: Any = _DEFAULT, global_step: Any = None, save_summaries_secs: float = 120,
        save_model_secs: float = 600, recovery_wait_secs: float = 30, stop_grace_secs: float = 120,
        checkpoint_basename: str = "model.ckpt", session_manager: Any = None, summary_writer: Any = None,
        init_fn: Callable[[Any], None] | None = None,
    ) -> None:  # fmt: skip
        self.graph = graph or get_default_graph()
        self.coord = Coordinator()
        self._folder, self._every, self._grace = logdir, save_model_secs, stop_grace_secs
        with self.graph.as_default():
            self.global_step = get_global_step() if global_step is None else global_step
            self._scaffold = Scaffold(
                init_op, init_feed_dict, None if init_fn is None else lambda _, session: init_fn(session), ready_op,
                ready_for_local_init_op, local_init_op, summary_op, None if saver is _DEFAULT else saver,
            ).finalize()  # fmt: skip
        if logdir:
            os.makedirs(logdir, exist_ok=True)
        self.save_path = os.path.join(logdir, checkpoint_basename) if logdir else None

    @property
    def saver(self) -> Saver | None:
        """What saves."""
        return self._scaffold.saver

    @property
    def init_op(self) -> Any:
        """What initializes."""
        return self._scaffold.init_op

    def prepare_or_wait_for_session(
        self, master: str = "", config: Any = None, wait_for_checkpoint: bool = False,
        max_wait_secs: int = 7200, start_standard_services: bool = True,
    ) -> Session:  # fmt: skip
        """A session that is restored from the newest checkpoint, or initialized."""
        self.coord.clear_stop()
        newest = latest_checkpoint(self._folder) if self._folder else None
        session = self._scaffold.prepared(Session(master, graph=self.graph, config=config), newest)
        if start_standard_services:
            self.start_standard_services(session)
            self.start_queue_runners(session)
        return session

    def start_standard_services(self, sess: Any) -> list[LooperThread]:
        """Save at once, and every `save_model_secs` seconds, in a thread."""
        if not (self.save_path and self.saver and self._every):
            return []
        return [self.loop(self._every, self._save, args=(sess,))]

    def start_queue_runners(self, sess: Any) -> Any:
        """Fill the graph's queues, in threads."""
        return start_queue_runners(sess, self.coord)

    def _save(self, session: Any) -> None:
        self.saver.save(session, self.save_path, global_step=self.global_step)

    def loop(
        self, timer_interval_secs: float | None, target: Callable[..., Any], args: Any = None, kwargs: Any = None
    ) -> LooperThread:
        """A thread that calls a function every so many seconds, until all stop."""
        return LooperThread.loop(self.coord, timer_interval_secs, target, args, kwargs)

    @contextmanager
    def managed_session(
        self, master: str = "", config: Any = None, start_standard_services: bool = True,
        close_summary_writer: bool = True,
    ) -> Iterator[Session]:  # fmt: skip
        """A session that is ready; at the end all threads have stopped.

        An OutOfRangeError inside ends it well; other errors go through.
        """
        session = self.prepare_or_wait_for_session(
            master, config, start_standard_services=start_standard_services
        )  # fmt: skip
        try:
            with session:
                yield session
        except OutOfRangeError:
            self.coord.request_stop()
        except Exception as error:
            self.coord.request_stop(error)
        finally:
            self.stop()

    def should_stop(self) -> bool:
        """Whether the loop is to end."""
        return self.coord.should_stop()

    def request_stop(self, ex: Any = None) -> None:
        """Let the loop end."""
        self.coord.request_stop(ex)

    def stop(self, threads: Any = None, close_summary_writer: bool = True) -> None:
        """Stop all threads, and raise the error that stopped one of them, if one did."""
        self.coord.request_stop()
        self.coord.join(threads, self._grace)
