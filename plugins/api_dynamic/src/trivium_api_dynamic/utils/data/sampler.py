"""In which order samples are taken."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ...generator import Generator, of


def own(generator: Generator | None) -> Generator:
    """The generator given, or one seeded by the default one: what the network draws meanwhile changes no order."""
    return generator or Generator().manual_seed(int(of(None).integers(0, 1 << 32, ())))


class Sampler:
    """An iterable of sample numbers."""

    def __init__(self, data_source: Any = None) -> None:
        pass

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError


class SequentialSampler(Sampler):
    """0, 1, 2, and so on."""

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler):
    """Every sample once in random order, or any number drawn with replacement.

    The order follows from the generator, the default one of `manual_seed` if none is given.
    """

    def __init__(
        self, data_source: Any, replacement: bool = False, num_samples: int | None = None, generator: Any = None
    ) -> None:
        self.data_source, self.replacement, self.generator = data_source, replacement, generator
        self._count = num_samples
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        if not isinstance(self.num_samples, int) or self.num_samples < 0:
            raise ValueError(
                f"num_samples should be a non-negative integer value, but got num_samples={self.num_samples}"
            )

    @property
    def num_samples(self) -> int:
        """How many it gives: as many as there are, unless said otherwise."""
        return len(self.data_source) if self._count is None else self._count

    def __iter__(self) -> Iterator[int]:
        count, source = len(self.data_source), own(self.generator)
        if self.replacement:
            yield from source.integers(0, count, (self.num_samples,)).tolist()
            return
        left = self.num_samples
        while left > 0:
            yield from source.permutation(count)[:left].tolist()
            left -= count

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler):
    """The given numbers in random order."""

    def __init__(self, indices: Sequence[int], generator: Any = None) -> None:
        self.indices, self.generator = indices, generator

    def __iter__(self) -> Iterator[int]:
        return iter([self.indices[i] for i in own(self.generator).permutation(len(self.indices))])

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """Numbers drawn in proportion to their weights."""

    def __init__(
        self, weights: Sequence[float], num_samples: int, replacement: bool = True, generator: Any = None
    ) -> None:
        self.weights = np.array([float(w) for w in weights])
        self.num_samples, self.replacement, self.generator = num_samples, replacement, generator
        if not replacement and num_samples > len(self.weights):
            raise ValueError("cannot draw more samples than there are without replacement")

    def __iter__(self) -> Iterator[int]:
        source = own(self.generator)
        if self.replacement:
            ends = np.cumsum(self.weights / self.weights.sum())
            drawn = source.bits((self.num_samples,)) / 2.0**32
            yield from np.minimum(np.searchsorted(ends, drawn, side="right"), len(ends) - 1).tolist()
            return
        # the smallest of exponential waiting times (Efraimidis & Spirakis, 2006)
        waits = -np.log((source.bits((len(self.weights),)) + 0.5) / 2.0**32) / np.where(
            self.weights > 0, self.weights, 1e-300
        )
        yield from np.argsort(waits)[: self.num_samples].tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler):
    """Lists of `batch_size` numbers of another sampler."""

    def __init__(self, sampler: Iterable[Any], batch_size: int, drop_last: bool) -> None:
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ValueError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self) -> Iterator[list[Any]]:
        batch = []
        for index in self.sampler:
            batch.append(index)
            if len(batch) == self.batch_size:
                yield batch
                batch = []
        if batch and not self.drop_last:
            yield batch

    def __len__(self) -> int:
        count = len(self.sampler)  # type: ignore[arg-type]
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
