"""Which device, and what is allowed on it: settings turned into things.

A device is chosen by an argument, a `with trivium.device(...)` block, then by the settings.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ContextDecorator, contextmanager
from threading import local
from types import TracebackType
from typing import Any

from . import kernel, registry, settings
from .backend import Device
from .errors import ConfigError, DeviceError, PluginError
from .op import Op
from .plugin import PluginWarning
from .settings import get, source_of

__all__ = [
    "HostFallbackWarning", "Policy", "as_device", "choose_device", "current_device", "device",
    "fallback_summary", "get", "override", "policy", "reload", "source_of", "source_of_device",
]  # fmt: skip


class HostFallbackWarning(UserWarning):
    """An op that ran on the host, since its device lacks it: right, and slow."""


class Policy(kernel.Policy):
    """What the settings allow, and which ops had to run on the host."""

    def __init__(self, *, exact: bool, strict: bool) -> None:
        self.exact, self.strict = exact, strict
        self.fallbacks: Counter[tuple[str, str]] = Counter()

    def fall_back_to_host(self, op: Op, device: Device, rejected: list[tuple[str, str]]) -> None:
        """Refuse where `strict`; else warn once of each op on each device."""
        super().fall_back_to_host(op, device, rejected)
        self.fallbacks[device.name, op.name] += 1
        if self.fallbacks[device.name, op.name] == 1:
            warnings.warn(
                f"{op.name}: nothing runs it on {device}, so it runs on the host, with copies both ways; "
                "a plugin with kernels makes it fast, TRIVIUM_STRICT=1 makes it an error",
                HostFallbackWarning,
                stacklevel=4,
            )

    def summary(self) -> str:
        """One line on what ran on the host; empty where nothing did."""
        parts = []
        for device in sorted({device for device, _ in self.fallbacks}):
            ops = sorted({op for at, op in self.fallbacks if at == device})
            parts.append(f"{len(ops)} op{'s' * (len(ops) > 1)} of {device} ran on the host: {', '.join(ops)}")
        return "; ".join(parts)


class _Chosen(local):
    """The devices of the `with` blocks that this thread is in."""

    def __init__(self) -> None:
        self.stack: list[Device] = []


_chosen = _Chosen()
_default: tuple[int, Device] | None = None
_policy: tuple[int, Policy] | None = None


def current_device() -> Device:
    """Where this thread makes tensors when nothing else is said."""
    global _default
    if _chosen.stack:
        return _chosen.stack[-1]
    generation = settings.generation()
    if _default is None or _default[0] != generation:
        try:
            _default = generation, choose_device(get("device"))
        except DeviceError as error:
            source = source_of("device")
            raise error if source == "default" else DeviceError(f"{source}: {error}") from error
    return _default[1]


def source_of_device() -> str:
    """What chose the current device: a `with` block, or the source of the setting."""
    return "with trivium.device(...)" if _chosen.stack else source_of("device")


class device(ContextDecorator):
    """Make tensors on a device inside a `with` block, in this thread.

    `cuda:0` is that device or an error; `cuda,cpu` permits falling back; `auto` takes the best that answers.
    """

    def __init__(self, name: str | Device) -> None:
        self.device = as_device(name)

    def __enter__(self) -> Device:
        _chosen.stack.append(self.device)
        return self.device

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _chosen.stack.pop()


def as_device(where: str | Device | None) -> Device:
    """The device that an argument means; None means the current one."""
    if where is None:
        return current_device()
    return where if isinstance(where, Device) else choose_device(where)


def choose_device(names: str) -> Device:
    """The first device of a list that answers."""
    try:
        listed = settings.SETTINGS["device"].read(names).split(",")
    except (ValueError, TypeError):
        raise ConfigError(f"device: {names!r} is not valid; it is {settings.SETTINGS['device'].valid}") from None
    if listed == ["auto"]:
        listed = _best_first()
    elif len(listed) == 1:
        return registry.find_device(listed[0])
    reasons = []
    for name in listed:
        try:
            return registry.find_device(name)
        except (DeviceError, PluginError) as error:
            reasons.append(f"{name}: {error}")
    raise DeviceError(f"device {names!r}: none answers: {'; '.join(reasons) or 'no backend is installed'}")


def _best_first() -> list[str]:
    """Types of device in the order in which `auto` tries them: devices of their own before the host."""
    ranked = []
    types = registry.device_types()
    for type in types if len(types) == 1 else _answering(types):
        try:
            backend = registry.find_backend(type)
        except (DeviceError, PluginError):
            continue  # the warning about it has said why
        preference: int = backend.preference
        if preference >= 0:
            ranked.append((backend.is_host, -preference, type))
    return [type for _, _, type in sorted(ranked)]


def _answering(types: Sequence[str]) -> list[str]:
    """Those types of device that answer when they are tried in a process of their own, where a hang harms nobody."""
    import subprocess  # noqa: PLC0415 - few ask for `auto`

    ask = [sys.executable, "-P", "-m", "trivium", "devices", "--json"]
    seen = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    asked = subprocess.run(ask, stdin=subprocess.DEVNULL, capture_output=True, env=seen, check=False)
    answers = json.loads(asked.stdout or '{"types": {}}')["types"]  # where the command fails, the devices will say why
    if silent := [type for type in types if answers.get(type, {}).get("state") in ("crashed", "timed out")]:
        text = f"device auto: {', '.join(silent)} left out, for want of an answer; `trivium doctor` says more"
        warnings.warn(text, PluginWarning, stacklevel=2)
    return [type for type in types if type not in answers or answers[type]["state"] == "ok"]


def policy() -> Policy:
    """What the settings allow when kernels are chosen."""
    global _policy
    generation = settings.generation()
    if _policy is None or _policy[0] != generation:
        _policy = generation, Policy(exact=get("exact"), strict=get("strict"))
    return _policy[1]


def fallback_summary() -> str:
    """One line on what ran on the host; empty where nothing did."""
    return "" if _policy is None else _policy[1].summary()


@contextmanager
def override(**values: Any) -> Iterator[None]:
    """Set things inside a `with` block, for every thread: `override(strict=True, plugins_block=["cuda"])`."""
    with settings.override(**values):
        registry.forget_kernels()
        try:
            yield
        finally:
            registry.forget_kernels()


def reload() -> None:
    """Read the environment and the files again."""
    settings.reload()
    registry.forget_kernels()
