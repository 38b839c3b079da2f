"""Hooks: what happens around each run of a monitored session."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from attrs import define, field

from .. import logging
from ..graph import get_default_graph
from .step import get_global_step

__all__ = [
    "CheckpointSaverHook", "CheckpointSaverListener", "FeedFnHook", "FinalOpsHook", "LoggingTensorHook",
    "NanLossDuringTrainingError", "NanTensorHook", "SecondOrStepTimer", "SessionRunArgs", "SessionRunContext",
    "SessionRunHook", "SessionRunValues", "StepCounterHook", "StopAtStepHook",
]  # fmt: skip


class SessionRunArgs(NamedTuple):
    """What a hook wants to be run besides."""

    fetches: Any
    feed_dict: Any = None
    options: Any = None


class SessionRunValues(NamedTuple):
    """What a hook's fetches gave."""

    results: Any
    options: Any = None
    run_metadata: Any = None


@define
class SessionRunContext:
    """A run, as hooks see it."""

    original_args: SessionRunArgs
    session: Any
    stop_requested: bool = field(default=False, init=False)

    def request_stop(self) -> None:
        """Let the loop around `should_stop` end after this run."""
        self.stop_requested = True


class SessionRunHook:
    """Something that happens around runs; subclasses define what they need."""

    def begin(self) -> None:
        """Before the session is made: the graph may still grow."""

    def after_create_session(self, session: Any, coord: Any) -> None:
        """When the session is there, and the graph is final."""

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Before each run: what to run besides."""
        return None

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """After each run, with the values of what was asked for."""

    def end(self, session: Any) -> None:
        """When all is done, and no error ended it."""


class SecondOrStepTimer:
    """Tells when something is due again: every so many steps, or every so many seconds."""

    def __init__(self, every_secs: float | None = None, every_steps: int | None = None) -> None:
        if (every_secs is None) == (every_steps is None):
            raise ValueError("exactly one of every_secs and every_steps should be provided.")
        self._every_secs, self._every_steps = every_secs, every_steps
        self.reset()

    def reset(self) -> None:
        """Start over."""
        self._last: tuple[int, float] | None = None

    def should_trigger_for_step(self, step: int) -> bool:
        """Whether it is due at this step."""
        if self._last is None:
            return True
        if step == self._last[0]:
            return False
        if self._every_secs is not None:
            return time.monotonic() >= self._last[1] + self._every_secs
        return step >= self._last[0] + self._every_steps

    def update_last_triggered_step(self, step: int) -> tuple[float | None, int | None]:
        """Note that it happened; the seconds and the steps since the last time."""
        now, before = time.monotonic(), self._last
        self._last = (step, now)
        return (None, None) if before is None else (now - before[1], step - before[0])

    def last_triggered_step(self) -> int | None:
        """When it happened last."""
        return None if self._last is None else self._last[0]


def _required_global_step(who: str) -> Any:
    step = get_global_step()
    if step is None:
        raise RuntimeError(f"Global step should be created to use {who}.")
    return step


class StopAtStepHook(SessionRunHook):
    """Stops at a step.

    num_steps: so many after the start.  last_step: at this one
    """

    def __init__(self, num_steps: int | None = None, last_step: int | None = None) -> None:
        if (num_steps is None) == (last_step is None):
            raise ValueError("Exactly one of num_steps or last_step must be specified.")
        self._num_steps, self._last_step = num_steps, last_step

    def begin(self) -> None:
        self._step = _required_global_step("StopAtStepHook")

    def after_create_session(self, session: Any, coord: Any) -> None:
        if self._last_step is None:
            self._last_step = int(session.run(self._step)) + int(self._num_steps or 0)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        if int(run_context.session.run(self._step)) >= self._last_step:
            run_context.request_stop()


class LoggingTensorHook(SessionRunHook):
    """Logs the values of tensors now and then.

    tensors:   names or tensors, or a dict from tags to them
    formatter: tag -> value, as a line
    """

    def __init__(
        self, tensors: Any, every_n_iter: int | None = None, every_n_secs: float | None = None, at_end: bool = False,
        formatter: Callable[[dict[str, Any]], str] | None = None,
    ) -> None:  # fmt: skip
        if every_n_iter is not None and every_n_iter <= 0:
            raise ValueError(f"invalid every_n_iter={every_n_iter}.")
        if every_n_iter is None and every_n_secs is None and not at_end:
            raise ValueError("either at_end and/or exactly one of every_n_iter and every_n_secs must be provided.")
        named = tensors if isinstance(tensors, Mapping) else {getattr(x, "name", x): x for x in tensors}
        self._tensors, self._formatter, self._at_end = dict(named), formatter, at_end
        is_timed = every_n_iter is not None or every_n_secs is not None
        self._timer = SecondOrStepTimer(every_n_secs, every_n_iter) if is_timed else None

    def begin(self) -> None:
        self._runs = 0
        if self._timer is not None:
            self._timer.reset()
        graph = get_default_graph()
        self._fetches = {tag: graph.as_graph_element(x) for tag, x in self._tensors.items()}

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        self._is_due = self._timer is not None and self._timer.should_trigger_for_step(self._runs)
        return SessionRunArgs(self._fetches) if self._is_due else None

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        if self._is_due:
            self._log(run_values.results)
        self._runs += 1

    def end(self, session: Any) -> None:
        if self._at_end:
            self._log(session.run(self._fetches))

    def _log(self, values: dict[str, Any]) -> None:
        seconds = None if self._timer is None else self._timer.update_last_triggered_step(self._runs)[0]
        if self._formatter is not None:
            logging.info("%s", self._formatter(values))
            return
        text = ", ".join([f"{tag} = {value}" for tag, value in values.items()])
        logging.info("%s", text if seconds is None else f"{text} ({seconds:.3f} sec)")


class CheckpointSaverListener:
    """Is told of each checkpoint."""

    def begin(self) -> None:
        """Before the session is made."""

    def before_save(self, session: Any, global_step_value: int) -> None:
        """Before a set of files is written."""

    def after_save(self, session: Any, global_step_value: int) -> None:
        """After it."""

    def end(self, session: Any, global_step_value: int) -> None:
        """When all is done."""


class CheckpointSaverHook(SessionRunHook):
    """Saves every so many steps or seconds, at the first one and at the end."""

    def __init__(
        self, checkpoint_dir: str, save_secs: float | None = None, save_steps: int | None = None, saver: Any = None,
        checkpoint_basename: str = "model.ckpt", scaffold: Any = None,
        listeners: Sequence[CheckpointSaverListener] | None = None,
    ) -> None:  # fmt: skip
        if saver is not None and scaffold is not None:
            raise ValueError("You cannot provide both saver and scaffold.")
        self._path = os.path.join(checkpoint_dir, checkpoint_basename)
        self._timer = SecondOrStepTimer(save_secs, save_steps)
        self._saver, self._scaffold, self._listeners = saver, scaffold, list(listeners or ())

    def begin(self) -> None:
        self._step = _required_global_step("CheckpointSaverHook")
        os.makedirs(os.path.dirname(self._path), exist_ok=True)
        for listener in self._listeners:
            listener.begin()

    def after_create_session(self, session: Any, coord: Any) -> None:
        self._save(session, int(session.run(self._step)))

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        step = int(run_context.session.run(self._step))
        if self._timer.should_trigger_for_step(step):
            self._save(run_context.session, step)

    def end(self, session: Any) -> None:
        step = int(session.run(self._step))
        if step != self._timer.last_triggered_step():
            self._save(session, step)
        for listener in self._listeners:
            listener.end(session, step)

    def _save(self, session: Any, step: int) -> None:
        self._timer.update_last_triggered_step(step)
        logging.info("Saving checkpoints for %d into %s.", step, self._path)
        for listener in self._listeners:
            listener.before_save(session, step)
        (self._saver or self._scaffold.saver).save(session, self._path, global_step=step)
        for listener in self._listeners:
            listener.after_save(session, step)


class NanLossDuringTrainingError(RuntimeError):
    """A loss that was watched is no number any more."""

    def __str__(self) -> str:
        return "NaN loss during training."


class NanTensorHook(SessionRunHook):
    """Stops when a loss is no number any more.

    fail_on_nan_loss: whether that is an error
    """

    def __init__(self, loss_tensor: Any, fail_on_nan_loss: bool = True) -> None:
        self._loss, self._fails = loss_tensor, fail_on_nan_loss

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs(self._loss)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        if not np.isnan(run_values.results).any():
            return
        if self._fails:
            logging.error("Model diverged with loss = NaN.")
            raise NanLossDuringTrainingError
        logging.warning("Model diverged with loss = NaN.")
        run_context.request_stop()


class StepCounterHook(SessionRunHook):
    """Logs how many steps are made in a second."""

    def __init__(self, every_n_steps: int | None = 100, every_n_secs: float | None = None) -> None:
        self._timer = SecondOrStepTimer(every_n_secs, None if every_n_secs is not None else every_n_steps)

    def begin(self) -> None:
        self._step = _required_global_step("StepCounterHook")

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        step = int(run_context.session.run(self._step))
        if self._timer.should_trigger_for_step(step):
            seconds, steps = self._timer.update_last_triggered_step(step)
            if seconds and steps is not None:
                logging.info("global_step/sec: %g", steps / seconds)


class FinalOpsHook(SessionRunHook):
    """Evaluates something at the end."""

    def __init__(self, final_ops: Any, final_ops_feed_dict: Any = None) -> None:
        self._ops, self._feeds = final_ops, final_ops_feed_dict
        self.final_ops_values: Any = None

    def end(self, session: Any) -> None:
        self.final_ops_values = session.run(self._ops, self._feeds)


class FeedFnHook(SessionRunHook):
    """Feeds what a function gives, at each run."""

    def __init__(self, feed_fn: Callable[[], Any]) -> None:
        self.feed_fn = feed_fn

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs(None, self.feed_fn())
