"""Samples by number."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

from ...generator import of


class Dataset:
    """A subclass says how many samples there are (`__len__`) and what each is (`__getitem__`)."""

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other: "Dataset") -> "ConcatDataset":
        return ConcatDataset([self, other])


class IterableDataset(Dataset):
    """A subclass says how its samples are read, one after another (`__iter__`).

    Every worker reads its own copy: `get_worker_info` tells it which part is its own.
    """

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError("Subclasses of IterableDataset should implement __iter__.")

    def __add__(self, other: Any) -> "ChainDataset":
        return ChainDataset([self, other])


class TensorDataset(Dataset):
    """Rows of tensors that have the same first size."""

    def __init__(self, *tensors: Any) -> None:
        if any([t.spec.shape[0] != tensors[0].spec.shape[0] for t in tensors]):
            raise ValueError(f"Size mismatch between tensors: {', '.join([str(t.spec) for t in tensors])}")
        self.tensors = tensors

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        return tuple([t[index] for t in self.tensors])

    def __len__(self) -> int:
        return int(self.tensors[0].spec.shape[0])


class Subset(Dataset):
    """Some samples of another dataset."""

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset, self.indices = dataset, indices

    def __getitem__(self, index: int) -> Any:
        return self.dataset[self.indices[index]]

    def __len__(self) -> int:
        return len(self.indices)


class ConcatDataset(Dataset):
    """Datasets one after another."""

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("datasets should not be an empty iterable")
        if any([isinstance(d, IterableDataset) for d in self.datasets]):
            raise TypeError("ConcatDataset does not support IterableDataset; use ChainDataset")
        self.ends = list(accumulate([len(d) for d in self.datasets]))

    def __len__(self) -> int:
        return self.ends[-1]

    def __getitem__(self, index: int) -> Any:
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} is out of range for {len(self)} samples")
        index %= len(self)
        which = bisect_right(self.ends, index)
        return self.datasets[which][index - (self.ends[which - 1] if which else 0)]


class ChainDataset(IterableDataset):
    """Datasets that are read, one after another."""

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[Any]:
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise TypeError(f"ChainDataset only supports IterableDataset, got {type(dataset).__name__}")
            yield from dataset

    def __len__(self) -> int:
        return sum([len(dataset) for dataset in self.datasets])


class StackDataset(Dataset):
    """Samples of several datasets side by side: tuples, or dicts where the datasets have names."""

    def __init__(self, *datasets: Any, **named: Any) -> None:
        if bool(datasets) == bool(named):
            raise ValueError("StackDataset takes datasets by position, or all of them by name")
        self.datasets = named or datasets
        sizes = {len(dataset) for dataset in (datasets or named.values())}
        if len(sizes) > 1:
            raise ValueError(f"Size mismatch between datasets: {', '.join(map(str, sorted(sizes)))}")
        (self.size,) = sizes

    def __getitem__(self, index: int) -> Any:
        if isinstance(self.datasets, dict):
            return {name: dataset[index] for name, dataset in self.datasets.items()}
        return tuple([dataset[index] for dataset in self.datasets])

    def __len__(self) -> int:
        return self.size


def random_split(dataset: Any, lengths: Sequence[float], generator: Any = None) -> list[Subset]:
    """Parts of these lengths, or fractions, drawn without overlap."""
    total = len(dataset)
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1 + 1e-9:
        sizes = [math.floor(total * part) for part in lengths]
        for i in range(total - sum(sizes)):
            sizes[i % len(sizes)] += 1
        lengths = sizes
    if sum(lengths) != total:
        raise ValueError("Sum of input lengths does not equal the length of the input dataset!")
    order = of(generator).permutation(total).tolist()
    ends = list(accumulate([int(n) for n in lengths]))
    return [Subset(dataset, order[end - int(n) : end]) for end, n in zip(ends, lengths)]
