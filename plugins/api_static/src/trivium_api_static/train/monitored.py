"""Sessions that initialize or restore themselves, call hooks, and end well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import errors
from ..collection import GraphKeys
from ..control import group
from ..graph import get_default_graph
from ..operation import Operation
from ..session import Session
from ..variable import (
    global_variables,
    global_variables_initializer,
    local_variables_initializer,
    report_uninitialized_variables,
)
from .checkpoint import latest_checkpoint
from .coordinator import Coordinator
from .hooks import (
    CheckpointSaverHook,
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
    StepCounterHook,
)
from .queue_runner import start_queue_runners
from .saver import Saver

__all__ = [
    "ChiefSessionCreator", "MonitoredSession", "MonitoredTrainingSession", "Scaffold", "SessionCreator",
    "SingularMonitoredSession",
]  # fmt: skip


class Scaffold:
    """What a session needs to begin: how to initialize, how to tell whether all is there, how to save.

    What is not given is made when the scaffold is finalized.
    """

    def __init__(
        self, init_op: Operation | None = None, init_feed_dict: Any = None,
        init_fn: Callable[[Scaffold, Any], None] | None = None, ready_op: Any = None,
        ready_for_local_init_op: Any = None, local_init_op: Operation | None = None, summary_op: Any = None,
        saver: Saver | None = None,
    ) -> None:  # fmt: skip
        self.init_op, self.init_feed_dict, self.init_fn = init_op, init_feed_dict, init_fn
        self.ready_op, self.ready_for_local_init_op = ready_op, ready_for_local_init_op
        self.local_init_op, self.summary_op, self.saver = local_init_op, summary_op, saver

    def finalize(self) -> Scaffold:
        """Make what was not given; the graph takes nothing more after that."""
        graph = get_default_graph()
        self.init_op = self._kept(self.init_op, GraphKeys.INIT_OP, lambda: group(global_variables_initializer()))
        self.local_init_op = self._kept(
            self.local_init_op, "local_init_op", lambda: group(local_variables_initializer())
        )  # fmt: skip
        self.ready_op = self._kept(self.ready_op, "ready_op", report_uninitialized_variables)
        if global_variables():
            self.saver = self._kept(self.saver, GraphKeys.SAVERS, Saver)
        graph.finalize()
        return self

    @staticmethod
    def _kept(given: Any, key: str, make: Callable[[], Any]) -> Any:
        """What was given; else what another scaffold of the graph made; else a new one."""
        if given is not None:
            return given
        graph = get_default_graph()
        found = graph.get_collection(key)
        if len(found) > 1:
            raise RuntimeError(f"the collection {key!r} holds several; say in the Scaffold which one is meant")
        if not found:
            graph.add_to_collection(key, make())
        return graph.get_collection(key)[0]

    def prepared(self, session: Session, checkpoint: str | None) -> Session:
        """A session restored, or initialized where there is no checkpoint; closed where that fails."""
        try:
            self._prepare(session, checkpoint)
        except BaseException:
            session.close()
            raise
        return session

    def _prepare(self, session: Session, checkpoint: str | None) -> None:
        if checkpoint is not None and self.saver is not None:
            self.saver.restore(session, checkpoint)
        else:
            session.run(self.init_op, self.init_feed_dict)
            if self.init_fn is not None:
                self.init_fn(self, session)
        session.run(self.local_init_op)
        missing = session.run(self.ready_op)
        if len(missing):
            names = ", ".join([name.decode() for name in missing])
            raise RuntimeError(
                f"Init operations did not make model ready.  Variables not initialized: {names}; give the Scaffold an "
                "init_op or init_fn for them"
            )


class SessionCreator:
    """Makes a session that is ready."""

    def create_session(self) -> Any:
        """The session."""
        raise NotImplementedError(f"{type(self).__name__} defines no create_session()")


class ChiefSessionCreator(SessionCreator):
    """Makes a session that is initialized, or restored from the newest checkpoint of a folder."""

    def __init__(
        self, scaffold: Scaffold | None = None, master: str = "", config: Any = None,
        checkpoint_dir: str | None = None, checkpoint_filename_with_path: str | None = None,
    ) -> None:  # fmt: skip
        self.scaffold = scaffold or Scaffold()
        self._master, self._config = master, config
        self._folder, self._path = checkpoint_dir, checkpoint_filename_with_path

    def create_session(self) -> Session:
        self.scaffold.finalize()
        newest = latest_checkpoint(self._folder) if self._path is None and self._folder else self._path
        return self.scaffold.prepared(Session(self._master, config=self._config), newest)


class MonitoredSession:
    """A session with hooks, for a loop `while not session.should_stop(): session.run(train_op)`.

    Inside `with`, an OutOfRangeError and a StopIteration end the loop; other errors go through.
    """

    def __init__(
        self, session_creator: SessionCreator | None = None, hooks: Sequence[SessionRunHook] | None = None,
        stop_grace_period_secs: float = 120,
    ) -> None:  # fmt: skip
        self._hooks, self._stops = list(hooks or ()), False
        self._grace, self._coord = stop_grace_period_secs, Coordinator()
        for hook in self._hooks:
            hook.begin()
        self._session: Any = (session_creator or ChiefSessionCreator()).create_session()
        self.graph = self._session.graph
        try:
            start_queue_runners(self._session, self._coord)
            for hook in self._hooks:
                hook.after_create_session(self._session, self._coord)
        except BaseException:
            self._close(is_good=False)
            raise

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """The values of what is asked for; hooks are called before and after."""
        if self._session is None:
            raise RuntimeError("Session is already closed.")
        context = SessionRunContext(SessionRunArgs(fetches, feed_dict, options), self._session)
        asked = [hook.before_run(context) for hook in self._hooks]
        feeds = dict(feed_dict or {})
        for args in asked:
            self._add_feeds(feeds, args)
        wanted = {i: args.fetches for i, args in enumerate(asked) if args is not None and args.fetches is not None}
        result, found = self._session.run([fetches, wanted], feeds, options, run_metadata)
        for i, hook in enumerate(self._hooks):
            hook.after_run(context, SessionRunValues(found.get(i), options, run_metadata))
        self._stops |= context.stop_requested
        return result

    @staticmethod
    def _add_feeds(feeds: dict[Any, Any], args: SessionRunArgs | None) -> None:
        for key, value in ((args and args.feed_dict) or {}).items():
            if key in feeds:
                raise RuntimeError(f"Same tensor is fed by a hook and the user, or by two hooks: {key}")
            feeds[key] = value

    def should_stop(self) -> bool:
        """Whether the loop is to end."""
        return self._session is None or self._stops or self._coord.should_stop()

    def close(self) -> None:
        """End well: hooks may save and report."""
        self._close(is_good=True)

    def _close(self, is_good: bool) -> None:
        if self._session is None:
            return
        session, self._session = self._session, None
        try:
            if is_good:
                for hook in self._hooks:
                    hook.end(session)
        finally:
            self._coord.request_stop()
            session.close()
            self._coord.join(stop_grace_period_secs=self._grace, ignore_live_threads=True)

    def __enter__(self) -> MonitoredSession:
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        is_end = kind is not None and issubclass(kind, (errors.OutOfRangeError, StopIteration))
        self._close(is_good=kind is None or is_end)
        return is_end


class SingularMonitoredSession(MonitoredSession):
    """A MonitoredSession that may be passed where a plain one is expected."""

    def __init__(
        self, hooks: Sequence[SessionRunHook] | None = None, scaffold: Scaffold | None = None, master: str = "",
        config: Any = None, checkpoint_dir: str | None = None, stop_grace_period_secs: float = 120,
        checkpoint_filename_with_path: str | None = None,
    ) -> None:  # fmt: skip
        creator = ChiefSessionCreator(scaffold, master, config, checkpoint_dir, checkpoint_filename_with_path)
        super().__init__(creator, hooks, stop_grace_period_secs)

    def raw_session(self) -> Any:
        """The session itself."""
        return self._session


_DEFAULT: Any = object()


def MonitoredTrainingSession(
    master: str = "", is_chief: bool = True, checkpoint_dir: str | None = None, scaffold: Scaffold | None = None,
    hooks: Sequence[SessionRunHook] | None = None, chief_only_hooks: Sequence[SessionRunHook] | None = None,
    save_checkpoint_secs: Any = _DEFAULT, save_summaries_steps: Any = _DEFAULT, save_summaries_secs: Any = _DEFAULT,
    config: Any = None, stop_grace_period_secs: float = 120, log_step_count_steps: int | None = 100,
    max_wait_secs: int = 7200, save_checkpoint_steps: Any = _DEFAULT, summary_dir: str | None = None,
) -> MonitoredSession:  # fmt: skip
    """A session for training that saves into a folder and goes on from there.

    save_checkpoint_secs: how often; 600 where neither this nor save_checkpoint_steps is given
    """
    if not is_chief:
        raise errors.UnimplementedError(None, None, "MonitoredTrainingSession: is_chief=False; there is one process")
    if save_checkpoint_secs is _DEFAULT:
        save_checkpoint_secs = 600 if save_checkpoint_steps is _DEFAULT else None
    save_checkpoint_steps = None if save_checkpoint_steps is _DEFAULT else save_checkpoint_steps
    scaffold, all_hooks = scaffold or Scaffold(), [*(chief_only_hooks or ()), *(hooks or ())]
    if checkpoint_dir:
        if log_step_count_steps:
            all_hooks.append(StepCounterHook(log_step_count_steps))
        if save_checkpoint_secs or save_checkpoint_steps:
            every = (save_checkpoint_secs or None, save_checkpoint_steps or None)
            all_hooks.append(CheckpointSaverHook(checkpoint_dir, *every, scaffold=scaffold))
    creator = ChiefSessionCreator(scaffold, master, config, checkpoint_dir)
    return MonitoredSession(creator, all_hooks, stop_grace_period_secs)
