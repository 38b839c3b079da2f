"""What every error of ours is, and how an error finds the name that was meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class TriviumError(Exception):
    """The root of every error raised on purpose: where, what is wrong, the facts, what to do."""


class ShapeError(TriviumError, ValueError):
    """Sizes that do not fit together."""


class DTypeError(TriviumError, TypeError):
    """Element types that do not fit together."""


class DeviceError(TriviumError, RuntimeError):
    """A device that is missing, or operands that live on different ones."""


class GradientError(TriviumError, RuntimeError):
    """A gradient that does not exist, or whose inputs were overwritten."""


class GraphError(TriviumError, ValueError):
    """A value used in a graph where it does not belong."""


class FeedError(TriviumError, ValueError):
    """A program that was fed too little, too much, or the wrong thing."""


class StateError(TriviumError, RuntimeError):
    """State that was read before it had a value."""


class OutOfRangeError(TriviumError, ValueError, IndexError):
    """A number in the data that an op cannot take: an index, a label, a value that a dtype cannot hold."""


class KernelError(TriviumError, LookupError):
    """No way to run an op on a device."""


class SaveError(TriviumError, OSError):
    """A file that could not be written; what stood under its name before is untouched."""


class SharedMemoryError(TriviumError, OSError):
    """Memory for several processes that could not be had."""


class PluginError(TriviumError, RuntimeError):
    """A plugin that failed, and what it would have brought."""


class UnknownNameError(TriviumError, LookupError):
    """A name that nothing answers to."""


class ConfigError(TriviumError, ValueError):
    """A setting with a value that it cannot have."""


def did_you_mean(name: str, known: Iterable[str], count: int = 1) -> str:
    """`  Did you mean 'numpy'?` for the nearest of `known`, whatever the case, or nothing.

    >>> did_you_mean("nunpy", ["numpy", "opencl"])
    "  Did you mean 'numpy'?"
    >>> did_you_mean("max", ["MAX", "AVE"])
    "  Did you mean 'MAX'?"
    """
    spelled = {each.lower(): each for each in known}
    close = get_close_matches(str(name).lower(), spelled, n=count, cutoff=0.6)
    return f"  Did you mean {' or '.join([repr(spelled[each]) for each in close])}?" if close else ""


def unknown_name(kind: str, name: str, known: Iterable[str], hint: str = "") -> UnknownNameError:
    """The error for a name that nothing answers to: it lists what exists and the nearest name."""
    listed = sorted(known)
    names = ", ".join(listed) or "none"
    return UnknownNameError(f"no {kind} named {name!r}; known: {names}.{did_you_mean(name, listed)}{hint}")
