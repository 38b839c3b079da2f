"""`tf.test`: what programs ask about the machine."""

from __future__ import annotations

from trivium import registry
from trivium.errors import DeviceError, PluginError

__all__ = ["is_gpu_available", "gpu_device_name", "is_built_with_cuda"]


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: object = None) -> bool:
    """Whether a backend for another device than the CPU is installed and answers."""
    return bool(_gpus(cuda_only))


def gpu_device_name() -> str:
    """The name of the first GPU, or ""."""
    return "/device:GPU:0" if _gpus(False) else ""


def is_built_with_cuda() -> bool:
    """Whether a backend for CUDA is installed."""
    return "cuda" in registry.device_types()


def _gpus(cuda_only: bool) -> list[str]:
    """The device types other than the host's that can be used here."""
    found = []
    for name in registry.device_types():
        if cuda_only and name != "cuda":
            continue
        try:
            backend = registry.find_backend(name)
        except (DeviceError, PluginError):
            continue  # the warning about it has said why
        if not backend.is_host and not backend.unavailable() and backend.count():
            found.append(name)
    return found
