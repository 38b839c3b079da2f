"""The worker processes of a DataLoader, seen from the process that has it."""

import contextlib
import os
import signal
import time
import weakref
from collections.abc import Callable, Iterator
from multiprocessing import connection
from typing import Any

from .fetching import Fetching
from .parcel import receive, send
from .worker import work

PATIENCE = 0.5  # seconds that a worker has to end by itself
_POOLS: "weakref.WeakSet[WorkerPool]" = weakref.WeakSet()


class WorkerPool:
    """Processes that make batches, each at the other end of a pipe.

    context: starts processes: fork or spawn;  seed: that of worker 0, the next one's is 1 more
    timeout: seconds to wait for a batch, 0: for ever
    """

    def __init__(
        self, count: int, fetching: Fetching, context: Any, seed: int, worker_init_fn: Callable[[int], Any] | None,
        timeout: float,
    ) -> None:  # fmt: skip
        self.timeout, self.owner, self.is_cut = timeout, os.getpid(), False
        self.processes: list[Any] = []
        self.connections: list[Any] = []
        try:
            for number in range(count):
                self._start(number, count, fetching, context, seed + number, worker_init_fn)
        except BaseException:
            self.close()
            raise
        _POOLS.add(self)

    def _start(
        self, number: int, count: int, fetching: Fetching, context: Any, seed: int,
        worker_init_fn: Callable[[int], Any] | None,
    ) -> None:  # fmt: skip
        ours, theirs = context.Pipe(duplex=True)
        self.connections.append(ours)
        is_copied = context.get_start_method() == "fork"
        others = [end for pool in (*_POOLS, self) for end in pool.connections if not end.closed] if is_copied else ()
        info = number, count, seed
        process = context.Process(
            target=work, args=(info, fetching, theirs, worker_init_fn, others), daemon=True,
            name=f"DataLoader worker {number}",
        )  # fmt: skip
        with theirs:
            process.start()
        self.processes.append(process)

    def __len__(self) -> int:
        return len(self.processes)

    def give(self, number: int, task: Any) -> None:
        """Send a worker something to do."""
        with self.whole_messages():
            try:
                send(self.connections[number], task)
            except (BrokenPipeError, ConnectionResetError) as error:
                raise self._death_of(number) from error

    @contextlib.contextmanager
    def whole_messages(self) -> Iterator[None]:
        """Give the workers up where Ctrl-C has cut a message in two: what comes next would be taken for its rest."""
        try:
            yield
        except BaseException:
            self.is_cut = True
            self.close()
            raise

    def take(self) -> tuple[Any, Any]:
        """The next answer of any worker: its key, and what was made."""
        number = {end: i for i, end in enumerate(self.connections)}
        ready = connection.wait(self.connections, self.timeout or None)
        if not ready:
            raise RuntimeError(f"DataLoader timed out after {self.timeout} seconds")
        first = min([number[end] for end in ready])
        with self.whole_messages():
            try:
                key, answer = receive(self.connections[first])
            except (EOFError, ConnectionResetError) as error:
                raise self._death_of(first) from error
        return key, answer

    def _death_of(self, number: int) -> RuntimeError:
        """What a worker died of; the others end, too."""
        process = self.processes[number]
        process.join(PATIENCE)
        code, pid = process.exitcode, process.pid
        self.close()
        if code is not None and code < 0:
            name = signal.strsignal(-code)
            hint = ".  The system may have been out of memory" if code == -signal.SIGKILL else ""
            return RuntimeError(f"DataLoader worker (pid {pid}) is killed by signal: {name}{hint}.")
        ended = "" if code is None else f" with exit code {code}"
        return RuntimeError(f"DataLoader worker (pid(s) {pid}) exited unexpectedly{ended}")

    def close(self) -> None:
        """End the processes: those that are idle by themselves, the others at once."""
        if os.getpid() != self.owner:  # a copy that fork has made
            return
        for end in self.connections:
            with contextlib.suppress(OSError):
                if self.is_cut:
                    end.close()
                else:
                    send(end, None)
        until = time.monotonic() + PATIENCE
        for process in self.processes:
            process.join(max(0.0, until - time.monotonic()))
        for end in self.connections:
            end.close()
        for process in self.processes:
            if process.is_alive():
                process.terminate()
                process.join(5)
            if process.is_alive():
                process.kill()
                process.join()
            process.close()
        self.connections, self.processes = [], []
