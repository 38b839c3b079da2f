"""Bodies of control flow: they read and assign state, their values may change sizes, and sizes may be born in them."""

import numpy as np
import pytest

from trivium import ops
from trivium.autodiff import gradients
from trivium.control import cond, scan, while_loop
from trivium.errors import GraphError
from trivium.graph import Graph, Slot, within
from trivium.program import Program
from trivium.spec import Spec
from trivium.store import SessionStore


@pytest.fixture
def graph():
    return Graph()


@pytest.fixture
def store():
    return SessionStore()


def slot_of(graph, store, device, name, value):
    """A slot that holds a value."""
    slot = Slot(Spec((), "float32"), name=name)
    Program([], updates=[graph.assign(slot, graph.constant(value, "float32"))], store=store, device=device).run()
    return slot


def test_a_slot_is_assigned_by_the_branch_that_runs(graph, store, device):
    left, right = slot_of(graph, store, device, "left", 1.0), slot_of(graph, store, device, "right", 5.0)
    flag, x = graph.placeholder((), "bool"), graph.placeholder(())

    def then():
        here = within(graph)
        here.assign(left, here.read(left) + x)
        return here.read(left) * 10.0

    def orelse():
        here = within(graph)
        return here.assign(right, here.read(right) * 2.0)

    waiting = len(graph.updates)
    y = cond(flag, then, orelse)
    after = graph.read(left)
    program = Program([y, after], updates=graph.updates[waiting:], fed=[flag, x], store=store, device=device)

    got = [[r.item() for r in program.run({flag: np.array(f), x: np.float32(2)})] for f in (True, False, True)]

    assert got == [[30.0, 3.0], [10.0, 3.0], [50.0, 5.0]]
    assert (store.tensor(left).item(), store.tensor(right).item()) == (5.0, 10.0)


def test_a_loop_and_the_branches_in_it_carry_state_from_step_to_step(graph, store, device):
    total, limit = slot_of(graph, store, device, "total", 0.0), slot_of(graph, store, device, "limit", 1.0)

    def step(i):
        def grow():
            here = within(graph)
            return here.assign(limit, here.read(limit) * 3.0)

        more = cond(within(graph).read(limit) < 5.0, grow, lambda: within(graph).capture(100.0))
        within(graph).assign(total, within(graph).read(total) + more)
        return i + 1

    waiting = len(graph.updates)
    (i,) = while_loop(lambda i: i < 3, step, graph.constant(0, "int64"))
    program = Program([i, graph.read(total)], updates=graph.updates[waiting:], store=store, device=device)

    assert [r.item() for r in program.run()] == [3, 3.0 + 9.0 + 100.0]
    assert (store.tensor(total).item(), store.tensor(limit).item()) == (112.0, 9.0)


def test_a_scan_carries_state_and_its_gradient_knows_what_each_step_saw(graph, store, device):
    factor = slot_of(graph, store, device, "factor", 2.0)
    xs = graph.placeholder((3,))

    def step(carry, rows):
        here = within(graph)
        seen = here.read(factor)
        here.assign(factor, seen + 1.0)
        return (carry[0] + seen * rows[0] * rows[0],), (seen,)

    waiting = len(graph.updates)
    (total,), (seen,) = scan(step, (graph.constant(0.0, "float32"),), (xs,))
    (slope,) = gradients([total], [xs])
    program = Program([total, seen, slope], updates=graph.updates[waiting:], fed=[xs], store=store, device=device)

    got = [r.numpy().tolist() for r in program.run({xs: np.array([1, 2, 3], np.float32)})]

    assert got == [2.0 + 12.0 + 36.0, [2.0, 3.0, 4.0], [4.0, 12.0, 24.0]] and store.tensor(factor).item() == 5.0


def test_a_condition_cannot_change_state(graph, store, device):
    slot = slot_of(graph, store, device, "slot", 0.0)

    def condition(i):
        within(graph).assign(slot, within(graph).read(slot) + 1.0)
        return i < 3

    with pytest.raises(GraphError, match=r"while_loop: its condition changes <slot slot .*; change it in the body"):
        while_loop(condition, lambda i: i + 1, graph.constant(0, "int64"))


def test_state_that_no_store_keeps_starts_over_in_each_run(graph, device):
    rows, n = Slot(Spec((4,), "float32"), name="rows", trainable=False), graph.placeholder((), "int64")
    graph.hold(rows, ops.zeros(shape=(4,), place=graph))

    def step(i):
        here = within(graph)
        here.assign(rows, ops.scatter(here.read(rows), i, ops.cast(i, dtype="float32") + 1.0))
        return i + 1

    while_loop(lambda i: i < n, step, graph.constant(0, "int64"))
    program = Program([graph.read(rows)], fed=[n], device=device)

    assert [program.run({n: np.int64(k)})[0].numpy().tolist() for k in (3, 1)] == [[1, 2, 3, 0], [1, 0, 0, 0]]
    assert not graph.updates


def test_a_loop_variable_changes_its_size_where_that_is_said(graph, device):
    x, factor = graph.placeholder((None, 2)), graph.placeholder(())

    def grow(i, x):
        return i + 1, ops.concatenate(x * 2.0, ops.slice(x, stop=(1,)) * factor, axis=0)

    _, y = while_loop(lambda i, x: i < 2, grow, graph.constant(0, "int64"), x, shapes=[None, (None, 2)])
    slopes = gradients([ops.sum(y)], [x, factor])
    program = Program([y, *slopes], fed=[x, factor], device=device)

    for rows in (1, 3):
        got = program.run({x: np.ones((rows, 2), np.float32), factor: np.float32(3)})
        whole, of_x, of_factor = [r.numpy() for r in got]
        # x, then the first row: 4x, 2 f x0, 2 f x0
        assert whole.shape == (rows + 2, 2) and whole[-2:].tolist() == [[6, 6], [6, 6]]
        assert of_x.tolist() == [[4 + 12, 4 + 12]] + [[4, 4]] * (rows - 1) and of_factor == 8.0


def test_a_size_is_learnt_from_a_value_inside_and_outside_of_bodies(graph, device):
    n, flag = graph.placeholder((), "int64"), graph.placeholder((), "bool")
    size = ops.count_up(n).shape[0]

    def ones(count):
        return ops.sum(ops.full(shape=(count,), value=1.0, dtype="float32", place=within(graph)))

    def then():
        inside = ops.count_up(n * 2)
        return ones(size) + ones(inside.shape[0]) * 10.0

    program = Program([cond(flag, then, lambda: ones(size))], fed=[n, flag], device=device)

    got = [program.run({n: np.int64(k), flag: np.array(f)})[0].item() for k, f in ((3, True), (3, False), (2, True))]
    assert got == [63.0, 3.0, 42.0]


def test_a_run_can_be_watched_step_by_step(graph, device):
    x = graph.placeholder((None,))
    y = ops.exp(x * 2.0)
    seen = []

    def observe(node, call, read):
        call()
        if read is not None:
            seen.append((node.op.name, device.download(read(node.outputs[0])).tolist()))

    (result,) = Program([y], fed=[x], device=device).run({x: np.zeros(2, np.float32)}, observe)

    assert result.numpy().tolist() == [1.0, 1.0] and seen == [("multiply", [0.0, 0.0]), ("exp", [1.0, 1.0])]
