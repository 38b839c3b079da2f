"""Variable: what a tensor with gradients was called before the two became one."""

import warnings
from typing import Any

from trivium.tensor import Tensor as CoreTensor

from ..creation import tensor
from ..tensors import Tensor, as_ours


class _VariableType(type):
    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, Tensor)


class Variable(metaclass=_VariableType):
    """A tensor in the memory of another one."""

    def __new__(cls, data: Any, requires_grad: bool = False, volatile: bool | None = None) -> Any:
        if volatile is not None:
            warnings.warn(
                "volatile was removed and now has no effect. Use `with torch.no_grad():` instead.", stacklevel=2
            )
        made = as_ours(data).detach() if isinstance(data, CoreTensor) else tensor(data)
        return made.requires_grad_() if requires_grad else made
