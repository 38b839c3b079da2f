"""Errors and calls say where: the call, and the line of the user that made it."""

import _thread
from threading import Event

import numpy as np
import pytest

from trivium import ops
from trivium.graph import Graph, user_line
from trivium.op import Op
from trivium.program import Program


def notes_of(error):
    return "\n".join(error.value.__notes__)


def failing_op(device):
    """An op whose kernel fails when it runs, not while it is bound."""

    def fail(x, out=None):
        raise ArithmeticError("no such number")

    made = Op(lambda x: x, name="fragile")
    made.shape(lambda x: x)
    made.runner = lambda device, specs, settings: fail
    return made


def test_an_error_inside_a_planned_program_names_the_call_and_the_line_that_made_it(device):
    graph = Graph()
    x = graph.placeholder((2,))
    y = graph.call(failing_op(device), (ops.exp(x),), {}, name="fragile_1")
    line = y.node.origin
    program = Program([y * 2.0], device=device)

    with pytest.raises(ArithmeticError, match="no such number") as error:
        program.run({x: np.ones(2, np.float32)})

    assert notes_of(error) == f"in fragile_1 made at {line}"
    assert line.split(":")[0] == __file__


def test_the_line_of_a_call_is_that_of_the_nearest_caller_outside():
    def made_here():
        return ops.exp(Graph().placeholder((2,))).node.origin

    file, line = made_here().rsplit(":", 1)

    assert (file, int(line)) == (__file__, made_here.__code__.co_firstlineno + 1)


def test_the_outermost_frame_may_be_the_one_that_is_looked_for():
    found, done = [], Event()

    def outermost():  # the first frame of its thread: nothing called it
        found.append(user_line())
        done.set()

    _thread.start_new_thread(outermost, ())

    assert done.wait(30)
    assert found == [f"{__file__}:{outermost.__code__.co_firstlineno + 1}"]
