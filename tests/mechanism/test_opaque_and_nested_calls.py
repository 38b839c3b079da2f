"""Opaque and nested calls: Python functions, branches and loops inside a graph; hooks on gradients."""

import numpy as np
import pytest

from trivium import ops
from trivium.autodiff import gradients
from trivium.control import COND, cond, scan, while_loop
from trivium.errors import GradientError, ShapeError
from trivium.graph import Graph
from trivium.op import Op, add_hook
from trivium.opaque import opaque
from trivium.program import Program
from trivium.tensor import Parameter, Tensor


def rounded(x):
    return x.of(np.round(x.numpy()), device=x.device)


ROUND = opaque(rounded, name="round", results=lambda specs: specs, gradient=lambda g, xs, outs: g)


def test_a_python_function_runs_eagerly_and_inside_a_program(device):
    graph = Graph()
    x = graph.placeholder(("n",))
    (out,) = ROUND(ops.exp(x))
    program = Program([out * 2.0], device=device)

    for size in (2, 3):
        feed = np.linspace(0, 1, size, dtype=np.float32)
        (eager,) = ROUND(ops.exp(Tensor.of(feed, device=device)))
        assert np.array_equal(program.run({x: feed})[0].numpy(), 2 * eager.numpy())
        assert np.array_equal(eager.numpy(), np.round(np.exp(feed)))


def test_a_python_function_splits_a_program_in_two(device):
    graph = Graph()
    x = graph.placeholder((3,))
    (out,) = ROUND(ops.exp(x))
    program = Program([out * 2.0], device=device)

    steps = program.plan({x: np.zeros(3, np.float32)})

    assert [step.node.op.name for step in steps] == ["exp", "round"]


def test_the_gradient_of_a_python_function_is_the_one_it_was_given(device):
    x = Tensor.of(np.array([1.2, 2.7]), device=device).require_gradient()
    ops.sum(ROUND(ops.square(x))[0]).backward()
    assert x.gradient.numpy() == pytest.approx([2.4, 5.4])

    graph = Graph()
    y = graph.placeholder((2,), "float64")
    (out,) = ROUND(ops.square(y))
    (g,) = gradients([ops.sum(out)], [y])
    _, found = Program([out, g], device=device).run({y: np.array([1.2, 2.7])})
    assert found.numpy() == pytest.approx([2.4, 5.4])


def test_a_gradient_whose_size_is_born_at_a_call_needs_that_call(device):
    graph = Graph()
    y = graph.placeholder((2,), "float64")
    (g,) = gradients([ops.sum(ROUND(ops.square(y))[0])], [y])

    (found,) = Program([g], device=device).run({y: np.array([1.2, 2.7])})

    assert found.numpy() == pytest.approx([2.4, 5.4])


def test_branches_take_what_they_use_as_explicit_operands(device):
    weight = Parameter(np.array([2.0, 3.0], np.float32), device=device)
    graph = Graph()
    x, is_up = graph.placeholder((2,)), graph.placeholder((), "bool")
    y = cond(is_up, lambda: x * graph.capture(weight), lambda: x - 1.0)
    (node,) = [node for node in graph.nodes if node.op is COND]
    program = Program([y], fed=[x, is_up], device=device)

    results = [program.run({x: np.ones(2, np.float32), is_up: up})[0].numpy().tolist() for up in (True, False)]
    weight.detach().write(Tensor.of(np.array([5.0, 6.0], np.float32), device=device))
    changed = program.run({x: np.ones(2, np.float32), is_up: True})[0].numpy().tolist()

    assert len(node.inputs) == 1 + len(node.settings["then"].captures) + len(node.settings["orelse"].captures)
    assert (results, changed) == ([[2, 3], [0, 0]], [5, 6])


def test_only_one_branch_runs(device):
    ran = []

    def told(name):
        def function(x):
            ran.append(name)
            return x

        return opaque(function, name=name, results=lambda specs: specs)

    graph = Graph()
    x = graph.placeholder(())
    (y,) = cond(x > 0.0, lambda: told("up")(x), lambda: told("down")(x))
    program = Program([y], device=device)

    program.run({x: 1.0})
    program.run({x: -1.0})

    assert ran == ["up", "down"]


def test_branches_of_different_shapes_are_refused():
    graph = Graph()
    x = graph.placeholder((2, 3))

    with pytest.raises(ShapeError, match=r"cond: the branches return float32\[2, 3\] and float32\[6\]"):
        cond(ops.sum(x) > 0.0, lambda: x, lambda: ops.reshape(x, shape=(6,)))


def powers(x, scale):
    """x * scale ** n, doubled until it exceeds 10."""
    return while_loop(lambda v: ops.sum(v) < 10.0, lambda v: v * scale, x)[0]


def test_a_while_loop_has_first_gradients_and_refuses_second_ones(device):
    graph = Graph()
    x, scale = graph.placeholder((), "float64"), graph.placeholder((), "float64")
    y = powers(x, scale)
    first = gradients([y], [x, scale])
    program = Program([y, *first], fed=[x, scale], device=device)

    values = [v.item() for v in program.run({x: 1.5, scale: 2.0})]

    assert values == pytest.approx([12, 8, 1.5 * 3 * 4])
    with pytest.raises(GradientError, match=r"while_loop: .* first derivatives only; use scan"):
        gradients([first[0]], [x])


def running_product(carry, rows):
    return (carry[0] * ops.tanh(rows[0]),), (carry[0],)


@pytest.mark.parametrize("reverse", [False, True])
def test_scan_differentiates_twice_and_agrees_with_python(device, reverse):
    values = np.array([0.3, 0.5, 0.7])

    def loss(x, start):
        (last,), (seen,) = scan(running_product, (start,), (x,), reverse=reverse)
        return last + ops.sum(seen * seen)

    graph = Graph()
    x, start = graph.placeholder((3,), "float64"), graph.placeholder((), "float64")
    first = gradients([loss(x, start)], [x, start])
    second = gradients([ops.sum(first[0] * first[0])], [x, start])
    planned = Program([*first, *second], fed=[x, start], device=device).run({x: values, start: 1.5})

    tx = Tensor.of(values, device=device).require_gradient()
    ts = Tensor.of(np.array(1.5), device=device).require_gradient()
    eager_first = gradients([loss(tx, ts)], [tx, ts])
    eager_second = gradients([ops.sum(eager_first[0] * eager_first[0])], [tx, ts])

    for actual, expected in zip(planned, eager_first + eager_second, strict=True):
        assert actual.numpy() == pytest.approx(expected.numpy())


def test_a_loop_inside_a_branch_inside_a_scan(device):
    def body(carry, rows):
        grown = cond(rows[0] > 0.0, lambda: powers(carry[0] + rows[0], 2.0), lambda: carry[0])
        return (grown,), (grown,)

    graph = Graph()
    x = graph.placeholder((3,))
    (last,), (seen,) = scan(body, (graph.constant(1.0, "float32"),), (x,))

    results = Program([last, seen], device=device).run({x: np.array([1, -1, 5], np.float32)})

    assert [r.numpy().tolist() for r in results] == [21, [16, 16, 21]]


def test_a_hook_on_a_gradient_may_watch_and_replace_it(device):
    seen = []
    x = Tensor.of(np.array([1.0, 2.0]), device=device).require_gradient()
    y = ops.square(x)
    remove = add_hook(y.edge, lambda g: g * 10.0)
    add_hook(x.edge, lambda g: seen.append(g.numpy().tolist()))

    ops.sum(y).backward(keep=True)
    remove()
    x.gradient = None
    ops.sum(y).backward()

    assert seen == [[20, 40], [2, 4]]
    assert x.gradient.numpy().tolist() == [2, 4]


def test_a_hook_in_a_graph_adds_calls(device):
    graph = Graph()
    x = graph.placeholder((2,))
    y = ops.square(x)
    add_hook(y.edge, lambda g: ops.clip(g, -0.5, 0.5))
    (g,) = gradients([ops.sum(y)], [x])

    assert Program([g], device=device).run({x: np.array([1, 2], np.float32)})[0].numpy().tolist() == [1, 2]


def test_without_a_gradient_a_python_function_says_why():
    made = opaque(rounded, name="round_only", results=lambda specs: specs, why="rounding is flat")

    assert made.reasons == {"xs": "rounding is flat"}
    assert made(Tensor.of(np.array([1.5])).require_gradient())[0].edge is None


def test_a_backward_twice_is_refused_unless_asked_for():
    x = Tensor.of(np.array([1.0])).require_gradient()
    y = ops.sum(ops.square(x))
    y.backward()

    with pytest.raises(GradientError, match=r"backward through .* a second time"):
        y.backward()


def product(**rules):
    """A fused x * y that stands for its decomposition."""
    made = Op(lambda x, y: x * y, name="product")
    made.shape(lambda x, y: x)
    made.decomposition(lambda x, y: x * y)
    for name, rule in rules.items():
        made.gradient(name)(rule)
    return made


def two_leaves(device):
    return [Tensor.of(np.array(row), device=device).require_gradient() for row in ([1.0, 2.0], [3.0, 4.0])]


def test_a_hook_before_a_fused_op_is_called_once(device):
    x, y = two_leaves(device)
    seen = []
    add_hook(x.edge, lambda g: seen.append(g) or g * 2.0)

    ops.sum(product()(x, y)).backward()

    assert len(seen) == 1
    assert (x.gradient.numpy().tolist(), y.gradient.numpy().tolist()) == ([6, 8], [1, 2])


def test_a_fused_op_with_a_rule_for_one_of_its_inputs_differentiates_its_decomposition_where_the_other_needs_it(device):
    op = product(x=lambda g, y, out: g * y + 0.0 * out)
    x, y = two_leaves(device)
    alone, _ = two_leaves(device)

    ops.sum(op(x, y)).backward()
    ops.sum(op(alone, y.detach())).backward()

    assert (x.gradient.numpy().tolist(), y.gradient.numpy().tolist()) == ([3, 4], [1, 2])
    assert alone.gradient.numpy().tolist() == [3, 4]


def test_gradients_that_name_rows_pass_through_branches_and_loops(device):
    table = Parameter(np.zeros((3, 2), np.float32), device=device)
    graph = Graph()
    rows, is_on = graph.placeholder(("n", 2), "int64"), graph.placeholder((), "bool")
    value = graph.capture(table)

    def total(index):
        return ops.sum(ops.gather(value, index, sparse_gradient=True))

    chosen = cond(is_on, lambda: total(rows), lambda: total(rows) * 2.0)
    (last,), _ = scan(lambda c, r: ((c[0] + total(r[0]),), ()), (graph.constant(0.0, "float32"),), (rows,))
    found = [gradients([y], [value])[0] for y in (chosen, last)]

    results = Program(found, device=device).run({rows: np.array([[0, 1], [1, 1]]), is_on: np.array(False)})

    assert [result.numpy()[:, 0].tolist() for result in results] == [[2, 6, 0], [1, 3, 0]]


def test_a_scan_over_nothing_gives_what_it_started_with(device):
    graph = Graph()
    x = graph.placeholder(("n", 2))
    (last,), (ys,) = scan(lambda c, r: ((c[0] + r[0],), (c[0],)), (graph.constant(np.ones(2, np.float32)),), (x,))

    end, rows = Program([last, ys], device=device).run({x: np.zeros((0, 2), np.float32)})

    assert (end.numpy().tolist(), rows.shape) == ([1, 1], (0, 2))
