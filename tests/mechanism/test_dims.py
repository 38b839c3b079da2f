"""Dims: sizes that are known only when a graph runs."""

import numpy as np
import pytest

from trivium import ops
from trivium.autodiff import gradients
from trivium.errors import FeedError, GradientError, ShapeError
from trivium.graph import Graph
from trivium.op import Op
from trivium.opaque import opaque
from trivium.program import Program
from trivium.spec import Dim, Spec, broadcast


def test_arithmetic_has_a_normal_form():
    batch, length = Dim("batch"), Dim("length")

    assert batch + 1 + batch == 2 * batch + 1
    assert (batch + length) * 2 == 2 * length + batch * 2
    assert (batch * 4 + 8) // 4 == batch + 2
    assert batch - batch == 0 and batch * length // length == batch
    assert str(2 * batch + 1) == "2*batch+1"


def test_named_dims_unify_strictly():
    graph = Graph()
    x, y = graph.placeholder(("batch", 3)), graph.placeholder(("other", 3))

    assert (x + graph.placeholder(("batch", 3))).shape == (Dim("batch"), 3)
    with pytest.raises(ShapeError, match=r"add: cannot broadcast float32\[batch, 3\] with float32\[other, 3\]"):
        x + y
    with pytest.raises(ShapeError, match="batch"):
        x + graph.placeholder((2, 3))


@pytest.mark.parametrize("other", [("other", 3), (4, 3)])
def test_named_dims_are_strict_wherever_sizes_must_be_equal(other):
    graph = Graph()
    x, y = graph.placeholder((2, "batch")), graph.placeholder(other)

    with pytest.raises(ShapeError, match=r"matmul: inner sizes differ: float32\[2, batch\]"):
        ops.matmul(x, y)
    with pytest.raises(ShapeError, match="concatenate: sizes other than that of axis 1 differ"):
        ops.concatenate(ops.transpose(x), y, axis=1)


def test_a_nameless_dim_fits_while_building_and_is_checked_when_running(device):
    graph = Graph()
    x, y = graph.placeholder((None, 3)), graph.placeholder((2, 3))
    program = Program([x + y], fed=[x, y], device=device)
    two = np.ones((2, 3), np.float32)

    assert program.run({x: two, y: two})[0].shape == (2, 3)
    with pytest.raises(ShapeError, match=r"add: cannot broadcast float32\[4, 3\] with float32\[2, 3\]"):
        program.run({x: np.ones((4, 3), np.float32), y: two})


def test_an_unknown_number_of_axes_is_allowed(device):
    graph = Graph()
    x = graph.placeholder(None)
    program = Program([ops.relu(x) * 2.0], device=device)

    shapes = [program.run({x: np.ones(shape, np.float32)})[0].shape for shape in ((), (3,), (2, 1, 4))]

    assert shapes == [(), (3,), (2, 1, 4)]


def test_one_dim_has_one_size_in_all_feeds(device):
    graph = Graph()
    x, y = graph.placeholder(("batch",)), graph.placeholder(("batch",))
    program = Program([x + y], fed=[x, y], device=device)

    with pytest.raises(FeedError, match="batch is 2 in one feed and 3 in another"):
        program.run({x: np.ones(2, np.float32), y: np.ones(3, np.float32)})


def positive_rows():
    return opaque(
        lambda x: type(x).of(x.numpy()[x.numpy() > 0], device=x.device),
        name="positive", results=lambda specs: [Spec((Dim(),), specs[0].dtype)],
    )  # fmt: skip


def test_a_size_that_is_born_at_run_time_starts_a_new_segment(device):
    graph = Graph()
    x = graph.placeholder(("n",))
    (kept,) = positive_rows()(x * 2.0)
    program = Program([ops.sum(kept * 10.0), ops.exp(kept), x + 1.0], device=device)

    for values in ([1.0, -1.0, 2.0], [-1.0, -1.0, -1.0], [3.0, 2.0, 1.0]):
        feed = np.array(values, np.float32)
        total, powers, plus = program.run({x: feed})
        expected = feed[feed > 0] * 2
        assert np.allclose(total.numpy(), expected.sum() * 10)
        assert np.allclose(powers.numpy(), np.exp(expected), rtol=1e-6)
        assert plus.numpy().tolist() == (feed + 1).tolist()


def test_plans_are_found_again_by_sizes_whatever_the_order_of_the_feeds(device):
    graph = Graph()
    x, y = graph.placeholder(("m",)), graph.placeholder(("n",))
    program = Program([ops.sum(x) + ops.sum(y)], fed=[x, y], device=device)
    small, large = np.ones(2, np.float32), np.ones(3, np.float32)

    program.run({x: small, y: large})
    program.run({y: large, x: small})
    assert len(program._idle) == 1

    program.run({x: large, y: small})
    assert len(program._idle) == 2


def test_any_symbol_may_be_fed_intermediate_ones_too(device):
    graph = Graph()
    x = graph.placeholder((2,))
    middle = ops.exp(x)
    program = Program([middle * 2.0], fed=[middle], device=device)

    assert program.run({middle: np.array([1, 2], np.float32)})[0].numpy().tolist() == [2, 4]


def test_an_unfed_placeholder_is_named():
    graph = Graph()
    x = graph.placeholder((2,), name="images")

    with pytest.raises(FeedError, match=r"images: nothing was fed for float32\[2\] \(made at .*test_dims.py:\d+\)"):
        Program([ops.exp(x)]).run({})


def test_broadcasting_knows_named_sizes():
    batch = Dim("batch")

    assert broadcast(Spec((batch, 1)), Spec((3,))) == (batch, 3)


def test_a_size_that_a_call_declares_as_its_own_is_learnt_while_binding(device):
    made = Op(lambda x: x[::2].copy(), name="every_other")
    length = Dim("half")
    made.shape(lambda x: x.with_shape(((x.shape[0] + 1) // 2,) if x.is_concrete else (length,)))
    graph = Graph()
    x = graph.placeholder(("n",))
    half = graph.call(made, (x,), {})
    zeros = ops.zeros(shape=(length,), dtype="float32", place=graph)
    program = Program([half + zeros], device=device)

    lengths = [program.run({x: np.ones(n, np.float32)})[0].shape for n in (5, 2)]

    assert lengths == [(3,), (1,)]


def test_a_call_at_which_a_size_is_born_is_kept_though_only_its_size_is_wanted(device):
    graph = Graph()
    x = graph.placeholder(("n",))
    (kept,) = positive_rows()(x)
    program = Program([ops.zeros(shape=kept.shape, dtype="float32", place=graph)], device=device)

    lengths = [program.run({x: np.array(row, np.float32)})[0].shape for row in ([1, -1, 2], [-1, -1, -1])]

    assert lengths == [(2,), (0,)]


def test_a_gradient_refuses_an_unknown_number_of_axes_in_the_name_of_the_op():
    graph = Graph()
    x = graph.placeholder(None)
    seed = graph.placeholder(None)
    refused = r"the number of axes of float32\[...\] must be known for a gradient; declare the shape"

    with pytest.raises(GradientError, match=f"^relu: {refused}"):
        gradients([ops.relu(x)], [x])
    with pytest.raises(GradientError, match=f"^sum: {refused}"):
        gradients([ops.sum(x, axis=0)], [x], [seed])
    with pytest.raises(GradientError, match=f"^matmul: {refused}"):
        gradients([ops.matmul(x, x)], [x], [seed])
    with pytest.raises(GradientError, match=f"^multiply: {refused}"):
        gradients([x * seed], [x], [seed])  # which of the two was broadcast?
    with pytest.raises(GradientError, match=f"^relu: {refused}"):
        gradients([ops.relu(x)], [x], [graph.constant(1.0, "float32")])


def test_a_gradient_that_needs_no_axes_flows_through_an_unknown_number_of_them(device):
    graph = Graph()
    x, seed = graph.placeholder(None), graph.placeholder(None)
    (g,) = gradients([ops.relu(x) * 2.0], [x], [seed])

    (value,) = Program([g], device=device).run({x: np.array([-1, 1], np.float32), seed: np.ones(2, np.float32)})

    assert value.numpy().tolist() == [0, 2]


def test_sizes_over_a_number_have_one_form():
    n = Dim("n")

    assert (n + 1) // 2 == (n - 1) // 2 + 1
    assert (3 * n + 4) // 2 == n + 2 + n // 2
    assert [((5 * n - 7) // 3).resolve({n.atom: k}) for k in range(4)] == [(5 * k - 7) // 3 for k in range(4)]


def test_a_size_made_of_others_is_checked_whatever_the_order_of_the_feeds(device):
    graph, n = Graph(), Dim("n")
    twice, once = graph.placeholder((2 * n,)), graph.placeholder((n,))
    program = Program([ops.sum(twice), ops.sum(once)], fed=[twice, once], device=device)

    with pytest.raises(FeedError, match=r"2\*n is 2 in one feed and 3 in another"):
        program.run({twice: np.zeros(3, np.float32), once: np.zeros(1, np.float32)})


def test_sizes_that_are_broadcast_again_and_again_do_not_grow():
    a, b = Dim(), Dim()

    (size,) = broadcast(Spec((a,)), Spec((b,)))
    (again,) = broadcast(Spec((size,)), Spec((a,)), Spec((b,)), Spec((size,)))

    assert again == size
