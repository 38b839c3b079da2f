"""TensorFlow's words for what the core calls otherwise: types of operations, and messages that users search for."""

from __future__ import annotations

from collections.abc import Sequence

from trivium.errors import ShapeError
from trivium.op import Op
from trivium.spec import Spec

from .operation import Tensor

_TYPES = {
    "add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "RealDiv", "power": "Pow", "negative": "Neg",
    "absolute": "Abs", "sum": "Sum", "mean": "Mean", "max": "Max", "argmax": "ArgMax", "matmul": "MatMul",
    "convolution": "Conv2D", "convolution_input_gradient": "Conv2DBackpropInput",
    "convolution_weight_gradient": "Conv2DBackpropFilter", "max_pool_gradient": "MaxPoolGrad",
    "average_pool": "AvgPool", "average_pool_gradient": "AvgPoolGrad", "where": "Select", "concatenate": "ConcatV2",
    "slice": "StridedSlice", "slice_gradient": "StridedSliceGrad", "constant": "Const", "read": "ReadVariable",
    "full": "Fill", "sum_to": "Sum", "batch_norm": "FusedBatchNorm", "batch_norm_gradient": "FusedBatchNormGrad",
}  # fmt: skip


def type_of(op: Op) -> str:
    """TensorFlow's word for a core op: `Relu` for relu."""
    return _TYPES.get(op.name) or "".join([part.capitalize() for part in op.name.split("_")])


def in_tensorflows_words(kind: str, error: ShapeError, inputs: Sequence[Tensor]) -> str:
    """What is wrong with the shapes, as TensorFlow's users search for it; else in the core's words."""
    specs = [x.spec for x in inputs]
    if any(spec.shape is None for spec in specs[:2]) or len(specs) < 2:
        return str(error)
    a, b = specs[0].shape, specs[1].shape
    if kind in ("MatMul", "BatchMatMul") and len(a) == len(b) == 2:
        return f"Dimensions must be equal, but are {a[1]} and {b[0]}"
    if kind == "Conv2D" and len(a) == len(b) == 4:
        if a[3] != b[2]:
            return f"Depth of input ({a[3]}) is not a multiple of input depth of filter ({b[2]})"
        return str(error)
    if kind == "Assign" and len(a) == len(b):
        i = next((i for i, (m, n) in enumerate(zip(a, b)) if m != n), None)
        return str(error) if i is None else f"Dimension {i} in both shapes must be equal, but are {a[i]} and {b[i]}"
    if "cannot broadcast" in str(error) and len(specs) == 2:
        for m, n in zip(reversed(a), reversed(b)):
            if m != n and m != 1 and n != 1:
                return f"Dimensions must be equal, but are {m} and {n}"
    return str(error)


def placed(spec: Spec) -> str:
    """A shape as runtime messages write it: `[?,2]`."""
    return (
        "<unknown>"
        if spec.shape is None
        else f"[{','.join('?' if type(n) is not int else str(n) for n in spec.shape)}]"
    )
