"""Products with weights."""

from trivium import ops
from trivium.spec import product

from ...errors import SizeMismatchError
from .parameters import beside


def linear(input, weight, bias=None):
    """input @ weight.T + bias."""
    weight, bias = beside(input, weight, bias)
    if input.spec.shape[-1] != weight.spec.shape[-1]:
        raise SizeMismatchError(
            f"mat1 and mat2 shapes cannot be multiplied ({product(input.spec.shape[:-1])}x{input.spec.shape[-1]} and "
            f"{weight.spec.shape[1]}x{weight.spec.shape[0]})"
        )
    out = ops.matmul(input, ops.transpose(weight))
    return out if bias is None else out + bias


def bilinear(input1, input2, weight, bias=None):
    """For each unit, the sum of its weights times the products of the features of two inputs.

    weight: (out_features, in1_features, in2_features)
    """
    weight, bias = beside(input1, weight, bias)
    out = ops.einsum(input1, weight, input2, equation="...i,oij,...j->...o")
    return out if bias is None else out + bias
