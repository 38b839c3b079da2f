"""How a tensor is shown, number by number as PyTorch does it."""

import math
from typing import Any

import numpy as np

from trivium.tensor import Parameter as CoreParameter

from .dtypes import DTYPES, Default
from .tensors import Tensor, on_host

PRECISION, THRESHOLD, EDGE, LINE = 4, 1000, 3, 80


class Options:
    """What `set_printoptions` changes."""

    precision, threshold, edgeitems, linewidth = PRECISION, THRESHOLD, EDGE, LINE
    sci_mode: bool | None = None


def set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None, sci_mode=None):
    """Change how tensors are shown."""
    if profile is not None:
        precision, threshold, edgeitems, linewidth = {
            "default": (4, 1000, 3, 80), "short": (2, 1000, 2, 80), "full": (4, math.inf, 3, 80),
        }[profile]  # fmt: skip
    for name, value in (
        ("precision", precision),
        ("threshold", threshold),
        ("edgeitems", edgeitems),
        ("linewidth", linewidth),
    ):
        if value is not None:
            setattr(Options, name, value)
    Options.sci_mode = sci_mode


class Formatter:
    """One form for all numbers of a tensor: whole, with a fraction, or with an exponent; and its width."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.is_floating = array.dtype.kind in "fV"
        self.is_whole, self.has_exponent, self.width = True, False, 1
        if not self.is_floating:
            self.width = max([1, *[len(str(v)) for v in array.reshape(-1).tolist()]])
            return
        values = array.astype(np.float64).reshape(-1)
        values = values[np.isfinite(values) & (values != 0)]
        if values.size == 0:
            return
        high, low = np.abs(values).max(), np.abs(values).min()
        self.is_whole = bool((values == np.ceil(values)).all())
        self.has_exponent = bool(high / low > 1000.0 or high > 1e8 or low < 1e-4)
        if Options.sci_mode is not None:
            self.has_exponent = Options.sci_mode
        self.width = max(1, *[len(self.digits(v)) for v in values.tolist()])

    def digits(self, value: float) -> str:
        """A number, not padded."""
        if self.has_exponent:
            return f"{value:.{Options.precision}e}"
        if self.is_whole:
            return f"{value:.0f}" + ("." if math.isfinite(value) else "")
        return f"{value:.{Options.precision}f}"

    def __call__(self, value: Any) -> str:
        text = self.digits(value) if self.is_floating else str(value)
        return text.rjust(self.width)


def vector(array: Any, indent: int, form: Formatter, is_cut: bool) -> str:
    per_line = max(1, (Options.linewidth - indent) // (form.width + 2))
    values = array.tolist()
    edge = Options.edgeitems
    if is_cut and len(values) > 2 * edge:
        texts = [*map(form, values[:edge]), " ...", *map(form, values[-edge:])]
    else:
        texts = [form(v) for v in values]
    lines = [", ".join(texts[i : i + per_line]) for i in range(0, len(texts), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def nested(array: Any, indent: int, form: Formatter, is_cut: bool) -> str:
    if array.ndim == 0:
        return form(array.item())
    if array.ndim == 1:
        return vector(array, indent, form, is_cut)
    edge = Options.edgeitems
    if is_cut and len(array) > 2 * edge:
        parts = [nested(a, indent + 1, form, is_cut) for a in array[:edge]] + ["..."]
        parts += [nested(a, indent + 1, form, is_cut) for a in array[-edge:]]
    else:
        parts = [nested(a, indent + 1, form, is_cut) for a in array]
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(parts) + "]"


def edges(array: Any) -> Any:
    """The part of a long array that is shown: it decides the form."""
    edge = Options.edgeitems
    for axis, size in enumerate(array.shape):
        if size > 2 * edge:
            array = np.take(array, [*range(edge), *range(size - edge, size)], axis=axis)
    return array


def suffixes(tensor: Tensor, array: Any) -> list[str]:
    found = []
    if tensor.device.type != "cpu":
        found.append(f"device='{tensor.device}'")
    if array.size == 0 and array.ndim != 1:
        found.append(f"size={tuple(array.shape)}")
    is_usual = array.dtype in (Default.dtype, np.dtype(np.int64), np.dtype(bool)) and (
        array.size or array.dtype == Default.dtype
    )
    if not is_usual:
        found.append(f"dtype={DTYPES[array.dtype]}")
    if tensor.grad_fn is not None:
        found.append(f"grad_fn=<{tensor.grad_fn.name()}>")
    elif tensor.requires_grad:
        found.append("requires_grad=True")
    return found


def shown(tensor: Tensor) -> str:
    """tensor([1., 2.]), with what is not usual about it."""
    array = on_host(tensor)
    prefix = "tensor("
    if array.size == 0:
        text = "[]"
    else:
        is_cut = array.size > Options.threshold
        text = nested(array, len(prefix), Formatter(edges(array) if is_cut else array), is_cut)
    text = prefix + text
    last = len(text) - text.rfind("\n") + 1
    for suffix in suffixes(tensor, array):
        if last + len(suffix) + 2 > Options.linewidth:
            text += ",\n" + " " * len(prefix) + suffix
            last = len(prefix) + len(suffix)
        else:
            text += ", " + suffix
            last += len(suffix) + 2
    return text + ")"


def tensor_repr(self):
    return f"Parameter containing:\n{shown(self)}" if isinstance(self, CoreParameter) else shown(self)


def tensor_format(self, form):
    """A tensor of shape () as its number; any other as it is shown."""
    return format(self.item(), form) if self.spec.ndim == 0 else object.__format__(self, form)


Tensor.__repr__ = Tensor.__str__ = tensor_repr
Tensor.__format__ = tensor_format
