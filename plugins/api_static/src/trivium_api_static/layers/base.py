"""What every layer of this style does: open its scope, make its variables once, name its operations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from attrs import define, field

from .. import initializers
from ..build import assumed, call, convert_to_tensor
from ..casting import cast
from ..collection import GraphKeys
from ..conversion import as_tensor
from ..graph import get_default_graph
from ..operation import Tensor
from ..variable import Variable
from ..variable_scope import VariableScope, get_variable, variable_scope

__all__ = ["Layer"]


@define(slots=False, eq=False)
class Layer:
    """A function with variables, which are made at its first call and shared by all later ones.

    trainable: whether optimizers change its variables
    name:      of its scope; made from the class's name, and unique, when left out
    dtype:     of its variables; the input's when left out

    Subclasses define `call(inputs)`, and `build(input_shape)` where they have variables.
    """

    trainable: bool = field(default=True, kw_only=True)
    _name: str | None = field(default=None, kw_only=True, alias="name")
    dtype: Any = field(default=None, kw_only=True)
    activity_regularizer: Any = field(default=None, kw_only=True)
    _reuse: Any = field(default=None, kw_only=True, alias="_reuse")
    _scope: VariableScope | None = field(default=None, init=False)
    built: bool = field(default=False, init=False)
    _variables: list[Variable] = field(factory=list, init=False)
    _updates: list[Any] = field(factory=list, init=False)
    _losses: list[Tensor] = field(factory=list, init=False)

    words: ClassVar[Mapping[str, str]] = {}  # other names for some of its variables
    collections: ClassVar[tuple[str, ...]] = ()  # in which they are, besides the usual ones

    # -- what a kind of layer says -------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make the variables."""
        self.built = True

    def call(self, inputs: Any, *args: Any, **options: Any) -> Any:
        """The layer's function."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of what it makes of a shape."""
        raise NotImplementedError(f"{type(self).__name__} does not say; call it and ask the result for its shape")

    # -- what a user calls ---------------------------------------------------------------------------------

    def __call__(self, inputs: Any, *args: Any, **options: Any) -> Any:
        x = [convert_to_tensor(v) for v in inputs] if isinstance(inputs, (list, tuple)) else convert_to_tensor(inputs)
        first = x[0] if isinstance(x, list) else x
        with self._opened(first.graph):
            if not self.built:
                self.dtype = self.dtype or first.dtype.base_dtype
                self.build([v.shape for v in x] if isinstance(x, list) else x.shape)
                self.built = True
            outputs = self.call(x, *args, **options)
            if self.activity_regularizer is not None:
                self.add_loss(self.activity_regularizer(outputs))
        return outputs

    apply = __call__

    @contextmanager
    def _opened(self, graph: Any) -> Iterator[None]:
        """Its scope; the variables are made in the first one, and operations have a new one each time."""
        with graph.as_default():
            if self._scope is None:
                with variable_scope(self._name, self.default_name, reuse=self._reuse) as scope:
                    self._scope = scope
                    yield
            else:
                with variable_scope(self._scope, reuse=True if self.built else None):
                    yield

    @property
    def default_name(self) -> str:
        """The name of its scope when none is given: `max_pooling2d` for MaxPooling2D."""
        words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", type(self).__name__)
        return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()

    def add_variable(
        self, name: str, shape: Any, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
        trainable: bool = True, constraint: Any = None,
    ) -> Variable:  # fmt: skip
        """A variable in its scope."""
        known = set(get_default_graph().get_collection(GraphKeys.REGULARIZATION_LOSSES))
        made = get_variable(
            self.words.get(name, name), shape, dtype or self.dtype, initializers.get(initializer), regularizer,
            trainable and self.trainable, constraint=constraint,
        )  # fmt: skip
        charged = get_default_graph().get_collection(GraphKeys.REGULARIZATION_LOSSES)
        self._losses += [loss for loss in charged if loss not in known]
        self._variables.append(made)
        for key in self.collections:
            if made not in get_default_graph().get_collection(key):
                get_default_graph().add_to_collection(key, made)
        return made

    add_weight = add_variable

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Charge for something that it computes."""
        for loss in losses if isinstance(losses, (list, tuple)) else [losses]:
            if loss is not None:
                self._losses.append(loss)
                get_default_graph().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Remember operations that belong to each training step."""
        for update in updates if isinstance(updates, (list, tuple)) else [updates]:
            self._updates.append(update)
            get_default_graph().add_to_collection(GraphKeys.UPDATE_OPS, update)

    @property
    def name(self) -> str:
        """The last part of the name of its scope."""
        return self._name if self._scope is None else self._scope.name.rsplit("/", 1)[-1]

    @property
    def scope_name(self) -> str:
        """The name of its scope."""
        if self._scope is None:
            raise ValueError(
                f"No name available for layer scope because the layer {self._name!r} has not been used yet."
            )
        return self._scope.name

    @property
    def graph(self) -> Any:
        """The graph of its variables."""
        return self._variables[0].graph if self._variables else get_default_graph()

    @property
    def variables(self) -> list[Variable]:
        """All its variables."""
        return list(self._variables)

    @property
    def trainable_variables(self) -> list[Variable]:
        """Those that optimizers change."""
        return [v for v in self._variables if v.trainable]

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """Those that optimizers leave."""
        return [v for v in self._variables if not v.trainable]

    weights, trainable_weights, non_trainable_weights = variables, trainable_variables, non_trainable_variables

    @property
    def updates(self) -> list[Any]:
        """What belongs to each training step."""
        return list(self._updates)

    @property
    def losses(self) -> list[Tensor]:
        """What its variables and results are charged with."""
        return list(self._losses)

    def count_params(self) -> int:
        """How many numbers its variables hold."""
        return sum([v.shape.num_elements() for v in self._variables])


@define(slots=False, eq=False)
class Weighted(Layer):
    """A layer with a kernel, a bias, and an activation behind them."""

    activation: Any = field(default=None, kw_only=True)
    use_bias: bool = field(default=True, kw_only=True)
    kernel_initializer: Any = field(default=None, kw_only=True)
    bias_initializer: Any = field(default="zeros", kw_only=True)
    kernel_regularizer: Any = field(default=None, kw_only=True)
    bias_regularizer: Any = field(default=None, kw_only=True)
    kernel_constraint: Any = field(default=None, kw_only=True)
    bias_constraint: Any = field(default=None, kw_only=True)

    kernel: Any = field(default=None, init=False)
    bias: Any = field(default=None, init=False)
    bare_kind: ClassVar[str] = "MatMul"

    def owned(self, shape: Sequence[int], count: int) -> None:
        """Make `kernel` and `bias`."""
        self.kernel = self.add_variable(
            "kernel", shape, None, self.kernel_initializer, self.kernel_regularizer, constraint=self.kernel_constraint
        )
        self.add_bias(count)

    def add_bias(self, count: int) -> None:
        """Make `bias`, where there is one."""
        if self.use_bias:
            self.bias = self.add_variable(
                "bias", [count], None, self.bias_initializer, self.bias_regularizer, constraint=self.bias_constraint
            )

    def computed(self, function: Callable[..., Any], inputs: Tensor, **values: Any) -> Tensor:
        """One operation, called after what it does last, and the activation.

        function: (input, *values) and bias, which may be None -> result, all symbols
        """
        named = {**values, **({"bias": self.bias} if self.use_bias else {})}

        def compute(x: Any, *owned: Any) -> Any:
            return function(x, *owned) if self.use_bias else function(x, *owned, None)

        out = call("BiasAdd" if self.use_bias else self.bare_kind, compute, inputs=inputs, **named)
        return out if self.activation is None else self.activation(out)


def through(layer: Any, x: Any, values: Mapping[str, Any]) -> Any:
    """What a core layer without state makes of a symbol."""
    return layer.apply([x], values)[0]


def functional(cls: type[Layer], doc: str | None = None) -> Callable[..., Any]:
    """The function that makes a layer and calls it: `dense(inputs, units, ...)`."""

    def function(inputs: Any, *args: Any, reuse: Any = None, **options: Any) -> Any:
        return cls(*args, _reuse=reuse, **options)(inputs)

    function.__doc__ = doc or cls.__doc__
    return function


def known_size(size: Any, what: str) -> int:
    """A size that variables depend on."""
    size = getattr(size, "value", size)
    if type(size) is not int:
        raise ValueError(f"{what} of the inputs should be defined. Found `None`.")
    return size


def phase(training: Any) -> Any:
    """Whether training goes on: a bool, or the symbol of a tensor that tells when the graph runs."""
    tensor = as_tensor(training, get_default_graph())
    if tensor is None:
        return bool(training)
    return assumed((tensor if tensor.dtype.is_bool else cast(tensor, "bool")).symbol, ())
