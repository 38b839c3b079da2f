"""Work is counted for every op, and as the papers count it."""

import pytest

from trivium import ops
from trivium.control import cond
from trivium.graph import Graph
from trivium.op import OPS
from trivium.spec import Spec
from trivium.testing.samples import cases
from trivium_diagnostics.flops import flops, flops_of
from trivium_diagnostics.network import sizes_of

FLOAT = "float32"


def work(op, *shapes, **settings):
    inputs = [None if shape is None else Spec(shape, FLOAT) for shape in shapes]
    return flops(op, inputs, op.infer(inputs, settings), settings)


def test_a_convolution_counts_products_and_sums():
    assert work(ops.convolution, (1, 3, 5, 5), (4, 3, 3, 3)) == 4 * 9 * (2 * 27)
    assert work(ops.convolution, (1, 3, 5, 5), (4, 3, 3, 3), (4,)) == 4 * 9 * (2 * 27 + 1)
    assert work(ops.convolution, (1, 4, 5, 5), (4, 2, 3, 3), groups=2) == 4 * 9 * (2 * 18)


def test_the_gradients_of_a_convolution_are_as_much_work_each():
    forward = work(ops.convolution, (2, 3, 5, 5), (4, 3, 3, 3))

    assert work(ops.convolution_input_gradient, (2, 4, 3, 3), (4, 3, 3, 3), size=(5, 5)) == forward
    assert work(ops.convolution_weight_gradient, (2, 3, 5, 5), (2, 4, 3, 3), kernel=(3, 3)) == forward


def test_matrices_count_twice_their_three_sizes():
    assert work(ops.matmul, (2, 3), (3, 5)) == 2 * 2 * 3 * 5
    assert work(ops.matmul, (7, 2, 3), (3, 5)) == 7 * 2 * 2 * 3 * 5
    assert work(ops.einsum, (7, 2, 3), (7, 3, 5), equation="bij,bjk->bik") == 7 * 2 * 2 * 3 * 5


def test_what_only_moves_elements_is_no_work():
    assert work(ops.reshape, (2, 3), shape=(6,)) == work(ops.transpose, (2, 3)) == 0


def test_a_branch_counts_as_the_more_costly_one():
    graph = Graph()
    x, flag = graph.placeholder((3, 4)), graph.placeholder((), "bool")

    y = cond(flag, lambda: ops.softmax(x), lambda: ops.relu(x))

    assert flops_of(y.node, {}) == flops(ops.softmax, [x.spec], [x.spec], {}) == 5 * 12


@pytest.mark.parametrize("op", OPS.values(), ids=lambda op: op.name)
def test_every_op_has_a_count(op):
    for case in cases(op):
        graph = Graph()
        inputs = [None if x is None else graph.placeholder(x.shape, x.dtype) for x in case.inputs]
        place = {} if inputs else {"place": graph}
        op(*inputs, **case.settings, **place)

        count = flops_of(graph.nodes[-1], sizes_of(graph, []))

        assert isinstance(count, int)
        assert count >= 0
