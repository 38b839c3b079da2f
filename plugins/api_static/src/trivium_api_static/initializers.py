"""What variables start as: functions (shape, dtype) -> tensor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from attrs import define, field

from trivium import ops
from trivium.errors import unknown_name
from trivium.initializer import Identity, Orthogonal, TruncatedNormal, Uniform, VarianceScaling
from trivium.opaque import opaque
from trivium.randomness import Stream
from trivium.tensor import Tensor as CoreTensor

from . import creation, random
from .build import call
from .conversion import constant as constant_of
from .dtypes import as_dtype, float32
from .operation import Tensor

__all__ = [
    "Initializer", "zeros", "ones", "constant", "random_uniform", "random_normal", "truncated_normal",
    "variance_scaling", "orthogonal", "identity",
    "glorot_uniform", "glorot_normal", "he_normal", "he_uniform", "lecun_normal", "lecun_uniform", "get",
]  # fmt: skip


class Initializer:
    """Something that makes the first value of a variable."""

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """The value, of this shape."""
        return self.value([int(size) for size in shape], as_dtype(dtype or getattr(self, "dtype", float32)).base_dtype)

    def value(self, shape: list[int], dtype: Any) -> Tensor:
        """The value, of this shape and dtype."""
        raise NotImplementedError(f"{type(self).__name__} defines no value(shape, dtype)")


@define
class zeros(Initializer):
    """Nothing but 0."""

    dtype: Any = float32

    def value(self, shape: list[int], dtype: Any) -> Tensor:
        return creation.zeros(shape, dtype)


@define
class ones(Initializer):
    """Nothing but 1."""

    dtype: Any = float32

    def value(self, shape: list[int], dtype: Any) -> Tensor:
        return creation.ones(shape, dtype)


@define
class constant(Initializer):
    """One number, or a list that fills the shape row by row."""

    number: Any = field(default=0, alias="value")
    dtype: Any = float32
    verify_shape: bool = False

    def value(self, shape: list[int], dtype: Any) -> Tensor:
        return constant_of(self.number, dtype, shape, verify_shape=self.verify_shape)


@define
class random_uniform(Initializer):
    """Evenly distributed over [minval, maxval)."""

    minval: Any = -0.05
    maxval: Any = 0.05
    seed: int | None = None
    dtype: Any = float32

    def value(self, shape: list[int], dtype: Any) -> Tensor:
        return random.random_uniform(shape, self.minval, self.maxval, dtype, self.seed)


@define
class random_normal(Initializer):
    """Normally distributed."""

    mean: Any = 0.0
    stddev: Any = 1.0
    seed: int | None = None
    dtype: Any = float32

    def value(self, shape: list[int], dtype: Any) -> Tensor:
        return random.random_normal(shape, self.mean, self.stddev, dtype, self.seed)


@define
class truncated_normal(Initializer):
    """Normally distributed, within two standard deviations."""

    mean: Any = 0.0
    stddev: Any = 1.0
    seed: int | None = None
    dtype: Any = float32

    def value(self, shape: list[int], dtype: Any) -> Tensor:
        return random.truncated_normal(shape, self.mean, self.stddev, dtype, self.seed)


@define
class variance_scaling(Initializer):
    """Zero mean, and a variance of scale / fan.

    mode:         "fan_in", "fan_out" or "fan_avg": the inputs and outputs that each element connects
    distribution: "normal" and "truncated_normal" are cut at two standard deviations; "untruncated_normal"; "uniform"
    """

    scale: float = 1.0
    mode: str = "fan_in"
    distribution: str = "truncated_normal"
    seed: int | None = None
    dtype: Any = float32
    modes: ClassVar = {"fan_in": "in", "fan_out": "out", "fan_avg": "average"}
    distributions: ClassVar = {
        "normal": "truncated_normal", "truncated_normal": "truncated_normal", "untruncated_normal": "normal",
        "uniform": "uniform",
    }  # fmt: skip

    def __attrs_post_init__(self) -> None:
        if self.scale <= 0.0:
            raise ValueError("`scale` must be positive float.")
        if self.mode not in self.modes:
            raise ValueError(f"Invalid `mode` argument: {self.mode}; it may be {', '.join(self.modes)}")
        if self.distribution not in self.distributions:
            raise ValueError(f"Invalid `distribution` argument: {self.distribution}")

    def value(self, shape: list[int], dtype: Any) -> Tensor:
        scaling = VarianceScaling(self.scale, self.modes[self.mode], self.distributions[self.distribution])
        drawn = scaling.drawn_from(turned(shape))
        if isinstance(drawn, Uniform):
            return random.random_uniform(shape, drawn.low, drawn.high, dtype, self.seed)
        draw = random.truncated_normal if isinstance(drawn, TruncatedNormal) else random.random_normal
        return draw(shape, drawn.mean, drawn.std, dtype, self.seed)


def turned(shape: Sequence[int]) -> tuple[int, ...]:
    """The shape (out, in, *kernel) of a weight (*kernel, in, out).

    >>> turned([5, 3, 1, 20])
    (20, 1, 5, 3)
    """
    return tuple(shape) if len(shape) < 2 else (shape[-1], shape[-2], *shape[:-2])


@define
class orthogonal(Initializer):
    """Columns, or rows where those are fewer, at right angles (Saxe et al., 2013, arXiv:1312.6120)."""

    gain: float = 1.0
    seed: int | None = None
    dtype: Any = float32

    def value(self, shape: list[int], dtype: Any) -> Tensor:
        if len(shape) < 2:
            raise ValueError("The tensor to initialize must be at least two-dimensional")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        drawn = random.random_normal([max(rows, columns), min(rows, columns)], dtype=dtype, seed=self.seed)
        rule = Orthogonal(self.gain)

        def turn(x: Any) -> Any:
            return CoreTensor.of(rule.turned(x.numpy(), is_wide=rows < columns))

        turning = opaque(turn, name="orthogonal", results=lambda specs: [specs[0]])
        return call("Orthogonal", lambda x: ops.reshape(turning(x)[0], shape=tuple(shape)), None, x=drawn)


@define
class identity(Initializer):
    """1 on the diagonal of a matrix."""

    gain: float = 1.0
    dtype: Any = float32

    def value(self, shape: list[int], dtype: Any) -> Tensor:
        if len(shape) != 2:
            raise ValueError("Identity matrix initializer can only be used for 2D matrices.")
        return constant_of(Identity(self.gain)(tuple(shape), Stream()), dtype)


def glorot_uniform(seed: int | None = None, dtype: Any = float32) -> Initializer:
    """Glorot & Bengio, 2010; what get_variable uses when nothing is said."""
    return variance_scaling(1.0, "fan_avg", "uniform", seed, dtype)


def glorot_normal(seed: int | None = None, dtype: Any = float32) -> Initializer:
    """Glorot & Bengio, 2010, normally distributed."""
    return variance_scaling(1.0, "fan_avg", "truncated_normal", seed, dtype)


def he_normal(seed: int | None = None) -> Initializer:
    """He et al., 2015, arXiv:1502.01852."""
    return variance_scaling(2.0, "fan_in", "truncated_normal", seed)


def he_uniform(seed: int | None = None) -> Initializer:
    """He et al., 2015, evenly distributed."""
    return variance_scaling(2.0, "fan_in", "uniform", seed)


def lecun_normal(seed: int | None = None) -> Initializer:
    """LeCun et al., 1998."""
    return variance_scaling(1.0, "fan_in", "truncated_normal", seed)


def lecun_uniform(seed: int | None = None) -> Initializer:
    """LeCun et al., 1998, evenly distributed."""
    return variance_scaling(1.0, "fan_in", "uniform", seed)


_NAMED = {name: globals()[name] for name in __all__ if name not in ("Initializer", "get")}


def get(identifier: Any) -> Any:
    """The initializer that a name stands for; a function is one already."""
    if identifier is None or callable(identifier):
        return identifier
    name = str(identifier).removesuffix("_initializer")
    if name not in _NAMED:
        raise unknown_name("initializer", name, _NAMED)
    return _NAMED[name]()
