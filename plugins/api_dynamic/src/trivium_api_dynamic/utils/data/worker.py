"""What a worker process of a DataLoader does."""

import os
import random
import signal
import threading
import traceback
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

import numpy as np
from attrs import frozen

from ...generator import manual_seed
from .fetching import Fetching
from .parcel import receive, send


@frozen
class WorkerInfo:
    """Which worker this is.

    id: from 0 to num_workers - 1;  seed: of its random numbers;  dataset: its own copy
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any


class Here:
    """Whether this process is a worker."""

    info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """Which worker of a DataLoader this process is; None in the process that has the DataLoader."""
    return Here.info


@frozen
class Begin:
    """An order to begin an epoch."""


@frozen
class Task:
    """An order to make a batch.

    key: what the batch is called when it comes back;  chosen: numbers of samples
    """

    key: Any
    chosen: Any


@frozen
class End:
    """An answer: there are no more samples."""


@frozen
class Failure:
    """An answer: an exception, and the traceback that it had in the worker."""

    kind: type[BaseException]
    text: str
    where: str

    @classmethod
    def of(cls, error: BaseException, where: str) -> "Failure":
        """What can be told in another process."""
        return cls(type(error), "".join(traceback.format_exception(error)), where)

    def again(self) -> BaseException:
        """The exception, with the worker's traceback in its message."""
        told = f"Caught {self.kind.__name__} {self.where}.\nOriginal {self.text}"
        if self.kind is KeyError:
            return KeyErrorInWorker(told)
        try:
            return self.kind(told)
        except Exception:  # its constructor wants something else
            return RuntimeError(told)


class KeyErrorInWorker(KeyError):
    """A KeyError that shows the lines of its message."""

    def __str__(self) -> str:
        return str(self.args[0])


def work(
    info: tuple[int, int, int], fetching: Fetching, connection: Connection, worker_init_fn: Callable[[int], Any] | None,
    others: Iterable[Connection],
) -> None:  # fmt: skip
    """Answer tasks until told to stop, or until the process that gives them is gone.

    info:   number of this worker, how many there are, seed
    others: ends of pipes that fork has copied, and that would hide the death of those who own them
    """
    for other in others:
        other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that has the DataLoader: it ends this one
    number, count, seed = info
    Here.info = WorkerInfo(number, count, seed, fetching.dataset)
    where = f"in DataLoader worker process {number}"
    tasks: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=listen, args=(connection, tasks), daemon=True).start()
    failure = prepare(number, seed, worker_init_fn, where)
    epoch: Any = None
    while (task := tasks.get()) is not None:
        if isinstance(task, Begin):
            epoch = None
            continue
        try:
            if failure is None:
                epoch = fetching.begin() if epoch is None else epoch
                answer = epoch.fetch(task.chosen)
            else:
                answer = failure
        except StopIteration as stop:
            answer = End() if fetching.is_read else Failure.of(stop, where)
        except Exception as error:
            answer = Failure.of(error, where)
        reply(connection, task.key, answer, where)


def listen(connection: Connection, tasks: "SimpleQueue[Any]") -> None:
    """Take tasks at once, so that nobody waits to send one; end with the process that sends them."""
    while True:
        try:
            task = receive(connection)
        except (EOFError, OSError):
            os._exit(1)
        tasks.put(task)
        if task is None:
            return


def prepare(number: int, seed: int, worker_init_fn: Callable[[int], Any] | None, where: str) -> Failure | None:
    """Random numbers of its own, and what the user wants done first."""
    try:
        random.seed(seed)
        np.random.seed(seed)
        manual_seed(seed)
        if worker_init_fn is not None:
            worker_init_fn(number)
    except Exception as error:
        return Failure.of(error, where)
    return None


def reply(connection: Connection, key: Any, answer: Any, where: str) -> None:
    try:
        try:
            send(connection, (key, answer))
        except (BrokenPipeError, ConnectionResetError):
            raise
        except Exception as error:  # it cannot be pickled, or there is no memory for it
            if isinstance(answer, Failure):  # of a kind that is known here alone
                send(connection, (key, Failure(RuntimeError, answer.text, where)))
            else:
                send(connection, (key, Failure.of(error, where)))
    except (BrokenPipeError, ConnectionResetError):
        os._exit(1)
