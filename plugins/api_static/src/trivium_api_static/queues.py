"""Queues: elements that some runs put in and others take out, waiting for one another across threads.

Each session has its own contents.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Condition
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from attrs import define, field

from . import errors
from .build import converted
from .dtypes import as_dtype, int32, string
from .graph import get_default_graph
from .operation import Operation, Tensor
from .staging import sink, source
from .tensor_shape import TensorShape

__all__ = ["FIFOQueue", "QueueBase", "RandomShuffleQueue"]

_LOOK_AGAIN = 0.1  # seconds after which a waiting run looks whether its session was closed


@define(eq=False)
class Contents:
    """What a queue holds in one session."""

    items: list[Any] = field(factory=list)
    closed: bool = False
    cancelled: bool = False
    changed: Condition = field(factory=Condition)
    rng: Any = None


class QueueBase:
    """A queue of elements with one or several components.

    capacity: how many elements it holds; more wait until there is room
    dtypes, shapes: of the components
    """

    kind = "FIFOQueueV2"

    def __init__(self, capacity: int, dtypes: Any, shapes: Any, name: str) -> None:
        self.graph = get_default_graph()
        self.dtypes = [as_dtype(d).base_dtype for d in (dtypes if isinstance(dtypes, (list, tuple)) else [dtypes])]
        given = [None] * len(self.dtypes) if shapes is None else _list_of_shapes(shapes, len(self.dtypes))
        self.shapes = [TensorShape(shape) for shape in given]
        self.name, self._capacity = self.graph.unique_name(name), capacity
        self._contents: WeakKeyDictionary[Any, Contents] = WeakKeyDictionary()

    def contents(self, session: Any) -> Contents:
        """What it holds in a session."""
        return self._contents.setdefault(session, Contents())

    # -- operations ------------------------------------------------------------------------------------------

    def enqueue(self, vals: Any, name: str | None = None) -> Operation:
        """An operation that puts in one element, once there is room."""
        tensors = self._components(vals)

        def put(session: Any, *values: Any) -> None:
            self.put(session, [values])

        full = self.graph.unique_name(name or f"{self.name}_enqueue")
        return sink(self.graph, "QueueEnqueueV2", full, put, tensors)

    def enqueue_many(self, vals: Any, name: str | None = None) -> Operation:
        """An operation that puts in an element for each row."""
        tensors = self._components(vals)

        def put(session: Any, *values: Any) -> None:
            self.put(session, list(zip(*values, strict=True)))

        full = self.graph.unique_name(name or f"{self.name}_enqueue_many")
        return sink(self.graph, "QueueEnqueueManyV2", full, put, tensors)

    def _components(self, vals: Any) -> list[Tensor]:
        given = list(vals) if isinstance(vals, (list, tuple)) and len(self.dtypes) > 1 else [vals]
        if len(self.dtypes) == 1 and isinstance(vals, (list, tuple)) and len(vals) == 1:
            given = list(vals)
        if len(given) != len(self.dtypes):
            raise ValueError(f"{self.name}: {len(given)} components for a queue of {len(self.dtypes)}")
        return [converted(x, dtype, self.graph, "component") for x, dtype in zip(given, self.dtypes)]

    def dequeue(self, name: str | None = None) -> Any:
        """The components of the next element, once there is one."""
        return self._taking(name or f"{self.name}_Dequeue", "QueueDequeueV2", self.shapes,
                            lambda session: self.take(session, 1, 1)[0])  # fmt: skip

    def dequeue_many(self, n: int, name: str | None = None) -> Any:
        """The next n elements, stacked."""
        return self._stacked(name or f"{self.name}_DequeueMany", "QueueDequeueManyV2", int(n), int(n))

    def dequeue_up_to(self, n: int, name: str | None = None) -> Any:
        """The next n elements, stacked, or fewer when no more will come."""
        return self._stacked(name or f"{self.name}_DequeueUpTo", "QueueDequeueUpToV2", int(n), 1)

    def _stacked(self, name: str, kind: str, n: int, least: int) -> Any:
        size = n if least == n else None
        shapes = [TensorShape([size]).concatenate(shape) for shape in self.shapes]

        def give(session: Any) -> list[Any]:
            return [_stack(column) for column in zip(*self.take(session, n, least))]

        return self._taking(name, kind, shapes, give)

    def _taking(self, name: str, kind: str, shapes: Sequence[TensorShape], give: Callable[[Any], Any]) -> Any:
        outputs = list(zip(self.dtypes, shapes))
        made = source(self.graph, kind, self.graph.unique_name(name), outputs, give)
        return made[0] if len(made) == 1 else made

    def size(self, name: str | None = None) -> Tensor:
        """How many elements it holds."""
        full = self.graph.unique_name(name or f"{self.name}_Size")
        count = lambda session: [np.int32(len(self.contents(session).items))]  # noqa: E731 - two lines would not say more
        return source(self.graph, "QueueSizeV2", full, [(int32, [])], count)[0]

    def close(self, cancel_pending_enqueues: bool = False, name: str | None = None) -> Operation:
        """An operation after which nothing more is put in; what is there may still be taken.

        cancel_pending_enqueues: whether those that wait for room fail
        """
        full = self.graph.unique_name(name or f"{self.name}_Close")
        return sink(self.graph, "QueueCloseV2", full, lambda session: self.end(session, cancel_pending_enqueues))

    # -- what they do ----------------------------------------------------------------------------------------

    def put(self, session: Any, elements: Sequence[Any]) -> None:
        """Put elements in, each once there is room."""
        held = self.contents(session)
        for element in elements:
            for i, (value, shape) in enumerate(zip(element, self.shapes)):
                if self.dtypes[i] != string and not shape.is_compatible_with(np.shape(value)):
                    raise errors.InvalidArgumentError(
                        None, None, f"Shape mismatch in tuple component {i}. Expected {shape}, got {np.shape(value)}"
                    )
            with held.changed:
                while len(held.items) >= self._capacity and not held.closed:
                    self._wait(held, session)
                if held.closed:
                    raise errors.CancelledError(None, None, f"{self._what()} is closed.")
                held.items.append(element)
                held.changed.notify_all()

    def take(self, session: Any, count: int, least: int) -> list[Any]:
        """The next elements, once they are there; no fewer than `least` when no more will come."""
        held = self.contents(session)
        with held.changed:
            while not self.has(held, count) and not held.closed:
                self._wait(held, session)
            if len(held.items) < least:
                raise errors.OutOfRangeError(
                    None, None,
                    f"{self._what()} is closed and has insufficient elements (requested {count}, current size "
                    f"{len(held.items)})",
                )  # fmt: skip
            taken = [held.items.pop(self.place(held)) for _ in range(min(count, len(held.items)))]
            held.changed.notify_all()
        return taken

    def has(self, held: Contents, count: int) -> bool:
        """Whether so many elements may be taken."""
        return len(held.items) >= count

    def place(self, held: Contents) -> int:
        """Where the next element stands."""
        return 0

    def end(self, session: Any, is_cancelled: bool) -> None:
        """Let nothing more in."""
        held = self.contents(session)
        with held.changed:
            held.closed = True
            held.cancelled |= is_cancelled
            held.changed.notify_all()

    def _wait(self, held: Contents, session: Any) -> None:
        if session.is_closed:
            raise errors.CancelledError(None, None, f"{self._what()}: the session was closed")
        held.changed.wait(_LOOK_AGAIN)

    def _what(self) -> str:
        return f"{self.kind.removesuffix('V2')} '{self.name}'"


class FIFOQueue(QueueBase):
    """A queue whose first element comes out first."""

    def __init__(
        self, capacity: int, dtypes: Any, shapes: Any = None, names: Any = None, shared_name: str | None = None,
        name: str = "fifo_queue",
    ) -> None:  # fmt: skip
        super().__init__(capacity, dtypes, shapes, name)


class RandomShuffleQueue(QueueBase):
    """A queue whose elements come out in random order.

    min_after_dequeue: how many stay in, so that the order is random enough
    """

    kind = "RandomShuffleQueueV2"

    def __init__(
        self, capacity: int, min_after_dequeue: int, dtypes: Any, shapes: Any = None, names: Any = None,
        seed: int | None = None, shared_name: str | None = None, name: str = "random_shuffle_queue",
    ) -> None:  # fmt: skip
        super().__init__(capacity, dtypes, shapes, name)
        self._least, self._seed = min_after_dequeue, [self.graph.seed or 0, 0 if seed is None else int(seed)]

    def has(self, held: Contents, count: int) -> bool:
        return len(held.items) >= count + self._least

    def place(self, held: Contents) -> int:
        if held.rng is None:
            held.rng = np.random.default_rng(self._seed)
        return int(held.rng.integers(len(held.items)))


def _list_of_shapes(shapes: Any, count: int) -> list[Any]:
    """One shape for each component; `[]` and `[2, 3]` are the shape of a single one."""
    if count == 1 and (isinstance(shapes, TensorShape) or all(isinstance(n, (int, type(None))) for n in shapes)):
        return [shapes]
    if len(shapes) != count:
        raise ValueError(f"{len(shapes)} shapes for {count} components")
    return list(shapes)


def _stack(values: Sequence[Any]) -> np.ndarray:
    if isinstance(values[0], bytes):
        out = np.empty(len(values), object)
        out[:] = values
        return out
    return np.stack(values)
