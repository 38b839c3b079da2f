"""The sign of each gradient rule is flipped in turn; the generated gradient tests must notice every time."""

import operator

import numpy as np
import pytest

import trivium.ops as ops
from trivium.autodiff import gradients
from trivium.control import COND, SCAN, WHILE, cond, scan, while_loop
from trivium.graph import ASSIGN, Graph, Slot
from trivium.op import OPS
from trivium.program import Program
from trivium.store import SessionStore
from trivium.testing import numeric, op_checks
from trivium.testing.mutation import spoiled_rule
from trivium.testing.profile import Profile
from trivium.testing.reference import reference
from trivium.testing.samples import cases
from trivium.testing.tolerances import NUMERIC, assert_close
from trivium.transfer import TRANSFER, transfer

RULES = [(op, name) for op in OPS.values() for name in op.gradient_rules if op.origin.startswith("trivium.")]


def notices(op):
    """Whether some generated gradient test of an op fails."""
    for case in filter(op_checks.has_gradient, cases(op)):
        try:
            op_checks.check_gradient(case, reference.device(), Profile())
        except AssertionError:
            return True
    return False


@pytest.mark.parametrize(("op", "name"), RULES, ids=[f"{op.name}-{name}" for op, name in RULES])
def test_a_flipped_sign_is_noticed(op, name):
    assert not notices(op), "the rules are right to begin with"

    with spoiled_rule(op, name, operator.neg):
        assert notices(op)


# -- rules of calls that exist in graphs only --------------------------------------------------------


def run_both_branches(x, y):
    up = cond(ops.sum(x) > -100.0, lambda: ops.tanh(x) * y, lambda: x)
    down = cond(ops.sum(x) < -100.0, lambda: x, lambda: ops.tanh(y) * x)
    return ops.sum(up * down)


def run_while_loop(x, y):
    return ops.sum(
        while_loop(lambda i, v: i < 2.5, lambda i, v: (i + 1.0, ops.tanh(v) * y), x.graph.constant(0.0), x)[1]
    )


def run_scan(x, y):
    (last,), (rows,) = scan(lambda carry, row: ((ops.tanh(carry[0]) + row[0],), (carry[0] * row[0],)), (y,), (x,))
    return ops.sum(last) + ops.sum(rows * rows)


def run_assign(x, y):
    slot = Slot(x.spec, name="slot")
    return ops.sum(x.graph.assign(slot, ops.tanh(x)) * y)


def run_transfer(x, y):
    return ops.sum(transfer(ops.tanh(x), "cpu", source="cpu") * y)


IN_GRAPHS = {"cond": (COND, run_both_branches), "while_loop": (WHILE, run_while_loop), "scan": (SCAN, run_scan),
             "assign": (ASSIGN, run_assign), "transfer": (TRANSFER, run_transfer)}  # fmt: skip


def check_in_graph(function):
    """Gradients inside a graph agree with differences."""
    graph = Graph()
    x, y = graph.placeholder((3, 3), "float64"), graph.placeholder((3,), "float64")
    out = function(x, y)
    random = np.random.default_rng(1)
    values = [random.normal(size=(3, 3)), random.normal(size=3)]

    def value(*given):
        return Program([out], fed=[x, y], store=SessionStore()).run(dict(zip([x, y], given, strict=True)))[0].item()

    found = Program(gradients([out], [x, y]), fed=[x, y], store=SessionStore()).run(
        dict(zip([x, y], values, strict=True))
    )
    for i, g in enumerate(found):
        assert_close(g.numpy(), numeric.gradient(value, values, i), NUMERIC["float64"], f"gradient {i}")


@pytest.mark.parametrize("name", IN_GRAPHS)
def test_a_flipped_sign_inside_a_graph_is_noticed(name):
    op, function = IN_GRAPHS[name]
    check_in_graph(function)

    for wrt in op.gradient_rules:
        with spoiled_rule(op, wrt, operator.neg), pytest.raises(AssertionError):
            check_in_graph(function)
