"""Parameters: leaves that modules own."""

from typing import Any

from trivium import ops
from trivium.tensor import Parameter as CoreParameter
from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import recording

from ..creation import tensor
from ..tensors import Tensor, fields_of


class Parameter(Tensor, CoreParameter):
    """A tensor that becomes a module's parameter when it is assigned to it.  Every style can use it.

    It shares the memory of `data`, unless that is a view, which is copied.
    """

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        source = data if isinstance(data, CoreTensor) else tensor(data)
        if source.layout is not None:
            with recording(False):
                source = ops.copy(source)
        fields_of(source, self)
        self.name, self.trainable = "parameter", requires_grad
        self.requires_grad_(requires_grad)

    @classmethod
    def of_layer(cls, parameter: CoreTensor) -> "Parameter":
        """A core layer's parameter as one of ours: the same memory, the same gradient."""
        if isinstance(parameter, cls):
            return parameter
        made = fields_of(parameter, cls.__new__(cls))
        made.name, made.trainable, made.edge = parameter.name, parameter.trainable, parameter.edge
        return made

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Let training change it, or leave it as it is."""
        self.trainable = requires_grad
        return super().requires_grad_(requires_grad)
