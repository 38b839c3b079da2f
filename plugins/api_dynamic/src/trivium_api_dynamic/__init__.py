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

from . import (
    arithmetic, autograd, comparison, creation, conversion, diagonals, errors, indexing, interchange, joining,
    linear_algebra, ordering, printing, reduction, return_types, scattering, shaping, unary,
)
from . import in_place, drawing, linalg, second_names
from .autograd import (
    enable_grad, inference_mode, is_anomaly_enabled, is_grad_enabled, no_grad, set_grad_enabled,
)
from .devices import channels_last, contiguous_format, device, preserve_format, strided
from .dtype_names import (
    bfloat16, bool, cdouble, cfloat, complex64, complex128, double, float, float16, float32, float64, half, int, int8,
    int16, int32, int64, long, short, uint8, uint16, uint32, uint64,
)
from .dtypes import DType as dtype, finfo, get_default_dtype, iinfo, set_default_dtype
from .generator import Generator, default_generator
from .legacy import TYPES
from .printing import set_printoptions
from .promotion import can_cast, promote_types, result_type
from .sizes import Size
from .tensors import Tensor
from .words import WORDS
from . import backends, compiler, cuda, multiprocessing, nn, optim, utils
from .compiler import compile
from .serialization import load, save
from . import jit
from .jit import from_graph, to_graph
from .threads import get_num_threads, set_num_threads

globals().update(WORDS)  # every function that is decorated with `word`
globals().update(TYPES)  # FloatTensor and the others

__all__ = [name for name in globals() if not name.startswith("_")]
