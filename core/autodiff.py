"""Reverse-mode differentiation: one walk over Calls, be they a tape or a graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from . import ops
from .errors import GradientError, TriviumError
from .op import Call, Edge, Leaf, Output, edge_spec
from .spec import Spec

Node: TypeAlias = "Call | Leaf"
Slot: TypeAlias = "tuple[Node, int]"


def gradients(outputs: Sequence[Any], wanted: Sequence[Any], seeds: Sequence[Any] | None = None) -> list[Any]:
    """The gradient of the sum of `outputs` with respect to each of `wanted`; None where none flows.

    outputs: values of any shape
    seeds:   one per output, of its shape: what its gradient starts as; ones when left out
    """
    starts = [ones_like(out) if seeds is None or seeds[i] is None else seeds[i] for i, out in enumerate(outputs)]
    found = backprop(outputs, starts, [value.edge for value in wanted])
    return [None if value.edge is None else found.get(slot(value.edge)) for value in wanted]


def backprop(
    outputs: Sequence[Any],
    seeds: Sequence[Any],
    wanted: Iterable[Edge | None] | None = None,
    *,
    through: bool = True,
    release: bool = False,
) -> dict[Slot, Any]:
    """Gradients at the edges wanted, or at every Leaf: {(node, output): gradient}.

    Rules are compositions of ops, so the same walk computes numbers from a tape and adds calls to a graph.
    through: whether a gradient goes on past an edge that is wanted; it stops there before the hooks have their say
    release: forget what each call kept as soon as it has been used
    """
    grads: dict[Node, list[Any]] = {}
    for out, seed in zip(outputs, seeds, strict=True):
        _accumulate(grads, out.current_edge, seed)
    targets = None if wanted is None else {slot(edge) for edge in wanted if edge is not None}
    order = _ordered(list(grads))
    useful = None if targets is None else _leading_to({node for node, _ in targets}, order)
    found: dict[Slot, Any] = {}
    ends = set() if through or targets is None else {node for node, _ in targets}
    for node in reversed(order):
        arrived = grads.pop(node, None)
        if arrived is None:
            continue
        if node.hooks is not None and node not in ends:
            arrived = _hooked(node, arrived)
        for i, g in enumerate(arrived):
            if g is not None and (type(node) is Leaf if targets is None else (node, i) in targets):
                found[node, i] = g
                if not through:
                    arrived[i] = None
        if type(node) is Leaf or (useful is not None and node not in useful):
            continue
        assert isinstance(node, Call)
        try:
            _pass_on(node, arrived, grads, useful)
        except GradientError:
            raise
        except (TriviumError, TypeError, ValueError, IndexError, AttributeError) as error:
            if (unknown := _without_rank(node)) is not None:
                raise _rank_error(node.op.name, unknown) from error
            raise
        if release:
            node.release()  # type: ignore[attr-defined]
    return found


def slot(edge: Edge) -> Slot:
    """Which output of which node an edge stands for."""
    if type(edge) is Output:
        return edge.call, edge.index
    return edge, 0  # type: ignore[return-value]


def ones_like(value: Any) -> Any:
    """The seed of a gradient: ones where `value` lives."""
    if not value.spec.has_rank:
        raise _rank_error(value.name, value.spec)
    return ops.full(shape=value.shape, dtype=value.dtype.name, value=1.0, place=value.place)


def _pass_on(call: Call, arrived: list[Any], grads: dict[Node, list[Any]], useful: set[Node] | None) -> None:
    """Apply the rules of one call and add what they give to its operands' gradients."""
    g = _incoming(call, arrived)
    if g is None:
        return
    op, edges = call.op, call.edges
    if op.elementwise and not call.specs[0].has_rank:
        _check_broadcast(call)
    if op.decompose is not None and op.needs_decomposition(_tracked_names(call)):
        for edge, value in zip(edges, _through_decomposition(call, arrived), strict=True):
            _accumulate(grads, edge, value)
        return
    if op.is_variadic:
        if rule := op.gradient_rules.get(op.inputs[0]):
            given = rule.function(g, **{need: _recall(call, need) for need in rule.needs})
            for edge, value in zip(edges, given, strict=True):
                _accumulate(grads, edge, value)
        return
    done: set[str] = set()
    for name, edge in zip(op.inputs, edges, strict=False):
        if edge is None or name in done or (useful is not None and slot(edge)[0] not in useful):
            continue
        rule = op.gradient_rules.get(name)
        if rule is None:
            if name in op.reasons:
                continue
            raise GradientError(f"{op.name}: has no gradient for {name!r} and states no reason")
        result = rule.function(g, **{need: _recall(call, need) for need in rule.needs})
        results = result if len(rule.wrt) > 1 else (result,)
        for wrt, value in zip(rule.wrt, results, strict=True):
            position = op.inputs.index(wrt)
            if position < len(edges):
                _accumulate(grads, edges[position], value)
        done.update(rule.wrt)


def _tracked_names(call: Call) -> list[str]:
    """The inputs of a call that a gradient may flow to."""
    names = call.op.names_of(len(call.edges))
    return [name for name, edge in zip(names, call.edges, strict=True) if edge is not None]


def _without_rank(call: Call) -> Spec | None:
    """The first Spec at a call whose number of axes is unknown."""
    specs = [*[edge_spec(edge) for edge in call.edges if edge is not None], *call.specs]
    return next((spec for spec in specs if not spec.has_rank), None)


def _check_broadcast(call: Call) -> None:
    """Refuse operands of which only running tells how they were broadcast: their gradients cannot be summed down."""
    specs = [edge_spec(edge) for edge in call.edges if edge is not None]
    if len([spec for spec in specs if spec.shape != ()]) > 1:
        raise _rank_error(call.op.name, next(spec for spec in specs if not spec.has_rank))


def _rank_error(where: str, spec: Spec) -> GradientError:
    return GradientError(
        f"{where}: the number of axes of {spec} must be known for a gradient; declare the shape where it enters the "
        "graph, with None for each size that is not known"
    )


def _incoming(call: Call, arrived: list[Any]) -> Any:
    """What a rule gets as `g`: a gradient, or a tuple of them where several outputs have one."""
    op = call.op
    arrived = [dense(g) for g in arrived]
    if op.has_one_output:
        return arrived[0]
    positions = [i for i in range(len(call.specs)) if op.outputs == "*" or op.outputs[i] not in op.auxiliary]
    like = next((arrived[i] for i in positions if arrived[i] is not None), None)
    if like is None:
        return None
    if len(positions) == 1 and op.outputs != "*":
        return like
    return tuple([zeros(call.specs[i], like) if arrived[i] is None else arrived[i] for i in positions])


def dense(g: Any) -> Any:
    """A gradient as an ordinary value, where it names rows of a table."""
    return g.dense() if isinstance(g, ops.Rows) else g  # type: ignore[no-untyped-call]


def zeros(spec: Spec, like: Any) -> Any:
    """Zeros of a Spec, where another value lives."""
    return ops.zeros(shape=spec.shape, dtype=spec.dtype.name, place=like.place)


def _recall(call: Call, need: str) -> Any:
    return call.setting(need) if need in call.op.defaults else call.recall(need)


def _through_decomposition(call: Call, arrived: list[Any]) -> list[Any]:
    """Gradients of a fused op without rules: compute its decomposition again and differentiate that."""
    inputs = call.recall_inputs()
    assert call.op.decompose is not None
    with inputs[0].kind.recorded():
        result = call.op.decompose(*inputs, **call.op.complete(call.settings))
    values = result if type(result) is tuple else (result,)
    pairs = [(v, g) for v, g in zip(values, arrived, strict=True) if g is not None and v.edge is not None]
    found = backprop([v for v, _ in pairs], [g for _, g in pairs], call.edges, through=False)
    given: list[Any] = []
    for edge in call.edges:  # two operands with one edge: the first takes the whole
        given.append(None if edge is None else found.pop(slot(edge), None))
    return given


def _accumulate(grads: dict[Node, list[Any]], edge: Edge | None, g: Any) -> None:
    if edge is None or g is None:
        return
    spec = edge_spec(edge)
    if g.shape != spec.shape:
        if not spec.has_rank:
            raise _rank_error(slot(edge)[0].op.name, spec)  # type: ignore[union-attr]
        g = ops.sum_to(g, shape=spec.shape)  # undo broadcasting, once, here
    node, index = slot(edge)
    row = grads.get(node)
    if row is None:
        row = grads[node] = [None] * (1 if type(node) is Leaf else len(node.specs))  # type: ignore[union-attr]
    row[index] = added(row[index], g)


def added(total: Any, g: Any) -> Any:
    """Gradients added up; one that names rows stays so until it meets one that does not."""
    if total is None:
        return g
    return g + total if isinstance(g, ops.Rows) else total + g


def _hooked(node: Node, arrived: list[Any]) -> list[Any]:
    """Gradients after the hooks at a node had their say."""
    for index, hooks in (node.hooks or {}).items():
        for hook in list(hooks):
            if arrived[index] is not None:
                changed = hook(arrived[index])
                arrived[index] = arrived[index] if changed is None else changed
    return arrived


def _ordered(roots: list[Node]) -> list[Node]:
    """The nodes below `roots`, each after everything it depends on."""
    seen: set[Node] = set()
    order: list[Node] = []
    stack: list[tuple[Node, bool]] = [(root, False) for root in roots]
    while stack:
        node, is_expanded = stack.pop()
        if is_expanded:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            if type(node) is Leaf:
                order.append(node)
                continue
            stack.append((node, True))
            for edge in node.edges:  # type: ignore[union-attr]
                if edge is not None:
                    stack.append((edge.call if type(edge) is Output else edge, False))  # type: ignore[arg-type]
    return order


def _leading_to(targets: set[Node], order: list[Node]) -> set[Node]:
    """The nodes of `order` from which some target can be reached."""
    useful: set[Node] = set()
    for node in order:
        if node in targets or (
            type(node) is not Leaf and any([edge is not None and slot(edge)[0] in useful for edge in node.edges])  # type: ignore[union-attr]
        ):
            useful.add(node)
    return useful
