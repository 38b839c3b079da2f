"""Who listens to what eager code does in this thread: nobody, or one recorder."""

import functools
from collections.abc import Callable
from threading import local
from typing import Any


class Listening(local):
    """The recorder of this thread."""

    recorder: Any = None


listening = Listening()


def effect(method: Callable[..., Any]) -> Callable[..., Any]:
    """Mark what changes plain Python numbers alone, such as a schedule: a compiled function does it again each time."""

    @functools.wraps(method)
    def performed(*args: Any, **named: Any) -> Any:
        recorder = listening.recorder
        if recorder is None:
            return method(*args, **named)
        return recorder.perform(functools.partial(method, *args, **named))

    return performed
