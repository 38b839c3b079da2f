"""Device names as TensorFlow writes them: `/gpu:0` is short for `/device:GPU:0`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_SHORT = re.compile(r"/?(?:device:)?(cpu|gpu)(?::(\d+|\*))?", re.IGNORECASE)


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
