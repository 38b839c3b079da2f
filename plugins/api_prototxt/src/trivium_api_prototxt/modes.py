"""set_mode_cpu, set_mode_gpu, set_device: where nets that are made from now on run."""

from __future__ import annotations

from threading import local

from trivium import config
from trivium.backend import Device
from trivium.errors import DeviceError

GPUS = ("cuda", "opencl")


class _Mode(local):
    """The choice of this thread: the name of a device, or None for core's own choice."""

    device: Device | None = None
    index = 0


_mode = _Mode()


def current_device() -> Device:
    """Where a net that is made now runs."""
    return _mode.device or config.current_device()


def set_mode_cpu() -> None:
    """Run on the processor."""
    _mode.device = config.choose_device("cpu")


def set_mode_gpu() -> None:
    """Run on a graphics processor; an error where none answers."""
    reasons = []
    for type in GPUS:
        try:
            _mode.device = config.choose_device(f"{type}:{_mode.index}")
            return
        except DeviceError as error:
            reasons.append(str(error))
    raise DeviceError(f"set_mode_gpu: no GPU answers: {'; '.join(reasons)}; use set_mode_cpu")


def set_device(index: int) -> None:
    """Which graphics processor set_mode_gpu takes."""
    _mode.index = index
