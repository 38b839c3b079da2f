"""Iterators: how the next element of a data set enters a graph, anew in each run that needs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np

from .. import errors
from ..build import convert_to_tensor
from ..dtypes import string
from ..graph import get_default_graph
from ..operation import Operation, Tensor
from ..staging import sink, source
from .reading import Reading
from .structure import Structured, flat, kinds_said, packed_like

__all__ = ["Iterator"]

_named: WeakValueDictionary[bytes, Iterator] = WeakValueDictionary()


class Iterator(Structured):
    """A walk through a data set, one for each session.

    kinds:   what the components of its elements are
    dataset: begun at the first element that is asked for; None for one that must be initialized
    handle:  text that tells which other iterator is meant
    """

    def __init__(self, kinds: Any, dataset: Any = None, handle: Tensor | None = None) -> None:
        self.graph, self.kinds = get_default_graph(), kinds
        self._dataset, self._handle = dataset, handle
        self._initializer: Operation | None = None
        self._walks: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
        self._name = self.graph.unique_name("Iterator")
        self._key = f"{self._name}/{id(self)}".encode()
        _named[self._key] = self
        self._sources: list[Callable[..., Any]] = []

    # -- kinds of iterators ----------------------------------------------------------------------------------

    @classmethod
    def one_shot(cls, dataset: Any) -> Iterator:
        """One that begins by itself."""
        return cls(dataset.kinds, dataset)

    @classmethod
    def initializable(cls, dataset: Any) -> Iterator:
        """One that begins when its `initializer` runs."""
        made = cls(dataset.kinds)
        made._initializer = made.make_initializer(dataset)
        return made

    @staticmethod
    def from_structure(
        output_types: Any, output_shapes: Any = None, shared_name: str | None = None, output_classes: Any = None
    ) -> Iterator:
        """One that begins with any data set of some structure: `make_initializer`."""
        return Iterator(kinds_said(output_types, output_shapes))

    @staticmethod
    def from_string_handle(
        string_handle: Any, output_types: Any, output_shapes: Any = None, output_classes: Any = None
    ) -> Iterator:
        """One that stands for the iterator whose `string_handle` is fed."""
        return Iterator(kinds_said(output_types, output_shapes), handle=convert_to_tensor(string_handle, string))

    # -- what a user calls -----------------------------------------------------------------------------------

    @property
    def initializer(self) -> Operation:
        """The operation that begins, or begins again."""
        if self._initializer is None:
            raise ValueError("Iterator does not have an initializer.")
        return self._initializer

    def make_initializer(self, dataset: Any, name: str | None = None) -> Operation:
        """An operation that begins with a data set."""
        for i, (kind, wanted) in enumerate(zip(flat(dataset.kinds), flat(self.kinds), strict=True)):
            if kind.dtype != wanted.dtype or not kind.shape.is_compatible_with(wanted.shape):
                raise TypeError(
                    f"Expected output types and shapes compatible with {wanted.dtype!r} {wanted.shape} but got dataset "
                    f"with {kind.dtype!r} {kind.shape} in component {i}."
                )
        tensors = dataset.tensors()

        def begin(session: Any, *values: Any) -> None:
            self._walks[session] = dataset.elements(Reading(dict(zip(tensors, values))))

        return sink(self.graph, "MakeIterator", self.graph.unique_name(name or "MakeIterator"), begin, tensors)

    def get_next(self, name: str | None = None) -> Any:
        """The tensors of the next element; each run that needs one of them moves on by one element."""
        outputs = [(kind.dtype, kind.shape) for kind in flat(self.kinds)]
        full = self.graph.unique_name(name or "IteratorGetNext")
        inputs = [] if self._handle is None else [self._handle]

        def give(session: Any, *handle: Any) -> Any:
            iterator = self._meant(*handle) if handle else self
            return flat(iterator.step(session, made[0].op))

        made = source(self.graph, "IteratorGetNext", full, outputs, give, inputs)
        return packed_like(self.kinds, made)

    def step(self, session: Any, op: Operation) -> Any:
        """The next element in a session."""
        walk = self._walks.get(session)
        if walk is None and self._dataset is not None:
            walk = self._walks[session] = self._begun(session)
        if walk is None:
            raise errors.FailedPreconditionError(
                op.node_def, op, "GetNext() failed because the iterator has not been initialized. Ensure that you have "
                "run the initializer operation for this iterator before getting the next element."
            )  # fmt: skip
        try:
            return next(walk)
        except StopIteration:
            raise errors.OutOfRangeError(op.node_def, op, "End of sequence") from None
        except errors.OpError as error:
            raise type(error)(op.node_def, op, error.message) from error

    def _begun(self, session: Any) -> Any:
        tensors = self._dataset.tensors()
        return self._dataset.elements(Reading(dict(zip(tensors, session.run(tensors) if tensors else []))))

    def string_handle(self, name: str | None = None) -> Tensor:
        """Text that stands for this iterator where `from_string_handle` is fed."""
        full = self.graph.unique_name(name or f"{self._name}ToStringHandle")
        return self.graph.hosted("IteratorToStringHandle", full, lambda session: self._key, string)

    @staticmethod
    def _meant(handle: Any) -> Iterator:
        key = handle if isinstance(handle, bytes) else np.asarray(handle, object).item()
        if key not in _named:
            raise errors.NotFoundError(
                None, None, f"no iterator has the handle {key!r}; feed what string_handle() gives"
            )
        return _named[key]
