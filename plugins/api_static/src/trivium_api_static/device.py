"""Device names as TensorFlow writes them: `/gpu:0` is short for `/device:GPU:0`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

_SHORT = re.compile(r"/?(?:device:)?(cpu|gpu)(?::(\d+|\*))?", re.IGNORECASE)
HOST = "/job:localhost/replica:0/task:0"


@frozen
class DeviceAttributes:
    """A device of a session."""

    name: str
    device_type: str
    memory_limit_bytes: int = 0


def canonical_device(asked: Sequence[Any], operation: Any) -> str:
    """What the innermost device scope asks for; functions are asked with the operation.

    >>> canonical_device(["/cpu:0"], None), canonical_device(["/device:GPU:1"], None), canonical_device([], None)
    ('/device:CPU:0', '/device:GPU:1', '')
    """
    for entry in reversed(asked):
        name = entry(operation) if callable(entry) else entry
        if name:
            return _full(str(name))
    return ""


def _full(name: str) -> str:
    parts = []
    for part in re.split(r"(?=/)", name):
        if found := _SHORT.fullmatch(part):
            part = f"/device:{found[1].upper()}:{found[2] or 0}"
        elif part and not re.fullmatch(r"/(job|replica|task|device):[\w:*]+", part):
            raise ValueError(f"Malformed device specification '{name}'; for example '/cpu:0' or '/device:GPU:0'")
        parts.append(part)
    return "".join(parts)


def present_devices(device: Any, counts: Mapping[str, int], visible: str = "") -> list[DeviceAttributes]:
    """The devices of a session that runs on one of the core's.

    counts:  how many of a type, where a ConfigProto says so
    visible: the numbers of the GPUs to count
    """
    found = [DeviceAttributes(f"{HOST}/device:CPU:{i}", "CPU") for i in range(max(counts.get("CPU", 1), 1))]
    if not device.backend.is_host:
        count = len([n for n in visible.split(",") if n.strip()]) or device.backend.count()
        count = max(min(count, counts.get("GPU", count)), 1)
        found += [DeviceAttributes(f"{HOST}/device:GPU:{i}", "GPU") for i in range(count)]
    return found


def is_present(asked: str, devices: Sequence[DeviceAttributes]) -> bool:
    """Whether one of the devices is what an operation asks for; a job or task alone asks for none."""
    wanted = re.search(r"/device:(\w+):(\d+|\*)", asked)
    if wanted is None:
        return True
    return any(d.device_type == wanted[1] and (wanted[2] == "*" or d.name.endswith(f":{wanted[2]}")) for d in devices)
