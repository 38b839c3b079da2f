"""Sequences of different lengths: packed, padded, and back."""

from collections import namedtuple
from typing import Any

import numpy as np

from trivium import ops
from trivium.tensor import Tensor as CoreTensor

from ...creation import tensor
from ...joining import stack, unbind
from ...tensors import on_host

_Fields = namedtuple("PackedSequence", ["data", "batch_sizes", "sorted_indices", "unsorted_indices"])


class PackedSequence(_Fields):
    """The elements of several sequences, step by step, without padding.

    data:           (sum of lengths, ...) the first elements of all sequences, then the second ones of those that have
                    two, and so on; the longest sequence is the first of each step
    batch_sizes:    (longest length,) int64: how many sequences have each step
    sorted_indices: (batch,) which sequence stands where; None where they stood like that
    """

    def __new__(cls, data, batch_sizes=None, sorted_indices=None, unsorted_indices=None):
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def _with(self, data: Any) -> "PackedSequence":
        return type(self)(data, self.batch_sizes, self.sorted_indices, self.unsorted_indices)

    def to(self, *args: Any, **settings: Any) -> "PackedSequence":
        """The same with data of another dtype, or on another device."""
        return self._with(self.data.to(*args, **settings))

    def float(self) -> "PackedSequence":
        """The same in float32."""
        return self._with(self.data.float())

    def double(self) -> "PackedSequence":
        """The same in float64."""
        return self._with(self.data.double())

    def cpu(self) -> "PackedSequence":
        """The same in host memory."""
        return self.to(device="cpu")

    def cuda(self, device: Any = None) -> "PackedSequence":
        """The same on a CUDA device."""
        return self.to(device="cuda" if device is None else device)

    @property
    def is_cuda(self) -> bool:
        """Whether its data live on a CUDA device."""
        return self.data.is_cuda

    @property
    def lengths(self) -> np.ndarray[Any, Any]:
        """How long each sequence is, the longest first."""
        sizes = on_host(self.batch_sizes)
        return (sizes[:, None] > np.arange(sizes[0])).sum(axis=0)


def invert_permutation(permutation: Any) -> Any:
    """Where each position went."""
    return None if permutation is None else tensor(np.argsort(on_host(permutation), kind="stable"))


def steps_of(lengths: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """(step, sequence) of each packed element, for lengths from the longest on: (sum of lengths, 2)."""
    return np.argwhere(np.arange(lengths.max(initial=0))[:, None] < lengths)


def pack_padded_sequence(input, lengths, batch_first=False, enforce_sorted=True):
    """Pack sequences that stand padded beside one another.

    input:          (steps, batch, ...), or (batch, steps, ...)
    lengths:        of each sequence, at least 1
    enforce_sorted: whether they must be given from the longest on; else they are sorted here
    """
    input = swapped(input) if batch_first else input
    lengths = np.asarray(on_host(lengths) if isinstance(lengths, CoreTensor) else lengths)
    if lengths.shape != (input.spec.shape[1],):
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {lengths.size} (batch_size="
            f"{input.spec.shape[1]})"
        )
    if lengths.min(initial=1) <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if lengths.max(initial=0) > input.spec.shape[0]:
        raise RuntimeError(f"lengths: the longest is {lengths.max()}, the input has {input.spec.shape[0]} steps")
    order = None
    if not enforce_sorted:
        order = np.argsort(-lengths, kind="stable")
        lengths = lengths[order]
        input = ops.gather(input, tensor(order), axis=1)
    elif (np.diff(lengths) > 0).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you "
            "do not need ONNX exportability."
        )
    return PackedSequence(
        packed(input, lengths), tensor((lengths > np.arange(lengths.max())[:, None]).sum(axis=1)),
        None if order is None else tensor(order),
    )  # fmt: skip


def packed(padded: Any, lengths: np.ndarray[Any, Any]) -> Any:
    """The elements that count of (steps, batch, ...), for lengths from the longest on."""
    steps, batch, *rest = padded.spec.shape
    at = steps_of(lengths) @ np.array([batch, 1])
    return ops.gather(ops.reshape(padded, shape=(steps * batch, *rest)), tensor(at), axis=0)


def padded(sequence: PackedSequence, padding_value: float = 0.0, steps: int | None = None) -> Any:
    """A packed sequence as (steps, batch, ...), the longest first."""
    data, lengths = sequence.data, sequence.lengths
    rest = data.spec.shape[1:]
    at = np.full((steps or lengths.max(), len(lengths)), data.spec.shape[0])
    at[tuple(steps_of(lengths).T)] = np.arange(data.spec.shape[0])
    filling = ops.full(shape=(1, *rest), value=padding_value, dtype=data.spec.dtype.name, place=data.place)
    return ops.gather(ops.concatenate(data, filling, axis=0), tensor(at), axis=0)


def pad_packed_sequence(sequence, batch_first=False, padding_value=0.0, total_length=None):
    """A packed sequence as a padded tensor in the order in which the sequences were given, and their lengths."""
    lengths = sequence.lengths
    if total_length is not None and total_length < lengths.max():
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got total_length="
            f"{total_length} and max sequence length being {lengths.max()}"
        )
    result = padded(sequence, padding_value, total_length)
    if sequence.unsorted_indices is not None:
        lengths = lengths[on_host(sequence.unsorted_indices)]
        result = ops.gather(result, sequence.unsorted_indices, axis=1)
    return swapped(result) if batch_first else result, tensor(lengths)


def pad_sequence(sequences, batch_first=False, padding_value=0.0, padding_side="right"):
    """Sequences (length, ...) beside one another, filled up to the longest: (steps, batch, ...)."""
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    sequences = list(sequences)
    steps = max([len(s) for s in sequences])

    def filled(sequence: Any) -> Any:
        missing = steps - len(sequence)
        width = (missing, 0) if padding_side == "left" else (0, missing)
        return ops.pad(sequence, widths=(width, *[(0, 0)] * (sequence.spec.ndim - 1)), value=padding_value)

    return stack([filled(s) for s in sequences], 0 if batch_first else 1)


def unpad_sequence(padded_sequences, lengths, batch_first=False):
    """The sequences of a padded tensor, each with its own length."""
    rows = unbind(padded_sequences, 0 if batch_first else 1)
    return [row[: int(length)] for row, length in zip(rows, lengths)]


def pack_sequence(sequences, enforce_sorted=True):
    """Pack sequences (length, ...)."""
    sequences = list(sequences)
    return pack_padded_sequence(
        pad_sequence(sequences), [len(s) for s in sequences], enforce_sorted=enforce_sorted
    )  # fmt: skip


def unpack_sequence(packed_sequences):
    """The sequences of a packed one."""
    return unpad_sequence(*pad_packed_sequence(packed_sequences, batch_first=True), batch_first=True)


def swapped(x: Any) -> Any:
    """The first two axes exchanged."""
    return ops.transpose(x, axes=(1, 0, *range(2, x.spec.ndim)))
