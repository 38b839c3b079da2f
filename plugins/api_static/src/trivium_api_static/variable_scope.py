"""`get_variable` and the scopes that decide its names, its sharing and its defaults."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from attrs import define, evolve, field

from trivium.errors import did_you_mean

from .collection import GraphKeys
from .dtypes import as_dtype, float32
from .graph import Graph, get_default_graph
from .initializers import glorot_uniform, zeros
from .tensor_shape import TensorShape
from .variable import Variable

__all__ = [
    "AUTO_REUSE", "VariableScope", "variable_scope", "get_variable", "get_variable_scope", "get_local_variable",
    "no_regularizer", "fixed_size_partitioner", "min_max_variable_partitioner", "variable_axis_size_partitioner",
]  # fmt: skip


class _AutoReuse:
    def __repr__(self) -> str:
        return "tf.AUTO_REUSE"

    def __bool__(self) -> bool:
        return False


AUTO_REUSE = _AutoReuse()


def no_regularizer(_: Any) -> None:
    """Ask for no regularizer where the scope has one."""
    return


@define
class VariableScope:
    """The prefix of the variables made inside, and what they share.

    reuse:         False: new ones; True: existing ones; AUTO_REUSE: whichever there is
    custom_getter: called in place of get_variable, with what it replaces as its first argument
    partitioner, caching_device, use_resource: kept, and without effect: variables are whole, in one process
    """

    name: str = ""
    reuse: Any = False
    initializer: Any = None
    regularizer: Any = None
    dtype: Any = float32
    constraint: Any = None
    custom_getter: Any = None
    partitioner: Any = None
    caching_device: Any = None
    use_resource: Any = None
    original_name_scope: str = ""

    def reuse_variables(self) -> None:
        """Share existing variables from now on."""
        self.reuse = True

    def set_initializer(self, initializer: Any) -> None:
        """Change what new variables start as."""
        self.initializer = initializer

    def set_regularizer(self, regularizer: Any) -> None:
        """Change what new variables are charged with."""
        self.regularizer = regularizer

    def set_dtype(self, dtype: Any) -> None:
        """Change the dtype of new variables."""
        self.dtype = as_dtype(dtype)

    def set_custom_getter(self, custom_getter: Any) -> None:
        """Change what is called in place of get_variable."""
        self.custom_getter = custom_getter

    def set_partitioner(self, partitioner: Any) -> None:
        """Remember a partitioner."""
        self.partitioner = partitioner

    def set_caching_device(self, caching_device: Any) -> None:
        """Remember a device for copies."""
        self.caching_device = caching_device

    def set_use_resource(self, use_resource: Any) -> None:
        """Remember which kind of variable was asked for."""
        self.use_resource = use_resource

    def full_name(self, name: str) -> str:
        """A variable's name with the prefix."""
        return f"{self.name}/{name}" if self.name else name

    def get_variable(self, name: str, *args: Any, **options: Any) -> Variable:
        """The variable of this name in this scope."""
        with variable_scope(self, auxiliary_name_scope=False):
            return get_variable(name, *args, **options)

    def get_collection(self, name: str) -> list[Any]:
        """The values under a name that belong to this scope."""
        return get_default_graph().get_collection(name, f"{re.escape(self.name)}/" if self.name else None)

    def global_variables(self) -> list[Variable]:
        """Those of this scope."""
        return self.get_collection(GraphKeys.GLOBAL_VARIABLES)

    def local_variables(self) -> list[Variable]:
        """Those of this scope that are not saved."""
        return self.get_collection(GraphKeys.LOCAL_VARIABLES)

    def trainable_variables(self) -> list[Variable]:
        """Those of this scope that optimizers change."""
        return self.get_collection(GraphKeys.TRAINABLE_VARIABLES)


@define
class _Known:
    """What a graph knows of its scopes: the current one, the variables by name, how often each scope was opened."""

    current: VariableScope = field(factory=VariableScope)
    variables: dict[str, Variable] = field(factory=dict)
    opened: dict[str, int] = field(factory=dict)

    def unopened(self, scope: VariableScope, name: str) -> str:
        """`name`, or `name_1` ... for one that was opened already."""
        made, number = name, 0
        while self.opened.get(scope.full_name(made)):
            number += 1
            made = f"{name}_{number}"
        return made


def _known(graph: Graph) -> _Known:
    if graph.variable_scopes is None:
        graph.variable_scopes = _Known()
    return graph.variable_scopes


def get_variable_scope() -> VariableScope:
    """The scope in force."""
    return _known(get_default_graph()).current


@contextmanager
def variable_scope(
    name_or_scope: Any, default_name: str | None = None, values: Sequence[Any] | None = None, initializer: Any = None,
    regularizer: Any = None, caching_device: Any = None, partitioner: Any = None, custom_getter: Any = None,
    reuse: Any = None, dtype: Any = None, use_resource: Any = None, constraint: Any = None,
    auxiliary_name_scope: bool = True,
) -> Iterator[VariableScope]:  # fmt: skip
    """Prefix variables and operations made inside.

    default_name:  used, made unique, where there is no name
    custom_getter: called in place of get_variable: custom_getter(getter, name, ...)
    reuse:         True shares existing variables, AUTO_REUSE those that exist; None inherits
    """
    if name_or_scope is None and default_name is None:
        raise TypeError("If default_name is None then name_or_scope is required")
    graph = next((x.graph for x in values or () if hasattr(x, "graph")), None) or get_default_graph()
    known, before = _known(graph), _known(graph).current
    if isinstance(name_or_scope, VariableScope):
        base, full = name_or_scope, name_or_scope.name
        short = full.rsplit("/", 1)[-1]
    else:
        if name_or_scope is None and reuse is True:
            raise ValueError("reuse=True cannot be used without a name_or_scope")
        base = before
        short = known.unopened(before, default_name) if name_or_scope is None else name_or_scope
        full = before.full_name(short)
    changes = {
        "initializer": initializer, "regularizer": regularizer, "constraint": constraint, "partitioner": partitioner,
        "caching_device": caching_device, "use_resource": use_resource,
        "dtype": None if dtype is None else as_dtype(dtype),
        "custom_getter": custom_getter and _within(base.custom_getter, custom_getter),
    }  # fmt: skip
    inside = evolve(
        base, name=full, reuse=(base.reuse or before.reuse) if reuse is None else reuse,
        **{key: value for key, value in changes.items() if value is not None},
    )  # fmt: skip
    if before.reuse is True and reuse is False:
        inside.reuse = True
    named = graph.name_scope(short) if auxiliary_name_scope and short else nullcontext(graph.get_name_scope())
    with graph.as_default(), named as prefix:
        inside.original_name_scope = prefix
        known.opened[full] = known.opened.get(full, 0) + 1
        known.current = inside
        try:
            yield inside
        finally:
            known.current = before
            for name in known.opened:
                if name.startswith(f"{full}/"):  # so that default names start over when the scope is opened again
                    known.opened[name] = 0


def get_variable(
    name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
    trainable: bool | None = None, collections: Any = None, caching_device: Any = None, partitioner: Any = None,
    validate_shape: bool = True, use_resource: Any = None, custom_getter: Any = None, constraint: Any = None,
    synchronization: Any = None, aggregation: Any = None,
) -> Variable:  # fmt: skip
    """The variable of this name in the current scope: a new one, or one to share, as the scope says.

    shape: may be left out where the initializer is a value
    """
    graph = get_default_graph()
    scope = _known(graph).current
    getter = (custom_getter and _within(scope.custom_getter, custom_getter)) or scope.custom_getter
    options = {
        "shape": shape, "dtype": dtype, "initializer": initializer, "regularizer": regularizer, "trainable": trainable,
        "collections": collections, "caching_device": caching_device or scope.caching_device,
        "partitioner": partitioner or scope.partitioner, "validate_shape": validate_shape,
        "use_resource": use_resource if use_resource is not None else scope.use_resource, "constraint": constraint,
    }  # fmt: skip
    if getter is None:
        return _variable(scope.full_name(name), **options)
    reuse = scope.reuse
    options |= {"initializer": initializer if initializer is not None else scope.initializer}
    options |= {"regularizer": regularizer or scope.regularizer, "dtype": as_dtype(dtype or scope.dtype)}
    return getter(_variable, scope.full_name(name), reuse=reuse, **options)


def _within(outer: Any, inner: Any) -> Any:
    """A custom getter that calls another one in place of what would get the variable."""
    if outer is None:
        return inner
    return lambda getter, *args, **options: inner(functools.partial(outer, getter), *args, **options)


def _variable(
    full: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
    trainable: bool | None = None, collections: Any = None, validate_shape: bool = True, constraint: Any = None,
    **without_effect: Any,
) -> Variable:  # fmt: skip
    """The variable of this full name."""
    graph = get_default_graph()
    known = _known(graph)
    scope = known.current
    wanted = as_dtype(dtype or scope.dtype).base_dtype
    found = known.variables.get(full)
    if found is not None and scope.reuse in (True, AUTO_REUSE):
        return _shared(found, full, shape, wanted if dtype is not None else None)
    if found is not None:
        raise ValueError(
            f"Variable {full} already exists, disallowed. Did you mean to set reuse=True or reuse=tf.AUTO_REUSE in "
            f"VarScope? Originally defined at:\n\n{found.op.origin}"
        )
    if scope.reuse is True:
        raise ValueError(
            f"Variable {full} does not exist, or was not created with tf.get_variable(). Did you mean to set "
            f"reuse=tf.AUTO_REUSE in VarScope?{did_you_mean(full, known.variables, 3)}"
        )
    initializer = initializer if initializer is not None else scope.initializer
    first = _first_value(full, shape, wanted, initializer)
    with graph.as_default(), graph.name_scope(None):
        made = Variable(
            first, trainable is not False, collections, validate_shape, name=full,
            constraint=constraint or scope.constraint,
            dtype=wanted if callable(first) or dtype is not None else None,
        )  # fmt: skip
        known.variables[full] = made
        regularizer = regularizer or scope.regularizer
        if regularizer is not None:
            with graph.name_scope(f"{full}/Regularizer/"):
                loss = regularizer(made)
            if loss is not None:
                graph.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)
    return made


def _first_value(name: str, shape: Any, dtype: Any, initializer: Any) -> Any:
    if initializer is None:
        initializer = glorot_uniform() if dtype.is_floating else zeros()
    if not callable(initializer):
        if shape is not None:
            raise ValueError("If initializer is a constant, do not specify shape.")
        return initializer
    sizes = TensorShape(shape)
    if not sizes.is_fully_defined():
        raise ValueError(f"Shape of a new variable ({name}) must be fully defined, but instead was {sizes}.")
    made: Callable[..., Any] = initializer() if inspect.isclass(initializer) else initializer
    extra = {"partition_info": None} if "partition_info" in inspect.signature(made).parameters else {}
    return lambda: made(sizes.as_list(), dtype=dtype, **extra)


def _shared(found: Variable, name: str, shape: Any, dtype: Any) -> Variable:
    if shape is not None and not TensorShape(shape).is_compatible_with(found.shape):
        raise ValueError(
            f"Trying to share variable {name}, but specified shape {TensorShape(shape)} and found shape {found.shape}."
        )
    if dtype is not None and found.dtype.base_dtype != dtype:
        raise ValueError(
            f"Trying to share variable {name}, but specified dtype {dtype.name} and found dtype {found.dtype.name}."
        )
    return found


def get_local_variable(name: str, *args: Any, **options: Any) -> Variable:
    """A variable that is not saved and not trained."""
    options.setdefault("collections", [GraphKeys.LOCAL_VARIABLES])
    return get_variable(name, *args, **{**options, "trainable": False})


def _partitioner() -> Callable[..., list[int]]:
    """One part along each axis: variables are kept whole, whatever a program asks for."""
    return lambda shape, dtype=None: [1] * len(TensorShape(shape))


def fixed_size_partitioner(num_shards: int, axis: int = 0) -> Callable[..., list[int]]:
    """Asks for so many parts; accepted, and the variable is kept whole."""
    return _partitioner()


def variable_axis_size_partitioner(
    max_shard_bytes: int, axis: int = 0, bytes_per_string_element: int = 16, max_shards: int | None = None
) -> Callable[..., list[int]]:
    """Asks for parts up to a size; accepted, and the variable is kept whole."""
    return _partitioner()


def min_max_variable_partitioner(
    max_partitions: int = 1, axis: int = 0, min_slice_size: int = 262144, bytes_per_string_element: int = 16
) -> Callable[..., list[int]]:
    """Asks for parts from a size up; accepted, and the variable is kept whole."""
    return _partitioner()
