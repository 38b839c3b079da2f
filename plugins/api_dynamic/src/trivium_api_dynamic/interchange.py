"""Tensors of other libraries: DLPack."""

import numpy as np

from trivium import registry
from trivium.tensor import Tensor as CoreTensor

from .creation import as_tensor, from_numpy
from .creation import tensor as new_tensor
from .errors import ArgumentError, GradientError, UnsupportedError
from .words import word

HOST = 1  # DLPack's number for host memory


@word(is_method=False)
def from_dlpack(ext_tensor):
    """A tensor in the memory of anything that speaks DLPack, on the host."""
    if isinstance(ext_tensor, CoreTensor):
        return ext_tensor.detach()
    if not hasattr(ext_tensor, "__dlpack__"):
        raise ArgumentError(f"from_dlpack: {type(ext_tensor).__name__} does not speak DLPack: it has no __dlpack__")
    place = ext_tensor.__dlpack_device__()[0]
    if place != HOST:
        known = ", ".join(registry.device_types())
        raise UnsupportedError(f"from_dlpack: device type {place}: host memory alone; installed backends: {known}")
    array = np.from_dlpack(ext_tensor)
    return from_numpy(array if array.flags.writeable else array.copy())


@word(is_method=False)
def to_dlpack(tensor):
    """A capsule of DLPack."""
    if tensor.requires_grad:
        raise GradientError("Can't export tensors that require gradient, use tensor.detach()")
    return tensor.__dlpack__()


@word(is_method=False)
def asarray(obj, *, dtype=None, device=None, copy=None, requires_grad=False):
    """A tensor of whatever holds numbers, sharing memory where that is possible and allowed."""
    if not isinstance(obj, (CoreTensor, np.ndarray)) and hasattr(obj, "__dlpack__"):
        obj = from_dlpack(obj)
    made = new_tensor(obj, dtype=dtype, device=device) if copy else as_tensor(obj, dtype=dtype, device=device)
    return made.requires_grad_() if requires_grad else made
