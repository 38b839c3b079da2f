"""Errors that are ours and PyTorch's at once: `except RuntimeError` goes on working."""

from trivium.errors import DTypeError, GradientError, ShapeError, TriviumError


class SizeMismatchError(ShapeError, RuntimeError):
    """Sizes that do not fit; PyTorch raises a RuntimeError."""


class DTypeMismatchError(DTypeError, RuntimeError):
    """Dtypes that do not fit; PyTorch raises a RuntimeError."""


class AxisError(ShapeError, IndexError):
    """An axis or a position that does not exist."""


class InPlaceError(GradientError):
    """A tensor overwritten where its gradient forbids it."""


class StateDictError(TriviumError, RuntimeError):
    """Saved state that does not fit a module or an optimizer."""


class FileFormatError(TriviumError, ValueError):
    """A file that holds something else than what it should."""


class CompileError(TriviumError, RuntimeError):
    """A function that cannot become a program."""


class TracingError(TriviumError, RuntimeError):
    """A function that cannot be traced, or that does something else each time."""
