"""The references as a device: what every other device is compared with, and where numeric gradients are taken."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Backend
from ..kernel import Run, reference_kernel
from ..op import Op


def fallback(op: Op, specs: Any, settings: Any) -> Run:
    """The op's reference."""
    return reference_kernel(op, settings)


# It is not registered: no name leads here, so no plugin's kernel can serve it.
reference = Backend(
    "reference", from_numpy=np.array, to_numpy=np.asarray, fallback=fallback, strided=True, is_host=True
)
