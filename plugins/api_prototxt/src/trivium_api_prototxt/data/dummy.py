"""Made-up data: constants that stay, random numbers that change with every batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivium.initializer import Initializer
from trivium.randomness import Stream
from trivium_api_prototxt.data.source import Source


class DummyData(Source):
    """
    shapes:   of each top
    fillers:  what each top holds
    is_fixed: for each top, whether every batch is the same
    """

    def __init__(self, shapes: list[Any], fillers: list[Initializer], is_fixed: list[bool]) -> None:
        self.shapes, self._fillers, self._is_fixed = shapes, fillers, is_fixed
        self._stream = Stream()
        self._kept: list[Any] = [None] * len(shapes)

    @property
    def state(self) -> np.ndarray[Any, Any] | None:  # type: ignore[override]
        """Of the random numbers, where there are any."""
        return None if all(self._is_fixed) else self._stream.state

    @state.setter
    def state(self, words: np.ndarray[Any, Any]) -> None:
        self._stream.state = words

    def next(self) -> list[Any]:
        """The next batch."""
        for i, fill in enumerate(self._fillers):
            if self._kept[i] is None or not self._is_fixed[i]:
                self._kept[i] = fill(self.shapes[i], self._stream)
        return list(self._kept)
