"""Layers: settings, the parameters they call for, and a pure function of ops."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from attrs import define, field, frozen

from .control import cond
from .errors import ShapeError, TriviumError
from .graph import Symbol
from .initializer import Initializer, InitializerWarning, doubt, find_initializer
from .randomness import Stream
from .spec import Dim, Shape, Spec
from .tensor import Parameter, Tensor


@frozen
class ParamSpec:
    """A parameter that a layer calls for.

    initializer: a name, or a function (shape, stream) -> array
    trainable:   whether it wants a gradient; state such as a running mean does not
    is_weight:   whether it is a weight (out, in, *kernel) that should not start at zero, or far too large
    """

    shape: Shape
    initializer: str | Initializer = "zeros"
    trainable: bool = True
    dtype: str = "float32"
    is_weight: bool = False

    def make(self, name: str) -> Parameter:
        """The parameter, with its first value."""
        if unknown := [size for size in self.shape if type(size) is Dim]:
            raise ShapeError(
                f"{name}: needs size {unknown[0]}, which is known only when the graph runs; give the number"
            )
        array = find_initializer(self.initializer)(self.shape, Stream())  # type: ignore[arg-type]
        return Parameter(array, name=name, trainable=self.trainable, dtype=self.dtype)


@define(slots=False)
class Layer:
    """One definition for every style.  A subclass is an attrs class of settings with two methods:

    parameters(*specs) -> {name: ParamSpec}    from the Specs of the inputs; the batch may be unknown
    forward(*inputs, *, <names of what it owns>, training) -> value, or (value, {state name: next value})

    `forward` is pure: it uses ops only, and asks by keyword for what it needs; a parameter that the settings
    leave out (a bias, say) is None.  With several values it returns a tuple of them.
    """

    name: str | None = field(default=None, kw_only=True)
    owned: dict[str, Parameter] = field(init=False, factory=dict, eq=False, repr=False)
    is_built: bool = field(init=False, default=False, eq=False, repr=False)
    weights: tuple[str, ...] = field(init=False, default=(), eq=False, repr=False)

    asks_for: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        given = inspect.signature(cls.forward).parameters.values()
        cls.asks_for = tuple([p.name for p in given if p.kind is p.KEYWORD_ONLY])

    def parameters(self, *specs: Spec | None) -> Mapping[str, ParamSpec]:
        """What the layer owns, for inputs of these Specs; an input that is left out is None."""
        return {}

    def forward(self, *inputs: Any) -> Any:
        """The layer's function."""
        raise TriviumError(f"{type(self).__name__}: has no forward; define one")

    @classmethod
    def samples(cls, make: Any) -> Iterator[tuple[Any, ...]]:
        """Example layers, each with inputs: `yield cls(...), make(2, 3)`.  Generated tests run on them."""
        yield from ()

    def __call__(self, *inputs: Any, training: Any = False) -> Any:
        """Apply the layer to tensors or symbols; parameters are made at the first use.

        training: a bool, or a value of shape () that decides when it is known
        """
        if not self.is_built:
            self.build(*[None if x is None else x.spec for x in inputs])
            for text in self.doubts():
                warnings.warn(text, InitializerWarning, stacklevel=2)
        kind = kind_of(inputs)
        values = {name: kind.adopt_parameter(p, inputs) for name, p in self.owned.items()}
        result, updates = self.apply(inputs, values, training)
        for name, value in updates.items():
            kind.assign(self.owned[name], value)
        return result

    def apply(
        self, inputs: Sequence[Any], values: Mapping[str, Any], training: Any = False
    ) -> tuple[Any, dict[str, Any]]:
        """The layer's function of inputs and of given values for what it owns.

        return: the result, and the next values of the layer's state
        """
        if isinstance(training, Symbol) and "training" in self.asks_for:
            return self._apply_either(inputs, values, training)
        asked = {name: values.get(name) for name in self.asks_for if name != "training"}
        if "training" in self.asks_for:
            asked["training"] = bool(training)
        try:
            result = self.forward(*inputs, **asked)
        except TriviumError as error:
            raise type(error)(f"{self.title}: {error}") from error
        if isinstance(result, tuple) and result and isinstance(result[-1], dict):
            *made, updates = result
            return (made[0] if len(made) == 1 else tuple(made)), updates
        return result, {}

    def _apply_either(
        self, inputs: Sequence[Any], values: Mapping[str, Any], training: Symbol
    ) -> tuple[Any, dict[str, Any]]:
        """Both phases, joined by a `cond`; a state that only one phase changes keeps its value in the other."""
        changed: list[str] = []
        is_single = True

        def phase(is_training: bool) -> tuple[Any, ...]:
            nonlocal changed, is_single
            result, updates = self.apply(inputs, values, is_training)
            is_single = not isinstance(result, tuple)
            changed = list(dict.fromkeys([*changed, *updates]))
            kept = [updates.get(name, values[name]) for name in changed]
            return (*((result,) if is_single else result), *kept)

        results = cond(training, lambda: phase(True), lambda: phase(False))
        if not isinstance(results, tuple):
            results = (results,)
        count = len(results) - len(changed)
        made = results[:count]
        return (made[0] if is_single else made), dict(zip(changed, results[count:], strict=True))

    def build(self, *specs: Spec | None) -> None:
        """Make the parameters for inputs of these Specs."""
        declared = self.parameters(*specs)
        self.owned = {
            name: wanted.make(f"{self.name}.{name}" if self.name else name) for name, wanted in declared.items()
        }
        self.weights = tuple([name for name, wanted in declared.items() if wanted.is_weight])
        self.is_built = True

    def doubts(self) -> list[str]:
        """What is wrong with the weights, as they are now, to start training from."""
        found = [(name, doubt(self.owned[name].numpy())) for name in self.weights]
        return [f"{self.title}: {name} {text}" for name, text in found if text]

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self.owned.values())

    def __getattr__(self, name: str) -> Any:
        owned = self.__dict__.get("owned", {})
        if name in owned:
            return owned[name]
        raise AttributeError(f"{type(self).__name__} has no {name!r}; it owns {', '.join(owned) or 'nothing (yet)'}")

    @property
    def title(self) -> str:
        """How errors name it: `conv1 (Conv2d)`."""
        return f"{self.name} ({type(self).__name__})" if self.name else type(self).__name__


def kind_of(inputs: Sequence[Any]) -> Any:
    """The kind that decides how a layer runs: symbols win."""
    kinds = [x.kind for x in inputs if hasattr(x, "kind")]
    return max(kinds, key=lambda kind: kind.strength) if kinds else Tensor
