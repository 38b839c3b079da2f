"""Trivium in the words of PyTorch: tensors, autograd, modules.

>>> import trivium_api_dynamic as torch
>>> x = torch.tensor([1.0, 2.0], requires_grad=True)
>>> (x * x).sum().backward()
>>> x.grad
tensor([2., 4.])
"""
# ruff: noqa: F401 - these are the words that users write
# fmt: off
# ruff: noqa: I001 - what completes Tensor comes first, what stands on it last

from math import e, inf, nan, pi

from . import autograd, errors, in_place, printing
from .arithmetic import (
    abs, absolute, add, addcdiv, addcmul, allclose, bitwise_not, clamp, clip, div, divide, eq, equal, exp, ge, gt,
    isclose, isfinite, isinf, isnan, le, lerp, log, logical_and, logical_not, logical_or, logical_xor, lt, maximum,
    minimum, mul, multiply, ne, neg, negative, pow, reciprocal, relu, rsqrt, rsub, sigmoid, sqrt, square, sub,
    subtract, tanh, true_divide, where,
)
from .autograd import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from .conversion import clone
from .creation import (
    arange, as_tensor, empty, empty_like, eye, from_numpy, full, full_like, linspace, normal, ones, ones_like, rand,
    rand_like, randint, randint_like, randn, randn_like, randperm, tensor, zeros, zeros_like,
)
from .devices import cuda, device
from .dtype_names import (
    bfloat16, bool, cdouble, cfloat, complex64, complex128, double, float, float16, float32, float64, half, int, int8,
    int16, int32, int64, long, short, uint8, uint16, uint32, uint64,
)
from .dtypes import DType as dtype, get_default_dtype, set_default_dtype
from .generator import (
    Generator, bernoulli, default_generator, get_rng_state, initial_seed, manual_seed, set_rng_state,
)
from .indexing import gather, index_add, index_select, masked_fill, masked_select, scatter_add, take
from .linear_algebra import addmm, addmv, baddbmm, bmm, dot, ger, matmul, mm, mv, outer
from .printing import set_printoptions
from .promotion import can_cast, promote_types, result_type
from .reduction import (
    all, amax, amin, any, argmax, argmin, count_nonzero, log_softmax, logsumexp, max, mean, min, norm, softmax, std,
    sum, var,
)
from .shaping import (
    broadcast_tensors, broadcast_to, cat, chunk, concat, concatenate, flatten, flip, is_tensor, meshgrid, narrow, numel,
    permute, reshape, select, split, squeeze, stack, swapaxes, t, transpose, tril, triu, unbind, unsqueeze,
)
from .sizes import Size
from .tensors import Tensor
from . import compiler, multiprocessing, nn, optim, utils
from .compiler import compile
from .serialization import load, save
from . import jit
from .jit import from_graph, to_graph

__all__ = [name for name in globals() if not name.startswith("_")]
