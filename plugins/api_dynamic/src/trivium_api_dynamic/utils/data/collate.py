"""Samples to a batch."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from trivium.tensor import Tensor as CoreTensor

from ...creation import as_tensor, tensor
from ...joining import stack


def default_collate(batch: list[Any]) -> Any:
    """Tensors, arrays and numbers stacked along a new first axis; inside of lists, tuples and dicts, too."""
    first = batch[0]
    if isinstance(first, CoreTensor):
        return stack(batch)
    if isinstance(first, (np.ndarray, np.generic)):
        return as_tensor(np.stack([np.asarray(x) for x in batch]))
    if isinstance(first, float):
        return tensor(batch, dtype="float64")
    if isinstance(first, (bool, int)):
        return tensor(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return type(first)({key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, (tuple, list)):
        if any([len(sample) != len(first) for sample in batch]):
            raise RuntimeError("each element in list of batch should be of equal size")
        columns = [default_collate(list(column)) for column in zip(*batch)]
        if hasattr(first, "_fields"):
            return type(first)(*columns)
        return columns if isinstance(first, list) else tuple(columns)
    raise TypeError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found "
        f"{type(first).__name__}; give DataLoader a collate_fn"
    )
