"""Aliasing: a Storage is what is overwritten; tensors are ways to see it."""

import numpy as np
import pytest

from trivium import ops
from trivium.errors import GradientError, ShapeError
from trivium.graph import Graph
from trivium.program import Program
from trivium.tensor import Parameter, Tensor, recording
from trivium.testing.fake import FakeBackend


def test_writing_through_a_view_is_seen_by_every_other_view(device):
    x = Tensor.of(np.arange(6.0).reshape(2, 3), device=device)
    row, turned = ops.reshape(ops.slice(x, start=(1,)), shape=(3,)), ops.transpose(x)

    row.write(Tensor.of(np.array([7.0, 8.0, 9.0]), device=device))

    assert x.numpy().tolist() == [[0, 1, 2], [7, 8, 9]]
    assert turned.numpy().tolist() == [[0, 7], [1, 8], [2, 9]]
    assert x.storage is row.storage is turned.storage and x.storage.version == 1


def test_a_backward_that_would_read_an_overwritten_value_refuses(device):
    x = Tensor.of(np.array([1.0, 2.0]), device=device).require_gradient()
    y = ops.exp(x)
    loss = ops.sum(y)

    y.detach().write(Tensor.of(np.array([0.0, 0.0]), device=device))

    with pytest.raises(GradientError, match=r"exp: a value that its gradient needs.*version 1, version 0 was kept"):
        loss.backward()


def test_a_value_that_no_gradient_needs_may_be_overwritten(device):
    x = Tensor.of(np.array([1.0, 2.0]), device=device).require_gradient()
    y = x + 1.0
    loss = ops.sum(y)

    y.detach().write(Tensor.of(np.array([0.0, 0.0]), device=device))
    loss.backward()

    assert x.gradient.numpy().tolist() == [1, 1]


def test_writing_to_a_view_takes_its_part_of_the_gradient_with_it(device):
    x = Tensor.of(np.array([1.0, 2.0, 3.0]), device=device).require_gradient()
    y = x * 10.0
    first = ops.slice(y, stop=(1,))

    first.write(ops.slice(x, start=(2,)) * 100.0)
    ops.sum(y * y).backward()

    assert y.numpy().tolist() == [300, 20, 30]
    assert x.gradient.numpy().tolist() == [0, 400, 600 + 2 * 300 * 100]


def test_a_view_made_before_a_write_to_its_base_follows_it(device):
    x = Tensor.of(np.array([1.0, 2.0]), device=device).require_gradient()
    y = x * 1.0
    last = ops.slice(y, start=(1,))

    y.write(x * 5.0)
    ops.sum(last).backward()

    assert last.numpy().tolist() == [10]
    assert x.gradient.numpy().tolist() == [0, 5]


def test_what_a_program_returns_is_not_changed_by_its_next_run(device):
    graph = Graph()
    x = graph.placeholder((2,))
    program = Program([x, ops.exp(x), ops.reshape(x, shape=(1, 2))], device=device)

    before = program.run({x: np.zeros(2, np.float32)})
    program.run({x: np.ones(2, np.float32)})

    assert [result.numpy().ravel().tolist() for result in before] == [[0, 0], [1, 1], [0, 0]]


def test_a_fetched_parameter_is_a_copy(device):
    weight = Parameter(np.ones(2, np.float32), device=device)
    graph = Graph()
    value = graph.capture(weight)
    program = Program([value], updates=[graph.assign(weight, value + 1.0)], device=device)

    first, second = program.run()[0], program.run()[0]

    assert (first.numpy().tolist(), second.numpy().tolist(), weight.numpy().tolist()) == ([1, 1], [2, 2], [3, 3])


def test_memory_is_not_planned_over_a_live_view(device):
    graph = Graph()
    x = graph.placeholder((2, 3))
    made = ops.exp(x)
    seen = ops.transpose(made)
    over = ops.tanh(ops.relu(made) * 2.0)
    later = ops.negative(over)
    feed = np.arange(6, dtype=np.float32).reshape(2, 3) / 4

    results = Program([ops.sum(later), seen, over + ops.sum(ops.matmul(seen, x))], device=device).run({x: feed})

    assert np.array_equal(results[1].numpy(), np.exp(feed).T)


def test_a_parameter_that_is_a_view_is_read_and_assigned_where_it_lies(device):
    whole = Tensor.of(np.arange(6, dtype=np.float32).reshape(2, 3), device=device)
    column = ops.reshape(ops.slice(whole, start=(0, 1), stop=(2, 2)), shape=(2,))
    graph = Graph()
    value = graph.capture(column)
    program = Program(
        [ops.reshape(ops.exp(value), shape=(2, 1))], updates=[graph.assign(column, value * 10.0)], device=device
    )

    (result,) = program.run()

    assert np.allclose(result.numpy(), np.exp([[1], [4]]))
    assert whole.numpy().tolist() == [[0, 10, 2], [3, 40, 5]]


def test_a_step_writes_its_result_where_the_parameter_is(device):
    weight = Parameter(np.array([1.0, 2.0], np.float32), device=device)
    tracked = ops.exp(weight)
    weight_needed = ops.sum(weight * tracked)
    graph = Graph()
    buffer = weight.storage.buffer

    Program([], updates=[graph.assign(weight, graph.capture(weight) * 3.0)], device=device).run()

    assert weight.numpy().tolist() == [3, 6]
    assert weight.storage.buffer is buffer and weight.storage.version == 1
    with pytest.raises(GradientError, match="overwritten"):
        weight_needed.backward()


def test_a_step_does_not_write_over_a_parameter_that_is_read_later(device):
    weight = Parameter(np.array([1.0, 2.0], np.float32), device=device)
    graph = Graph()
    value = graph.capture(weight)
    after = value * 3.0
    late = ops.exp(value) + after
    buffer = weight.storage.buffer

    (result,) = Program([late], updates=[graph.assign(weight, after)], device=device).run()

    assert np.allclose(result.numpy(), np.exp([1, 2]) + [3, 6])
    assert weight.numpy().tolist() == [3, 6]
    assert weight.storage.buffer is buffer and weight.storage.version == 1


def test_a_view_made_before_its_base_got_a_gradient_is_tracked_from_then_on(device):
    x = Tensor.of(np.array([1.0, 2.0], np.float32), device=device).require_gradient()
    base = Tensor.of(np.zeros(2, np.float32), device=device)
    last = ops.slice(base, start=(1,))
    assert last.edge is None

    base.write(x * 5.0)
    ops.sum(last * 2.0).backward()

    assert x.gradient.numpy().tolist() == [0, 10]


def test_writing_to_a_detached_view_leaves_the_edge_of_the_base_alone(device):
    x = Tensor.of(np.array([1.0, 2.0]), device=device).require_gradient()
    y = x * 3.0
    edge = y.edge

    ops.slice(y, start=(1,)).detach().write(Tensor.of(np.array([7.0]), device=device))
    ops.sum(y).backward()

    assert y.edge is edge
    assert y.numpy().tolist() == [3, 7]
    assert x.gradient.numpy().tolist() == [3, 3]


def overwritten_behind_a_view(device):
    """A leaf, and a view of its second element through a base that was overwritten with five times the leaf."""
    x = Tensor.of(np.array([1.0, 2.0]), device=device).require_gradient()
    y = x * 1.0
    last = ops.slice(y, start=(1,))
    y.write(x * 5.0)
    return x, last


def test_a_view_looked_at_without_recording_keeps_its_gradient(device):
    x, last = overwritten_behind_a_view(device)

    with recording(False):
        ops.negative(last)
    ops.sum(last).backward()

    assert x.gradient.numpy().tolist() == [0, 5]


def test_a_backward_from_a_view_sees_what_was_written_to_its_base(device):
    x, last = overwritten_behind_a_view(device)

    last.backward()

    assert x.gradient.numpy().tolist() == [0, 5]


def test_a_view_that_is_written_elsewhere_brings_the_gradient_that_it_has_now(device):
    x, last = overwritten_behind_a_view(device)
    target = Tensor.of(np.zeros(1), device=device)

    target.write(last)
    target.backward()

    assert x.gradient.numpy().tolist() == [0, 5]


def test_a_view_that_is_overwritten_unrecorded_still_follows_its_base(device):
    x, last = overwritten_behind_a_view(device)

    with recording(False):
        last.write(Tensor.of(np.array([7.0]), device=device))
    last.backward()

    assert x.gradient.numpy().tolist() == [0, 5]


def test_a_view_that_is_a_leaf_stays_one_when_its_base_is_overwritten(device):
    whole = Tensor.of(np.array([1.0, 2.0, 3.0]), device=device)
    leaf = ops.slice(whole, start=(1,)).require_gradient()

    with recording(False):
        whole.write(Tensor.of(np.array([4.0, 5.0, 6.0]), device=device))
    ops.sum(leaf * leaf).backward()

    assert leaf.gradient.numpy().tolist() == [10, 12]


def test_views_of_a_detached_view_find_their_place_in_it(device):
    whole = Tensor.of(np.arange(6.0).reshape(2, 3), device=device)
    leaf = ops.transpose(ops.slice(whole, start=(0, 1))).detach().require_gradient()
    corner = ops.slice(leaf, start=(1,), stop=(2, 1))

    with recording(False):
        leaf.write(Tensor.of(np.ones((2, 2)), device=device))
    ops.sum(corner * 3.0).backward()

    assert leaf.gradient.numpy().tolist() == [[0, 0], [3, 0]]


def test_gradients_of_two_leaves_share_no_memory(device):
    x, y = (Tensor.of(np.array([1.0, 2.0]), device=device).require_gradient() for _ in range(2))
    ops.sum(x + y).backward()

    with recording(False):
        ops.slice(x.gradient, stop=(1,)).write(Tensor.of(np.array([7.0]), device=device))

    assert (x.gradient.numpy().tolist(), y.gradient.numpy().tolist()) == ([7, 1], [1, 1])


def test_what_broadcasting_repeats_is_not_overwritten(device):
    x = Tensor.of(np.array([1.0]), device=device)

    with pytest.raises(ShapeError, match=r"write: float64\[3\] is broadcast from fewer elements; copy it"):
        ops.broadcast_to(x, shape=(3,)).write(Tensor.of(np.arange(3.0), device=device))


@pytest.mark.parametrize("functions", [(), ("view",), ("write",), ("view", "write"), ("allocate", "carve")])
def test_a_backend_may_bring_any_of_the_functions_that_are_left_to_it(functions):
    everything = FakeBackend()
    backend = FakeBackend(is_minimal=True)
    for name in functions:
        setattr(backend, name, getattr(everything, name))
    device = backend.device()
    number, square = Tensor.of(1.0, device=device), Tensor.of(np.arange(9.0).reshape(3, 3), device=device)
    graph = Graph()
    x = graph.placeholder((3, 3), "float64")
    part = ops.slice(ops.transpose(x), start=(1,))
    program = Program([part, ops.matmul(part, x)], device=device)

    ops.reshape(number, shape=(1,)).write(Tensor.of([5.0], dtype="float32", device=device))
    ops.slice(ops.transpose(square), start=(2,)).write(Tensor.of(np.zeros((1, 3)), device=device))
    seen, product = program.run({x: square})

    want = np.array([[0.0, 1, 0], [3, 4, 0], [6, 7, 0]])
    assert (number.numpy().shape, number.item()) == ((), 5)
    assert square.numpy().tolist() == want.tolist()
    assert seen.numpy().tolist() == want.T[1:].tolist()
    assert product.numpy().tolist() == (want.T[1:] @ want).tolist()
