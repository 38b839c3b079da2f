"""Queues that feed training: producers of names and slices, and batches of what they give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from .. import errors
from ..build import convert_to_tensor
from ..choosing import gather
from ..data.dataset import Dataset
from ..data.reading import Reading
from ..dtypes import string
from ..graph import get_default_graph
from ..operation import Tensor
from ..queues import FIFOQueue, QueueBase, RandomShuffleQueue
from ..staging import sink
from .queue_runner import QueueRunner, add_queue_runner

__all__ = [
    "batch", "input_producer", "limit_epochs", "range_input_producer", "shuffle_batch", "slice_input_producer",
    "string_input_producer",
]  # fmt: skip


def _producer(dataset: Dataset, name: str, capacity: int) -> FIFOQueue:
    """A queue that a thread fills with the elements of a data set."""
    graph, kind = get_default_graph(), dataset.kinds
    queue = FIFOQueue(capacity, [kind.dtype], [kind.shape], name=name)
    walks: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
    tensors = dataset.tensors()

    def put(session: Any) -> None:
        if session not in walks:
            values = session.run(tensors) if tensors else []
            walks[session] = dataset.elements(Reading(dict(zip(tensors, values))))
        element = next(walks[session], None)
        if element is None:
            raise errors.OutOfRangeError(None, None, f"{name}: its epochs have ended")
        queue.put(session, [(element,)])

    enqueue = sink(graph, "QueueEnqueueV2", graph.unique_name(f"{name}_EnqueueMany"), put)
    add_queue_runner(QueueRunner(queue, [enqueue]))
    return queue


def input_producer(
    input_tensor: Any, element_shape: Any = None, num_epochs: int | None = None, shuffle: bool = True,
    seed: int | None = None, capacity: int = 32, shared_name: Any = None, summary_name: Any = None,
    name: str | None = None, cancel_op: Any = None,
) -> FIFOQueue:  # fmt: skip
    """A queue of the rows of a tensor.

    num_epochs: how often each comes; None for ever
    shuffle:    whether they come in another order each time
    """
    dataset = Dataset.from_tensor_slices(input_tensor)
    if shuffle:
        dataset = dataset.shuffle(1 << 30, seed)
    return _producer(dataset.repeat(num_epochs), name or "input_producer", capacity)


def string_input_producer(
    string_tensor: Any, num_epochs: int | None = None, shuffle: bool = True, seed: int | None = None,
    capacity: int = 32, shared_name: Any = None, name: str | None = None, cancel_op: Any = None,
) -> FIFOQueue:  # fmt: skip
    """A queue of texts, such as the names of files."""
    if not isinstance(string_tensor, Tensor) and not len(string_tensor):
        raise ValueError("string_input_producer requires a non-null input tensor")
    return input_producer(string_tensor, None, num_epochs, shuffle, seed, capacity, name=name or "input_producer")


def range_input_producer(
    limit: int, num_epochs: int | None = None, shuffle: bool = True, seed: int | None = None, capacity: int = 32,
    shared_name: Any = None, name: str | None = None,
) -> FIFOQueue:  # fmt: skip
    """A queue of the whole numbers below a limit."""
    return input_producer(list(range(int(limit))), None, num_epochs, shuffle, seed, capacity, name=name)


def slice_input_producer(
    tensor_list: Any, num_epochs: int | None = None, shuffle: bool = True, seed: int | None = None,
    capacity: int = 32, shared_name: Any = None, name: str | None = None,
) -> list[Tensor]:  # fmt: skip
    """A row of each of several tensors, the same one."""
    tensors = [convert_to_tensor(x) for x in tensor_list]
    if not tensors:
        raise ValueError("Expected at least one tensor in slice_input_producer().")
    count = tensors[0].shape[0].value
    if count is None:
        raise ValueError("slice_input_producer: the first axis must be known")
    index = range_input_producer(count, num_epochs, shuffle, seed, capacity, name=name).dequeue()
    return [gather(x, index) for x in tensors]


def limit_epochs(tensor: Any, num_epochs: int | None = None, name: str | None = None) -> Tensor:
    """The same tensor, so many times."""
    if num_epochs is not None:
        raise NotImplementedError("limit_epochs: give num_epochs to the producer")
    return convert_to_tensor(tensor)


def batch(
    tensors: Any, batch_size: int, num_threads: int = 1, capacity: int = 32, enqueue_many: bool = False,
    shapes: Any = None, dynamic_pad: bool = False, allow_smaller_final_batch: bool = False, shared_name: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Tensors stacked over `batch_size` runs, which threads make ahead.

    enqueue_many: whether each run gives several examples
    """
    if dynamic_pad:
        raise NotImplementedError("batch: dynamic_pad; use tf.data.Dataset.padded_batch")

    def queue(dtypes: Any, shapes: Any) -> QueueBase:
        return FIFOQueue(capacity, dtypes, shapes, name=f"{name or 'batch'}/fifo_queue")

    return _batched(queue, tensors, batch_size, num_threads, enqueue_many, allow_smaller_final_batch, name or "batch")


def shuffle_batch(
    tensors: Any, batch_size: int, capacity: int, min_after_dequeue: int, num_threads: int = 1,
    seed: int | None = None, enqueue_many: bool = False, shapes: Any = None, allow_smaller_final_batch: bool = False,
    shared_name: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Tensors stacked over `batch_size` runs in random order.

    min_after_dequeue: how many examples stay in the queue, so that the order is random enough
    """
    word = name or "shuffle_batch"

    def queue(dtypes: Any, shapes: Any) -> QueueBase:
        return RandomShuffleQueue(
            capacity, min_after_dequeue, dtypes, shapes, seed=seed, name=f"{word}/random_shuffle_queue"
        )

    return _batched(queue, tensors, batch_size, num_threads, enqueue_many, allow_smaller_final_batch, word)


def _batched(
    make: Any, tensors: Any, batch_size: int, num_threads: int, enqueue_many: bool, allow_smaller: bool, name: str
) -> Any:
    keys = sorted(tensors) if isinstance(tensors, Mapping) else None
    listed = [tensors[key] for key in keys] if keys is not None else tensors
    is_list = isinstance(listed, (list, tuple))
    given = [convert_to_tensor(x) for x in (listed if is_list else [listed])]
    shapes = [None if x.dtype == string else x.shape[1:] if enqueue_many else x.shape for x in given]
    queue = make([x.dtype for x in given], [[] if shape is None else shape for shape in shapes])
    put = queue.enqueue_many if enqueue_many else queue.enqueue
    add_queue_runner(QueueRunner(queue, [put(given if len(given) > 1 else given[0])] * num_threads))
    made = queue.dequeue_up_to(batch_size, name) if allow_smaller else queue.dequeue_many(batch_size, name)
    outputs = made if isinstance(made, list) else [made]
    if keys is not None:
        return dict(zip(keys, outputs))
    return outputs if is_list else outputs[0]
