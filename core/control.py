"""Control flow: `cond`, `while_loop` and `scan`.

On tensors they are Python's own `if` and `for`.  On symbols the branches and bodies become graphs of
their own; what these use of the graph around them becomes an explicit operand of one call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import evolve, field, frozen

from . import ops
from .autodiff import dense, gradients, zeros
from .backend import Device
from .errors import DTypeError, GradientError, GraphError, ShapeError
from .graph import ASSIGN, CONSTANT, Graph, Node, Symbol, innermost, tracing
from .op import Op, Settings
from .program import Program
from .spec import Atom, Dim, Spec, atoms_in, renamed, same_size
from .tensor import Tensor

__all__ = ["cond", "scan", "while_loop"]


# -- what a user calls -------------------------------------------------------------------------------


def cond(predicate: Any, then: Callable[[], Any], orelse: Callable[[], Any]) -> Any:
    """What `then()` gives where `predicate` holds, else what `orelse()` gives; only one of them runs.

    predicate: a bool of shape ()
    then, orelse: functions without arguments; both return a value, or tuples of equal length
    """
    if not isinstance(predicate, Symbol):
        return then() if predicate else orelse()
    if predicate.spec.dtype != bool:
        raise DTypeError(f"cond: the predicate is {predicate.spec}; it must be a bool of shape ()")
    graph = innermost([predicate])
    left, is_single = _traced(graph, lambda: then(), ())
    right, _ = _traced(graph, lambda: orelse(), ())
    slots = list(dict.fromkeys([*left.changed, *right.changed]))
    left, right = left.capturing(slots).giving(slots), right.capturing(slots).giving(slots)
    specs = _joined(left, right)
    results = graph.call(
        COND, (predicate, *left.captures, *right.captures),
        {"then": left, "orelse": right, "count": len(left.captures), "specs": specs},
    )  # fmt: skip
    results = _settled(graph, slots, results)
    return results[0] if is_single else results


def while_loop(
    condition: Callable[..., Any], body: Callable[..., Any], *variables: Any, shapes: Sequence[Any] | None = None
) -> tuple[Any, ...]:
    """Repeat `variables = body(*variables)` while `condition(*variables)` holds; return them.

    The variables keep their dtypes, and their shapes where nothing else is said.  First derivatives only: a loop
    whose length is known is a `scan`.
    shapes: for each variable, None or its shape, with None for a size that may change from step to step
    """
    if not any(isinstance(x, Symbol) for x in variables):
        while condition(*variables):
            variables = _tuple(body(*variables))
        return variables
    graph = innermost(variables)
    variables = tuple([graph.capture(x) for x in variables])
    like = [_loosened(x.spec, shape) for x, shape in zip(variables, shapes or [None] * len(variables), strict=True)]
    test, _ = _traced(graph, condition, like)
    if test.changed:
        raise GraphError(f"while_loop: its condition changes {test.changed[0]}; change it in the body")
    step, _ = _traced(graph, body, like)
    for before, after in zip(like, step.outputs, strict=True):
        _check_kept("while_loop", before, after.spec)
    slots, entries = step.changed, step.entries(step.changed)
    test, step = test.taking(slots, len(like)), step.taking(slots, len(like)).giving(slots)
    variables = (*variables, *[outer for outer, _ in entries])
    settings = {
        "condition": test, "body": step, "count": len(variables), "tests": len(test.captures),
        "varying": tuple([_opened(x.spec, y.spec) for x, y in zip(variables, step.inputs, strict=True)]),
    }  # fmt: skip
    return _settled(graph, slots, graph.call(WHILE, (*variables, *test.captures, *step.captures), settings))


def scan(
    body: Callable[..., Any], carry: Any, xs: Any = (), *, length: int | None = None, reverse: bool = False
) -> Any:
    """Run `carry, y = body(carry, x)` along axis 0 of `xs`; return the last carry and the ys, stacked.

    body:  takes a tuple of carried values and a tuple of slices; returns both, tuples again
    carry: a tuple of values that keep their shapes
    xs:    a tuple of values with equal sizes along axis 0
    """
    carry, xs = _tuple(carry), _tuple(xs)
    if length is None:
        length = _scan_length(xs)
    if not any(isinstance(x, Symbol) for x in (*carry, *xs)):
        return _scanned_now(body, carry, xs, length, reverse)
    graph = innermost([*carry, *xs])
    carry = tuple([graph.capture(x) for x in carry])
    xs = tuple([graph.capture(x) for x in xs])
    slices = [Spec(x.spec.shape[1:], x.spec.dtype) for x in xs]

    def flat(*values: Any) -> tuple[Any, ...]:
        after, ys = body(values[: len(carry)], values[len(carry) :])
        return (*_tuple(after), *_tuple(ys), *values[: len(carry)])  # what came in is kept for the gradient

    step, _ = _traced(graph, flat, [x.spec for x in carry] + slices)
    for before, after in zip(carry, step.outputs, strict=False):
        _check_kept("scan", before.spec, after.spec)
    n, slots, entries = len(carry), step.changed, step.entries(step.changed)
    step = step.taking(slots, n).giving(slots, n)
    step = evolve(step, outputs=(*step.outputs, *[inner for _, inner in entries]))
    starts = [outer for outer, _ in entries]
    results = graph.call(
        SCAN, (*carry, *starts, *xs, *step.captures),
        {"body": step, "carries": n + len(slots), "count": len(xs), "length": length, "reverse": reverse},
    )  # fmt: skip
    carries = n + len(slots)
    _settled(graph, slots, results[n:carries])
    return results[:n], results[carries : len(results) - carries]


def _scanned_now(
    body: Callable[..., Any], carry: tuple[Any, ...], xs: tuple[Any, ...], length: int, reverse: bool
) -> Any:
    rows: list[tuple[Any, ...]] = []
    columns = [unstacked(x) for x in xs]
    for i in reversed(range(length)) if reverse else range(length):
        carry, ys = body(carry, tuple([column[i] for column in columns]))
        carry = _tuple(carry)
        rows.append(_tuple(ys))
    if reverse:
        rows.reverse()
    return carry, tuple([stack(column) for column in zip(*rows, strict=True)])


def _scan_length(xs: tuple[Any, ...]) -> Any:
    if not xs:
        raise ShapeError("scan: without xs, give length=")
    lengths = [x.spec.shape[0] for x in xs]
    if not all([same_size(n, lengths[0]) for n in lengths]):
        raise ShapeError(f"scan: axis 0 of xs differs: {', '.join([str(x.spec) for x in xs])}")
    return lengths[0]


def unstacked(x: Any) -> list[Any]:
    """x[0], x[1], ...: one call, whose gradient is one call too."""
    pieces = ops.split(x, sizes=(1,) * x.shape[0]) if x.shape[0] else ()
    return [ops.reshape(piece, shape=x.shape[1:]) for piece in pieces]


def stack(values: Sequence[Any]) -> Any:
    """Values of one shape along a new axis 0."""
    return ops.concatenate(*[ops.reshape(x, shape=(1, *x.shape)) for x in values], axis=0)


# -- bodies ------------------------------------------------------------------------------------------


@frozen(eq=False)
class Body:
    """A graph with its inputs and outputs, and what it uses of the graph around it.

    inputs:   placeholders of the explicit operands
    captures: symbols of the graph around; `inner` are the placeholders that stand for them
    sizes:    Dims of the graph around, once they are known
    """

    graph: Graph
    inputs: tuple[Symbol, ...]
    outputs: tuple[Symbol, ...]
    captures: tuple[Symbol, ...]
    inner: tuple[Symbol, ...]
    sizes: Mapping[Atom, Any] = field(factory=dict)

    def resolved(self, sizes: Mapping[Atom, Any]) -> Body:
        """The same with sizes known, or standing for others."""
        return evolve(self, sizes={**{atom: renamed(size, sizes) for atom, size in self.sizes.items()}, **sizes})

    @property
    def changed(self) -> list[Any]:
        """The slots that it assigns."""
        graph = self.graph
        return [slot for slot, (_, inner) in graph.entries.items() if graph.state[slot] is not inner]

    def entries(self, slots: Sequence[Any]) -> list[tuple[Symbol, Symbol]]:
        """What slots hold when it begins: outside, and as a placeholder inside."""
        for slot in slots:
            self.graph.read(slot)
        return [self.graph.entries[slot] for slot in slots]

    def taking(self, slots: Sequence[Any], at: int) -> Body:
        """With what slots hold when it begins as further inputs, before input `at`, instead of captures."""
        taken = tuple([inner for _, inner in self.entries(slots)])
        kept = [pair for pair in zip(self.captures, self.inner, strict=True) if pair[1] not in taken]
        captures, inner = tuple([outer for outer, _ in kept]), tuple([inner for _, inner in kept])
        return evolve(self, inputs=(*self.inputs[:at], *taken, *self.inputs[at:]), captures=captures, inner=inner)

    def capturing(self, slots: Sequence[Any]) -> Body:
        """With what slots hold when it begins as captures."""
        new = [pair for pair in self.entries(slots) if pair[1] not in self.inner]
        captures, inner = [outer for outer, _ in new], [inner for _, inner in new]
        return evolve(self, captures=(*self.captures, *captures), inner=(*self.inner, *inner))

    def giving(self, slots: Sequence[Any], at: int | None = None) -> Body:
        """With what slots hold when it ends as further outputs, before output `at`, or last."""
        at = len(self.outputs) if at is None else at
        given = [self.graph.state[slot] for slot in slots]
        return evolve(self, outputs=(*self.outputs[:at], *given, *self.outputs[at:]))

    def atoms(self) -> set[Atom]:
        """The unknown sizes that its calls' settings are made of."""
        return {atom for node in self.graph.nodes for value in node.settings.values() for atom in atoms_in(value)}

    def settled(self, node: Node) -> Settings:
        """A call's settings with the sizes that are known by now; those born in the body stay as they are."""
        return {name: self._known(value) for name, value in node.settings.items()}

    def _known(self, value: Any) -> Any:
        return value.resolved(self.sizes) if isinstance(value, Body) else renamed(value, self.sizes)

    def program(self, device: Device) -> Callable[[Sequence[Any]], list[Any]]:
        """A function from buffers of inputs and captures to buffers of outputs."""
        fed = (*self.inputs, *self.inner)
        made = Program(self.outputs, fed=fed, device=device, sizes=self.sizes)

        def run(buffers: Sequence[Any]) -> list[Any]:
            feeds = {x: _held(b, x.spec, device) for x, b in zip(fed, buffers, strict=True)}
            return [result.buffer() for result in made.run(feeds)]

        return run

    def replay(self, values: Sequence[Any], graph: Graph) -> tuple[Any, ...]:
        """Make the body's calls again in `graph`, of other values: inputs first, then captures."""
        made: dict[Symbol | None, Any] = dict(zip((*self.inputs, *self.inner), values, strict=True))
        made[None] = None
        sizes: dict[Atom, Any] = {}
        for node in self.graph.nodes:
            if node.outputs[0] not in made:
                _replay(node, made, sizes, graph)
        return tuple([made[x] for x in self.outputs])


def _replay(node: Node, made: dict[Symbol | None, Any], sizes: dict[Atom, Any], graph: Graph) -> None:
    """Make a call again; sizes that are born in it stand for those that were born the first time."""
    if node.op is CONSTANT:
        made[node.outputs[0]] = graph.capture(node.settings["value"])
        return
    settings = {name: renamed(value, sizes) for name, value in node.settings.items()} if sizes else node.settings
    results = graph.call(node.op, [made[x] for x in node.inputs], settings)
    results = (results,) if node.op.has_one_output else results
    made.update(zip(node.outputs, results, strict=True))
    for before, after in zip(node.outputs, results, strict=True):
        for old, new in zip(before.spec.shape or (), after.spec.shape or (), strict=False):
            if old != new and type(old) is Dim and old.atom is not None:
                sizes.setdefault(old.atom, new)


def _traced(graph: Graph, function: Callable[..., Any], like: Sequence[Any]) -> tuple[Body, bool]:
    """Run a function on placeholders of a graph inside `graph`."""
    inside = Graph(parent=graph)
    specs = [x.spec if isinstance(x, Symbol) else x for x in like]
    inputs = tuple([inside.placeholder(spec.shape, spec.dtype) for spec in specs])
    with tracing(inside):
        result = function(*inputs)
    values = _tuple(result)
    outputs = tuple([inside.capture(x) for x in values])
    body = Body(inside, inputs, outputs, tuple(inside.captures), tuple(inside.captures.values()))
    only_read = [slot for slot in inside.entries if slot not in body.changed]
    return body.capturing(only_read), not isinstance(result, (tuple, list))


def _settled(graph: Graph, slots: Sequence[Any], results: tuple[Any, ...]) -> tuple[Any, ...]:
    """Let slots hold, around a body, what the last results say; return the others."""
    count = len(results) - len(slots)
    for slot, value in zip(slots, results[count:], strict=True):
        assigned = graph.assign(slot, value)
        if assigned.node.op is ASSIGN:
            graph.updates.append(assigned)
    return results[:count]


def _loosened(spec: Spec, shape: Any) -> Spec:
    """The Spec of a loop variable of which some sizes may change."""
    return spec if shape is None else Spec([Dim() if size is None else size for size in shape], spec.dtype)


def _opened(before: Spec, inside: Spec) -> tuple[int, ...]:
    """The axes whose size may change in a loop."""
    return tuple([i for i, (m, n) in enumerate(zip(before.shape, inside.shape, strict=True)) if m != n])


def _joined(left: Body, right: Body) -> tuple[Spec, ...]:
    """The Specs that both branches of a cond agree on; a size that differs is known only when it runs."""
    if len(left.outputs) != len(right.outputs):
        raise ShapeError(f"cond: one branch returns {len(left.outputs)} values, the other {len(right.outputs)}")
    specs = []
    for a, b in zip(left.outputs, right.outputs, strict=True):
        if a.spec.dtype != b.spec.dtype or a.spec.ndim != b.spec.ndim:
            raise ShapeError(f"cond: the branches return {a.spec} and {b.spec}; cast or reshape one of them")
        sizes = zip(a.spec.shape, b.spec.shape, strict=True)
        specs.append(Spec([m if m == n else Dim() for m, n in sizes], a.spec.dtype))
    return tuple(specs)


def _check_kept(who: str, before: Spec, after: Spec) -> None:
    fits = before.dtype == after.dtype and before.ndim == after.ndim
    if not fits or not all(map(same_size, before.shape, after.shape)):
        raise ShapeError(f"{who}: a variable starts as {before} and becomes {after}; keep its shape and dtype")


def _held(buffer: Any, spec: Spec, device: Device) -> Tensor:
    return Tensor.around(buffer, Spec(buffer.shape, spec.dtype), device)


def _tuple(values: Any) -> tuple[Any, ...]:
    return tuple(values) if isinstance(values, (tuple, list)) else (values,)


def _specs_of(body: Body, specs: Sequence[Spec]) -> tuple[Spec, ...]:
    """The Specs of a body's outputs for these of its inputs and captures."""
    known = dict(zip((*body.inputs, *body.inner), specs, strict=True))
    for node in body.graph.nodes:
        if node.outputs[0] in known:
            continue
        if node.op is CONSTANT:
            made = node.specs
        else:
            settings = body.settled(node)
            made = node.op.infer([None if x is None else known[x] for x in node.inputs], settings)
        known.update(zip(node.outputs, made, strict=True))
    return tuple([known[x] for x in body.outputs])


def _is_float(value: Any) -> bool:
    return bool(value.spec.dtype.kind in "fcV")


def _or_zeros(grads: Sequence[Any], values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple([zeros(v.spec, v) if g is None else dense(g) for g, v in zip(grads, values, strict=True)])


# -- cond as an op -----------------------------------------------------------------------------------


def _refuse(*xs: Any, **settings: Any) -> Any:
    raise GradientError("control flow: runs inside programs only")


def _cond_reference(*xs: Any, then: Any, orelse: Any, count: int, specs: Any) -> Any:
    return _refuse()


COND = Op(_cond_reference, name="cond", outputs="*", free=("xs",))


@COND.shape
def cond_shape(*xs: Spec, then: Body, orelse: Body, count: int, specs: tuple[Spec, ...]) -> tuple[Spec, ...]:
    """Those of the branches where both agree."""
    left = _specs_of(then, xs[1 : 1 + count])
    right = _specs_of(orelse, xs[1 + count :])
    return tuple([
        a if a is b else Spec([m if m == n else Dim() for m, n in zip(a.shape, b.shape, strict=True)], a.dtype)
        for a, b in zip(left, right, strict=True)
    ])  # fmt: skip


@COND.gradient("xs")
def cond_gradient(g: tuple[Any, ...], xs: tuple[Any, ...], then: Body, orelse: Body, count: int) -> tuple[Any, ...]:
    """A cond of the branches' gradients; each branch is computed again inside."""
    predicate, left, right = xs[0], xs[1 : 1 + count], xs[1 + count :]
    wanted = [x for x in (*left, *right) if _is_float(x)]

    def branch(body: Body, own: Sequence[Any], others: Sequence[Any], is_left: bool) -> tuple[Any, ...]:
        graph = innermost([*own, *g])
        inner = [graph.capture(x) for x in own]
        outputs = body.replay(inner, graph)
        found = _or_zeros(gradients_of(outputs, inner, g, graph), inner)
        mine = [value for value in found if _is_float(value)]
        nothing = [zeros(x.spec, graph.capture(x)) for x in others if _is_float(x)]
        return tuple(mine + nothing if is_left else nothing + mine)

    if not wanted:
        return (None,) * len(xs)
    results = _tuple(
        cond(predicate, lambda: branch(then, left, right, True), lambda: branch(orelse, right, left, False))
    )
    given = iter(results)
    return (None, *[next(given) if _is_float(x) else None for x in (*left, *right)])


def gradients_of(outputs: Sequence[Any], wanted: Sequence[Any], seeds: Sequence[Any], graph: Graph) -> list[Any]:
    """Gradients through the outputs that have one."""
    pairs = [(out, graph.capture(seed)) for out, seed in zip(outputs, seeds, strict=True) if _is_float(out)]
    return gradients([out for out, _ in pairs], wanted, [seed for _, seed in pairs])


def _cond_runner(device: Device, specs: Sequence[Spec], settings: Settings) -> Callable[..., Any]:
    count = settings["count"]
    then, orelse = settings["then"].program(device), settings["orelse"].program(device)

    def run(*buffers: Any, out: Any = None) -> Any:
        is_true = bool(device.download(buffers[0]))
        return tuple(then(buffers[1 : 1 + count]) if is_true else orelse(buffers[1 + count :]))

    return run


COND.runner = _cond_runner


# -- while_loop as an op -----------------------------------------------------------------------------


def _while_reference(*xs: Any, condition: Any, body: Any, count: int, tests: int, varying: Any = ()) -> Any:
    return _refuse()


WHILE = Op(_while_reference, name="while_loop", outputs="*", free=("xs",))


@WHILE.shape
def while_shape(
    *xs: Spec, condition: Body, body: Body, count: int, tests: int, varying: tuple[tuple[int, ...], ...]
) -> tuple[Spec, ...]:
    """Those of the variables, which keep their shapes but for the sizes that vary."""
    opened = zip(xs[:count], varying or ((),) * count, strict=True)
    return tuple([
        x.with_shape([Dim() if i in axes else n for i, n in enumerate(x.shape)]) if axes else x for x, axes in opened
    ])  # fmt: skip


def _loop(device: Device, settings: Settings) -> Callable[[Sequence[Any], Callable[[list[Any]], None]], list[Any]]:
    count, tests = settings["count"], settings["tests"]
    condition, body = settings["condition"].program(device), settings["body"].program(device)

    def run(buffers: Sequence[Any], visit: Callable[[list[Any]], None]) -> list[Any]:
        variables = list(buffers[:count])
        for_test, for_body = buffers[count : count + tests], buffers[count + tests :]
        while bool(device.download(condition([*variables, *for_test])[0])):
            visit(variables)
            variables = body([*variables, *for_body])
        return variables

    return run


def _while_runner(device: Device, specs: Sequence[Spec], settings: Settings) -> Callable[..., Any]:
    loop = _loop(device, settings)
    return lambda *buffers, out=None: tuple(loop(buffers, lambda variables: None))


WHILE.runner = _while_runner


@WHILE.gradient("xs")
def while_gradient(
    g: tuple[Any, ...], xs: tuple[Any, ...], condition: Body, body: Body, count: int, tests: int
) -> tuple[Any, ...]:
    """Run the loop again keeping every state, then go back through the states."""
    graph = innermost(xs)
    variables, captures = xs[:count], xs[count + tests :]
    floats = [i for i, x in enumerate(variables) if _is_float(x)]
    wanted = [i for i, x in enumerate(captures) if _is_float(x)]

    def back(*values: Any) -> tuple[Any, ...]:
        inner = innermost(values)
        inputs = list(values[: count + len(captures)])
        outputs = body.replay(inputs, inner)
        seeds = dict(zip(floats, values[count + len(captures) :], strict=True))
        targets = [inputs[i] for i in floats] + [inputs[count + i] for i in wanted]
        pairs = [(outputs[i], seed) for i, seed in seeds.items()]
        found = gradients([out for out, _ in pairs], targets, [inner.capture(seed) for _, seed in pairs])
        return _or_zeros(found, targets)

    like = [*[x.spec for x in body.inputs], *captures, *[body.outputs[i].spec for i in floats]]
    step, _ = _traced(graph, back, like)
    if step.captures:
        raise GradientError("while_loop: its body uses state that is read inside it; pass it as a variable")
    results = graph.call(
        WHILE_GRADIENT, (*xs, *[g[i] for i in floats]),
        {"condition": condition, "body": body, "count": count, "tests": tests, "back": step,
         "floats": len(floats), "wanted": tuple(wanted)},
    )  # fmt: skip
    given: list[Any] = [None] * len(xs)
    for i, value in zip(floats, results[: len(floats)], strict=True):
        given[i] = value
    for i, value in zip(wanted, results[len(floats) :], strict=True):
        given[count + tests + i] = value
    return tuple(given)


def _while_gradient_reference(
    *xs: Any, condition: Any, body: Any, count: int, tests: int, back: Any, floats: int, wanted: Any
) -> Any:
    return _refuse()


WHILE_GRADIENT = Op(_while_gradient_reference, name="while_loop_gradient", outputs="*", free=("xs",))


@WHILE_GRADIENT.gradient("xs")
def while_second_gradient(g: Any) -> Any:
    """None exists, which is not to be taken for zero."""
    raise GradientError("while_loop: a loop of unknown length has first derivatives only; use scan for second ones")


@WHILE_GRADIENT.shape
def while_gradient_shape(
    *xs: Spec, count: int, tests: int, floats: int, wanted: Any, **others: Any
) -> tuple[Spec, ...]:
    """Those of the variables and captures that have gradients."""
    captures = xs[count + tests : len(xs) - floats]
    return (*[x for x in xs[:count] if x.dtype.kind in "fcV"], *[captures[i] for i in wanted])


def _while_gradient_runner(device: Device, specs: Sequence[Spec], settings: Settings) -> Callable[..., Any]:
    count, tests, floats = settings["count"], settings["tests"], settings["floats"]
    loop, back = _loop(device, settings), settings["back"].program(device)

    def run(*buffers: Any, out: Any = None) -> Any:
        forward, grads = buffers[: len(buffers) - floats], list(buffers[len(buffers) - floats :])
        captures = forward[count + tests :]
        states: list[list[Any]] = []
        loop(forward, lambda variables: states.append(list(variables)))
        totals: list[Any] = [None] * len(settings["wanted"])
        for variables in reversed(states):
            found = back([*variables, *captures, *grads])
            grads = found[:floats]
            totals = [_plus(t, f, device) for t, f in zip(totals, found[floats:], strict=True)]
        for at, i in enumerate(settings["wanted"]):
            if totals[at] is None:
                spec = specs[count + tests + i]
                totals[at] = ops.zeros(shape=spec.shape, dtype=spec.dtype.name, place=device).buffer()
        return tuple(grads + totals)

    return run


def _plus(total: Any, more: Any, device: Device) -> Any:
    if total is None:
        return more
    pair = [Tensor.around(b, Spec(b.shape, b.dtype), device) for b in (total, more)]
    return ops.add(*pair).buffer()


WHILE_GRADIENT.runner = _while_gradient_runner


# -- scan as an op -----------------------------------------------------------------------------------


def _scan_reference(*xs: Any, body: Any, carries: int, count: int, length: Any, reverse: bool) -> Any:
    return _refuse()


SCAN = Op(_scan_reference, name="scan", outputs="*", free=("xs",))


@SCAN.shape
def scan_shape(*xs: Spec, body: Body, carries: int, count: int, length: Any, reverse: bool) -> tuple[Spec, ...]:
    """Carried values keep their shapes; what each step gives gets a leading axis."""
    slices = [x.with_shape(x.shape[1:]) for x in xs[carries : carries + count]]
    made = _specs_of(body, [*xs[:carries], *slices, *xs[carries + count :]])
    return (*xs[:carries], *[Spec((length, *spec.shape), spec.dtype) for spec in made[carries:]])


@SCAN.gradient("xs")
def scan_gradient(
    g: tuple[Any, ...], xs: tuple[Any, ...], outs: tuple[Any, ...], body: Body, carries: int, count: int,
    length: Any, reverse: bool,
) -> tuple[Any, ...]:  # fmt: skip
    """A scan the other way, over the same slices and the carried values that each step was given."""
    slices, captures, history = xs[carries : carries + count], xs[carries + count :], outs[len(outs) - carries :]
    g_carry, g_ys = g[:carries], g[carries:]
    states = [i for i in range(carries) if _is_float(xs[i])]
    inputs = [i for i in range(count) if _is_float(slices[i])]
    shared = [i for i in range(len(captures)) if _is_float(captures[i])]
    seeded = [i for i, value in enumerate(g_ys) if _is_float(value)]

    def back(carry: tuple[Any, ...], rows: tuple[Any, ...]) -> Any:
        graph = innermost([*carry, *rows])
        before, given, seeds = rows[:carries], rows[carries : carries + count], rows[carries + count :]
        inner = [graph.capture(x) for x in captures]
        values = [*before, *given, *inner]
        outputs = body.replay(values, graph)
        pairs = [(outputs[i], carry[n]) for n, i in enumerate(states)]
        pairs += [(outputs[carries + i], seeds[n]) for n, i in enumerate(seeded)]
        targets = [before[i] for i in states] + [given[i] for i in inputs] + [inner[i] for i in shared]
        found = _or_zeros(gradients([o for o, _ in pairs], targets, [s for _, s in pairs]), targets)
        of_states, of_inputs = found[: len(states)], found[len(states) : len(states) + len(inputs)]
        totals = [old + new for old, new in zip(carry[len(states) :], found[len(states) + len(inputs) :], strict=True)]
        return (*of_states, *totals), of_inputs

    start = [g_carry[i] for i in states] + [zeros(captures[i].spec, g[0]) for i in shared]
    rows = (*history, *slices, *[g_ys[i] for i in seeded])
    last, of_xs = scan(back, tuple(start), rows, length=length, reverse=not reverse)
    grads: list[Any] = [None] * len(xs)
    for i, value in zip(states, last, strict=False):
        grads[i] = value
    for i, value in zip(inputs, of_xs, strict=True):
        grads[carries + i] = value
    for i, value in zip(shared, last[len(states) :], strict=True):
        grads[carries + count + i] = value
    return tuple(grads)


def _scan_runner(device: Device, specs: Sequence[Spec], settings: Settings) -> Callable[..., Any]:
    carries, count, length = settings["carries"], settings["count"], settings["length"]
    body = settings["body"].program(device)

    def run(*buffers: Any, out: Any = None) -> Any:
        carry = list(buffers[:carries])
        given = zip(buffers[carries:], specs[carries : carries + count], strict=False)
        xs = [unstacked(_held(b, spec, device)) for b, spec in given]
        rows: list[list[Any]] = []
        for i in reversed(range(length)) if settings["reverse"] else range(length):
            made = body([*carry, *[x[i].buffer(packed=True) for x in xs], *buffers[carries + count :]])
            carry, ys = made[:carries], made[carries:]
            rows.append(ys)
        if settings["reverse"]:
            rows.reverse()
        if not rows:
            return (*carry, *[device.empty(spec) for spec in scan_shape(*specs, **settings)[carries:]])
        held = [[_held(b, Spec(b.shape, b.dtype), device) for b in column] for column in zip(*rows, strict=True)]
        return (*carry, *[stack(column).buffer() for column in held])

    return run


SCAN.runner = _scan_runner
