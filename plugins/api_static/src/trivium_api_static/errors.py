"""What a Session raises, under TensorFlow's names and codes."""

from __future__ import annotations

from typing import Any

from trivium.errors import TriviumError

__all__ = [
    "OpError", "CancelledError", "UnknownError", "InvalidArgumentError", "DeadlineExceededError", "NotFoundError",
    "AlreadyExistsError", "PermissionDeniedError", "UnauthenticatedError", "ResourceExhaustedError",
    "FailedPreconditionError", "AbortedError", "OutOfRangeError", "UnimplementedError", "InternalError",
    "UnavailableError", "DataLossError", "OperatorNotAllowedInGraphError", "exception_type_from_error_code",
    "error_code_from_exception_type",
]  # fmt: skip


class OpError(TriviumError):
    """A failure while a graph runs.

    op:         the Operation that failed, where that is known
    node_def:   its description
    error_code: TensorFlow's number for this kind of failure
    """

    code = 2

    def __init__(self, node_def: Any, op: Any, message: str, error_code: int | None = None) -> None:
        super().__init__(message)
        self.node_def, self.op, self.message = node_def, op, message
        self.error_code = self.code if error_code is None else error_code

    def __str__(self) -> str:
        if self.op is None:
            return self.message
        callers = "".join([f"\n\t   called from {frame}" for frame in reversed(self.op.traceback[:-1])])
        return f"{self.message}\n\t [[node {self.op.name} (defined at {self.op.origin})]]{callers}"

    def __reduce__(self) -> Any:
        return OpError._restored, (type(self), str(self), self.error_code)

    @staticmethod
    def _restored(kind: type, message: str, error_code: int) -> OpError:
        error = kind(None, None, message)
        error.error_code = error_code
        return error


def _kind(name: str, code: int, doc: str) -> type[OpError]:
    return type(name, (OpError,), {"code": code, "__doc__": doc, "__module__": __name__})


CancelledError = _kind("CancelledError", 1, "The run was stopped.")
UnknownError = _kind("UnknownError", 2, "A failure without a better name.")
InvalidArgumentError = _kind("InvalidArgumentError", 3, "An operation was given something that it cannot take.")
DeadlineExceededError = _kind("DeadlineExceededError", 4, "The run took too long.")
NotFoundError = _kind("NotFoundError", 5, "A file, or a name in one, is missing.")
AlreadyExistsError = _kind("AlreadyExistsError", 6, "What was to be made is there already.")
PermissionDeniedError = _kind("PermissionDeniedError", 7, "The caller may not do that.")
ResourceExhaustedError = _kind("ResourceExhaustedError", 8, "Memory or disk ran out.")
FailedPreconditionError = _kind("FailedPreconditionError", 9, "Something must happen first, mostly initialization.")
AbortedError = _kind("AbortedError", 10, "The run was given up.")
OutOfRangeError = _kind("OutOfRangeError", 11, "The end of the input was reached.")
UnimplementedError = _kind("UnimplementedError", 12, "No kernel does that here.")
InternalError = _kind("InternalError", 13, "A mistake of ours.")
UnavailableError = _kind("UnavailableError", 14, "A device or service does not answer.")
DataLossError = _kind("DataLossError", 15, "A file is damaged or cut short.")
UnauthenticatedError = _kind("UnauthenticatedError", 16, "The caller did not say who it is.")


class OperatorNotAllowedInGraphError(TypeError):
    """A tensor was used as if it had a value already."""


_KINDS = {kind.code: kind for kind in (
    CancelledError, UnknownError, InvalidArgumentError, DeadlineExceededError, NotFoundError, AlreadyExistsError,
    PermissionDeniedError, ResourceExhaustedError, FailedPreconditionError, AbortedError, OutOfRangeError,
    UnimplementedError, InternalError, UnavailableError, DataLossError, UnauthenticatedError,
)}  # fmt: skip
OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED = range(8)
RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL, UNAVAILABLE = range(8, 15)
DATA_LOSS, UNAUTHENTICATED = 15, 16


def exception_type_from_error_code(error_code: int) -> type[OpError]:
    """The kind of error with this number."""
    return _KINDS[error_code]


def error_code_from_exception_type(cls: type[OpError]) -> int:
    """The number of a kind of error."""
    return cls.code
