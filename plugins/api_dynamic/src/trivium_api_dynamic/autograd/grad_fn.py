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
    "mod": "Remainder", "inverse": "LinalgInvEx", "cholesky": "LinalgCholeskyEx", "eigh": "LinalgEigh", "top_k": "Topk",
}  # fmt: skip
# ops whose name has another number where an axis is given
NUMBERED = ("sum", "mean", "prod")

# words that are compositions, or share their op with others: what PyTorch calls their step back, and its number
STEPS = {
    "addbmm": "Addbmm0", "addcdiv": "Addcdiv0", "addcmul": "Addcmul0", "addmm": "Addmm0", "addmv": "Addmv0",
    "addr": "Addr0", "adjoint": "Transpose0", "amax": "Amax0", "amin": "Amin0", "baddbmm": "Baddbmm0",
    "bmm": "Bmm0", "chunk": "Split0", "clamp": "Clamp1", "clamp_max": "ClampMax0", "clamp_min": "ClampMin0",
    "det": "LinalgDet0", "diagonal": "Diagonal0", "digamma": "Digamma0", "dot": "Dot0", "flip": "Flip0",
    "frac": "Frac0", "index_add": "IndexAdd0", "index_copy": "IndexCopy0", "index_fill": "IndexFill1",
    "index_select": "IndexSelect0", "kthvalue": "Kthvalue0", "lerp": "Lerp0", "masked_fill": "MaskedFill0",
    "masked_scatter": "MaskedScatter0", "masked_select": "MaskedSelect0", "median": "Median0", "mv": "Mv0",
    "narrow": "Slice0", "norm": "LinalgVectorNorm0", "put": "Put0", "repeat": "Repeat0", "roll": "Roll0",
    "rsub": "Rsub0", "scatter": "Scatter0", "select": "Select0", "split": "Split0", "squeeze": "Squeeze0",
    "stack": "Stack0", "std": "Std0", "t": "T0", "take": "Take0", "transpose": "Transpose0", "tril": "Tril0",
    "triu": "Triu0", "unbind": "Unbind0", "unfold": "Unfold0", "unsqueeze": "Unsqueeze0", "var": "Var0",
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
    known = getattr(call, "name", None)
    if known:
        return str(known)
    name = call.op.name
    number = 1 if call.settings.get("axis") is not None and name in NUMBERED else 0
    number = number if name not in ("max", "min") else 1
    return f"{NAMES.get(name, as_title(name))}Backward{number}"


def as_title(name: str) -> str:
    return "".join([part.capitalize() for part in name.split("_")])


def name_result(name: str, result: Any) -> None:
    """Let the calls that a word's results come from be known by the word's own name."""
    for part in result if isinstance(result, tuple) else (result,):
        edge = getattr(part, "edge", None)
        call = getattr(edge, "call", edge)
        if isinstance(call, Call):
            call.name = f"{name[:-1]}Backward{name[-1]}"


def grad_fn(self):
    """The call that made this tensor; None for a leaf."""
    edge = refreshed(self).edge
    return None if edge is None or type(edge) is Leaf else GradFn(getattr(edge, "call", edge))


Tensor.grad_fn = property(grad_fn)
