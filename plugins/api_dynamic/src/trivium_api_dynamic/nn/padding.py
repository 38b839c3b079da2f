"""Borders: (before, after) of the last axis, then of the one before it; one number for all sides."""

from typing import Any, ClassVar

from . import functional
from .functional.parameters import per_axis
from .module import Module

__all__ = [
    "ConstantPad1d", "ConstantPad2d", "ConstantPad3d", "ZeroPad1d", "ZeroPad2d", "ZeroPad3d", "ReflectionPad1d",
    "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d", "ReplicationPad3d",
    "CircularPad1d", "CircularPad2d", "CircularPad3d",
]  # fmt: skip


class _Pad(Module):
    """A border around the last axes."""

    ndim: ClassVar[int]
    mode: ClassVar[str]
    value: Any = None

    def __init__(self, padding):
        super().__init__()
        self.padding = per_axis(padding, 2 * self.ndim)

    def forward(self, input):
        return functional.pad(input, self.padding, self.mode, self.value)

    def extra_repr(self):
        return f"{self.padding}"


class _ConstantPad(_Pad):
    mode = "constant"

    def __init__(self, padding, value):
        super().__init__(padding)
        self.value = value

    def extra_repr(self):
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_ConstantPad):
    def __init__(self, padding):
        super().__init__(padding, 0.0)

    def extra_repr(self):
        return f"{self.padding}"


def pads(kind, word, **body):
    """The same border around one, two and three axes."""
    made = []
    for ndim, axes in ((1, "the last axis"), (2, "the last two axes"), (3, "the last three axes")):
        name = f"{word}{ndim}d"
        text = f"{body['told']} around {axes}."
        made.append(type(name, (kind,), {**body, "ndim": ndim, "__doc__": text, "__module__": __name__}))
    return made


ConstantPad1d, ConstantPad2d, ConstantPad3d = pads(_ConstantPad, "ConstantPad", told="One number")
ZeroPad1d, ZeroPad2d, ZeroPad3d = pads(_ZeroPad, "ZeroPad", told="Zeros")
ReflectionPad1d, ReflectionPad2d, ReflectionPad3d = pads(_Pad, "ReflectionPad", mode="reflect", told="A mirror image")
ReplicationPad1d, ReplicationPad2d, ReplicationPad3d = pads(
    _Pad, "ReplicationPad", mode="replicate", told="The outermost elements"
)
CircularPad1d, CircularPad2d, CircularPad3d = pads(_Pad, "CircularPad", mode="circular", told="The other end")
