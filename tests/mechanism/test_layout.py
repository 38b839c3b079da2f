"""Layout: ops know one order of axes; what a style adds to use another one is taken out again."""

import numpy as np
import pytest

from trivium import ops
from trivium.autodiff import gradients
from trivium.errors import ShapeError
from trivium.graph import Graph
from trivium.program import Program
from trivium.tensor import Tensor


def channels_last(function, x):
    y = function(ops.transpose(x, axes=(0, 3, 1, 2)))
    return ops.transpose(y, axes=(0, 2, 3, 1))


def two_layers(graph):
    x = graph.placeholder(("batch", 6, 6, 3), name="x")
    kernel = graph.placeholder((3, 3, 3, 3), name="kernel")
    weight = ops.transpose(kernel, axes=(3, 2, 0, 1))
    y = channels_last(lambda v: ops.convolution(v, weight), x)
    return x, kernel, channels_last(lambda v: ops.convolution(v, weight), y)


def transposes(program):
    return sum([node.op is ops.transpose for node in program.block.nodes])


def test_transposes_between_two_layers_cancel(device):
    graph = Graph()
    x, kernel, y = two_layers(graph)
    feeds = {x: np.random.default_rng(0).normal(size=(2, 6, 6, 3)).astype("f4"),
             kernel: np.random.default_rng(1).normal(size=(3, 3, 3, 3)).astype("f4")}  # fmt: skip

    short, whole = Program([y], device=device), Program([y], device=device, without=["cancel_transposes"])

    assert (transposes(short), transposes(whole)) == (3, 5)
    assert short.run(feeds)[0].numpy().tobytes() == whole.run(feeds)[0].numpy().tobytes()


def test_transposes_cancel_in_gradients_too(device):
    graph = Graph()
    x, kernel, y = two_layers(graph)
    found = gradients([ops.sum(y * y)], [x, kernel])

    short, whole = Program(found, device=device), Program(found, device=device, without=["cancel_transposes"])

    assert transposes(short) < transposes(whole)


def test_convolution_takes_channels_first_and_weights_with_filters_first():
    x, weight = Tensor.of(np.ones((1, 5, 5, 3), np.float32)), Tensor.of(np.ones((4, 3, 3, 3), np.float32))

    assert ops.convolution(ops.transpose(x, axes=(0, 3, 1, 2)), weight).shape == (1, 4, 3, 3)
    with pytest.raises(ShapeError, match="convolution: input has 5 channels, weight expects 3"):
        ops.convolution(x, weight)
