"""Readers: what stands in the files whose names a queue gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from .data.files import read_whole
from .dtypes import string
from .operation import Tensor
from .queues import QueueBase
from .staging import source

__all__ = ["FixedLengthRecordReader", "ReaderBase", "TextLineReader", "WholeFileReader"]


class ReaderBase:
    """Gives (key, value) pairs, file by file.

    parts: from the bytes of a file, its values, each with the end of its key
    """

    def __init__(self, parts: Callable[[bytes], list[tuple[str, bytes]]], name: str | None) -> None:
        self._parts, self._name = parts, name or "Reader"
        self._open: WeakKeyDictionary[Any, list[tuple[bytes, bytes]]] = WeakKeyDictionary()

    def read(self, queue: QueueBase, name: str | None = None) -> tuple[Tensor, Tensor]:
        """The next key, which begins with the name of the file, and the next value."""

        def give(session: Any) -> tuple[bytes, bytes]:
            waiting = self._open.setdefault(session, [])
            while not waiting:
                ((path,),) = queue.take(session, 1, 1)
                waiting += [(path + end.encode(), value) for end, value in self._parts(read_whole(path))]
            return waiting.pop(0)

        full = queue.graph.unique_name(name or f"{self._name}ReadV2")
        key, value = source(queue.graph, "ReaderReadV2", full, [(string, []), (string, [])], give)
        return key, value


class WholeFileReader(ReaderBase):
    """Gives the name and the bytes of each file."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(lambda content: [("", content)], name)


class TextLineReader(ReaderBase):
    """Gives each line; the key ends in its number."""

    def __init__(self, skip_header_lines: int = 0, name: str | None = None) -> None:
        def lines(content: bytes) -> list[tuple[str, bytes]]:
            found = content.removesuffix(b"\n").split(b"\n") if content else []
            numbered = [(f":{i}", line.removesuffix(b"\r")) for i, line in enumerate(found, 1)]
            return numbered[skip_header_lines:]

        super().__init__(lines, name)


class FixedLengthRecordReader(ReaderBase):
    """Gives records of equal length; the key ends in their number."""

    def __init__(
        self, record_bytes: int, header_bytes: int = 0, footer_bytes: int = 0, hop_bytes: int = 0,
        name: str | None = None,
    ) -> None:  # fmt: skip
        def records(content: bytes) -> list[tuple[str, bytes]]:
            starts = range(header_bytes, len(content) - footer_bytes - record_bytes + 1, hop_bytes or record_bytes)
            return [(f":{i}", content[at : at + record_bytes]) for i, at in enumerate(starts)]

        super().__init__(records, name)
