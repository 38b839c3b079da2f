"""Weights of a net from a .caffemodel and into one: layers are matched by name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium_api_prototxt.blobs import array_to_blob, blob_to_array
from trivium_api_prototxt.errors import ModelFileError, in_words
from trivium_api_prototxt.messages import NetParameter
from trivium_api_prototxt.net_message import read_weights
from trivium_api_prototxt.saving import write_message

if TYPE_CHECKING:
    from trivium_api_prototxt.net import Net

Weights = tuple[str, Any]  # the file, and the NetParameter in it


def read(path: str | os.PathLike[str]) -> Weights:
    """What is in a .caffemodel."""
    return os.fspath(path), read_weights(path)


def save(path: str | os.PathLike[str], net: Net) -> None:
    """Write a .caffemodel."""
    write_message(path, to_message(net))


def to_message(net: Net) -> Any:
    """The net with its weights as a message."""
    message = NetParameter(name=net.name)
    for part in net.parts:
        layer = message.layer.add()
        layer.CopyFrom(part.message)
        layer.ClearField("blobs")
        for one in part.learned:
            layer.blobs.append(array_to_blob(one.blob.data_memory.read()))
    return message


def copy(weights: Weights, net: Net) -> list[str]:
    """Give a net the weights of layers of the same names.

    return: names of layers in the file that the net does not have
    """
    plan, unknown = plan_copy(weights, net)
    if not plan and any(part.learned for part in net.parts):
        ours = in_words([part.name for part in net.parts if part.learned], "and")
        raise ModelFileError(
            f"{weights[0]}: none of its layers is in {net.path}, whose layers with weights are {ours}: "
            "was it written for another net?"
        )
    for blob, array in plan:
        blob.data_memory.write(array)
    return unknown


def plan_copy(weights: Weights, net: Net) -> tuple[list[tuple[Any, np.ndarray[Any, Any]]], list[str]]:
    """What `copy` would write, with everything checked and nothing changed."""
    path, message = weights
    plan, unknown = [], []
    for layer in message.layer:
        part = next((part for part in net.parts if part.name == layer.name), None)
        if part is None:
            unknown.append(layer.name)
            continue
        where = f"{path}: layer '{layer.name}'"
        arrays = [blob_to_array(blob, where=f"{where}, blob {i}") for i, blob in enumerate(layer.blobs)]
        if not arrays and not part.learned:
            continue
        check_fit(
            where,
            [array.shape for array in arrays],
            f"{part.title} of {net.path}",
            [one.blob.shape for one in part.learned],
        )
        for i, array in enumerate(arrays):
            check_finite(f"{where}, blob {i}", array)
        plan += [(one.blob, array.reshape(one.blob.shape)) for one, array in zip(part.learned, arrays)]
    return plan, unknown


def check_finite(where: str, array: np.ndarray[Any, Any]) -> None:
    """Raise ModelFileError for weights of a training that went astray."""
    count = array.size - int(np.count_nonzero(np.isfinite(array)))
    if count:
        raise ModelFileError(
            f"{where}: {count:,} of {array.size:,} numbers are nan or infinite: the training that wrote it diverged, "
            "or it is damaged; take an earlier one"
        )


def check_fit(ours: str, shapes: Sequence[tuple[int, ...]], theirs: str, wanted: Sequence[tuple[int, ...]]) -> None:
    """Raise ModelFileError unless there are as many blobs as wanted, of the same shapes."""
    advice = "give the layer another name to start it afresh, or correct its settings"
    if len(shapes) != len(wanted):
        raise ModelFileError(f"{ours}: has {len(shapes)} blobs, {theirs} has {len(wanted)}: {advice}")
    for i, (shape, want) in enumerate(zip(shapes, wanted)):
        if not _is_same(shape, want):
            raise ModelFileError(f"{ours}: blob {i} is {shape}, that of {theirs} is {want}: {advice}")


def _is_same(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Equal, or equal but for the leading ones of the four-dimensional blobs of old."""
    if len(shape) == 4 and len(wanted) < 4:
        return shape == (1,) * (4 - len(wanted)) + tuple(wanted)
    return tuple(shape) == tuple(wanted)
