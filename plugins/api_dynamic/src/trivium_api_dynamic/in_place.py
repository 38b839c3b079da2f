"""Methods that end in an underscore: compute, then write to the storage."""

import math

from trivium import ops
from trivium.op import Leaf
from trivium.tensor import tape

from . import arithmetic, generator, indexing, shaping
from .dtypes import DTYPES
from .errors import DTypeMismatchError, InPlaceError, SizeMismatchError
from .promotion import can_cast, cast
from .tensors import Tensor, method, refreshed

LEAF = "a leaf Variable that requires grad has been used in an in-place operation."
VIEW = "a view of a leaf Variable that requires grad is being used in an in-place operation."


def check_writable(self):
    """Refuse to overwrite a leaf, or a view of one, while calls are recorded."""
    if not tape.recording:
        return
    if type(refreshed(self).edge) is Leaf:
        raise InPlaceError(f"{LEAF}  Do it inside torch.no_grad(), or on a copy: x.clone()")
    if self.base is not None and type(self.base.edge) is Leaf:
        raise InPlaceError(f"{VIEW}  Do it inside torch.no_grad(), or on a copy: x.clone()")


def overwritten(self, value):
    """Let `value` be what the tensor holds; `self` again."""
    if not can_cast(DTYPES[value.spec.dtype], self.dtype):
        raise DTypeMismatchError(
            f"result type {title(value.spec.dtype)} can't be cast to the desired output type {title(self.spec.dtype)}"
        )
    value = cast(value, self.spec.dtype)
    if value.spec.shape != self.spec.shape:
        if math.prod(value.spec.shape) > math.prod(self.spec.shape) or value.spec.ndim > self.spec.ndim:
            raise SizeMismatchError(
                f"output with shape {list(self.spec.shape)} doesn't match the broadcast shape {list(value.spec.shape)}"
            )
        value = ops.broadcast_to(value, shape=tuple(self.spec.shape))
    self.write(value)
    return self


TITLES = {"float32": "Float", "float64": "Double", "int64": "Long", "int32": "Int", "bool": "Bool", "float16": "Half",
          "bfloat16": "BFloat16", "uint8": "Byte", "int8": "Char", "int16": "Short"}  # fmt: skip


def title(dtype):
    return TITLES.get(dtype.name, dtype.name)


def in_place(name, function, *, reads_itself=True):
    """`name_`: the function's result, written over its first operand.

    reads_itself: the gradient may ask for the first operand, so that a copy of it must be kept
    """

    def overwrite(self, *args, **settings):
        check_writable(self)
        is_tracked = tape.recording and (
            self.edge is not None or any([getattr(a, "edge", None) is not None for a in args])
        )
        read = ops.copy(self) if reads_itself and is_tracked else self
        args = [read if a is self else a for a in args]
        return overwritten(self, function(read, *args, **settings))

    overwrite.__name__ = overwrite.__qualname__ = f"{name}_"
    overwrite.__doc__ = f"`{name}` in place."
    return method(overwrite)


for _name in ("add", "sub"):
    in_place(_name, getattr(arithmetic, _name), reads_itself=False)
for _name in (
    "mul", "div", "pow", "neg", "abs", "exp", "log", "sqrt", "rsqrt", "square", "reciprocal", "sigmoid", "tanh", "relu",
    "clamp", "clip", "lerp", "addcmul", "addcdiv", "eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or",
    "logical_not", "logical_xor", "subtract", "multiply", "divide",
):  # fmt: skip
    in_place(_name, getattr(arithmetic, _name))
for _name in ("masked_fill", "scatter_add", "index_add"):
    in_place(_name, getattr(indexing, _name))
for _name in ("tril", "triu"):
    in_place(_name, getattr(shaping, _name))

for _operator, _name in (("add", "add_"), ("sub", "sub_"), ("mul", "mul_"), ("truediv", "div_"), ("pow", "pow_")):
    setattr(Tensor, f"__i{_operator}__", getattr(Tensor, _name))


@method
def copy_(self, src, non_blocking=False):
    """Overwrite with another tensor, broadcast and converted."""
    check_writable(self)
    value = cast(indexing.as_value(src, self), self.spec.dtype)
    return overwritten(self, indexing.fitted(value, tuple(self.spec.shape)))


@method
def fill_(self, value):
    """Overwrite with one number."""
    check_writable(self)
    return overwritten(self, indexing.fitted(indexing.as_value(value, self), tuple(self.spec.shape)))


@method
def zero_(self):
    """Overwrite with 0."""
    return fill_(self, 0)


def drawn_in_place(name, draw):
    def overwrite(self, *args, generator=None, **settings):
        check_writable(self)
        return overwritten(self, draw(self, generator, *args, **settings))

    overwrite.__name__ = overwrite.__qualname__ = name
    overwrite.__doc__ = f"Overwrite with random numbers: {draw.__doc__}"
    method(overwrite)


def uniform(self, source, *bounds, **named):
    """evenly distributed over [from, to)."""
    low, high = [
        named.get(n, bounds[i] if i < len(bounds) else d) for i, (n, d) in enumerate((("from", 0.0), ("to", 1.0)))
    ]
    return generator.of(source).uniform(self.spec.shape, self.spec.dtype, self.device, low, high)


def normal(self, source, mean=0.0, std=1.0):
    """normally distributed."""
    return generator.of(source).normal(self.spec.shape, self.spec.dtype, self.device, mean, std)


def bernoulli(self, source, p=0.5):
    """1 with probability p, else 0."""
    return cast(ops.less(generator.of(source).uniform(self.spec.shape, "float32", self.device), p), self.spec.dtype)


drawn_in_place("uniform_", uniform)
drawn_in_place("normal_", normal)
drawn_in_place("bernoulli_", bernoulli)

_assign = Tensor.__setitem__


def assign(self, index, value):
    """Overwrite part of a tensor."""
    check_writable(self)
    _assign(self, index, value)


Tensor.__setitem__ = assign


@method
def unsqueeze_(self, dim):
    """`unsqueeze`, of the tensor itself."""
    return _reshaped_in_place(self, shaping.unsqueeze(self, dim))


@method
def squeeze_(self, dim=None):
    """`squeeze`, of the tensor itself."""
    return _reshaped_in_place(self, shaping.squeeze(self, dim))


def _reshaped_in_place(self, seen):
    check_writable(self)
    self.spec, self.layout, self.is_packed, self.memory = seen.spec, seen.layout, seen.is_packed, seen.memory
    self.base, self.edge = seen.base if self.base is not None else None, seen.edge
    return self
