"""One epoch of batches, in the order of the sampler, whoever makes them."""

import itertools
import weakref
from collections.abc import Iterator
from typing import Any

from .fetching import Fetching
from .worker import Begin, End, Failure, Task
from .worker_pool import WorkerPool


class InThisProcess:
    """Batches made when they are asked for."""

    def __init__(self, fetching: Fetching, numbers: Any) -> None:
        self.epoch, self.numbers = fetching.begin(), iter(numbers)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self.epoch.fetch(next(self.numbers))


class InWorkers:
    """Batches that workers make ahead: batch i by worker i modulo their number, while all have samples left.

    ahead:         how many batches each worker is asked for in advance
    is_persistent: whether the workers outlive the epoch
    """

    def __init__(self, pool: WorkerPool, epoch: int, numbers: Any, ahead: int, is_persistent: bool) -> None:
        self.pool, self.epoch, self.numbers = pool, epoch, iter(numbers)
        self.has_samples = [True] * len(pool)
        self.turns = itertools.cycle(range(len(pool)))
        self.owners: dict[int, int] = {}
        self.arrived: dict[int, Any] = {}
        self.given = self.wanted = 0
        self._finish = weakref.finalize(self, finish, pool, is_persistent)
        for worker in range(len(pool)):
            pool.give(worker, Begin())
        for _ in range(ahead * len(pool)):
            self._give()

    def __iter__(self) -> Iterator[Any]:
        return self

    def _give(self) -> None:
        """Ask the next worker that has samples left for the next batch."""
        worker = next((w for w in itertools.islice(self.turns, len(self.pool)) if self.has_samples[w]), None)
        if worker is None:
            return
        try:
            chosen = next(self.numbers)
        except StopIteration:
            self.has_samples = [False] * len(self.pool)
            return
        self.pool.give(worker, Task((self.epoch, self.given), chosen))
        self.owners[self.given] = worker
        self.given += 1

    def __next__(self) -> Any:
        while self.wanted < self.given:
            while self.wanted not in self.arrived:
                (epoch, number), answer = self.pool.take()
                if epoch == self.epoch:  # not one that was left over
                    self.arrived[number] = answer
            answer, worker = self.arrived.pop(self.wanted), self.owners.pop(self.wanted)
            self.wanted += 1
            if isinstance(answer, End):
                self.has_samples[worker] = False
            self._give()
            if isinstance(answer, End):
                continue
            if isinstance(answer, Failure):
                raise answer.again()
            return answer
        self._finish()
        raise StopIteration


def finish(pool: WorkerPool, is_persistent: bool) -> None:
    """End the workers, unless they are kept for the next epoch."""
    if not is_persistent:
        pool.close()
