"""Devices under PyTorch's names."""

from typing import Any

from trivium import config, registry
from trivium.backend import Device
from trivium.errors import DeviceError, PluginError, TriviumError


class _DeviceType(type):
    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, Device)


class device(metaclass=_DeviceType):
    """The device of a name, "cpu" or "cuda:0"; an error names the backends that are installed."""

    def __new__(cls, type: Any, index: int | None = None) -> Any:
        if isinstance(type, Device):
            return type
        if isinstance(type, int):
            type = f"cuda:{type}"
        name = type if index is None else f"{type}:{index}"
        try:
            return config.as_device(name)
        except (TriviumError, LookupError) as error:
            installed = ", ".join(registry.device_types()) or "none"
            raise DeviceError(f"device {name!r}: not available; installed backends: {installed} ({error})") from error


def cuda_backend() -> Any:
    """The backend that serves CUDA devices, or None where no device answers; never an error."""
    if "cuda" not in registry.device_types():
        return None
    try:
        backend = registry.find_backend("cuda")
        return None if backend.unavailable() or not backend.count() else backend
    except (DeviceError, PluginError):
        return None


class Layout:
    """How elements lie in memory: with strides, the one way that there is.

    A tensor's `layout` equals it: None, or (shape, strides, offset) of a view.
    """

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, (Layout, tuple))

    def __hash__(self) -> int:
        return hash("torch.strided")

    def __repr__(self) -> str:
        return "torch.strided"


class MemoryFormat:
    """The order of axes in memory: rows first, the one order that tensors are made in."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"


strided = Layout()
contiguous_format, preserve_format, channels_last = [
    MemoryFormat(name) for name in ("contiguous_format", "preserve_format", "channels_last")
]
