"""Ops on the bits of whole numbers; the first four take bools, too."""

import numpy as np

from ..errors import DTypeError
from ..op import op
from .elementwise import broadcast_inputs

__all__ = ["bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "left_shift", "right_shift"]

BITS = "bits change in steps"


def bits_shape(*specs):
    if specs[0].dtype.kind not in "biu":
        raise DTypeError(f"has no bits to combine: {specs[0]}; cast it to whole numbers")
    return broadcast_inputs(*specs)


def shift_shape(x, y):
    if x.dtype.kind not in "iu":
        raise DTypeError(f"shifts the bits of whole numbers, got {x}")
    return broadcast_inputs(x, y)


def pair_of_bits(make):
    yield make.integers(4, 3, low=-8, high=8), make.integers(4, 3, low=-8, high=8)
    yield make.integers(4, 3).astype(np.uint8), make.integers(3).astype(np.uint8)
    yield make.bools(4, 3), make.bools(3)
    yield make.integers(0, 3), make.integers(3)


def shifts(make):
    yield make.integers(4, 3, low=-8, high=8), make.integers(4, 3, high=5)
    yield make.integers(4, 1, high=200).astype(np.uint8), make.integers(3, high=7).astype(np.uint8)
    yield make.integers(0, 3), make.integers(3)


@op(elementwise=True)
def bitwise_and(x, y):
    """Bits that are set in both."""
    return np.bitwise_and(x, y)


bitwise_and.shape(bits_shape)
bitwise_and.no_gradient(BITS)
bitwise_and.samples(pair_of_bits)


@op(elementwise=True)
def bitwise_or(x, y):
    """Bits that are set in at least one."""
    return np.bitwise_or(x, y)


bitwise_or.shape(bits_shape)
bitwise_or.no_gradient(BITS)
bitwise_or.samples(pair_of_bits)


@op(elementwise=True)
def bitwise_xor(x, y):
    """Bits that are set in just one."""
    return np.bitwise_xor(x, y)


bitwise_xor.shape(bits_shape)
bitwise_xor.no_gradient(BITS)
bitwise_xor.samples(pair_of_bits)


@op(elementwise=True)
def bitwise_not(x):
    """Bits that are not set."""
    return np.bitwise_not(x)


bitwise_not.shape(bits_shape)
bitwise_not.no_gradient(BITS)


@bitwise_not.samples
def bitwise_not_samples(make):
    yield make.integers(4, 3, low=-8, high=8)
    yield make.integers(3).astype(np.uint8)
    yield make.bools(4)
    yield make.integers(0, 3)


@op(elementwise=True)
def left_shift(x, y):
    """x * 2**y: all bits moved up by y, 0 follows; y is less than x has bits."""
    return np.left_shift(x, y)


left_shift.shape(shift_shape)
left_shift.no_gradient(BITS)
left_shift.samples(shifts)


@op(elementwise=True)
def right_shift(x, y):
    """floor(x / 2**y): all bits moved down by y, the sign follows; y is less than x has bits."""
    return np.right_shift(x, y)


right_shift.shape(shift_shape)
right_shift.no_gradient(BITS)
right_shift.samples(shifts)
