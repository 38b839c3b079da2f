"""State: a Program binds its slots to a Store; assignments are ordered."""

import numpy as np
import pytest

from trivium import ops
from trivium.errors import StateError
from trivium.graph import Graph, Slot
from trivium.program import Program
from trivium.spec import Spec
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
