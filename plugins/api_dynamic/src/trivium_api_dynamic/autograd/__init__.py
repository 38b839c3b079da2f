"""Gradients: backward, grad, Function, and whether calls are recorded."""

from . import function
from .engine import backward, grad
from .function import Function
from .grad_fn import GradFn
from .grad_mode import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled

__all__ = [
    "Function", "GradFn", "backward", "enable_grad", "function", "grad", "inference_mode", "is_grad_enabled", "no_grad",
    "set_grad_enabled",
]  # fmt: skip
