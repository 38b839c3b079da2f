"""Who makes batches: this process; a class for worker processes takes the same place."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from attrs import frozen


@frozen
class InThisProcess:
    """Batches made when they are asked for.

    dataset: samples by number
    collate: samples to a batch
    """

    dataset: Any
    collate: Callable[[Any], Any]

    def batches(self, indices: Iterable[Any]) -> Iterator[Any]:
        """A batch for each list of numbers; a sample, where there is but a number."""
        for chosen in indices:
            yield self.collate([self.dataset[i] for i in chosen] if isinstance(chosen, list) else self.dataset[chosen])


def fetcher(num_workers: int, dataset: Any, collate: Callable[[Any], Any]) -> InThisProcess:
    """Who makes the batches of a DataLoader with so many workers."""
    if num_workers != 0:
        raise NotImplementedError(f"DataLoader: num_workers={num_workers}; only 0, this process, makes batches so far")
    return InThisProcess(dataset, collate)
