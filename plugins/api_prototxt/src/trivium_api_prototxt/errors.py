"""What can be wrong with a Caffe file: how it reads, what it holds, how it is written."""

from __future__ import annotations

from collections.abc import Sequence

from trivium.errors import SaveError, TriviumError


class PrototxtError(TriviumError, ValueError):
    """A message that does not read, or reads but does not make sense."""


class ModelFileError(TriviumError, ValueError):
    """A binary message that is missing, cut short, or something else altogether."""


class SnapshotError(SaveError):
    """A file that could not be written; what stood under its name before is untouched."""


def in_words(words: Sequence[str], last: str = "or") -> str:
    """
    >>> in_words(["MAX", "AVE", "STOCHASTIC"])
    'MAX, AVE or STOCHASTIC'
    """
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)


def shorten(text: str, limit: int = 60) -> str:
    """The text on one line and cut to `limit`: a bad file may hold a word of a gigabyte."""
    text = text[: limit + 1].replace("\n", " ")
    return text if len(text) <= limit else text[: limit - 3] + "..."
