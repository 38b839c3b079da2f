"""Random numbers from a counter, by Philox4x32-10.

Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011.

A state is uint64[2]: a key, which is seed + (stream << 32), and a counter.  Block b of a draw is the key's
permutation of counter + b, four words of 32 bits: elements 4b to 4b + 3.  A draw leaves its state as it is;
`advance` makes the next one.
"""

import math

import numpy as np

from ..errors import DTypeError, ShapeError
from ..op import op
from ..spec import Spec, as_dtype, product, same_size
from .elementwise import cast, clip, less, log, where
from .indexing import gather
from .reduction import argmax
from .shaping import reshape
from .sorting import argsort, top_k
from .special import erfinv

__all__ = [
    "random_bits",
    "uniform",
    "normal",
    "truncated_normal",
    "random_integers",
    "bernoulli",
    "exponential",
    "gumbel",
    "permutation",
    "shuffle",
    "multinomial",
    "dropout",
    "advance",
    "blocks",
]

WORD = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
KEY_STEPS = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
ROUNDS = 10
UNIT = 2.0**-24  # a uniform number has 24 random bits, as many as a float32 holds

NO_VALUE = "a state only says where a sequence goes on"


def philox(counter, key):
    """Permute four words of a counter with two words of a key; words are 32 bits of a uint64.

    >>> [f"{word:08x}" for word in philox([np.uint64(0)] * 4, [np.uint64(0)] * 2)]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    a, b, c, d = counter
    key_a, key_b = key
    for _ in range(ROUNDS):
        left, right = a * MULTIPLIERS[0], c * MULTIPLIERS[1]
        a, b, c, d = (right >> HALF) ^ b ^ key_a, right & WORD, (left >> HALF) ^ d ^ key_b, left & WORD
        key_a, key_b = (key_a + KEY_STEPS[0]) & WORD, (key_b + KEY_STEPS[1]) & WORD
    return a, b, c, d


def words(state, count):
    """The first `count` words of a draw, as uint32."""
    key, counter = state
    at = np.arange(-(-count // 4), dtype=np.uint64) + counter
    none = np.zeros_like(at)
    drawn = philox((at & WORD, at >> HALF, none, none), (key & WORD, key >> HALF))
    return np.stack(drawn, axis=-1).reshape(-1)[:count].astype(np.uint32)


def fractions(bits):
    """The upper 24 bits of each word as a float64 in [0, 1)."""
    return (bits >> np.uint32(8)) * UNIT


def blocks(shape):
    """How far a draw of this shape moves the counter.

    >>> blocks((3, 3))
    3
    """
    return (product(shape) + 3) // 4


def check_state(state):
    if state.dtype != np.uint64:
        raise DTypeError(f"a random state is uint64[2], key and counter; got {state}")
    if state.ndim != 1 or not same_size(state.shape[0], 2):
        raise ShapeError(f"a random state is uint64[2], key and counter; got {state}")


def drawn_shape(state, *, shape, dtype, **_):
    check_state(state)
    return Spec(shape, dtype)


@op(random=True, free=("state",))
def random_bits(state, *, shape):
    """32 random bits in each element.

    state:  uint64[2]
    return: uint32, of `shape`
    """
    return words(state, math.prod(shape)).reshape(shape)


@random_bits.shape
def random_bits_shape(state, *, shape):
    return drawn_shape(state, shape=shape, dtype=np.uint32)


random_bits.no_gradient("state", NO_VALUE)


@random_bits.samples
def random_bits_samples(make):
    yield make.stream(), {"shape": (2, 3)}
    yield make.stream(seed=7, stream=3, counter=5), {"shape": (4, 4)}
    yield make.stream(seed=2**32 - 1, counter=2**32 - 2), {"shape": (17,)}
    yield make.stream(counter=2**64 - 1), {"shape": (9,)}
    yield make.stream(), {"shape": ()}
    yield make.stream(), {"shape": (0, 3)}
    yield make.stream(), {"shape": (1001,)}


@op(random=True, free=("state",))
def uniform(state, *, shape, dtype="float32", low=0.0, high=1.0):
    """Numbers evenly distributed over [low, high).

    state:  uint64[2]
    return: low + (high - low) * fraction, where the fraction is the upper 24 bits of a word

    Product and sum are each rounded to `dtype`, or to float32 if that is wider, so that all devices agree.
    """
    exact = np.promote_types(as_dtype(dtype), np.float32)
    fraction = fractions(words(state, math.prod(shape))).astype(exact)
    return (fraction * (high - low) + low).astype(as_dtype(dtype)).reshape(shape)


uniform.shape(drawn_shape)
uniform.no_gradient("state", NO_VALUE)


@uniform.samples
def uniform_samples(make):
    yield make.stream(), {"shape": (2, 3)}
    yield make.stream(seed=3, stream=1, counter=9), {"shape": (5, 5), "low": -0.3, "high": 0.7}
    yield make.stream(), {"shape": (7,), "dtype": "float64"}
    yield make.stream(), {"shape": ()}
    yield make.stream(), {"shape": (0, 3)}
    yield make.stream(), {"shape": (1001,), "dtype": "float64", "low": -0.3}


@op(random=True, free=("state",))
def normal(state, *, shape, dtype="float32", mean=0.0, std=1.0):
    """Normally distributed numbers, two from each pair of words (Box & Muller, 1958).

    state:  uint64[2]
    return: mean + std * radius * (cos, sin)(angle), in turn
    """
    count = math.prod(shape)
    first, second = fractions(words(state, count + count % 2)).reshape(-1, 2).T
    radius = np.sqrt(-2 * np.log(first + UNIT))  # in (0, 1], which has a logarithm
    angle = 2 * np.pi * second
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    return (mean + std * pairs.reshape(-1)[:count]).astype(as_dtype(dtype)).reshape(shape)


normal.shape(drawn_shape)
normal.no_gradient("state", NO_VALUE)


@normal.samples
def normal_samples(make):
    yield make.stream(), {"shape": (2, 3)}
    yield make.stream(seed=3, stream=1, counter=9), {"shape": (5, 5), "mean": -0.3, "std": 0.7}
    yield make.stream(), {"shape": (7,), "dtype": "float64"}
    yield make.stream(), {"shape": ()}
    yield make.stream(), {"shape": (0, 3)}
    yield make.stream(), {"shape": (1001,)}


@op(random=True, free=("state",))
def random_integers(state, *, shape, low=0, high, dtype="int64"):
    """Whole numbers from `low` up to, without, `high`, which is at most 2**32 further.

    state:  uint64[2]
    return: low + the upper 32 bits of word * (high - low): no number is more frequent than another by more than
            (high - low) / 2**32
    """
    bits = words(state, math.prod(shape)).astype(np.uint64)
    offsets = (bits * np.uint64(high - low)) >> HALF
    return (offsets.astype(np.int64) + low).astype(as_dtype(dtype)).reshape(shape)


@random_integers.shape
def random_integers_shape(state, *, shape, low, high, dtype):
    if not 0 < high - low <= 2**32:
        raise ShapeError(f"from {low} up to {high} are {high - low} numbers; it may be 1 to 2**32")
    if as_dtype(dtype).kind not in "iu":
        raise DTypeError(f"dtype {dtype} does not hold whole numbers only")
    return drawn_shape(state, shape=shape, dtype=dtype)


random_integers.no_gradient("state", NO_VALUE)


@random_integers.samples
def random_integers_samples(make):
    yield make.stream(), {"shape": (2, 3), "high": 6}
    yield make.stream(seed=3, stream=1, counter=9), {"shape": (50,), "low": -3, "high": 4, "dtype": "int32"}
    yield make.stream(), {"shape": (4,), "low": -(2**31), "high": 2**31}
    yield make.stream(), {"shape": (0, 3), "high": 1}
    yield make.stream(), {"shape": (1001,), "high": 9}
    yield make.stream(), {"shape": (), "high": 9}


@op(random=True, outputs=("out", "mask"), auxiliary=("mask",), free=("state",))
def dropout(x, rate, state):
    """x with a random part set to 0, and the rest scaled up so that the expected value stays.

    rate:   () fraction dropped, 0..1
    state:  uint64[2]
    return: x / (1 - rate) where a uniform number is at least `rate`, else 0; and bool: where that is

    At rate 1 all of x is dropped.  Srivastava et al., "Dropout", 2014.
    """
    kept = fractions(words(state, x.size)).reshape(x.shape) >= np.float64(rate)
    return np.where(kept, x / np.where(rate < 1, 1 - rate, 1), 0).astype(x.dtype), kept


@dropout.shape
def dropout_shape(x, rate, state):
    check_state(state)
    if rate.shape != ():
        raise ShapeError(f"the rate is one number, got {rate}")
    return x, x.with_dtype(bool)


dropout.no_gradient("rate", "what is dropped changes in steps")
dropout.no_gradient("state", NO_VALUE)


@dropout.gradient("x")
def dropout_gradient(g, rate, mask):
    return where(mask, g / where(less(rate, 1.0), 1.0 - rate, 1.0), 0.0)


@dropout.samples
def dropout_samples(make):
    yield make(3, 4), np.array(0.5), make.stream()
    yield make(2, 3, 4), np.array(0.2), make.stream(seed=5, stream=2, counter=8)
    yield make(5), np.array(0.0), make.stream()
    yield make(5), np.array(1.0), make.stream()
    yield make(0, 3), np.array(0.5), make.stream()


@op(free=("state",))
def advance(state, *, count):
    """The state after a draw of `count` blocks (see `blocks`): the same key, the counter moved on.

    state: uint64[2]
    """
    return state + np.array([0, count], np.uint64)


@advance.shape
def advance_shape(state, *, count):
    check_state(state)
    return state


advance.no_gradient("state", NO_VALUE)


@advance.samples
def advance_samples(make):
    yield make.stream(), {"count": 3}
    yield make.stream(seed=5, stream=2, counter=2**64 - 1), {"count": 2}
    yield make.stream(), {"count": 0}


# -- other distributions: compositions -----------------------------------------------------------


def truncated_normal(state, *, shape, dtype="float32", mean=0.0, std=1.0, limit=2.0):
    """Normally distributed numbers, none further than `limit` times std from the mean.

    By the inverse of the distribution, so that one draw is enough.  One block for each four numbers.
    """
    reach = math.erf(limit / math.sqrt(2.0))
    drawn = uniform(state, shape=shape, dtype=wide(dtype), low=-reach, high=reach)
    quantile = clip(erfinv(drawn) * math.sqrt(2.0), -limit, limit)
    return cast(quantile * std + mean, dtype=dtype)


def wide(dtype):
    """The dtype in which logarithms and quantiles are taken: none narrower than float32, in which 0.9999 is below 1."""
    return np.promote_types(as_dtype(dtype), np.float32).name


def bernoulli(state, chances):
    """1 with the chance that stands in each place, else 0, in the dtype of the chances."""
    dtype = wide(chances.dtype)
    is_one = less(uniform(state, shape=chances.shape, dtype=dtype), cast(chances, dtype=dtype))
    return cast(is_one, dtype=chances.dtype.name)


def exponential(state, *, shape, dtype="float32", rate=1.0):
    """Exponentially distributed numbers, of average 1 / rate."""
    return cast(log(1.0 - uniform(state, shape=shape, dtype=wide(dtype))) * (-1.0 / rate), dtype=dtype)


def gumbel(state, *, shape, dtype="float32"):
    """-log(-log(u)) of uniform numbers: what turns the largest of log chances into a fair draw."""
    fraction = uniform(state, shape=shape, dtype=wide(dtype))
    return cast(-log(-log(clip(fraction, UNIT / 2, 1.0 - UNIT))), dtype=dtype)  # of neither 0 nor 1


def permutation(state, *, size):
    """The numbers from 0 up to, without, `size` in random order: int64."""
    return argsort(random_bits(state, shape=(size,)), axis=0)


def shuffle(state, x):
    """The rows of x in random order."""
    return gather(x, permutation(state, size=x.shape[0]))


def multinomial(state, logits, *, count, replace=True):
    """Classes drawn by their chances, softmax(logits).

    logits:  (N, classes)
    return:  (N, count) int64
    replace: whether a class may be drawn again
    """
    n, classes = logits.shape
    if replace:
        noise = gumbel(state, shape=(n, count, classes), dtype=logits.dtype.name)
        return argmax(noise + reshape(logits, shape=(n, 1, classes)), axis=2)
    noise = gumbel(state, shape=(n, classes), dtype=logits.dtype.name)
    return top_k(noise + logits, k=count, axis=1)[1]
