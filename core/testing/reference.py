"""The references as a device: what every other device is compared with, and where numeric gradients are taken."""

from __future__ import annotations

import numpy as np

from ..backend import Backend
from ..kernel import reference_kernel

# It is not registered: no name leads here, so no plugin's kernel can serve it.
reference = Backend(
    "reference", from_numpy=np.array, to_numpy=np.asarray, fallback=reference_kernel, strided=True, is_host=True
)
