"""Names of operations: which are valid, how they are made unique, how scopes nest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

_OPERATION = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\-/]*")
_SCOPE = re.compile(r"[A-Za-z0-9_.\-/]*")


def check_operation_name(name: str) -> None:
    """Refuse what TensorFlow would refuse as the name of an operation."""
    if not _OPERATION.fullmatch(name):
        raise ValueError(f"'{name}' is not a valid node name")


class Names:
    """The names in use in a graph, and the scope that prefixes new ones.

    >>> names = Names()
    >>> names.unique("x"), names.unique("x"), names.unique("X")
    ('x', 'x_1', 'X_2')
    """

    def __init__(self) -> None:
        self.scope = ""
        self._used: dict[str, int] = {}

    def unique(self, name: str, mark_as_used: bool = True) -> str:
        """`name` under the current scope, with `_1`,
        `_2` ... appended where it is taken; case does not tell names apart."""
        name = f"{self.scope}/{name}" if self.scope else name
        key = name.lower()
        count = self._used.get(key, 0)
        made, made_key = name, key
        while made_key in self._used:
            count = max(count, 1)
            made, made_key = f"{name}_{count}", f"{key}_{count}"
            count += 1
        if mark_as_used:
            self._used[key] = max(count, 1)
            self._used.setdefault(made_key, 1)
        return made

    def take(self, name: str) -> None:
        """Note that a full name is in use, and those of the scopes around it."""
        parts = name.lower().split("/")
        for i in range(len(parts)):
            self._used.setdefault("/".join(parts[: i + 1]), 1)

    @contextmanager
    def entered(self, name: str | None) -> Iterator[str]:
        """Prefix the names made inside.  A name that ends in `/` is entered as it is; None or "" is the root."""
        if name:
            check = _SCOPE if self.scope else _OPERATION
            if not check.fullmatch(name):
                raise ValueError(f"'{name}' is not a valid scope name")
        before = self.scope
        if not name:
            self.scope = ""
        else:
            self.scope = name[:-1] if name.endswith("/") else self.unique(name)
        try:
            yield f"{self.scope}/" if self.scope else ""
        finally:
            self.scope = before
