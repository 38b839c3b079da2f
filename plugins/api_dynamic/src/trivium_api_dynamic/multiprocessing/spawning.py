"""spawn: one function in several processes, of which the first that fails ends all."""

import multiprocessing
import signal
import traceback
from collections.abc import Callable
from multiprocessing import connection
from typing import Any

__all__ = [
    "ProcessContext", "ProcessExitedException", "ProcessRaisedException", "SpawnContext", "spawn", "start_processes",
]  # fmt: skip


class ProcessException(Exception):
    """A process that failed.

    error_index: its number;  pid: the system's number for it
    """

    def __init__(self, message: str, error_index: int, pid: int | None) -> None:
        super().__init__(message)
        self.msg, self.error_index, self.pid = message, error_index, pid


class ProcessRaisedException(ProcessException):
    """The function raised an exception, whose traceback is in the message."""


class ProcessExitedException(ProcessException):
    """The process ended by a signal, or with an exit code that is not 0."""

    def __init__(
        self, message: str, error_index: int, pid: int | None, exit_code: int, signal_name: str | None = None
    ) -> None:
        super().__init__(message, error_index, pid)
        self.exit_code, self.signal_name = exit_code, signal_name


def called(function: Callable[..., Any], index: int, arguments: tuple[Any, ...], back: Any) -> None:
    """Run in a process of its own; a failure travels back as text."""
    try:
        function(index, *arguments)
    except KeyboardInterrupt:
        pass  # the process that waits is told, too
    except Exception:
        back.send(traceback.format_exc())
        raise SystemExit(1) from None


class ProcessContext:
    """Processes that run the same function."""

    def __init__(self, processes: list[Any], failures: list[Any]) -> None:
        self.processes = processes
        self._told: dict[int, str] = {}
        self._failures = dict(enumerate(failures))

    def pids(self) -> list[int | None]:
        """The system's numbers for them."""
        return [process.pid for process in self.processes]

    def join(self, timeout: float | None = None) -> bool:
        """Wait until one ends, or all have; True once all have.  The first that fails ends all and is raised."""
        running = [process.sentinel for process in self.processes if process.is_alive()]
        if running:
            self._listen(connection.wait([*running, *self._failures.values()], timeout))
        is_over = not any([process.is_alive() for process in self.processes])  # asked before the exit codes are
        failed = next((i for i, process in enumerate(self.processes) if process.exitcode or i in self._told), None)
        if failed is None:
            return is_over
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.join()
        self._listen(list(self._failures.values()))
        raise self._explained(failed)

    def _listen(self, ready: list[Any]) -> None:
        for i, failure in list(self._failures.items()):
            if failure in ready:
                try:
                    self._told[i] = failure.recv()
                except EOFError:
                    self._failures.pop(i).close()

    def _explained(self, index: int) -> ProcessException:
        process = self.processes[index]
        if index in self._told:
            told = f"\n\n-- Process {index} terminated with the following error:\n{self._told[index]}"
            return ProcessRaisedException(told, index, process.pid)
        code = process.exitcode
        if code < 0:
            name = signal.Signals(-code).name
            told = f"process {index} terminated with signal {name}"
            return ProcessExitedException(told, index, process.pid, code, name)
        return ProcessExitedException(f"process {index} terminated with exit code {code}", index, process.pid, code)


SpawnContext = ProcessContext


def start_processes(
    fn: Callable[..., Any], args: tuple[Any, ...] = (), nprocs: int = 1, join: bool = True, daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:  # fmt: skip
    """Call fn(i, *args) in processes i = 0 to nprocs - 1.

    join: wait for all of them; else the context returned does
    """
    context = multiprocessing.get_context(start_method)
    processes: list[Any] = []
    failures: list[Any] = []
    for i in range(nprocs):
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=called, args=(fn, i, args, sender), daemon=daemon)
        process.start()
        sender.close()
        processes.append(process)
        failures.append(receiver)
    started = ProcessContext(processes, failures)
    if not join:
        return started
    while not started.join():
        pass
    return None


def spawn(
    fn: Callable[..., Any], args: tuple[Any, ...] = (), nprocs: int = 1, join: bool = True, daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:  # fmt: skip
    """`start_processes` in new interpreters: `fn` must be importable."""
    return start_processes(fn, args, nprocs, join, daemon, start_method)
