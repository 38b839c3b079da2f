"""The styles that are installed, by name: `from trivium.api import static as tf`."""

from typing import Any

from . import registry


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return registry.find_api(name)


def __dir__() -> list[str]:
    return registry.entry_names("apis")
