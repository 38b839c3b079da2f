"""Settings that are one of a few words."""

from collections.abc import Collection
from typing import Any

from ..errors import ShapeError

__all__ = ["check_choice"]


def check_choice(name: str, chosen: Any, choices: Collection[Any]) -> None:
    """Refuse a setting that is none of the choices.

    name: of the setting; a composition puts its own before it, as in "gelu: form"
    """
    if chosen not in choices:
        raise ShapeError(f"{name} is {chosen!r}; it may be {' or '.join(map(repr, choices))}")
