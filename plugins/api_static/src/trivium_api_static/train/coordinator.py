"""Coordinator: threads that stop together, and tell when one of them fails."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Lock, Thread, current_thread
from typing import Any

from ..errors import OutOfRangeError

__all__ = ["Coordinator", "LooperThread"]


class Coordinator:
    """Lets several threads stop at the same time.

    clean_stop_exception_types: errors that only mean that the work is done
    """

    def __init__(self, clean_stop_exception_types: tuple[type[BaseException], ...] | None = None) -> None:
        self._clean = (OutOfRangeError,) if clean_stop_exception_types is None else clean_stop_exception_types
        self._stop, self._lock = Event(), Lock()
        self._error: BaseException | None = None
        self._threads: list[Thread] = []
        self._joined = False

    def should_stop(self) -> bool:
        """Whether threads are to stop."""
        return self._stop.is_set()

    def request_stop(self, ex: Any = None) -> None:
        """Let all threads stop; with an error, let `join` raise it.

        ex: an error, or what sys.exc_info() gave
        """
        error = ex[1] if isinstance(ex, tuple) else ex
        with self._lock:
            if self._joined:
                if error is not None:
                    raise error
                return
            if not self._stop.is_set() and error is not None and not isinstance(error, self._clean):
                self._error = error
            self._stop.set()

    def clear_stop(self) -> None:
        """Forget that threads were to stop, and why."""
        with self._lock:
            self._joined, self._error = False, None
            self._stop.clear()

    @contextmanager
    def stop_on_exception(self) -> Iterator[None]:
        """Let an error inside stop all threads instead of going further."""
        try:
            yield
        except Exception as error:
            self.request_stop(error)

    def wait_for_stop(self, timeout: float | None = None) -> bool:
        """Wait until threads are to stop, at most so many seconds; whether they are."""
        return self._stop.wait(timeout)

    def register_thread(self, thread: Thread) -> None:
        """Let `join` wait for a thread."""
        with self._lock:
            self._threads.append(thread)

    def join(
        self, threads: Sequence[Thread] | None = None, stop_grace_period_secs: float = 120,
        ignore_live_threads: bool = False,
    ) -> None:  # fmt: skip
        """Wait until threads have ended, and raise the error that stopped them, if one did.

        stop_grace_period_secs: how long they may take after they were told to stop
        """
        waiting = list(dict.fromkeys([*self._threads, *(threads or ())]))
        while any(thread.is_alive() for thread in waiting) and not self._stop.wait(0.1):
            pass
        end = time.monotonic() + stop_grace_period_secs
        for thread in waiting:
            if thread is not current_thread():
                thread.join(max(end - time.monotonic(), 0.0))
        late = [thread.name for thread in waiting if thread.is_alive() and thread is not current_thread()]
        with self._lock:
            self._joined, self._threads = True, []
        if self._error is not None:
            raise self._error
        if late and not ignore_live_threads:
            raise RuntimeError(
                f"Coordinator stopped with threads still running: {' '.join(late)}: they did not end within "
                f"{stop_grace_period_secs} seconds; let them ask should_stop()"
            )

    @property
    def joined(self) -> bool:
        """Whether `join` has returned."""
        return self._joined

    def raise_requested_exception(self) -> None:
        """Raise the error that stopped the threads, if one did."""
        if self._error is not None:
            raise self._error


class LooperThread(Thread):
    """Calls a function again and again until its coordinator says stop.

    timer_interval_secs: seconds from one call to the next; None for at once
    """

    def __init__(
        self, coord: Coordinator, timer_interval_secs: float | None, target: Any = None, args: Any = None,
        kwargs: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(daemon=True)
        self._coord, self._interval = coord, timer_interval_secs
        self._looped, self._looped_args, self._looped_options = target, args or (), kwargs or {}
        coord.register_thread(self)

    @staticmethod
    def loop(
        coord: Coordinator, timer_interval_secs: float | None, target: Any, args: Any = None, kwargs: Any = None
    ) -> LooperThread:
        """A thread that has started to call a function."""
        thread = LooperThread(coord, timer_interval_secs, target, args, kwargs)
        thread.start()
        return thread

    def run(self) -> None:
        """Loop."""
        with self._coord.stop_on_exception():
            due = time.monotonic()
            while not self._coord.wait_for_stop(0.0 if self._interval is None else max(due - time.monotonic(), 0.0)):
                due += self._interval or 0.0
                self.run_loop()

    def run_loop(self) -> None:
        """One call."""
        if self._looped is not None:
            self._looped(*self._looped_args, **self._looped_options)
