"""Tensor: a core tensor with PyTorch's attributes.  Its methods are the functions of the other modules."""

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from trivium import config, ops
from trivium.backend import is_contiguous
from trivium.op import Leaf
from trivium.spec import Spec
from trivium.tensor import Parameter as CoreParameter
from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import recording

from .axes import axis_in
from .dtypes import DTYPES, DType
from .errors import ArgumentError, AxisError, GradientError, ShapeError
from .sizes import Size


class Tensor(CoreTensor):
    """Elements on a device, and where they came from."""

    strength: ClassVar[int] = 10
    __array_priority__ = 1000  # NumPy's operators leave the work to ours

    # -- shape and type --------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        """The size of each axis."""
        return Size(self.spec.shape)

    @property
    def dtype(self) -> DType:
        """The type of the elements."""
        return DTYPES[self.spec.dtype]

    def size(self, dim: int | None = None) -> Any:
        """The size of each axis, or of one."""
        return self.shape if dim is None else self.spec.shape[existing_axis(dim, self.spec.ndim)]

    def dim(self) -> int:
        """How many axes."""
        return self.spec.ndim

    ndimension = dim

    def numel(self) -> int:
        """How many elements."""
        return int(self.spec.size)

    nelement = numel

    def element_size(self) -> int:
        """Bytes in one element."""
        return self.spec.dtype.itemsize

    itemsize = property(element_size)

    def stride(self, dim: int | None = None) -> Any:
        """Elements to skip for the next index along each axis, or along one."""
        return self.strides if dim is None else self.strides[existing_axis(dim, self.spec.ndim)]

    def storage_offset(self) -> int:
        """Elements of the storage before the first one."""
        return self.offset

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """Whether the elements stand one after another, row by row."""
        return self.layout is None or is_contiguous(self.layout)

    def data_ptr(self) -> int:
        """Where the first element stands in memory; host devices only."""
        return int(self.buffer().ctypes.data)

    @property
    def nbytes(self) -> int:
        """Bytes in all elements."""
        return self.numel() * self.spec.dtype.itemsize

    @property
    def mT(self) -> Any:
        """The last two axes exchanged."""
        if self.spec.ndim < 2:
            raise AxisError(f"tensor.mT is only supported on matrices or batches of matrices. Got {self.spec.ndim}-D")
        return ops.transpose(self, axes=(*range(self.spec.ndim - 2), self.spec.ndim - 1, self.spec.ndim - 2))

    mH = mT

    def is_floating_point(self) -> bool:
        """Whether the elements hold fractions."""
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        """Whether the elements are complex numbers."""
        return self.dtype.is_complex

    def is_signed(self) -> bool:
        """Whether an element may be below 0."""
        return self.dtype.is_signed

    @property
    def is_cuda(self) -> bool:
        """Whether it lives on a CUDA device."""
        return bool(self.device.type == "cuda")

    @property
    def is_cpu(self) -> bool:
        """Whether it lives in host memory."""
        return bool(self.device.type == "cpu")

    def get_device(self) -> int:
        """The number of its CUDA device, -1 without one."""
        return int(self.device.index) if self.is_cuda else -1

    is_sparse = is_quantized = is_mkldnn = is_meta = is_nested = False  # all are dense, with elements

    def is_same_size(self, other: "Tensor") -> bool:
        """Whether another tensor has this shape."""
        return tuple(self.spec.shape) == tuple(other.spec.shape)

    def is_set_to(self, tensor: "Tensor") -> bool:
        """Whether another tensor sees the same memory in the same way."""
        return self.storage is tensor.storage and self.stride() == tensor.stride() and self.offset == tensor.offset

    def __len__(self) -> int:
        if self.spec.ndim == 0:
            raise ArgumentError("len() of a 0-d tensor")
        return int(self.spec.shape[0])

    # -- gradients -------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient flows here."""
        return refreshed(self).edge is not None

    @requires_grad.setter
    def requires_grad(self, on: bool) -> None:
        self.requires_grad_(on)

    def requires_grad_(self, requires_grad: bool = True) -> "Tensor":
        """Let gradients end here, or stop asking for one."""
        if not self.is_leaf:
            if not requires_grad:
                raise GradientError(
                    "you can only change requires_grad flags of leaf variables. If you want to use a computed variable "
                    "in a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
                )
            return self
        if requires_grad and not (self.dtype.is_floating_point or self.dtype.is_complex):
            raise GradientError("Only Tensors of floating point and complex dtype can require gradients")
        if requires_grad != (self.edge is not None):
            self.edge = Leaf(self.spec) if requires_grad else None
            self.base = None  # a leaf is a view of nothing that could be overwritten behind it
        return self

    def detach(self) -> Any:
        """The same memory, without a gradient; overwriting it leaves the tape as it is."""
        return self.made_by(None)

    def detach_(self) -> "Tensor":
        """Forget where it came from."""
        self.edge = self.base = None
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made it."""
        edge = refreshed(self).edge
        return edge is None or type(edge) is Leaf

    @property
    def grad(self) -> Any:
        """What `backward` has accumulated, or None."""
        edge = self.edge
        if type(edge) is Leaf:
            return edge.value
        return None if edge is None else retained(edge)

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None and not isinstance(value, CoreTensor):
            raise ArgumentError(
                f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}"
            )
        if value is not None and value.spec is not self.spec:
            raise GradientError(f"grad: {value.spec} was assigned to a tensor {self.spec}; they must agree")
        if type(self.edge) is not Leaf:
            if value is None:
                return
            raise GradientError(f"grad: {self.spec} is no leaf that requires grad; call requires_grad_() first")
        self.edge.value = value

    @property
    def data(self) -> Any:
        """The same memory, without a gradient."""
        return self.detach()

    @data.setter
    def data(self, value: Any) -> None:
        if value.spec is self.spec and value.device is self.device:
            with recording(False):
                CoreTensor.write(self, value)  # in place, so that graphs that read this memory see it
            return
        self.storage, self.spec, self.layout = value.storage, value.spec, value.layout
        self.memory, self.is_packed, self.base = value.memory, value.is_packed, None
        if type(self.edge) is Leaf:
            self.edge = Leaf(self.spec)

    @property
    def output_nr(self) -> int:
        """Which output of its grad_fn it is."""
        return getattr(self.edge, "index", 0)

    @property
    def _version(self) -> int:
        """How often its storage has been overwritten."""
        return self.storage.version

    # -- values ----------------------------------------------------------------------------------

    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """The elements as a NumPy array that shares their memory.

        force: also where a gradient is wanted or the memory is a device's
        """
        if not force:
            if self.requires_grad:
                raise GradientError(
                    "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
                )
            if not self.device.backend.is_host:
                raise ArgumentError(
                    f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() to copy the tensor to "
                    "host memory first."
                )
        return on_host(self)

    def item(self) -> Any:
        """The one element as a Python number."""
        if self.spec.size != 1:
            raise OneElementError(f"a Tensor with {self.spec.size} elements cannot be converted to Scalar")
        return on_host(self).item()

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        return on_host(self).tolist()

    def __bool__(self) -> bool:
        if self.spec.size != 1:
            few = "no values" if self.spec.size == 0 else "more than one value"
            raise OneElementError(f"Boolean value of Tensor with {few} is ambiguous")
        return bool(on_host(self).item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __contains__(self, value: Any) -> bool:
        return bool((on_host(self) == (value.item() if isinstance(value, CoreTensor) else value)).any())

    def __reversed__(self) -> Any:
        return ops.copy(ops.flip(self, axis=0)) if self.spec.ndim else self

    def __index__(self) -> int:
        if self.spec.dtype.kind not in "iu":
            raise ArgumentError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    __hash__ = CoreTensor.__hash__

    # -- copies ----------------------------------------------------------------------------------

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if not self.is_leaf:
            raise GradientError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment"
            )
        with recording(False):
            made = fields_of(ops.copy(self), type(self).__new__(type(self)))
        made.__dict__.update(self.__dict__)
        memo[id(self)] = made
        if isinstance(self, CoreParameter):
            made.name, made.trainable = self.name, self.trainable
        if self.edge is not None:
            made.edge = Leaf(self.spec)
            if self.grad is not None:
                made.edge.value = self.grad.__deepcopy__(memo)
        return made

    def __reduce__(self) -> Any:
        if self.requires_grad and not self.is_leaf:
            raise GradientError("only leaf tensors can be sent elsewhere; detach() it first")
        return rebuilt, (type(self), on_host(self), self.requires_grad, getattr(self, "name", None))

    def __iter__(self) -> Iterator["Tensor"]:
        if self.spec.ndim == 0:
            raise ArgumentError("iteration over a 0-d tensor")
        return iter([self[i] for i in range(len(self))])


Tensor.kind = Tensor


def existing_axis(dim: Any, ndim: int) -> int:
    """An axis counted from the front; a tensor without axes has none."""
    if ndim == 0:
        raise AxisError(f"Dimension specified as {dim} but tensor has no dimensions")
    return axis_in(dim, ndim)


class OneElementError(ShapeError, RuntimeError):
    """A tensor of several elements where one was needed."""


def on_host(tensor: CoreTensor) -> np.ndarray[Any, Any]:
    """The elements as a NumPy array, whatever gradients flow; shared where the device's memory is the host's."""
    return CoreTensor.numpy(tensor)


def fields_of(source: CoreTensor, target: Any) -> Any:
    """`target`, seeing the same memory as `source`, with no gradient."""
    target.storage, target.spec, target.is_packed = source.storage, source.spec, source.is_packed
    target.layout, target.memory, target.base, target.edge = source.layout, source.memory, None, None
    return target


def as_ours(tensor: Any) -> Any:
    """A core tensor as one with PyTorch's methods: the same memory, the same place on the tape."""
    if isinstance(tensor, Tensor) or not isinstance(tensor, CoreTensor):
        return tensor
    made: Tensor = fields_of(tensor, Tensor.__new__(Tensor))
    made.edge = tensor.edge
    return made


def around(array: np.ndarray[Any, Any], device: Any = None) -> Tensor:
    """A tensor with the elements of an array; on the host it may share them."""
    device = device or config.current_device()
    return Tensor.around(device.upload(array), Spec(array.shape, array.dtype), device)


def rebuilt(kind: type[Tensor], array: np.ndarray[Any, Any], requires_grad: bool, name: str | None) -> Tensor:
    """A tensor that was pickled."""
    made = fields_of(around(np.array(array)), kind.__new__(kind))
    if isinstance(made, CoreParameter):
        made.name, made.trainable = name or "parameter", requires_grad
    return made.requires_grad_(requires_grad)


def refreshed(tensor: Any) -> Any:
    """The tensor; a view whose base was overwritten since is looked at anew."""
    base = tensor.base
    if base is not None and tensor.seen != tensor.storage.version and type(tensor.edge) is not Leaf:
        tensor.seen = tensor.storage.version
        with recording(True):
            tensor.edge = (
                None if base.edge is None else ops.as_strided(base.made_by(base.edge), layout=tensor.layout).edge
            )
    return tensor


class RetainGradient:
    """A hook that keeps the gradient of a tensor that is no leaf."""

    value: Any = None

    def __call__(self, gradient: Any) -> None:
        with recording(False):
            self.value = as_ours(ops.copy(gradient))


def retained(edge: Any) -> Any:
    """The gradient that a RetainGradient at this edge has kept."""
    node, index = getattr(edge, "call", edge), getattr(edge, "index", 0)
    hooks = (node.hooks or {}).get(index, ())
    return next((hook.value for hook in hooks if type(hook) is RetainGradient), None)
