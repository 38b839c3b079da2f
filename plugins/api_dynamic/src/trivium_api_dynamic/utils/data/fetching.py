"""How samples become a batch, in whatever process that happens."""

from collections.abc import Callable, Iterator
from typing import Any

from attrs import define, field, frozen


@frozen
class Picker:
    """Batches of a dataset whose samples have numbers.

    collate:    samples to a batch
    is_batched: whether what is asked for is a list of numbers, or one
    """

    dataset: Any
    collate: Callable[[Any], Any]
    is_batched: bool

    def fetch(self, chosen: Any) -> Any:
        """The samples of these numbers, collated."""
        if not self.is_batched:
            return self.collate(self.dataset[chosen])
        if hasattr(self.dataset, "__getitems__"):
            return self.collate(self.dataset.__getitems__(chosen))
        return self.collate([self.dataset[i] for i in chosen])


@define
class Reader:
    """Batches of a dataset that is read from beginning to end."""

    dataset: Any
    collate: Callable[[Any], Any]
    is_batched: bool
    drop_last: bool
    samples: Iterator[Any] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.samples = iter(self.dataset)

    def fetch(self, chosen: Any) -> Any:
        """As many samples as there are numbers, collated; StopIteration where there are no more."""
        if not self.is_batched:
            return self.collate(next(self.samples))
        samples = [sample for _, sample in zip(chosen, self.samples)]
        if not samples or (self.drop_last and len(samples) < len(chosen)):
            raise StopIteration
        return self.collate(samples)


@frozen
class Fetching:
    """What a process needs in order to make batches."""

    dataset: Any
    collate: Callable[[Any], Any]
    is_batched: bool
    is_read: bool
    drop_last: bool

    def begin(self) -> Picker | Reader:
        """What fetches during one epoch."""
        if self.is_read:
            return Reader(self.dataset, self.collate, self.is_batched, self.drop_last)
        return Picker(self.dataset, self.collate, self.is_batched)
