"""Ops on bits: of whole numbers (the first four take bools, too), and read as another dtype."""

import numpy as np

from ..errors import DTypeError, ShapeError
from ..op import op
from ..spec import Spec, as_dtype
from .elementwise import broadcast_inputs

__all__ = ["bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "left_shift", "right_shift", "bitcast"]

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


# -- the same bits -------------------------------------------------------------------------------


@op
def bitcast(x, *, dtype):
    """The bits of x, read as another dtype.

    return: the shape of x where both dtypes have one width; (..., k) for x (...) where k elements stand in each of
            x's; (...) for x (..., k) where one element takes k of x's
    """
    wanted, x = as_dtype(dtype), np.ascontiguousarray(x)
    shape = bitcast_shape(Spec(x.shape, x.dtype), dtype=dtype).shape
    return np.frombuffer(x.tobytes(), wanted).reshape(shape)


@bitcast.shape
def bitcast_shape(x, *, dtype):
    wanted = as_dtype(dtype)
    have, want = x.dtype.itemsize, wanted.itemsize
    if have == want:
        return x.with_dtype(wanted)
    if have > want:
        return Spec((*x.shape, have // want), wanted)
    if x.ndim == 0 or x.shape[-1] != want // have:
        raise ShapeError(f"the last axis of {x} does not make one {wanted}: it must have size {want // have}")
    return Spec(x.shape[:-1], wanted)


bitcast.no_gradient("x", "bits are no numbers")


@bitcast.samples
def bitcast_samples(make):
    yield make.integers(2, 3), {"dtype": "uint64"}
    yield make.integers(3, low=-4), {"dtype": "int32"}
    yield make.integers(2, 8).astype(np.uint8), {"dtype": "int64"}
    yield make.integers(0, 2).astype(np.int16), {"dtype": "float32"}
    yield np.array([1065353216, -1071644672], np.int32), {"dtype": "float32"}
