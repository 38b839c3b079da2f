"""Methods that end in an underscore: compute, then write to the storage."""

import math

from trivium import ops
from trivium.backend import repeats_elements
from trivium.op import Leaf
from trivium.tensor import tape

from . import indexing
from .arithmetic import sizes_differ
from .dtypes import DTYPES
from .errors import DTypeMismatchError, InPlaceError, SizeMismatchError
from .promotion import can_cast, cast
from .sizes import as_shape
from .tensors import Tensor, refreshed
from .unary import UNARY
from .words import WORDS, method, word

LEAF = "a leaf Variable that requires grad has been used in an in-place operation."
VIEW = "a view of a leaf Variable that requires grad is being used in an in-place operation."


def check_writable(self):
    """Refuse to overwrite a leaf, or a view of one, while calls are recorded; or what stands in several places."""
    if self.layout is not None and repeats_elements(self.layout):
        raise InPlaceError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
            f"Please clone() the tensor before performing the operation: {self.spec} has strides {self.strides}"
        )
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


# words that have an in-place version, by whether their gradient may ask for what is overwritten
ADDING = ("add", "sub", "index_add", "scatter_add")
READING = (
    *[name for name in UNARY if not name.startswith("is")],
    "abs", "addbmm", "addcdiv", "addcmul", "addmm", "addmv", "addr", "atan2", "baddbmm", "bitwise_and",
    "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "clamp", "clamp_max",
    "clamp_min", "cumprod", "cumsum", "deg2rad", "div", "eq", "floor_divide", "fmod", "frac", "ge", "gt", "hypot",
    "index_copy", "index_fill", "index_put", "le", "lerp", "logical_and", "logical_not", "logical_or", "logical_xor",
    "logit", "lt", "masked_fill", "masked_scatter", "mul", "nan_to_num", "ne", "neg", "pow", "put", "rad2deg",
    "remainder", "renorm", "scatter", "sinc", "tril", "triu",
)  # fmt: skip

for _name in ADDING:
    in_place(_name, WORDS[_name], reads_itself=False)
for _name in READING:
    in_place(_name, WORDS[_name])
for _name in UNARY:
    if f"{_name}_" in dir(Tensor):
        word(getattr(Tensor, f"{_name}_"), is_method=False)

for _operator, _name in (
    ("add", "add"), ("sub", "sub"), ("mul", "mul"), ("truediv", "div"), ("floordiv", "floor_divide"),
    ("mod", "remainder"), ("pow", "pow"), ("and", "bitwise_and"), ("or", "bitwise_or"), ("xor", "bitwise_xor"),
    ("lshift", "bitwise_left_shift"), ("rshift", "bitwise_right_shift"),
):  # fmt: skip
    setattr(Tensor, f"__i{_operator}__", getattr(Tensor, f"{_name}_"))


@method
def copy_(self, src, non_blocking=False):
    """Overwrite with another tensor, broadcast and converted."""
    check_writable(self)
    value = cast(indexing.as_value(src, self), self.spec.dtype)
    if (error := sizes_differ(self, value)) is not None:
        raise error
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


_assign = Tensor.__setitem__


def assign(self, index, value):
    """Overwrite part of a tensor."""
    check_writable(self)
    _assign(self, index, value)


Tensor.__setitem__ = assign


def seen_in_place(name, function):
    """`name_`: the tensor itself becomes the view that a function makes of it."""

    def look(self, *args, **settings):
        check_writable(self)
        seen = function(self, *args, **settings)
        self.spec, self.layout, self.is_packed, self.memory = seen.spec, seen.layout, seen.is_packed, seen.memory
        self.base, self.edge = seen.base if self.base is not None else None, seen.edge
        return self

    look.__name__ = look.__qualname__ = f"{name}_"
    look.__doc__ = f"`{name}`, of the tensor itself."
    method(look)


for _name in ("squeeze", "unsqueeze", "transpose", "t", "as_strided"):
    seen_in_place(_name, WORDS[_name])


@method
def resize_(self, *sizes, memory_format=None):
    """Another shape: the first elements of the same memory, or of more, filled up with 0."""
    if self.requires_grad:
        raise InPlaceError("cannot resize variables that require grad")
    shape = as_shape(sizes)
    count = math.prod(shape)
    flat = ops.reshape(self, shape=(-1,))
    missing = count - self.spec.size
    flat = ops.pad(flat, widths=((0, missing),)) if missing > 0 else ops.slice(flat, stop=(count,))
    self.data = ops.copy(ops.reshape(flat, shape=tuple(shape)))
    return self
