"""What a layer without bottoms is to a net."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Source:
    """Where a net's values come from.

    shapes:   of each top
    position: how many records were read; None where that means nothing
    state:    of its random numbers; None where it draws none
    """

    shapes: list[tuple[int, ...]]
    position: int | None = None
    state: NDArray[np.uint64] | None = None

    def next(self) -> list[NDArray[Any]] | None:
        """An array for each top; None where the blobs keep what they hold."""
        return None
