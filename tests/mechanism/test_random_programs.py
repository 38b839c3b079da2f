"""Programs and eager code made at random: views of views, writes through them, state, and memory that is used again.

A program is compared with its calls computed one after another by the ops' references, each result in memory of its
own; eager code with the same steps on NumPy arrays, its gradient with a difference quotient.
"""

import numpy as np
import pytest

from trivium import ops, registry
from trivium.graph import ASSIGN, CONSTANT, PLACEHOLDER, READ, Graph
from trivium.opaque import opaque
from trivium.program import Program
from trivium.tensor import Parameter, Tensor, recording
from trivium.testing.fake import FakeBackend

DEVICES = {
    "cpu": lambda: registry.find_device("cpu"),
    "fake": lambda: FakeBackend().device(),
    "minimal": lambda: FakeBackend(is_minimal=True).device(),
}
SEEDS = range(100)

unchanged = opaque(lambda x: x, name="unchanged", results=lambda specs: list(specs))


class Draw:
    """Random choices; the same seed makes the same ones."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)

    def number(self, low, high):
        return int(self.random.integers(low, high))

    def one_of(self, choices):
        return choices[self.number(0, len(choices))]

    def array(self, shape, dtype=np.float32):
        return self.random.uniform(-1, 1, shape).astype(dtype)

    def layout(self, x):
        """An op that sees x otherwise, and its settings."""
        shape = x.shape
        kind = self.one_of(["reshape", "transpose", "slice", "slice", "broadcast_to"])
        if kind == "reshape":
            size = int(np.prod(shape))
            columns = self.one_of([n for n in (1, 2, 3, 4, 6) if size % n == 0])
            shapes = [(size,), (columns, size // columns), (1, size // columns, columns)]
            return ops.reshape, {"shape": self.one_of(shapes)}
        if kind == "transpose":
            return ops.transpose, {"axes": tuple(map(int, self.random.permutation(len(shape))))}
        if kind == "slice":
            start = tuple([self.number(0, max(1, size)) for size in shape])
            step = tuple([self.one_of([1, 1, 2]) for _ in shape])
            if self.number(0, 4) == 0:
                return ops.slice, {"step": tuple([-each for each in step])}
            return ops.slice, {"start": start, "step": step}
        return ops.broadcast_to, {"shape": (self.number(1, 3), *shape)}


# -- programs ----------------------------------------------------------------------------------------


def random_graph(draw):
    """A graph, the arrays that it is fed, its parameters, symbols to fetch, and its assignments.

    Most shapes are square, so that a transpose may meet its own operand.
    """
    graph = Graph()
    feeds = {graph.placeholder(shape): draw.array(shape) for shape in [(3, 3), (3, 3), (2, 3), (6,), (0, 3), ()]}
    slots = [Parameter(draw.array(shape), name=f"w{i}") for i, shape in enumerate([(3, 3), (3, 3), (2, 3)])]
    symbols = [*feeds, graph.constant(draw.array((3, 3)))]
    updates = []
    for _ in range(draw.number(8, 40)):
        _add_random_call(draw, graph, symbols, slots, updates)
    return graph, feeds, slots, symbols, updates


def _add_random_call(draw, graph, symbols, slots, updates):
    x = draw.one_of(symbols[-6:] if draw.number(0, 3) else symbols)
    alike = [y for y in symbols if y.shape == x.shape]
    kinds = ["unary", "binary", "view", "read", "assign"] * 3 + ["sum", "split", "softmax", "opaque"]
    kind = draw.one_of(kinds)
    if kind == "unary":
        symbols.append(draw.one_of([ops.tanh, ops.negative, ops.relu, ops.sigmoid, ops.stop_gradient])(x))
    elif kind == "binary":
        op = draw.one_of([ops.add, ops.multiply, ops.subtract, ops.maximum])
        symbols.append(op(x, draw.one_of([*alike, *[y for y in symbols if y.shape == ()]])))
    elif kind == "view":
        op, settings = draw.layout(x) if x.shape != (3, 3) or draw.number(0, 2) else (ops.transpose, {})
        symbols.append(op(x, **settings))
    elif kind == "read":
        symbols.append(graph.capture(draw.one_of(slots)))
    elif kind == "assign":
        slot = draw.one_of(slots)
        values = [y for y in symbols if y.spec is slot.spec]
        if values:
            updates.append(graph.assign(slot, draw.one_of(values)))
            symbols.append(updates[-1])
    elif kind == "sum":
        symbols.append(ops.sum(x, axis=draw.one_of([None, *range(x.ndim)]), keepdims=bool(draw.number(0, 2))))
    elif kind == "split" and x.ndim and x.shape[0] > 1:
        symbols.extend(ops.split(x, sizes=(1, x.shape[0] - 1)))
    elif kind == "softmax" and x.ndim and 0 not in x.shape:
        symbols.append(ops.softmax(x))
    elif kind == "opaque" and draw.number(0, 3) == 0 and x.ndim:
        (made,) = unchanged(x)
        symbols.append(ops.reshape(made, shape=x.shape))


def computed_plainly(graph, feeds, values):
    """What each symbol is, and the state afterwards: {slot: array}."""
    known, state = dict(feeds), dict(values)
    for node in graph.nodes:
        if node.op is CONSTANT:
            made = (node.settings["value"],)
        elif node.op is READ:
            made = (state[node.settings["slot"]],)
        elif node.op is ASSIGN:
            made = (known[node.inputs[0]],)
            state[node.settings["slot"]] = made[0]
        elif node.op is PLACEHOLDER:
            continue
        else:
            result = node.op.reference(*[known[x] for x in node.inputs], **node.op.complete(node.settings))
            made = result if type(result) is tuple else (result,)
        for out, value in zip(node.outputs, made, strict=True):
            if out not in known:  # fed
                known[out] = np.array(value)
    return known, state


def on_device(graph, slots, device):
    """Let the parameters of a graph live on another device."""
    moved = {slot: Parameter(slot.numpy(), name=slot.name, device=device) for slot in slots}
    for node in graph.nodes:
        if node.op in (READ, ASSIGN):
            node.settings = {"slot": moved[node.settings["slot"]]}
    return list(moved.values())


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_program_computes_what_its_calls_do_one_by_one(seed, name):
    draw = Draw(seed)
    graph, feeds, slots, symbols, updates = random_graph(draw)
    device = DEVICES[name]()
    slots = on_device(graph, slots, device)
    fetches = [draw.one_of(symbols) for _ in range(draw.number(1, 5))]
    fed = dict(feeds)
    for _ in range(draw.number(0, 2)):
        chosen = draw.one_of(symbols)
        if chosen.node.op is not ASSIGN and chosen not in fed:
            fed[chosen] = draw.array(chosen.shape)
    program = Program(fetches, updates=updates, fed=list(fed), device=device)

    for _ in range(2):  # the second time in memory that was used before, and with the state of the first
        known, state = computed_plainly(graph, fed, {slot: slot.numpy().copy() for slot in slots})
        results = program.run(fed)

        for symbol, result in zip(fetches, results, strict=True):
            assert np.allclose(result.numpy(), known[symbol], rtol=1e-5, atol=1e-6), symbol
        for slot in slots:
            assert np.allclose(slot.numpy(), state[slot], rtol=1e-5, atol=1e-6), slot


# -- eager code --------------------------------------------------------------------------------------


class OnTensors:
    """Steps of eager code as tensors make them."""

    def __init__(self, device):
        self.device = device

    def start(self, array):
        leaf = Tensor.of(array, device=self.device).require_gradient()
        return leaf, leaf * 1.0

    def view(self, x, op, settings):
        return op(x, **settings)

    def compute(self, op, *xs):
        return op(*xs)

    def write(self, target, value):
        target.write(value)

    def look_unrecorded(self, x):
        with recording(False):
            ops.negative(x)


class OnArrays:
    """The same steps on NumPy arrays, whose views are views."""

    def start(self, array):
        return array, array.copy()

    def view(self, x, op, settings):
        return op.reference(x, **op.complete(settings))

    def compute(self, op, *xs):
        return np.array(op.reference(*xs), order="C")

    def write(self, target, value):
        target[...] = value

    def look_unrecorded(self, x):
        """Nothing that can be seen."""


def random_code(seed, array, on):
    """Run random steps on an array; the leaf and the values at the end.  Only linear ops, so that an overwritten value
    is needed by no gradient.
    """
    draw = Draw(seed)
    leaf, first = on.start(array)
    values = [first]
    for _ in range(draw.number(4, 16)):
        x = draw.one_of(values)
        alike = [y for y in values if y.shape == x.shape]
        kind = draw.one_of(["view"] * 4 + ["write"] * 3 + ["add", "negative", "look"])
        if kind == "view":
            op, settings = draw.layout(x)
            is_repeated = op is ops.broadcast_to
            made = on.view(x, op, settings)
            values.append(on.compute(ops.negative, made) if is_repeated else made)
        elif kind == "write":
            on.write(x, on.compute(ops.add, on.compute(ops.negative, draw.one_of(alike)), draw.one_of(alike)))
        elif kind == "look":
            on.look_unrecorded(x)
        elif kind == "add":
            values.append(on.compute(ops.add, x, draw.one_of(alike)))
        else:
            values.append(on.compute(ops.negative, x))
    return leaf, values


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("seed", SEEDS)
def test_random_eager_code_with_writes_through_views_computes_and_differentiates(seed, name):
    array, weights = Draw(seed).array((3, 4), np.float64), Draw(seed + 1)

    leaf, values = random_code(seed, array, OnTensors(DEVICES[name]()))
    factors = [weights.array(value.shape, np.float64) for value in values]
    for value, factor in zip(values, factors, strict=True):
        ops.sum(value * factor).backward(keep=True)

    _, expected = random_code(seed, array, OnArrays())
    for value, want in zip(values, expected, strict=True):
        assert np.allclose(value.numpy(), want)
    for at in np.ndindex(array.shape):  # everything is linear, so the quotient is exact
        moved = array.copy()
        moved[at] += 1.0
        _, after = random_code(seed, moved, OnArrays())
        slope = sum([((a - b) * f).sum() for a, b, f in zip(after, expected, factors, strict=True)])
        assert np.isclose(leaf.gradient.numpy()[at], slope)
