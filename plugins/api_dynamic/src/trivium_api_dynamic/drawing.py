"""Random tensors, new ones and in place; every number comes from a Generator."""

import math
from typing import Any

import numpy as np

from trivium import ops
from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import recording

from . import generator as generators
from .axes import whole
from .creation import dtype_or, like, maker, size_of
from .dtypes import Default
from .errors import ArgumentError, ArgumentValueError, UnsupportedDTypeError
from .in_place import check_writable, overwritten
from .promotion import cast
from .tensors import around
from .words import WORDS, method, word


def random_dtype(dtype: Any) -> Any:
    chosen = dtype_or(dtype, Default.dtype)
    if chosen.kind not in "fV":
        raise UnsupportedDTypeError(f"random numbers are floating point; got {chosen}")
    return chosen


# -- new ones ------------------------------------------------------------------------------------


@maker
def rand(*args, size=None, generator=None, dtype, device):
    """Evenly distributed over [0, 1)."""
    return generators.of(generator).uniform(size_of(args, size), random_dtype(dtype), device)


@maker
def randn(*args, size=None, generator=None, dtype, device):
    """Normally distributed with mean 0 and standard deviation 1."""
    return generators.of(generator).normal(size_of(args, size), random_dtype(dtype), device)


@maker
def randint(*bounds, size=None, generator=None, dtype, device, **named):
    """Whole numbers from low (0) up to, without, high: randint([low,] high, size)."""
    *ends, size = (*bounds, size) if size is not None else bounds
    low = named.get("low", ends[0] if len(ends) == 2 else 0)
    high = named.get("high", ends[-1] if ends else None)
    if high is None:
        raise ArgumentError("randint() needs high and a size: randint([low,] high, size)")
    drawn = generators.of(generator).integers(whole(low, "low"), whole(high, "high"), size_of((), size))
    return around(drawn.astype(dtype_or(dtype, np.dtype(np.int64))), device)


@maker
def randperm(n, *, generator=None, dtype, device):
    """The numbers 0 to n - 1 in random order."""
    order = generators.of(generator).permutation(whole(n, "n"))
    return around(order.astype(dtype_or(dtype, np.dtype(np.int64))), device)


for _name, _maker in (("rand", rand), ("randn", randn)):
    like(_name, _maker)
rand_like, randn_like = WORDS["rand_like"], WORDS["randn_like"]


@word(is_method=False)
def randint_like(input, *bounds, dtype=None, device=None):
    """`randint` of the shape, dtype and device of another tensor."""
    device = input.device if device is None else device
    return randint(*bounds, tuple(input.spec.shape), dtype=dtype or input.dtype, device=device)


@word(is_method=False)
def normal(mean, std=1.0, size=None, *, generator=None, dtype=None, device=None, requires_grad=False):
    """Normally distributed with these means and standard deviations: numbers with a size, or tensors."""
    tensors = [v for v in (mean, std) if isinstance(v, CoreTensor)]
    if size is None and not tensors:
        raise ArgumentError("normal() needs a size where neither mean nor std is a tensor")
    shape = np.broadcast_shapes(*[tuple(v.spec.shape) for v in tensors]) if size is None else tuple(size)
    if not isinstance(std, CoreTensor) and std < 0:
        raise ArgumentValueError(f"normal expects std >= 0.0, but found std {std}")
    device = tensors[0].device if tensors and device is None else device
    dtype = tensors[0].dtype if tensors and dtype is None else dtype
    with recording(False):
        made = randn(*shape, generator=generator, dtype=dtype, device=device) * std + mean
    return made.requires_grad_() if requires_grad else made


@word
def bernoulli(input, p=None, *, generator=None):
    """1 with the probability that each element says, or p, else 0."""
    chances = input.detach()
    drawn = generators.of(generator).uniform(input.spec.shape, random_dtype(input.dtype), input.device)
    return cast(ops.less(drawn, chances if p is None else float(p)), input.spec.dtype)


@word
def multinomial(input, num_samples, replacement=False, *, generator=None):
    """Positions in each row, each drawn with a chance in proportion to its element: (..., num_samples)."""
    chances = input.detach()
    count = whole(num_samples, "num_samples")
    if chances.spec.ndim not in (1, 2):
        raise ArgumentValueError(f"prob_dist must be 1 or 2 dim; got {chances.spec}")
    if count <= 0:
        raise ArgumentValueError("cannot sample n_sample <= 0 samples")
    size = chances.spec.shape[-1]
    if not replacement and count > size:
        raise ArgumentValueError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    least, most = ops.min(chances).item(), ops.max(chances).item()
    if not (0 <= least and math.isfinite(most)):
        raise ArgumentValueError("probability tensor contains either `inf`, `nan` or element < 0")
    if ops.min(ops.sum(chances, axis=-1)).item() <= 0:
        raise ArgumentValueError("invalid multinomial distribution (sum of probabilities <= 0)")
    shape = (*chances.spec.shape[:-1], *((count,) if replacement else ()), size)
    possible = ops.greater(chances, 0.0)
    logits = ops.where(possible, ops.log(ops.where(possible, chances, 1.0)), -math.inf)
    logits = ops.expand(logits, axis=-2) if replacement else logits
    # the largest of logits with Gumbel noise is one draw, the k largest are k without replacement
    uniform = generators.of(generator).uniform(shape, "float64", chances.device)
    noise = -ops.log(-ops.log(ops.maximum(uniform, 1e-300)))
    noisy = ops.add(ops.cast(logits, dtype="float64"), noise)
    return ops.argmax(noisy, axis=-1) if replacement else ops.top_k(noisy, k=count)[1]


# -- in place ------------------------------------------------------------------------------------


def drawn_in_place(draw: Any, name: str | None = None) -> Any:
    """`name_`: what `draw(self, generator, ...)` gives, written over the tensor."""

    def overwrite(self, *args, generator=None, **settings):
        check_writable(self)
        return overwritten(self, draw(self, generators.of(generator), *args, **settings))

    overwrite.__name__ = overwrite.__qualname__ = name or f"{draw.__name__}_"
    overwrite.__doc__ = f"Overwrite with random numbers: {draw.__doc__}"
    return method(overwrite)


def fractions(self, source):
    """Evenly distributed over (0, 1], so that they have a logarithm."""
    return 1.0 - source.uniform(self.spec.shape, random_dtype(self.dtype), self.device)


def positive(name, value, words):
    if not value > 0:
        raise ArgumentValueError(f"{name} expects {words}; got {value}")


@drawn_in_place
def uniform(self, source, *bounds, **named):
    """evenly distributed over [from, to)."""
    low, high = [
        named.get(n, bounds[i] if i < len(bounds) else d) for i, (n, d) in enumerate((("from", 0.0), ("to", 1.0)))
    ]
    if low > high:
        raise ArgumentValueError(f"uniform_ expects to return a [from, to) range, but found from={low} > to={high}")
    return source.uniform(self.spec.shape, random_dtype(self.dtype), self.device, low, high)


def normal_in_place(self, source, mean=0.0, std=1.0):
    """normally distributed."""
    if std < 0:
        raise ArgumentValueError(f"normal expects std >= 0.0, but found std {std}")
    return source.normal(self.spec.shape, random_dtype(self.dtype), self.device, mean, std)


drawn_in_place(normal_in_place, "normal_")


@drawn_in_place
def exponential(self, source, lambd=1.0):
    """how long to wait for an event, lambd of which happen in one unit of time."""
    positive("exponential_", lambd, "lambda > 0.0")
    return -ops.log(fractions(self, source)) / float(lambd)


@drawn_in_place
def geometric(self, source, p):
    """how many trials until one succeeds, each with chance p."""
    if not 0 < p < 1:
        raise ArgumentValueError(f"geometric_ expects p to be in (0, 1), but got p={p}")
    kind = self.spec.dtype if self.is_floating_point() else np.dtype(np.float64)
    chances = 1.0 - source.uniform(self.spec.shape, kind, self.device)
    return cast(ops.maximum(ops.ceil(ops.log(chances) / math.log1p(-p)), 1.0), self.spec.dtype)


@drawn_in_place
def cauchy(self, source, median=0.0, sigma=1.0):
    """Cauchy's distribution around a median."""
    positive("cauchy_", sigma, "sigma > 0.0")
    return ops.tan((fractions(self, source) - 0.5) * math.pi) * float(sigma) + float(median)


@drawn_in_place
def log_normal(self, source, mean=1.0, std=2.0):
    """numbers of which the logarithm is normally distributed."""
    positive("log_normal_", std, "standard deviation > 0.0")
    return ops.exp(source.normal(self.spec.shape, random_dtype(self.dtype), self.device, mean, std))


@drawn_in_place
def random(self, source, *bounds, **named):
    """whole numbers from `from` up to, without, `to`; up to the largest that the dtype holds if there is none."""
    low, high = named.get("from", 0), named.get("to")
    if len(bounds) == 1:
        high = bounds[0]
    elif bounds:
        low, high = bounds
    if high is None:
        dtype = self.spec.dtype
        high = {"b": 2}.get(dtype.kind) or (
            min(int(np.iinfo(dtype).max), 2**63 - 2) + 1 if dtype.kind in "iu" else 2 ** (np.finfo(dtype).nmant + 1) + 1
        )
    drawn = source.integers(low, high, tuple(self.spec.shape))
    return around(drawn.astype(self.spec.dtype), self.device)


@method
def bernoulli_(self, p=0.5, *, generator=None):
    """Overwrite with random numbers: 1 with chance p, a number or a tensor of chances, else 0."""
    check_writable(self)
    chances = p if isinstance(p, CoreTensor) else float(p)
    drawn = generators.of(generator).uniform(self.spec.shape, "float32", self.device)
    chances = cast(chances, drawn.spec.dtype) if isinstance(chances, CoreTensor) else chances
    return overwritten(self, cast(ops.less(drawn, chances), self.spec.dtype))
