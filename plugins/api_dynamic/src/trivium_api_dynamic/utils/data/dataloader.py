"""DataLoader: batches of a dataset."""

import itertools
import multiprocessing
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from ...generator import of
from .collate import default_collate, default_convert
from .dataset import IterableDataset
from .fetching import Fetching
from .ordering import InThisProcess, InWorkers
from .sampler import BatchSampler, RandomSampler, SequentialSampler
from .worker_pool import WorkerPool

EXCLUSIVE = "{} option is mutually exclusive with {}"


class Endless:
    """A sampler for datasets whose samples have no numbers."""

    def __iter__(self) -> Iterator[None]:
        return itertools.repeat(None)


class DataLoader:
    """Batches of a dataset, in an order that follows from `manual_seed`, or from a generator of its own.

    batch_size None: samples one by one, without a batch axis
    num_workers:     processes that make batches ahead, `prefetch_factor` each; the order is the same for any number
    worker_init_fn:  called in each worker with its number, once its random numbers are seeded
    timeout:         seconds to wait for a batch of a worker; 0: for ever
    persistent_workers: keep the workers from one epoch to the next
    pin_memory:      accepted; host memory is what it is

    Each worker has seeds of its own for torch, NumPy and `random`: a number drawn for the epoch, plus the worker's.
    """

    def __init__(
        self, dataset: Any, batch_size: int | None = 1, shuffle: bool | None = None, sampler: Any = None,
        batch_sampler: Any = None, num_workers: int = 0, collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False, drop_last: bool = False, timeout: float = 0, worker_init_fn: Any = None,
        multiprocessing_context: Any = None, generator: Any = None, *, prefetch_factor: int | None = None,
        persistent_workers: bool = False, pin_memory_device: str = "", in_order: bool = True,
    ) -> None:  # fmt: skip
        check_workers(num_workers, timeout, prefetch_factor, persistent_workers, multiprocessing_context)
        is_read = isinstance(dataset, IterableDataset)
        if is_read:
            check_read(shuffle, sampler, batch_sampler)
        if sampler is not None and shuffle:
            raise ValueError(EXCLUSIVE.format("sampler", "shuffle"))
        if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
            raise ValueError(EXCLUSIVE.format("batch_sampler", "batch_size, shuffle, sampler, and drop_last"))
        if batch_size is None and drop_last:
            raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
        if sampler is None:
            if is_read:
                sampler = Endless()
            else:
                sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_sampler is None and batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        elif batch_sampler is not None:
            batch_size = None
        self.dataset, self.batch_size, self.drop_last = dataset, batch_size, drop_last
        self.sampler, self.batch_sampler, self.generator = sampler, batch_sampler, generator
        self.num_workers, self.timeout, self.worker_init_fn = num_workers, timeout, worker_init_fn
        self.prefetch_factor = 2 if prefetch_factor is None and num_workers else prefetch_factor
        self.persistent_workers, self.pin_memory, self.in_order = persistent_workers, pin_memory, in_order
        self.pin_memory_device, self.multiprocessing_context = pin_memory_device, multiprocessing_context
        self.collate_fn = collate_fn or (default_convert if batch_sampler is None else default_collate)
        self._pool: WorkerPool | None = None
        self._epochs = 0

    def _numbers(self) -> Any:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __iter__(self) -> Iterator[Any]:
        seed = int(of(self.generator).integers(0, 1 << 31, ()))  # drawn without workers too: the order is the same
        is_read = isinstance(self.dataset, IterableDataset)
        fetching = Fetching(self.dataset, self.collate_fn, self.batch_sampler is not None, is_read, self.drop_last)
        batches = self._in_workers(fetching, seed) if self.num_workers else InThisProcess(fetching, self._numbers())
        if is_read and hasattr(self.dataset, "__len__"):
            return counted_by(self, batches)
        return batches

    def _in_workers(self, fetching: Fetching, seed: int) -> InWorkers:
        pool = self._pool
        if pool is None or not pool.processes:
            context = self.multiprocessing_context
            if not hasattr(context, "Process"):
                context = multiprocessing.get_context(context)
            pool = WorkerPool(self.num_workers, fetching, context, seed, self.worker_init_fn, self.timeout)
        if self.persistent_workers and self._pool is not pool:
            self._pool = pool
            weakref.finalize(self, pool.close)
        self._epochs += 1
        assert self.prefetch_factor is not None
        return InWorkers(pool, self._epochs, self._numbers(), self.prefetch_factor, self.persistent_workers)

    def __len__(self) -> int:
        if not isinstance(self.dataset, IterableDataset):
            return len(self._numbers())
        count = len(self.dataset)  # type: ignore[arg-type]
        if self.batch_size is None:
            return count
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)


def counted_by(loader: DataLoader, batches: Iterator[Any]) -> Iterator[Any]:
    """Batches, with a warning where there are more than the dataset's length says."""
    length = len(loader)
    for number, batch in enumerate(batches):
        if number == length:
            warnings.warn(
                f"Length of IterableDataset {loader.dataset!r} was reported to be {length} (when accessing "
                f"len(dataloader)), but {number + 1} batches have been fetched: let each worker read a part of its own "
                "(get_worker_info)",
                stacklevel=2,
            )
        yield batch


def check_workers(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool, context: Any
) -> None:
    """Refuse options about workers that make no sense."""
    if num_workers < 0:
        raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if num_workers == 0:
        given = {
            "prefetch_factor": prefetch_factor is not None, "persistent_workers": persistent_workers,
            "multiprocessing_context": context is not None,
        }  # fmt: skip
        for name, is_given in given.items():
            if is_given:
                raise ValueError(f"{name} option needs num_workers > 0: without workers it means nothing")
    elif prefetch_factor is not None and prefetch_factor <= 0:
        raise ValueError("prefetch_factor option should be positive")


def check_read(shuffle: Any, sampler: Any, batch_sampler: Any) -> None:
    """Refuse to reorder samples that have no numbers."""
    for name, value in (("shuffle", shuffle or None), ("sampler", sampler), ("batch_sampler", batch_sampler)):
        if value is not None:
            raise ValueError(f"DataLoader with IterableDataset: expected unspecified {name} option, but got {value!r}")
