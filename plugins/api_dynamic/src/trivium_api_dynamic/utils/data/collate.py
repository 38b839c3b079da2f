"""Samples to a batch."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from trivium.tensor import Tensor as CoreTensor

from ...creation import as_tensor, tensor
from ...joining import stack


def is_numeric(array: Any) -> bool:
    return isinstance(array, (np.ndarray, np.generic)) and array.dtype.kind in "biufcV"


def default_convert(data: Any) -> Any:
    """Arrays as tensors, inside of lists, tuples and dicts, too; anything else as it is."""
    if is_numeric(data):
        return as_tensor(np.asarray(data))
    if isinstance(data, Mapping):
        return rebuilt(data, {key: default_convert(value) for key, value in data.items()})
    if hasattr(data, "_fields"):
        return type(data)(*[default_convert(value) for value in data])
    if isinstance(data, (tuple, list)):
        return [default_convert(value) for value in data]
    return data


def rebuilt(like: Mapping[Any, Any], values: dict[Any, Any]) -> Any:
    """A mapping of the same type where that can be made of a dict, else a dict."""
    try:
        return type(like)(values)  # type: ignore[call-arg]
    except TypeError:
        return values


def default_collate(batch: list[Any]) -> Any:
    """Tensors, arrays and numbers stacked along a new first axis; inside of lists, tuples and dicts, too."""
    first = batch[0]
    if isinstance(first, CoreTensor):
        return stack(batch)
    if is_numeric(first):
        return stack([as_tensor(np.asarray(x)) for x in batch])
    if isinstance(first, float):
        return tensor(batch, dtype="float64")
    if isinstance(first, (bool, int)):
        return tensor(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return rebuilt(first, {key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, (tuple, list)):
        if any([len(sample) != len(first) for sample in batch]):
            raise RuntimeError("each element in list of batch should be of equal size")
        columns = [default_collate(list(column)) for column in zip(*batch)]
        return type(first)(*columns) if hasattr(first, "_fields") else columns
    raise TypeError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found "
        f"{type(first)}; give DataLoader a collate_fn"
    )
