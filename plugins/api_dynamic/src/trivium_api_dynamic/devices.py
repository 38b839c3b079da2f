"""Devices under PyTorch's names."""

from types import SimpleNamespace
from typing import Any

from trivium import config, registry
from trivium.backend import Device
from trivium.errors import DeviceError, PluginError, TriviumError


def device(where: Any, index: int | None = None) -> Device:
    """The device of a name; an error names the backends that are installed."""
    if isinstance(where, Device):
        return where
    if isinstance(where, int):
        where = f"cuda:{where}"
    name = where if index is None else f"{where}:{index}"
    try:
        return config.as_device(name)
    except (TriviumError, LookupError) as error:
        installed = ", ".join(registry.device_types()) or "none"
        raise DeviceError(f"device {name!r}: not available; installed backends: {installed} ({error})") from error


def is_available() -> bool:
    """Whether a CUDA device answers; never an error."""
    return device_count() > 0


def device_count() -> int:
    """How many CUDA devices answer."""
    if "cuda" not in registry.device_types():
        return 0
    try:
        backend = registry.find_backend("cuda")
        return 0 if backend.unavailable() else backend.count()
    except (DeviceError, PluginError):
        return 0


def synchronize(where: Any = None) -> None:
    """Return when all work on a device is done."""
    device("cuda" if where is None else where).synchronize()


def current_device() -> int:
    """The number of the CUDA device in use."""
    return device("cuda").index


def no_cache() -> None:
    """Nothing is held back, so nothing is to be emptied."""


cuda = SimpleNamespace(
    is_available=is_available, device_count=device_count, synchronize=synchronize, current_device=current_device,
    empty_cache=no_cache,
)  # fmt: skip
