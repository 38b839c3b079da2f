"""Variables: state of a graph whose values belong to the Sessions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from trivium import ops
from trivium.errors import DTypeError
from trivium.graph import Slot, Symbol
from trivium.spec import Spec

from . import dtypes, errors, scattering
from .build import converted, graph_of
from .collection import GraphKeys
from .conversion import as_array
from .creation import identity
from .default import get_default_session
from .dtypes import as_dtype
from .graph import Graph, get_default_graph
from .host import watched
from .operation import Operation, Tensor, evaluated
from .operators import give_operators
from .scattering import IndexedSlices
from .tensor_shape import TensorShape

__all__ = [
    "Variable", "assign", "assign_add", "assign_sub", "global_variables", "all_variables", "trainable_variables",
    "local_variables", "model_variables", "variables_initializer", "initialize_variables",
    "global_variables_initializer",
    "initialize_all_variables", "local_variables_initializer", "report_uninitialized_variables",
    "is_variable_initialized", "assert_variables_initialized", "moving_average_variables", "count_up_to",
]  # fmt: skip


@give_operators
class Variable:
    """State that a graph reads and assigns.

    initial_value: a number, list, array or tensor, or a function that returns one
    slot:          what the core knows of it
    """

    __array_priority__ = 100

    def __init__(
        self, initial_value: Any = None, trainable: bool = True, collections: Sequence[str] | None = None,
        validate_shape: bool = True, caching_device: Any = None, name: str | None = None, variable_def: Any = None,
        dtype: Any = None, expected_shape: Any = None, import_scope: Any = None, constraint: Any = None,
        use_resource: Any = None, synchronization: Any = None, aggregation: Any = None, shape: Any = None,
    ) -> None:  # fmt: skip
        if initial_value is None:
            raise ValueError("initial_value must be specified.")
        graph = get_default_graph() if callable(initial_value) else graph_of([initial_value])
        wanted = None if dtype is None else as_dtype(dtype).base_dtype
        with graph.as_default(), graph.control_dependencies(None), graph.name_scope(name or "Variable") as scope:
            self._initial = self._first_value(initial_value, wanted, graph)
            spec = self._initial.spec
            if not spec.is_concrete and validate_shape:
                raise ValueError(f"initial_value must have a shape specified: {self._initial}")
            self.slot = Slot(spec, name=scope[:-1], trainable=bool(trainable))
            self.constraint = constraint
            self._record(graph, scope)
        names = [GraphKeys.GLOBAL_VARIABLES] if collections is None else list(collections)
        if trainable and GraphKeys.TRAINABLE_VARIABLES not in names:
            names.append(GraphKeys.TRAINABLE_VARIABLES)
        graph.add_to_collections(names, self)

    @staticmethod
    def _first_value(initial_value: Any, dtype: Any, graph: Graph) -> Tensor:
        if not callable(initial_value):
            return converted(initial_value, dtype, graph, "initial_value")
        with graph.name_scope("Initializer"):
            return converted(initial_value(), dtype, graph, "initial_value")

    def _record(self, graph: Graph, scope: str) -> None:
        first: list[Symbol] = []

        def state() -> Symbol:
            first.append(graph.core.assign(self.slot, self._initial.symbol))
            return graph.core.read(self.slot)  # made later, so it sees the first value where both run

        made = graph.operation("VariableV2", scope[:-1], (), state)
        made.attributes.update(dtype=self._initial.dtype, shape=TensorShape(self.slot.spec))
        made.outputs[0]._dtype = self._initial.dtype._ref
        self.op = made
        inputs = [made.outputs[0], self._initial]
        self.initializer = graph.operation("Assign", graph.unique_name("Assign"), inputs, lambda *_: first[0])
        self._snapshot = graph.operation("Identity", graph.unique_name("read"), inputs[:1], lambda x: x).outputs[0]

    @classmethod
    def of_operations(
        cls, slot: Slot, op: Operation, initial_value: Tensor, initializer: Operation, snapshot: Tensor
    ) -> Variable:
        """The variable of operations that exist already."""
        made = cls.__new__(cls)
        made.slot, made.op, made._initial = slot, op, initial_value
        made.initializer, made._snapshot, made.constraint = initializer, snapshot, None
        return made

    # -- what it is ----------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Its tensor's name: `w:0`."""
        return self.op.outputs[0].name

    @property
    def graph(self) -> Graph:
        """The graph that it belongs to."""
        return self.op.graph

    @property
    def dtype(self) -> dtypes.DType:
        """The type of its elements, in the form of a reference."""
        return self.op.outputs[0].dtype

    @property
    def shape(self) -> TensorShape:
        """Its sizes."""
        return TensorShape(self.slot.spec)

    def get_shape(self) -> TensorShape:
        """Its sizes."""
        return self.shape

    @property
    def spec(self) -> Spec:
        """Shape and dtype in the words of the core."""
        return self.slot.spec

    @property
    def device(self) -> str:
        """The device that it asks for."""
        return self.op.device

    @property
    def trainable(self) -> bool:
        """Whether optimizers change it when nothing else is said."""
        return self.slot.trainable

    @property
    def initial_value(self) -> Tensor:
        """What its initializer assigns."""
        return self._initial

    # -- reading it ----------------------------------------------------------------------------------

    def as_tensor(self) -> Tensor:
        """Its value as it is when a run starts (or was just initialized)."""
        return self._snapshot

    value = initialized_value = as_tensor

    def read_value(self, name: str = "Identity") -> Tensor:
        """Its value at this point of the graph: after the assignments made before, where they run."""
        graph = self.graph
        full = graph.unique_name(name)
        return graph.operation("Identity", full, self.op.outputs, lambda _: graph.here.read(self.slot)).outputs[0]

    def reads(self) -> list[Symbol]:
        """Every symbol through which the graph uses it."""
        return reads_of(self.graph, self.slot)

    def eval(self, session: Any = None) -> Any:
        """Its value in a session, or in the default one."""
        return evaluated(self, None, session)

    # -- changing it ---------------------------------------------------------------------------------

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Tensor:
        """A tensor that is the value, and gives it to the variable when it is computed."""
        return self.changed("Assign", name, lambda _, value: value, value=value)

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Tensor:
        """A tensor that adds to the variable when it is computed."""
        return self.changed("AssignAdd", name, ops.add, value=delta)

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Tensor:
        """A tensor that subtracts from the variable when it is computed."""
        return self.changed("AssignSub", name, ops.subtract, value=delta)

    def changed(
        self, kind: str, name: str | None, change: Callable[..., Symbol], free: Collection[str] = (), **operands: Any
    ) -> Tensor:
        """A tensor that gives `change(old value, *operands)` to the variable when it is computed.

        free: operands whose dtype is their own
        """
        graph = self.graph
        with graph.as_default(), graph.name_scope(name or kind) as scope:
            tensors = [
                converted(value, None if arg in free else self.dtype.base_dtype, graph, arg)
                for arg, value in operands.items()
            ]

            def assigned(_: Symbol, *symbols: Symbol) -> Symbol:
                here = graph.here
                return here.assign(
                    self.slot, symbols[0] if kind == "Assign" else change(here.read(self.slot), *symbols)
                )

            return graph.operation(kind, scope[:-1], [self.op.outputs[0], *tensors], assigned).outputs[0]

    def scatter_update(self, sparse_delta: IndexedSlices, use_locking: bool = False, name: str | None = None) -> Tensor:
        """The variable once some rows are replaced."""
        return scattering.scatter_update(self, sparse_delta.indices, sparse_delta.values, name=name)

    def scatter_add(self, sparse_delta: IndexedSlices, use_locking: bool = False, name: str | None = None) -> Tensor:
        """The variable once rows are added to some of its own."""
        return scattering.scatter_add(self, sparse_delta.indices, sparse_delta.values, name=name)

    def scatter_sub(self, sparse_delta: IndexedSlices, use_locking: bool = False, name: str | None = None) -> Tensor:
        """The variable once rows are taken from some of its own."""
        return scattering.scatter_sub(self, sparse_delta.indices, sparse_delta.values, name=name)

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Tensor:
        """The variable once parts at some positions are replaced."""
        return scattering.scatter_nd_update(self, indices, updates, name=name)

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Tensor:
        """The variable once updates are added at some positions."""
        return scattering.scatter_nd_add(self, indices, updates, name=name)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Tensor:
        """The variable once updates are taken away at some positions."""
        return scattering.scatter_nd_sub(self, indices, updates, name=name)

    def count_up_to(self, limit: int) -> Tensor:
        """A tensor that is the variable, and adds 1 to it when it is computed; at the limit that is an error."""
        return count_up_to(self, limit)

    def load(self, value: Any, session: Any = None) -> None:
        """Give the variable a value in a session, or in the default one."""
        session = session or get_default_session()
        if session is None:
            raise ValueError(
                "Either session argument should be provided or default session should be established: load() needs one"
            )
        session.load(self, as_array(value, self.dtype))

    def __iter__(self) -> Any:
        raise TypeError("'Variable' object is not iterable.")

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"<tf.Variable '{self.name}' shape={self.shape} dtype={self.dtype.name}>"


def reads_of(graph: Graph, slot: Any) -> list[Symbol]:
    """Every symbol through which a graph uses a slot or parameter."""
    return [node.outputs[0] for node in graph.core.nodes if node.op.name == "read" and node.settings["slot"] is slot]


def assign(
    ref: Variable, value: Any, validate_shape: Any = None, use_locking: Any = None, name: str | None = None
) -> Tensor:
    """A tensor that is the value, and gives it to the variable when it is computed."""
    return _variable(ref).assign(value, name=name)


def assign_add(ref: Variable, value: Any, use_locking: Any = None, name: str | None = None) -> Tensor:
    """A tensor that adds to the variable when it is computed."""
    return _variable(ref).assign_add(value, name=name)


def assign_sub(ref: Variable, value: Any, use_locking: Any = None, name: str | None = None) -> Tensor:
    """A tensor that subtracts from the variable when it is computed."""
    return _variable(ref).assign_sub(value, name=name)


def count_up_to(ref: Variable, limit: int, name: str | None = None) -> Tensor:
    """A tensor that is a variable, and adds 1 to it when it is computed; at the limit that is an error."""
    graph = ref.graph

    def check(value: Any) -> None:
        if value.item() >= limit:
            raise errors.OutOfRangeError(None, None, f"Reached limit of {limit}")

    with graph.as_default(), graph.name_scope(name or "CountUpTo"):
        before = watched("CountUpTo", check, ref.read_value(), [], None)
        with graph.control_dependencies([before]):
            after = ref.assign(before + np.array(1, ref.dtype.as_numpy_dtype))
        with graph.control_dependencies([after]):
            return identity(before)


def _variable(ref: Any) -> Variable:
    if not isinstance(ref, Variable):
        raise DTypeError(f"assign: {ref} is no variable; only variables can be assigned")
    return ref


# -- those of a graph ------------------------------------------------------------------------------------


def _collected(key: str) -> Callable[..., list[Any]]:
    def variables(scope: str | None = None) -> list[Variable]:
        return get_default_graph().get_collection(key, scope)

    variables.__doc__ = f"The variables in the collection {key!r} of the default graph."
    return variables


global_variables = all_variables = _collected(GraphKeys.GLOBAL_VARIABLES)
trainable_variables = _collected(GraphKeys.TRAINABLE_VARIABLES)
local_variables = _collected(GraphKeys.LOCAL_VARIABLES)
model_variables = _collected(GraphKeys.MODEL_VARIABLES)
moving_average_variables = _collected(GraphKeys.MOVING_AVERAGE_VARIABLES)


def variables_initializer(var_list: Sequence[Variable], name: str = "init") -> Operation:
    """An operation that gives variables their first values."""
    graph = graph_of(list(var_list))
    with graph.as_default():
        return graph.effect("NoOp", graph.unique_name(name), [variable.initializer for variable in var_list])


def global_variables_initializer(name: str = "init") -> Operation:
    """An operation that gives all variables of the graph their first values."""
    return variables_initializer(global_variables(), name)


def local_variables_initializer(name: str = "init") -> Operation:
    """An operation that gives local variables their first values."""
    return variables_initializer(local_variables(), name)


initialize_variables = variables_initializer
initialize_all_variables = global_variables_initializer


def report_uninitialized_variables(
    var_list: Sequence[Variable] | None = None, name: str = "report_uninitialized_variables"
) -> Tensor:
    """The names of the variables that have no value yet."""
    chosen = [*global_variables(), *local_variables()] if var_list is None else list(var_list)
    graph = graph_of(chosen)

    def report(session: Any) -> np.ndarray:
        names = [v.op.name.encode() for v in chosen if not session.is_initialized(v)]
        return np.array([*names, None], object)[:-1]

    return graph.hosted("Report", graph.unique_name(name), report, dtypes.string)


def is_variable_initialized(variable: Variable) -> Tensor:
    """Whether a variable has a value."""
    graph = variable.graph
    name = graph.unique_name("IsVariableInitialized")
    return graph.hosted("IsVariableInitialized", name, lambda s: np.bool_(s.is_initialized(variable)), dtypes.bool)


def assert_variables_initialized(var_list: Sequence[Variable] | None = None) -> Operation | None:
    """An operation that fails, and names it, if a variable has no value; None where there are no variables."""
    chosen = [*global_variables(), *local_variables()] if var_list is None else list(var_list)
    if not chosen:
        return None
    graph = graph_of(chosen)

    def check(session: Any) -> None:
        for variable in chosen:
            session.state_of(variable)

    made = graph.effect("NoOp", graph.unique_name("assert_variables_initialized"), ())
    made.evaluate = check
    return made
