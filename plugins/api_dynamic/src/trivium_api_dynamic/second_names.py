"""Words that PyTorch has under several names."""

from .tensors import Tensor
from .words import WORDS

# second name: first name
SECOND_NAMES = {
    "absolute": "abs", "arccos": "acos", "arccosh": "acosh", "arcsin": "asin", "arcsinh": "asinh", "arctan": "atan",
    "arctan2": "atan2", "arctanh": "atanh", "argwhere": "nonzero", "clip": "clamp", "concat": "cat",
    "concatenate": "cat", "divide": "div", "fix": "trunc", "ger": "outer", "greater": "gt", "greater_equal": "ge",
    "less": "lt", "less_equal": "le", "moveaxis": "movedim", "multiply": "mul", "negative": "neg", "not_equal": "ne",
    "row_stack": "vstack", "sgn": "sign", "subtract": "sub", "swapaxes": "transpose", "swapdims": "transpose",
    "true_divide": "div", "vdot": "dot",
}  # fmt: skip

for _second, _first in SECOND_NAMES.items():
    WORDS[_second] = WORDS[_first]
    for _suffix in ("", "_"):
        if hasattr(Tensor, _first + _suffix):
            setattr(Tensor, _second + _suffix, getattr(Tensor, _first + _suffix))
