"""What each value sees of the input."""

import numpy as np
import pytest

from trivium import Tensor, ops
from trivium.graph import Graph
from trivium.op import OPS
from trivium.testing.samples import cases
from trivium_diagnostics.network import sizes_of
from trivium_diagnostics.receptive_field import Views


def views_of(function, shape):
    """(size, jump) along each spatial axis for the result of a function of an image."""
    graph = Graph()
    x = graph.placeholder(shape)
    y = function(x)
    views = Views(graph, [x], {})
    return [(reach.size, reach.jump) for reach in views.of(y).values()]


def weight(x, *shape):
    return x.graph.placeholder(shape)


def convolved(x, kernel, **settings):
    return ops.convolution(x, weight(x, 4, x.shape[1], kernel, kernel), **settings)


def test_windows_add_up():
    assert views_of(lambda x: convolved(convolved(x, 3), 3), (1, 3, 16, 16)) == [(5, 1)] * 2
    assert views_of(lambda x: convolved(convolved(x, 3, stride=2), 3), (1, 3, 16, 16)) == [(7, 2)] * 2
    assert views_of(lambda x: convolved(x, 3, dilation=4), (1, 3, 16, 16)) == [(9, 1)] * 2
    assert views_of(lambda x: ops.max_pool(convolved(x, 3), kernel=2)[0], (1, 3, 16, 16)) == [(4, 2)] * 2


def test_the_longest_way_counts_where_branches_meet():
    def branches(x):
        return ops.concatenate(convolved(x, 1), convolved(x, 5, padding=2), axis=1)

    assert views_of(branches, (1, 3, 16, 16)) == [(5, 1)] * 2
    assert views_of(lambda x: convolved(x, 3, padding=1) + convolved(x, 1), (1, 3, 16, 16)) == [(3, 1)] * 2


def test_the_order_of_axes_makes_no_difference():
    def last(x):
        y = convolved(ops.transpose(x, axes=(0, 3, 1, 2)), 5, stride=2)
        return ops.transpose(y, axes=(0, 2, 3, 1))

    assert views_of(last, (1, 16, 16, 3)) == [(5, 2)] * 2


def test_neighbouring_channels_are_no_part_of_the_plane():
    def normalized(x):
        y = convolved(x, 3, stride=2)
        rows = ops.reshape(ops.square(y), shape=(1, 1, 4, 49))
        around = ops.average_pool(rows, kernel=(3, 1), stride=1, padding=((1, 1), (0, 0)), divisor=3)
        return y / ops.reshape(around, shape=y.shape)

    assert views_of(normalized, (1, 3, 16, 16)) == [(3, 2)] * 2


@pytest.mark.parametrize("whole", [
    lambda y: ops.mean(y, axis=(2, 3)),
    lambda y: ops.average_pool(y, kernel=y.shape[2:]),
    lambda y: ops.matmul(ops.reshape(y, shape=(1, 4 * 49)), weight(y, 4 * 49, 10)),
], ids=["mean", "pool", "dense"])  # fmt: skip
def test_what_takes_a_plane_together_sees_all_of_it(whole):
    found = views_of(lambda x: whole(convolved(x, 3, stride=2)), (1, 3, 16, 16))

    assert [size for size, _ in found] == [3 + 6 * 2] * 2


def test_a_gate_on_channels_leaves_the_view_of_the_plane_as_it_is():
    def gated(x):
        y = convolved(x, 3)
        return y * ops.sigmoid(ops.mean(y, axis=(2, 3), keepdims=True))

    assert views_of(gated, (1, 3, 16, 16)) == [(3, 1)] * 2


def test_the_view_is_what_a_value_really_depends_on():
    def function(x, w):
        return ops.max_pool(ops.convolution(x, w, stride=2, dilation=2), kernel=3, stride=2)[0]

    graph = Graph()
    x, w = graph.placeholder((1, 1, 40)), graph.placeholder((1, 1, 3))
    y = function(x, w)
    [reach] = Views(graph, [x], {}).of(y).values()
    size, jump = reach.size, int(reach.jump)

    image, ones = np.zeros((1, 1, 40), np.float32), Tensor.of(np.ones((1, 1, 3), np.float32))
    before = function(Tensor.of(image), ones).numpy()
    changed = []
    for i in range(40):
        other = image.copy()
        other[0, 0, i] = 1.0
        changed.append((function(Tensor.of(other), ones).numpy() != before)[0, 0])
    reached = np.array(changed)

    for place in range(reached.shape[1]):
        seen = np.flatnonzero(reached[:, place])
        assert (seen.min(), seen.max()) == (place * jump, place * jump + size - 1)


@pytest.mark.parametrize("op", OPS.values(), ids=lambda op: op.name)
def test_every_op_has_a_view(op):
    for case in cases(op):
        graph = Graph()
        inputs = [None if x is None else graph.placeholder(x.shape, x.dtype) for x in case.inputs]
        made = graph.call(op, inputs, case.settings)

        views = Views(graph, [x for x in inputs if x is not None and x.ndim], sizes_of(graph, []))

        for out in (made,) if op.has_one_output else made:
            assert all(reach.size >= 1 for reach in views.of(out).values())
