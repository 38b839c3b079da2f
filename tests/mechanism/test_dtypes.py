"""Dtypes: core promotes nothing."""

import numpy as np
import pytest

from trivium import ops
from trivium.errors import DTypeError
from trivium.graph import Graph
from trivium.program import Program
from trivium.registry import find_layer
from trivium.tensor import Tensor


def test_operands_of_two_dtypes_are_refused():
    x, y = Tensor.of(np.ones(2, np.float32)), Tensor.of(np.ones(2))

    with pytest.raises(DTypeError, match=r"add: operands of different dtypes: float32\[2\], float64\[2\]; cast one"):
        ops.add(x, y)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "int32", "uint8"])
def test_a_number_is_weak(dtype, device):
    x = Tensor.of(np.array([1, 2]), dtype=dtype, device=device)

    assert (x + 1).dtype == (1 + x).dtype == x.dtype
    graph = Graph()
    assert (graph.placeholder((2,), dtype) * 2).dtype == x.dtype


def test_bfloat16_computes_and_has_gradients(device):
    x = Tensor.of(np.array([1.5, 2.5]), dtype="bfloat16", device=device).require_gradient()

    ops.sum(ops.square(x)).backward()

    assert x.gradient.dtype == x.dtype and x.gradient.numpy().astype(float).tolist() == [3, 5]


def test_a_feed_of_another_dtype_is_refused():
    graph = Graph()
    x = graph.placeholder((2,), name="x")

    with pytest.raises(ValueError, match=r"feed for <symbol x float32\[2\]>: is float64; convert it to float32"):
        Program([ops.exp(x)]).run({x: np.ones(2)})


def test_losses_cast_labels_and_refuse_those_with_a_fraction(device):
    loss = find_layer("SoftmaxCrossEntropy")()
    scores = Tensor.of(np.zeros((2, 3), np.float32), device=device)

    assert loss(scores, Tensor.of(np.array([0.0, 2.0], np.float32), device=device)).item() == pytest.approx(np.log(3))
    with pytest.raises(ValueError, match=r"1\.5 cannot be represented as int64"):
        loss(scores, Tensor.of(np.array([0.0, 1.5], np.float32), device=device))


def test_a_label_out_of_range_is_named(device):
    loss = find_layer("SoftmaxCrossEntropy")()
    scores = Tensor.of(np.zeros((2, 3), np.float32), device=device)

    with pytest.raises(ValueError, match=r"label 3 at \(1,\) is outside 0\.\.2"):
        loss(scores, Tensor.of(np.array([0, 3]), device=device))
