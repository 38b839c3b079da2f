"""Data sets: where elements come from, and what becomes of them on the way."""

from __future__ import annotations

import glob
import itertools
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Iterator as Walk
from typing import Any

import numpy as np
from attrs import define, field

from .. import errors
from ..conversion import as_array
from ..dtypes import bool, int64, string
from ..graph import get_default_graph
from ..operation import Tensor
from ..tensor_shape import TensorShape
from .iterator import Iterator
from .reading import Function, Reading, ordinal
from .structure import Kind, Structured, array_of, flat, is_nest, kinds_of, kinds_said, mapped, packed_like

__all__ = ["Dataset"]


@define(slots=False, eq=False)
class Dataset(Structured):
    """Elements one after the other, of one structure.

    kinds:  what the components of an element are
    inputs: the data sets from which the elements come
    own:    tensors and arrays from which they come

    Nothing is read before an iterator asks for it, and elements are made when they are asked for: `prefetch` and
    `num_parallel_calls` change nothing.
    """

    kinds: Any = field(kw_only=True)
    inputs: tuple[Dataset, ...] = field(default=(), kw_only=True)
    own: tuple[Any, ...] = field(default=(), kw_only=True)
    walk: Callable[[Reading], Walk[Any]] = field(kw_only=True)

    def elements(self, reading: Reading) -> Walk[Any]:
        """The elements of one walk."""
        return self.walk(reading)

    def tensors(self) -> list[Tensor]:
        """The tensors whose values must be known before a walk begins."""
        found = [x for x in self.own if isinstance(x, Tensor)]
        return list(dict.fromkeys([*found, *[x for dataset in self.inputs for x in dataset.tensors()]]))

    def _then(self, walk: Callable[[Reading], Walk[Any]], kinds: Any = None, own: Sequence[Any] = ()) -> Dataset:
        """A data set that is made of this one."""
        return Dataset(kinds=self.kinds if kinds is None else kinds, inputs=(self,), own=tuple(own), walk=walk)

    # -- where elements come from ----------------------------------------------------------------------------

    @staticmethod
    def from_tensors(tensors: Any) -> Dataset:
        """One element."""
        whole = mapped(array_of, _without_lists(tensors))
        return Dataset(
            kinds=kinds_of(whole), own=tuple(flat(whole)), walk=lambda reading: iter([mapped(reading.value, whole)])
        )

    @staticmethod
    def from_tensor_slices(tensors: Any) -> Dataset:
        """An element for each row: arrays and tensors along their first axis."""
        whole = mapped(array_of, _without_lists(tensors))
        leaves = flat(whole)
        if any(TensorShape(x.shape).ndims == 0 for x in leaves):
            raise ValueError("from_tensor_slices: a scalar has no rows; use from_tensors")
        sizes = {len(x) for x in leaves if not isinstance(x, Tensor)}
        if len(sizes) > 1:
            raise ValueError(f"Dimensions {' and '.join(map(str, sorted(sizes)))} are not compatible")
        kinds = mapped(lambda kind: Kind(kind.dtype, kind.shape[1:]), kinds_of(whole))

        def walk(reading: Reading) -> Walk[Any]:
            given = [reading.value(x) for x in leaves]
            if len({len(x) for x in given}) > 1:
                raise errors.InvalidArgumentError(
                    None, None, f"from_tensor_slices: first axes differ: {[len(x) for x in given]}"
                )
            for i in range(len(given[0])):
                yield packed_like(whole, [x[i] for x in given])

        return Dataset(kinds=kinds, own=tuple(leaves), walk=walk)

    @staticmethod
    def from_generator(
        generator: Callable[..., Iterable[Any]], output_types: Any, output_shapes: Any = None, args: Any = None
    ) -> Dataset:
        """What a Python function yields, called anew for each walk."""
        kinds = kinds_said(output_types, output_shapes)
        given = [array_of(x) for x in args or ()]

        def walk(reading: Reading) -> Walk[Any]:
            for value in generator(*[reading.value(x) for x in given]):
                parts = flat(value if is_nest(value) or not is_nest(kinds) else tuple(value))
                if len(parts) != len(flat(kinds)):
                    raise TypeError(
                        f"`generator` yielded {len(parts)} components, expected {len(flat(kinds))}: {value!r}"
                    )
                arrays = [
                    kind.check(as_array(part, kind.dtype), i) for i, (part, kind) in enumerate(zip(parts, flat(kinds)))
                ]
                yield packed_like(kinds, arrays)

        return Dataset(kinds=kinds, own=tuple(given), walk=walk)

    @staticmethod
    def range(*args: Any) -> Dataset:
        """The whole numbers of Python's `range`: int64."""
        given = [array_of(x) for x in args]

        def walk(reading: Reading) -> Walk[Any]:
            return (np.int64(i) for i in range(*[int(reading.value(x)) for x in given]))

        return Dataset(kinds=Kind(int64, TensorShape([])), own=tuple(given), walk=walk)

    @staticmethod
    def zip(datasets: Any) -> Dataset:
        """Elements of several data sets side by side, as long as all have some."""
        parts = flat(datasets)

        def walk(reading: Reading) -> Walk[Any]:
            for elements in zip(*[part.elements(reading) for part in parts]):
                yield packed_like(datasets, elements)

        return Dataset(kinds=mapped(lambda part: part.kinds, datasets), inputs=tuple(parts), walk=walk)

    @staticmethod
    def list_files(file_pattern: Any, shuffle: Any = None, seed: int | None = None) -> Dataset:
        """The names of files that match, in random order unless `shuffle` is False."""
        patterns = [file_pattern] if isinstance(file_pattern, (str, bytes)) else list(file_pattern)

        def walk(reading: Reading) -> Walk[Any]:
            texts = [p.decode() if isinstance(p, bytes) else str(p) for p in patterns]
            names = sorted({name for text in texts for name in glob.glob(text)})
            if not names:
                raise errors.InvalidArgumentError(None, None, f"No files matched pattern: {', '.join(texts)}")
            return iter([name.encode() for name in names])

        found = Dataset(kinds=Kind(string, TensorShape([])), walk=walk)
        return found if shuffle is False else found.shuffle(1 << 30, seed)

    # -- what becomes of them --------------------------------------------------------------------------------

    def map(self, map_func: Callable[..., Any], num_parallel_calls: Any = None) -> Dataset:
        """What a function makes of each element; it is built once, as a graph."""
        function = Function(map_func, self.kinds, "map")
        if function.is_dataset:
            raise TypeError("Dataset.map: its function returns a data set; use flat_map")
        return self._then(
            lambda reading: (function.run(element, reading) for element in self.elements(reading)), function.kinds
        )

    def filter(self, predicate: Callable[..., Any]) -> Dataset:
        """The elements for which a function is true."""
        function = Function(predicate, self.kinds, "filter")
        if flat(function.kinds)[0].dtype != bool:
            raise ValueError("`predicate` must return a scalar boolean tensor.")
        return self._then(
            lambda reading: (x for x in self.elements(reading) if np.all(function.run(x, reading)))
        )  # fmt: skip

    def flat_map(self, map_func: Callable[..., Dataset]) -> Dataset:
        """The elements of the data sets that a function makes, one data set after the other."""
        return self.interleave(map_func, 1)

    def interleave(
        self, map_func: Callable[..., Dataset], cycle_length: int = 1, block_length: int = 1,
        num_parallel_calls: Any = None,
    ) -> Dataset:  # fmt: skip
        """The elements of the data sets that a function makes, some of each in turn.

        cycle_length: how many data sets are open at once
        block_length: how many elements are taken from one before the next one's turn
        """
        function = Function(map_func, self.kinds, "flat_map")
        if not function.is_dataset:
            raise TypeError("`map_func` must return a `Dataset` object.")

        def walk(reading: Reading) -> Walk[Any]:
            sources = self.elements(reading)
            slots: list[Any] = [None] * int(cycle_length)
            has_more, turn = True, 0
            while has_more or any(slot is not None for slot in slots):
                if slots[turn] is None and has_more:
                    source = next(sources, _END)
                    has_more = source is not _END
                    if has_more:
                        slots[turn] = function.result.elements(function.run(source, reading))
                if slots[turn] is not None:
                    block = list(itertools.islice(slots[turn], int(block_length)))
                    yield from block
                    if len(block) < block_length:
                        slots[turn] = None
                turn = (turn + 1) % len(slots)

        return self._then(walk, function.kinds)

    def batch(self, batch_size: Any, drop_remainder: bool = False) -> Dataset:
        """Elements of equal shapes stacked, `batch_size` at a time; the last ones may be fewer."""
        size, known = (
            array_of(batch_size),
            int(batch_size) if drop_remainder and not isinstance(batch_size, Tensor) else None,
        )
        kinds = mapped(lambda kind: Kind(kind.dtype, TensorShape([known]).concatenate(kind.shape)), self.kinds)

        def stacked(i: int, arrays: Sequence[Any]) -> np.ndarray:
            for j, array in enumerate(arrays):
                if np.shape(array) != np.shape(arrays[0]):
                    raise errors.InvalidArgumentError(
                        None, None,
                        f"Cannot batch tensors with different shapes in component {i}. First element had shape "
                        f"{list(np.shape(arrays[0]))} and element {j} had shape {list(np.shape(array))}.",
                    )  # fmt: skip
            return _stack(arrays)

        return self._grouped(size, drop_remainder, kinds, stacked)

    def padded_batch(
        self, batch_size: Any, padded_shapes: Any, padding_values: Any = None, drop_remainder: bool = False
    ) -> Dataset:
        """Elements of different shapes stacked; the small ones are filled up.

        padded_shapes:  for each component; None and -1 are as long as the longest
        padding_values: for each component; 0 and the empty text when left out
        """
        wanted = [[None if n in (None, -1) else int(n) for n in TensorShape(s).as_list()] if not isinstance(s, list)
                  else [None if n in (None, -1) else int(n) for n in s] for s in flat(padded_shapes)]  # fmt: skip
        values = [None] * len(wanted) if padding_values is None else flat(padding_values)
        leaves = flat(self.kinds)
        kinds = packed_like(self.kinds, [Kind(kind.dtype, TensorShape([None, *w])) for kind, w in zip(leaves, wanted)])

        def filled(i: int, arrays: Sequence[Any]) -> np.ndarray:
            longest = np.max([np.shape(a) for a in arrays], axis=0)
            shape = [int(n) if w is None else w for n, w in zip(longest, wanted[i])]
            if any(n > w for n, w in zip(longest, shape)):
                raise errors.DataLossError(
                    None, None, f"Attempted to pad to a smaller size than the input element: {shape}, {list(longest)}"
                )
            value = values[i] if values[i] is not None else b"" if leaves[i].dtype == string else 0
            out = np.full((len(arrays), *shape), value, leaves[i].dtype.numpy)
            for row, array in zip(out, arrays):
                row[tuple([slice(n) for n in np.shape(array)])] = array
            return out

        return self._grouped(array_of(batch_size), drop_remainder, kinds, filled)

    def _grouped(
        self, size: Any, drop_remainder: Any, kinds: Any, merged: Callable[[int, Sequence[Any]], np.ndarray]
    ) -> Dataset:
        def walk(reading: Reading) -> Walk[Any]:
            elements, count = self.elements(reading), int(reading.value(size))
            while group := list(itertools.islice(elements, count)):
                if drop_remainder and len(group) < count:
                    return
                columns = zip(*[flat(element) for element in group])
                yield packed_like(self.kinds, [merged(i, column) for i, column in enumerate(columns)])

        return self._then(walk, kinds, [size])

    def shuffle(self, buffer_size: Any, seed: int | None = None, reshuffle_each_iteration: Any = None) -> Dataset:
        """Elements in random order: each drawn from the next `buffer_size` ones.

        reshuffle_each_iteration: whether `repeat` brings another order each time
        """
        graph = get_default_graph()
        drawn_seed = [graph.seed or 0, ordinal(graph) if seed is None else int(seed)]
        size, again, key = array_of(buffer_size), reshuffle_each_iteration is not False, object()

        def walk(reading: Reading) -> Walk[Any]:
            turn = reading.caches.setdefault(key, [0])
            rng = np.random.default_rng([*drawn_seed, turn[0]])
            turn[0] += again
            elements, count = self.elements(reading), int(reading.value(size))
            buffer = list(itertools.islice(elements, count))
            while buffer:
                i = int(rng.integers(len(buffer)))
                yield buffer[i]
                following = next(elements, _END)
                if following is _END:
                    buffer[i] = buffer[-1]
                    buffer.pop()
                else:
                    buffer[i] = following

        return self._then(walk, own=[size])

    def repeat(self, count: Any = None) -> Dataset:
        """The elements several times; None and -1 for ever."""
        times = array_of(-1 if count is None else count)

        def walk(reading: Reading) -> Walk[Any]:
            left = int(reading.value(times))
            while left != 0:
                is_empty = True
                for element in self.elements(reading):
                    is_empty = False
                    yield element
                if is_empty and left < 0:
                    return
                left -= left > 0

        return self._then(walk, own=[times])

    def take(self, count: Any) -> Dataset:
        """At most the first `count` elements; -1 for all."""
        wanted = array_of(count)

        def walk(reading: Reading) -> Walk[Any]:
            n = int(reading.value(wanted))
            return itertools.islice(self.elements(reading), None if n < 0 else n)

        return self._then(walk, own=[wanted])

    def skip(self, count: Any) -> Dataset:
        """All but the first `count` elements; -1 for none."""
        unwanted = array_of(count)

        def walk(reading: Reading) -> Walk[Any]:
            n = int(reading.value(unwanted))
            return iter(()) if n < 0 else itertools.islice(self.elements(reading), n, None)

        return self._then(walk, own=[unwanted])

    def shard(self, num_shards: int, index: int) -> Dataset:
        """Every `num_shards`-th element, from the one at `index` on."""
        return self._then(lambda reading: itertools.islice(self.elements(reading), int(index), None, int(num_shards)))

    def concatenate(self, dataset: Dataset) -> Dataset:
        """These elements, then those of another data set."""
        if self.output_types != dataset.output_types:
            raise TypeError(f"Two datasets to concatenate have different types {self.output_types} and "
                            f"{dataset.output_types}")  # fmt: skip
        kinds = packed_like(
            self.kinds,
            [Kind(a.dtype, _common(a.shape, b.shape)) for a, b in zip(flat(self.kinds), flat(dataset.kinds))],
        )

        def walk(reading: Reading) -> Walk[Any]:
            yield from self.elements(reading)
            yield from dataset.elements(reading)

        return Dataset(kinds=kinds, inputs=(self, dataset), walk=walk)

    def cache(self, filename: str = "") -> Dataset:
        """The elements, kept in memory after the first time."""
        if filename:
            raise NotImplementedError("Dataset.cache: elements are kept in memory only; leave the file's name out")

        def walk(reading: Reading) -> Walk[Any]:
            if self not in reading.caches:
                kept = []
                for element in self.elements(reading):
                    kept.append(element)
                    yield element
                reading.caches[self] = kept
            else:
                yield from reading.caches[self]

        return self._then(walk)

    def prefetch(self, buffer_size: Any) -> Dataset:
        """The same elements."""
        return self

    def apply(self, transformation_func: Callable[[Dataset], Dataset]) -> Dataset:
        """What a function makes of this data set."""
        return transformation_func(self)

    # -- iterators -------------------------------------------------------------------------------------------

    def make_one_shot_iterator(self) -> Any:
        """An iterator over all elements, once in each session, without initialization."""
        return Iterator.one_shot(self)

    def make_initializable_iterator(self, shared_name: str | None = None) -> Any:
        """An iterator that begins when its `initializer` runs, as often as that is."""
        return Iterator.initializable(self)


_END: Any = object()


def _without_lists(tensors: Any) -> Any:
    """A list of tensors is one array: their stack."""
    if isinstance(tensors, list) and any(isinstance(x, Tensor) for x in tensors):
        raise TypeError("data sets: a list counts as one array; give tensors as a tuple, or stack them")
    return tensors


def _stack(arrays: Sequence[Any]) -> np.ndarray:
    if isinstance(arrays[0], bytes):
        out = np.empty(len(arrays), object)
        out[:] = arrays
        return out
    return np.stack(arrays)


def _common(a: TensorShape, b: TensorShape) -> TensorShape:
    """What two shapes have in common."""
    if a.ndims is None or a.ndims != b.ndims:
        return TensorShape(None)
    return TensorShape([m if m == n else None for m, n in zip(a.as_list(), b.as_list())])
