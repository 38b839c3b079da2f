"""Philox4x32-10 on arrays: thousands of blocks at a time, in place, inside the cache."""

import math

import numpy as np

from trivium.kernel import Refused
from trivium.ops.random import HALF, KEY_STEPS, MULTIPLIERS, ROUNDS, UNIT, WORD
from trivium.spec import as_dtype

from .precision import deliver, in_float32, is_float
from .scratch import Pool

BLOCKS = 1 << 13  # six arrays of so many words: less than half of a usual second-level cache
LOW_BITS = np.uint32(8)  # what a uniform number does not use of a word


class Words:
    """The words of draws of one size.

    chunks: (slice of elements, blocks) of each part of a draw
    """

    def __init__(self, count):
        self.count = count
        blocks = -(-count // 4)
        self.most = min(blocks, BLOCKS)
        self.chunks = [
            (slice(4 * start, min(4 * (start + BLOCKS), count)), start, min(BLOCKS, blocks - start))
            for start in range(0, blocks, BLOCKS)
        ]
        self.ramp = np.arange(self.most, dtype=np.uint64)
        self.pool = Pool(self.make)

    def make(self):
        return [np.empty(self.most, np.uint64) for _ in range(6)], np.empty((self.most, 4), np.uint32)

    def draw(self, state):
        """Yield (slice of elements, their words as uint32); the words last until the next part."""
        key, counter = state
        keys = key_schedule(key)
        scratch = self.pool.take()
        registers, words = scratch
        for part, start, blocks in self.chunks:
            at = np.add(self.ramp[:blocks], counter + np.array([start], np.uint64), out=registers[0][:blocks])
            permute(at, [register[:blocks] for register in registers[1:]], keys, words[:blocks])
            yield part, words.reshape(-1)[: part.stop - part.start]
        self.pool.give(scratch)


def key_schedule(key):
    pair = [key & WORD, key >> HALF]
    schedule = []
    for _ in range(ROUNDS):
        schedule.append(tuple(pair))
        pair = [(word + step) & WORD for word, step in zip(pair, KEY_STEPS, strict=True)]
    return schedule


def permute(a, registers, keys, words):
    """Ten rounds on the counters in `a`, which is overwritten; column i of `words` receives word i of each block."""
    b, c, d, left, right = registers
    np.right_shift(a, HALF, out=b)
    np.bitwise_and(a, WORD, out=a)
    c.fill(0)
    d.fill(0)
    for key_a, key_b in keys:
        np.multiply(a, MULTIPLIERS[0], out=left)
        np.multiply(c, MULTIPLIERS[1], out=right)
        np.right_shift(right, HALF, out=a)
        np.bitwise_xor(a, b, out=a)
        np.bitwise_xor(a, key_a, out=a)
        np.bitwise_and(right, WORD, out=b)
        np.right_shift(left, HALF, out=c)
        np.bitwise_xor(c, d, out=c)
        np.bitwise_xor(c, key_b, out=c)
        np.bitwise_and(left, WORD, out=d)
    for column, register in enumerate((a, b, c, d)):
        np.copyto(words[:, column], register, casting="unsafe")


def fractions(words, out):
    """The upper 24 bits of each word, in [0, 1)."""
    np.right_shift(words, LOW_BITS, out=words)
    return np.multiply(words, out.dtype.type(UNIT), out=out, casting="unsafe")


def prepare_random_bits(specs, settings):
    shape = settings["shape"]
    words = Words(math.prod(shape))

    def random_bits(state, out=None):
        if out is None:
            out = np.empty(shape, np.uint32)
        flat = out.reshape(-1)
        for part, drawn in words.draw(state):
            flat[part] = drawn
        return out

    return random_bits


def prepare_uniform(specs, settings):
    shape, low, high = settings["shape"], settings["low"], settings["high"]
    dtype = as_dtype(settings["dtype"])
    exact = np.promote_types(dtype, np.float32)
    words = Words(math.prod(shape))

    def uniform(state, out=None):
        result = out if out is not None and dtype == exact else np.empty(shape, exact)
        flat = result.reshape(-1)
        for part, drawn in words.draw(state):
            fraction = fractions(drawn, flat[part])
            np.multiply(fraction, high - low, out=fraction)
            np.add(fraction, low, out=fraction)
        return result if dtype == exact else deliver(result.astype(dtype), out)

    return uniform


def prepare_normal(specs, settings):
    shape, mean, std = settings["shape"], settings["mean"], settings["std"]
    dtype = as_dtype(settings["dtype"])
    count = math.prod(shape)
    words = Words(count + count % 2)
    pool = Pool(lambda: np.empty((2, 2 * words.most, 2)))

    def normal(state, out=None):
        if out is None:
            out = np.empty(shape, dtype)
        flat = out.reshape(-1)
        scratch = pool.take()
        for part, drawn in words.draw(state):
            pairs = len(drawn) // 2
            fraction, point = scratch[:, :pairs]
            fractions(drawn, fraction.reshape(-1))
            radius, angle = fraction.T
            np.log(np.add(radius, UNIT, out=radius), out=radius)  # of (0, 1]
            np.sqrt(np.multiply(radius, -2, out=radius), out=radius)
            np.multiply(angle, 2 * np.pi, out=angle)
            np.multiply(np.cos(angle, out=point[:, 0]), radius, out=point[:, 0])
            np.multiply(np.sin(angle, out=point[:, 1]), radius, out=point[:, 1])
            np.multiply(point, std, out=point)
            np.add(point, mean, out=point)
            place = flat[part]
            np.copyto(place, point.reshape(-1)[: place.size], casting="unsafe")
        pool.give(scratch)
        return out

    return normal


def prepare_dropout(specs, settings):
    x = specs[0]
    words = Words(math.prod(x.shape))

    def dropout(x, rate, state, out=None):
        out, mask = out or (np.empty(x.shape, x.dtype), np.empty(x.shape, bool))
        kept, flat = mask.reshape(-1), out.reshape(-1)
        # a fraction is at least the rate where its word is at least this
        least = math.ceil(float(rate) / UNIT) << int(LOW_BITS)
        for part, drawn in words.draw(state):
            np.greater_equal(drawn, least, out=kept[part])
        np.divide(x, np.maximum(1 - rate, UNIT).astype(x.dtype), out=out)
        np.copyto(flat, 0, where=np.logical_not(kept))
        return out, mask

    return dropout if is_float(x.dtype) else Refused("only floating point is served")


def advance(state, *, count, out=None):
    return np.add(state, np.array([0, count], np.uint64), out=out)


KERNELS = {"advance": advance}

PREPARED = {
    "random_bits": prepare_random_bits,
    "uniform": prepare_uniform,
    "normal": prepare_normal,
    "dropout": in_float32(prepare_dropout),
}
