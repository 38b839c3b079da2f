"""State: a Program binds its slots to a Store; assignments are ordered."""

import numpy as np
import pytest

from trivium import ops
from trivium.errors import ShapeError, StateError
from trivium.graph import Graph, Slot
from trivium.opaque import opaque
from trivium.program import Program
from trivium.spec import Dim, Spec
from trivium.store import SessionStore
from trivium.tensor import Parameter, Tensor


def counter(graph, slot):
    return graph.assign(slot, graph.read(slot) + 1.0)


def test_a_program_trains_the_layers_own_parameters_by_default(device):
    weight = Parameter(np.zeros((), np.float32), device=device)
    graph = Graph()

    Program([], updates=[counter(graph, weight)], device=device).run()

    assert weight.item() == 1


def test_each_session_has_values_of_its_own(device):
    graph, slot = Graph(), Slot(Spec(()), name="count")
    start = graph.assign(slot, graph.constant(10.0, "float32"))
    count = counter(graph, slot)
    one, other = SessionStore(), SessionStore()
    for store in (one, other):
        Program([], updates=[start], store=store, device=device).run()

    Program([], updates=[count], store=one, device=device).run()

    assert (one.tensor(slot).item(), other.tensor(slot).item()) == (11, 10)


def test_reading_a_slot_that_has_no_value_is_an_error_that_names_it(device):
    graph, slot = Graph(), Slot(Spec(()), name="count")

    with pytest.raises(StateError, match="count: is read before it has a value; initialize it first"):
        Program([graph.read(slot)], store=SessionStore(), device=device).run()


def test_a_slot_may_be_given_other_memory_between_runs(device):
    graph, slot = Graph(), Slot(Spec(()), name="count")
    store = SessionStore()
    program = Program([graph.read(slot) * 2.0], store=store, device=device)

    seen = []
    for value in (1.0, 5.0):
        store.adopt(slot, Tensor.of(value, device=device).storage)
        seen.append(program.run()[0].item())

    assert seen == [2, 10]


def test_programs_that_share_a_storage_see_each_others_updates(device):
    weight = Parameter(np.zeros((), np.float32), device=device)
    train, look = Graph(), Graph()
    step = Program([], updates=[counter(train, weight)], device=device)
    value = Program([look.capture(weight) * 1.0], device=device)

    seen = []
    for _ in range(3):
        step.run()
        seen.append(value.run()[0].item())

    assert seen == [1, 2, 3]


def test_a_read_after_an_assignment_sees_it_and_one_before_does_not(device):
    weight = Parameter(np.array(5.0, np.float32), device=device)
    graph = Graph()
    before = graph.read(weight)
    assigned = graph.assign(weight, before * 2.0)
    after = graph.read(weight)
    again = graph.assign(weight, after + 1.0)

    values = Program([before + 0.0, after, graph.read(weight)], updates=[assigned, again], device=device).run()

    assert [value.item() for value in values] == [5, 10, 11]
    assert weight.item() == 11


def test_an_assignment_that_nothing_asks_for_does_not_happen(device):
    weight = Parameter(np.array(5.0, np.float32), device=device)
    graph = Graph()
    value = graph.read(weight)
    graph.assign(weight, value * 2.0)

    (seen,) = Program([graph.read(weight)], device=device).run()

    assert (seen.item(), weight.item()) == (5, 5)


def test_pruning_follows_control_dependencies(device):
    weight = Parameter(np.array(5.0, np.float32), device=device)
    graph = Graph()
    assigned = graph.assign(weight, graph.read(weight) * 2.0)
    with graph.after(assigned):
        constant = ops.negative(graph.constant(1.0, "float32"))

    Program([constant], device=device).run()

    assert weight.item() == 10


def test_an_assignment_that_only_a_fetch_reaches_happens(device):
    weight = Parameter(np.array(5.0, np.float32), device=device)
    graph = Graph()
    assigned = graph.assign(weight, graph.read(weight) * 2.0)

    (seen,) = Program([assigned + 1.0], device=device).run()

    assert (seen.item(), weight.item()) == (11, 10)


def test_an_assignment_that_only_a_control_dependency_reaches_happens_before_what_waits_for_it(device):
    weight = Parameter(np.array(5.0, np.float32), device=device)
    graph = Graph()
    assigned = graph.assign(weight, graph.read(weight) * 2.0)
    with graph.after(assigned):
        seen = graph.read(weight) + 0.0

    (value,) = Program([seen], device=device).run()

    assert (value.item(), weight.item()) == (10, 10)


def test_two_parameters_can_change_places(device):
    one, other = (Parameter(np.array(row, np.float32), device=device) for row in ([1, 2], [3, 4]))
    graph = Graph()
    first, second = graph.read(one), graph.read(other)

    Program([], updates=[graph.assign(one, second), graph.assign(other, first)], device=device).run()

    assert (one.numpy().tolist(), other.numpy().tolist()) == ([3, 4], [1, 2])


def test_one_value_may_be_assigned_to_two_slots(device):
    one, other = (Parameter(np.zeros(2, np.float32), device=device) for _ in range(2))
    graph = Graph()
    value = graph.read(one) + 1.0
    updates = [graph.assign(one, value), graph.assign(other, value)]

    Program([], updates=updates, device=device).run()

    assert (one.numpy().tolist(), other.numpy().tolist()) == ([1, 1], [1, 1])


def test_assignments_on_both_sides_of_an_opaque_call_happen_in_their_order(device):
    weight = Parameter(np.array([1.0, 2.0], np.float32), device=device)
    same = opaque(lambda x: x, name="same", results=lambda specs: list(specs))
    graph = Graph()
    first = graph.assign(weight, graph.read(weight) * 2.0)
    (seen,) = same(graph.read(weight))
    second = graph.assign(weight, graph.read(weight) + ops.sum(seen))

    Program([], updates=[first, second], device=device).run()

    assert weight.numpy().tolist() == [8, 10]


def test_a_slot_that_is_only_assigned_may_be_given_other_memory_between_runs(device):
    graph, slot = Graph(), Slot(Spec((2,)), name="seen")
    x = graph.placeholder((2,))
    store = SessionStore()
    program = Program([], updates=[graph.assign(slot, x * 2.0)], store=store, device=device)

    for value in (1, 3):
        store.adopt(slot, Tensor.of(np.zeros(2, np.float32), device=device).storage)
        program.run({x: np.full(2, value, np.float32)})

    assert store.tensor(slot).numpy().tolist() == [6, 6]


def test_a_read_after_a_block_with_controls_sees_what_was_assigned_inside(device):
    weight = Parameter(np.array(1.0, np.float32), device=device)
    graph = Graph()
    before = graph.capture(weight)
    with graph.after(before):
        assigned = graph.assign(weight, before + 1.0)

    (seen,) = Program([graph.capture(weight)], updates=[assigned], device=device).run()

    assert seen.item() == 2


def test_an_eager_assignment_refuses_a_value_of_another_shape(device):
    weight = Parameter(np.zeros((2, 3), np.float32), device=device)

    with pytest.raises(ShapeError, match=r"assign: float32\[3\] does not fit float32\[2, 3\]"):
        Tensor.assign(weight, Tensor.of(np.ones(3, np.float32), device=device))


def test_one_result_of_a_call_may_be_fed_while_another_is_computed(device):
    graph = Graph()
    x = graph.placeholder((4,))
    low, high = ops.split(x, sizes=(2, 2))
    row, other = np.array([1, 2, 3, 4], np.float32), np.array([9, 9], np.float32)

    for fed, left in ((low, high), (high, low)):
        program = Program([fed * 1.0, left * 1.0], fed=[x, fed], device=device)
        given, computed = program.run({x: row, fed: other})

        assert given.numpy().tolist() == [9, 9]
        assert computed.numpy().tolist() == ([3, 4] if left is high else [1, 2])


def test_a_slot_of_unknown_size_holds_another_size_after_each_run(device):
    graph, slot = Graph(), Slot(Spec((Dim(),)), name="rows")
    store = SessionStore()
    x = graph.placeholder((None,))
    start = graph.assign(slot, x)
    before = graph.read(slot)
    grown = graph.assign(slot, ops.concatenate(before, before * 2.0))
    after = graph.read(slot)
    padded = ops.concatenate(after, ops.full(shape=after.shape, value=7.0, dtype="float32", place=graph))
    Program([], updates=[start], store=store, device=device).run({x: np.ones(1, np.float32)})
    program = Program([padded], updates=[grown], fed=[], store=store, device=device)

    sizes = [program.run()[0].numpy().tolist() for _ in range(2)]

    assert sizes == [[1, 2, 7, 7], [1, 2, 2, 4, 7, 7, 7, 7]] and store.tensor(slot).numpy().tolist() == [1, 2, 2, 4]
