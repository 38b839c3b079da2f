"""Errors that are ours and PyTorch's at once: `except RuntimeError` goes on working."""

from trivium.errors import DTypeError, GradientError, OutOfRangeError, ShapeError, TriviumError


class SizeMismatchError(ShapeError, RuntimeError):
    """Sizes that do not fit; PyTorch raises a RuntimeError."""


class DTypeMismatchError(DTypeError, RuntimeError):
    """Dtypes that do not fit; PyTorch raises a RuntimeError."""


class UnsupportedDTypeError(DTypeMismatchError, NotImplementedError):
    """A function that is not defined for a dtype."""


class OverflowingError(OutOfRangeError, OverflowError, RuntimeError):
    """A number that a dtype cannot hold."""


class AxisError(ShapeError, IndexError, RuntimeError):
    """An axis or a position that does not exist; PyTorch raises an IndexError, or a RuntimeError."""


class ArgumentError(TriviumError, TypeError):
    """An argument of the wrong kind."""


class ArgumentValueError(TriviumError, ValueError, RuntimeError):
    """An argument with a value that it cannot have; PyTorch raises a RuntimeError, or a ValueError."""


class IndexKindError(AxisError, TypeError):
    """Something in brackets that is no index."""


class UnsupportedError(TriviumError, NotImplementedError):
    """Something that PyTorch has and this style has not."""


class LinAlgError(TriviumError, RuntimeError):
    """A matrix that cannot be taken apart as it was asked."""


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
