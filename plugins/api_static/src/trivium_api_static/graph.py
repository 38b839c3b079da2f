"""Graphs: names, scopes and collections around a core Graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from trivium import graph as core
from trivium.errors import DTypeError, ShapeError
from trivium.graph import Node, Symbol

from .collection import Collections, GraphKeys
from .default import pushed, stacks
from .device import canonical_device
from .graph_def import GraphDef, VersionDef
from .lookup import Lookup
from .naming import Names, check_operation_name
from .operation import Operation, Tensor, unique_operations
from .overriding import registered, with_gradient
from .wording import in_tensorflows_words, type_of

__all__ = ["Graph", "GraphKeys", "get_default_graph", "reset_default_graph"]


class Graph(Collections, Lookup):
    """A data-flow graph.

    core:     the calls
    seed:     where its random operations start, None for the process's own seed
    reactive: state that moves on whenever it is read, and statistics of layers of other styles: for a
              core call, the assignments that happen with it
    """

    def __init__(self) -> None:
        Collections.__init__(self)
        Lookup.__init__(self)
        self.core = core.Graph()
        self.seed: int | None = None
        self.finalized = False
        self.reactive: dict[Node, list[Symbol]] = {}
        self.random_layers = self.random_weights = 0
        self.variable_scopes: Any = None  # variable_scope.py keeps what it knows of this graph here
        self._names = Names()
        self._tensors: dict[Symbol, Tensor] = {}
        self._owners: dict[Node, Operation] = {}
        self._controls: list[list[Operation]] = []
        self._devices: list[str] = []
        self._overrides: dict[str, str] = {}
        self._awaited: dict[Node, None] = {}  # by what is inside a branch or loop that is being built

    # -- where new operations go -------------------------------------------------------------------

    @contextmanager
    def as_default(self) -> Iterator[Graph]:
        """Let new operations of this thread go here."""
        with pushed(stacks.graphs, self):
            yield self

    def name_scope(self, name: str | None) -> Any:
        """Prefix the names of operations made inside; `with ... as scope` gives the prefix."""
        return self._names.entered(name)

    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """A name under the current scope that no operation has."""
        return self._names.unique(name, mark_as_used)

    def get_name_scope(self) -> str:
        """The current scope."""
        return self._names.scope

    @contextmanager
    def control_dependencies(self, control_inputs: Sequence[Any] | None) -> Iterator[Graph]:
        """Let operations made inside run after these; None forgets those of the blocks around, and leaves branches
        and loops that are being built."""
        before = self._controls
        if control_inputs is None:
            self._controls = []
        else:
            elements = [self.as_graph_element(value) for value in control_inputs]
            self._controls = [*before, unique_operations(elements)]
        outside = core.tracing(self.core) if control_inputs is None else nullcontext()
        try:
            with outside:
                yield self
        finally:
            self._controls = before

    @contextmanager
    def device(self, name_or_function: Any) -> Iterator[Graph]:
        """Record the device that operations made inside ask for."""
        before = self._devices
        self._devices = [] if name_or_function is None else [*before, name_or_function]
        try:
            yield self
        finally:
            self._devices = before

    @contextmanager
    def gradient_override_map(self, op_type_map: dict[str, str]) -> Iterator[Graph]:
        """Let operations made inside, of some types, have the gradients registered under other names."""
        if not isinstance(op_type_map, dict):
            raise TypeError("op_type_map must be a dictionary mapping strings to strings")
        before = self._overrides
        self._overrides = {**before, **op_type_map}
        try:
            yield self
        finally:
            self._overrides = before

    @contextmanager
    def colocate_with(self, op: Any, ignore_existing: bool = False) -> Iterator[Graph]:
        """Let operations made inside ask for the device of another one."""
        with self.device(self.as_graph_element(op).device or None):
            yield self

    @contextmanager
    def container(self, container_name: str) -> Iterator[str]:
        """Name the resources made inside; in one process nothing else shares them."""
        yield container_name

    def finalize(self) -> None:
        """Refuse new operations from now on."""
        self.finalized = True

    def check_not_finalized(self) -> None:
        """Raise where new operations are refused."""
        if self.finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")

    # -- making operations -------------------------------------------------------------------------

    @property
    def here(self) -> core.Graph:
        """Where core calls go: the body of the branch or loop that is being built, or the graph itself."""
        return core.within(self.core)

    def operation(
        self, kind: str, name: str, inputs: Sequence[Tensor], compute: Callable[..., Any], *,
        attributes: dict[str, Any] | None = None, shown: Sequence[Tensor] | None = None,
    ) -> Operation:  # fmt: skip
        """A new operation whose outputs are what `compute` makes of the inputs' symbols.

        name:  final, as `unique_name` gave it
        shown: the inputs that the record lists, where they differ
        """
        listed = inputs if shown is None else shown
        made = self._begun(kind, name, listed, attributes)
        starts = {graph: len(graph.nodes) for graph in (self.core, self.here)}
        try:
            result = compute(*[x.symbol for x in inputs])
        except ShapeError as error:
            shapes = ", ".join([f"[{','.join(map(str, x.shape))}]" if x.shape else "<unknown>" for x in inputs])
            text = in_tensorflows_words(kind, error, inputs)
            raise ShapeError(f"{text} for '{name}' (op: '{kind}') with input shapes: {shapes}.") from None
        except DTypeError as error:
            raise DTypeError(f"{error}: in '{name}' (op: '{kind}')") from None
        symbols = result if isinstance(result, (tuple, list)) else (result,)
        if kind in self._overrides:
            symbols = self._overridden(made, symbols)
        made.outputs = [Tensor(made, i, symbol) for i, symbol in enumerate(symbols)]
        self._own(made, starts, symbols)
        for tensor in made.outputs:
            self._tensors.setdefault(tensor.symbol, tensor)
        if made.outputs:
            made.attributes.setdefault("T", made.outputs[0].dtype)
        return made

    def _overridden(self, made: Operation, symbols: Sequence[Symbol]) -> Sequence[Symbol]:
        """The same symbols with the gradient that the user named for this type."""
        function = registered(self._overrides[made.type])

        def rule(grads: Sequence[Symbol]) -> list[Any]:
            given = None if function is None else function(made, *[self.adopt(g) for g in grads])
            found = list(given) if isinstance(given, (list, tuple)) else [given] * len(made.inputs[:1])
            found += [None] * (len(made.inputs) - len(found))
            return [None if g is None else self.as_graph_element(g).symbol for g in found]

        return with_gradient(symbols, [x.symbol for x in made.inputs], rule)

    def effect(self, kind: str, name: str, after: Sequence[Any], attributes: dict[str, Any] | None = None) -> Operation:
        """An operation without outputs that has run once others have."""
        made = self._begun(kind, name, (), attributes)
        made.control_inputs = list(dict.fromkeys([*unique_operations(after), *made.control_inputs]))
        return made

    def hosted(self, kind: str, name: str, evaluate: Callable[[Any], Any], dtype: Any) -> Tensor:
        """A tensor whose value the Session computes by calling `evaluate(session)`."""
        made = self._begun(kind, name, (), None)
        made.evaluate = evaluate
        made.outputs = [Tensor(made, 0, None, dtype)]
        return made.outputs[0]

    def adopt(self, symbol: Symbol, kind: str | None = None) -> Tensor:
        """The tensor of a symbol; one that other code made gets an operation."""
        if symbol not in self._tensors:
            node = symbol.node
            word = kind or type_of(node.op)
            made = self._begun(word, self.unique_name(word), self._tensors_of(node), None)
            made.outputs = [Tensor(made, i, out) for i, out in enumerate(node.outputs)]
            for tensor in made.outputs:
                self._tensors.setdefault(tensor.symbol, tensor)
            self._owners[node], node.name = made, made.name
        return self._tensors[symbol]

    def action(
        self, kind: str, name: str, inputs: Sequence[Tensor], compute: Callable[..., Any],
        attributes: dict[str, Any] | None = None,
    ) -> Operation:  # fmt: skip
        """An operation without outputs, whose core calls run for what they do."""
        made = self.operation(kind, name, inputs, compute, attributes=attributes)
        made.hidden, made.outputs = [x.symbol for x in made.outputs], []
        return made

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Make an operation of every core call made inside that belongs to none."""
        starts = {graph: len(graph.nodes) for graph in (self.core, self.here)}
        yield
        for graph, start in starts.items():
            for node in graph.nodes[start:]:
                if node not in self._owners:
                    if graph is self.core:
                        self.adopt(node.outputs[0])
                    self._let_wait(node)

    @contextmanager
    def enclosed(self) -> Iterator[list[Symbol]]:
        """Make a branch or a loop: put its symbols into the list that is given.

        State that changes inside changes in every run in which it takes part; it waits for what its insides wait for.
        """
        waiting, results = len(self.core.updates), []
        with self.recorded():
            yield results
        node = results[0].node
        if updates := self.core.updates[waiting:]:
            del self.core.updates[waiting:]
            self.react(node, updates)
        mine = [other for other in self._awaited if other.outputs[0].graph is results[0].graph]
        node.controls = tuple(dict.fromkeys([*node.controls, *mine]))
        self._awaited = {other: None for other in self._awaited if other not in mine}

    def control_nodes(self, graph: core.Graph | None = None) -> tuple[Node, ...]:
        """The core calls that new ones must wait for."""
        symbols = [symbol for op in self._waited_for() for symbol in op.symbols()]
        return tuple(dict.fromkeys([symbol.node for symbol in symbols if symbol.graph is (graph or self.core)]))

    def _let_wait(self, node: Node) -> None:
        """Let a core call run after what new operations wait for."""
        graph = node.outputs[0].graph
        node.controls = tuple(dict.fromkeys([*node.controls, *self.control_nodes(graph)]))
        above = graph.parent
        while above is not None:
            self._awaited.update(dict.fromkeys(self.control_nodes(above)))
            above = above.parent

    def admit(self, made: Operation, nodes: Sequence[Node]) -> None:
        """Take in an operation that was made elsewhere, under its name, and the core calls that are part of it."""
        self.check_not_finalized()
        if made.name in self._operations:
            raise ValueError(f"there is an operation {made.name!r} already; import under another import_scope")
        self._names.take(made.name)
        made.graph, self._operations[made.name] = self, made
        self._owners.update(dict.fromkeys(nodes, made))
        for tensor in made.outputs:
            if tensor.symbol is not None:
                self._tensors.setdefault(tensor.symbol, tensor)

    def owner(self, node: Node) -> Operation | None:
        """The operation that a core call is part of."""
        return self._owners.get(node)

    def react(self, node: Node, assigned: Sequence[Symbol]) -> None:
        """Let assignments happen in every run in which a core call takes part."""
        self.reactive.setdefault(node, []).extend(assigned)

    def _tensors_of(self, node: Node) -> list[Tensor]:
        return [self._tensors[x] for x in node.inputs if x in self._tensors]

    def _begun(self, kind: str, name: str, inputs: Sequence[Tensor], attributes: dict[str, Any] | None) -> Operation:
        self.check_not_finalized()
        check_operation_name(name)
        made = Operation(self, kind, name, inputs=inputs, controls=self._waited_for(), attributes=attributes)
        made.device = canonical_device(self._devices, made)
        self._operations[name] = made
        return made

    def _own(self, operation: Operation, starts: dict[core.Graph, int], symbols: Sequence[Symbol]) -> None:
        made = [node for graph, start in starts.items() for node in graph.nodes[start:]]
        for node in [*made, *[symbol.node for symbol in symbols if symbol.graph is not self.core]]:
            if node not in self._owners:
                self._owners[node] = operation
                node.name = operation.name
                self._let_wait(node)

    def _waited_for(self) -> list[Operation]:
        return list(dict.fromkeys([op for group in self._controls for op in group]))

    @property
    def version(self) -> int:
        """How many operations it has."""
        return len(self._operations)

    @property
    def graph_def_versions(self) -> VersionDef:
        """Which form of description it has."""
        return VersionDef()

    def as_graph_def(self, from_version: int | None = None, add_shapes: bool = False) -> GraphDef:
        """What a saved graph says about each operation, or about those made since a version."""
        return GraphDef([op.node_def for op in list(self._operations.values())[from_version or 0 :]])

    def __repr__(self) -> str:
        return f"<tf.Graph with {self.version} operations>"


def get_default_graph() -> Graph:
    """The graph that takes new operations in this thread."""
    if stacks.graphs:
        return stacks.graphs[-1]
    if stacks.outermost is None:
        stacks.outermost = Graph()
    return stacks.outermost


def reset_default_graph() -> None:
    """Let this thread start with an empty graph."""
    if stacks.graphs:
        raise AssertionError(
            "Do not use tf.reset_default_graph() to clear nested graphs. If you need a cleared graph, exit the "
            "nesting and create a new graph."
        )
    stacks.outermost = None
