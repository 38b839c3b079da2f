"""Collections: values that a graph remembers under a name."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["GraphKeys"]


class GraphKeys:
    """The names of the collections that TensorFlow itself fills and reads."""

    GLOBAL_VARIABLES = VARIABLES = "variables"
    LOCAL_VARIABLES = "local_variables"
    MODEL_VARIABLES = "model_variables"
    TRAINABLE_VARIABLES = "trainable_variables"
    MOVING_AVERAGE_VARIABLES = "moving_average_variables"
    REGULARIZATION_LOSSES = "regularization_losses"
    LOSSES = "losses"
    SUMMARIES = "summaries"
    UPDATE_OPS = "update_ops"
    TRAIN_OP = "train_op"
    INIT_OP = "init_op"
    GLOBAL_STEP = "global_step"
    QUEUE_RUNNERS = "queue_runners"
    SAVERS = "savers"


class Collections:
    """The part of a graph that remembers values."""

    def __init__(self) -> None:
        self._collections: dict[str, list[Any]] = {}

    def check_not_finalized(self) -> None:
        """Raise where nothing more is remembered."""
        raise NotImplementedError

    def add_to_collection(self, name: str, value: Any) -> None:
        """Remember a value under a name."""
        self.check_not_finalized()
        self._collections.setdefault(name, []).append(value)

    def add_to_collections(self, names: Any, value: Any) -> None:
        """Remember a value under several names."""
        for name in (names,) if isinstance(names, str) else dict.fromkeys(names):
            self.add_to_collection(name, value)

    def get_collection(self, name: str, scope: str | None = None) -> list[Any]:
        """The values under a name; of those with a name of their own, the ones that start with `scope`."""
        found = self._collections.get(name, [])
        if scope is None:
            return list(found)
        return [value for value in found if hasattr(value, "name") and re.match(scope, value.name)]

    def get_collection_ref(self, name: str) -> list[Any]:
        """The list itself."""
        return self._collections.setdefault(name, [])

    def get_all_collection_keys(self) -> list[str]:
        """The names under which something is remembered."""
        return [name for name, values in self._collections.items() if values]

    def clear_collection(self, name: str) -> None:
        """Forget the values under a name."""
        self._collections.pop(name, None)
