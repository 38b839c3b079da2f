"""grad_fn: the call that made a tensor, under PyTorch's name."""

from typing import Any

from trivium.op import Call, Leaf

from ..tensors import Tensor, refreshed

NAMES = {
    "add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "power": "Pow", "negative": "Neg",
    "absolute": "Abs", "matmul": "Mm", "transpose": "Permute", "reshape": "View", "broadcast_to": "Expand",
    "concatenate": "Cat", "cast": "ToCopy", "copy": "Clone", "convolution": "Convolution", "max_pool": "MaxPool",
    "average_pool": "AvgPool", "batch_norm": "NativeBatchNorm", "softmax_cross_entropy": "CrossEntropy",
    "take_along": "Gather", "put_along_add": "ScatterAdd", "gather": "Index", "clip": "Clamp", "where": "Where",
    "square": "Pow", "as_strided": "AsStrided", "overwrite": "CopySlices", "log_softmax": "LogSoftmax",
}  # fmt: skip


class GradFn:
    """A step of the way back: its name, and the steps before it."""

    def __init__(self, call: Any) -> None:
        self.call = call

    def name(self) -> str:
        """Such as MulBackward0."""
        return name_of(self.call)

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """(grad_fn, output number) for each operand; None where no gradient flows."""
        if isinstance(self.call, Leaf):
            return ()
        return tuple([
            (None, 0) if e is None else (GradFn(getattr(e, "call", e)), getattr(e, "index", 0)) for e in self.call.edges
        ])  # fmt: skip

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GradFn) and other.call is self.call

    def __hash__(self) -> int:
        return hash(self.call)

    def __repr__(self) -> str:
        return f"<{self.name()} object>"


def name_of(call: Any) -> str:
    """The name of a call in PyTorch's manner."""
    if isinstance(call, Leaf):
        return "AccumulateGrad"
    assert isinstance(call, Call)
    known = getattr(call, "torch_name", None)
    if known:
        return str(known)
    name = call.op.name
    return NAMES.get(name, "".join([part.capitalize() for part in name.split("_")])) + "Backward0"


def grad_fn(self):
    """The call that made this tensor; None for a leaf."""
    edge = refreshed(self).edge
    return None if edge is None or type(edge) is Leaf else GradFn(getattr(edge, "call", edge))


Tensor.grad_fn = property(grad_fn)
