"""16-bit floats are computed in float32 and rounded once, at the end."""

import ml_dtypes
import numpy as np

from trivium.kernel import Refused

NARROW = (np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16))
FLOAT32 = np.dtype(np.float32)


class Widened:
    """A spec whose dtype is read as float32."""

    def __init__(self, spec):
        self.shape = spec.shape
        self.dtype = FLOAT32
        self.ndim = len(spec.shape)


def is_narrow(spec):
    return spec is not None and spec.dtype in NARROW


def is_float(dtype):
    """Real floating point, ml_dtypes' own included (NumPy does not count those as np.floating)."""
    return dtype.kind == "f" or dtype in NARROW


def in_float32(prepare):
    """The same preparation, which also serves float16 and bfloat16 by way of float32."""

    def prepare_any(specs, settings):
        narrow = next((spec.dtype for spec in specs if is_narrow(spec)), None)
        if narrow is None:
            return prepare(specs, settings)
        kernel = prepare([Widened(spec) if is_narrow(spec) else spec for spec in specs], settings)
        return kernel if isinstance(kernel, Refused) else narrowed(kernel, narrow)

    return prepare_any


def narrowed(kernel, dtype):
    def widen(buffer):
        return buffer.astype(np.float32) if buffer is not None and buffer.dtype in NARROW else buffer

    def narrow(result, out):
        if result.dtype != np.float32:
            return deliver(result, out)
        return deliver(result.astype(dtype), out)

    def narrow_kernel(*buffers, out=None):
        result = kernel(*map(widen, buffers))
        if isinstance(result, tuple):
            return tuple(map(narrow, result, out or (None,) * len(result)))
        return narrow(result, out)

    return narrow_kernel


def deliver(result, out):
    """The result, in the offered memory where there is one."""
    if out is None:
        return result
    np.copyto(out, result)
    return out
