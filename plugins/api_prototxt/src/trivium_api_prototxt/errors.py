"""What can be wrong with a Caffe file: how it reads, what it holds, how it is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from trivium.errors import TriviumError


class PrototxtError(TriviumError, ValueError):
    """A message that does not read, or reads but does not make sense."""


class ModelFileError(TriviumError, ValueError):
    """A binary message that is missing, cut short, or something else altogether."""


class SnapshotError(TriviumError, OSError):
    """A file that could not be written; what stood under its name before is untouched."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`  Did you mean 'MAX'?` for the nearest of `known`, whatever the case, or nothing.

    >>> did_you_mean("maxx", ["MAX", "AVE"])
    "  Did you mean 'MAX'?"
    """
    spelled = {_letters(each): each for each in known}
    near = get_close_matches(_letters(name), list(spelled), n=1, cutoff=0.6)
    return f"  Did you mean '{spelled[near[0]]}'?" if near else ""


def _letters(name: str) -> str:
    return name.lower().removesuffix("_param")  # so many fields end with it that all look alike


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
