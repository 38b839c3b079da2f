"""Whether calls are recorded: contexts that are decorators, too."""

from contextlib import ContextDecorator
from typing import Any

from trivium.tensor import tape


class _GradMode(ContextDecorator):
    """Records the calls inside, or does not."""

    def __init__(self, mode: bool) -> None:
        self.mode, self.before = mode, []

    def _recreate_cm(self) -> Any:
        return _GradMode(self.mode)

    def __enter__(self) -> None:
        self.before.append(tape.recording)
        tape.recording = self.mode

    def __exit__(self, *error: Any) -> None:
        tape.recording = self.before.pop()


def switched(mode: bool, function: Any) -> Any:
    return _GradMode(mode)(function) if callable(function) else _GradMode(mode)


def no_grad(function: Any = None) -> Any:
    """Record no calls inside: `with torch.no_grad():`, `@torch.no_grad()` or `@torch.no_grad`."""
    return switched(False, function)


def enable_grad(function: Any = None) -> Any:
    """Record the calls inside, also within no_grad."""
    return switched(True, function)


inference_mode = no_grad


class set_grad_enabled(_GradMode):
    """Record calls from now on, or not; as a context, only inside."""

    def __init__(self, mode: bool) -> None:
        super().__init__(mode)
        self.before.append(tape.recording)
        tape.recording = bool(mode)

    def __call__(self, function: Any) -> Any:
        tape.recording = self.before.pop()
        return _GradMode(self.mode)(function)

    def __enter__(self) -> None:
        tape.recording = self.mode


def is_grad_enabled() -> bool:
    """Whether calls are recorded now."""
    return tape.recording
