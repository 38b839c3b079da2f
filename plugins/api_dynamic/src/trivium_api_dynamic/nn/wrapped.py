"""A module around one core layer, whose sizes the user gives, so that parameters exist from the start."""

from collections.abc import Mapping
from typing import Any, ClassVar

from trivium.initializer import Uniform
from trivium.layer import kind_of
from trivium.registry import find_layer
from trivium.spec import Dim, Spec

from ..dtypes import Default, as_torch_dtype
from ..tensors import as_ours
from .module import Module
from .of_function import check_tensors
from .parameter import Parameter


class Wrapped(Module):
    """One core layer under PyTorch's names.

    core:    the core layer's name
    renamed: our name for what the layer owns, where it differs
    hidden:  state that PyTorch has not, and that is private here

    Parameters are made in the order in which modules are, weight before bias, and each that is drawn takes the next
    stream of the seed: core layers with these settings, built in that order, start with the same bits.
    """

    core: ClassVar[str]
    renamed: ClassVar[Mapping[str, str]] = {}
    hidden: ClassVar[frozenset[str]] = frozenset()
    shown: ClassVar[tuple[str, ...]] = ()

    def wrap(self, settings: Mapping[str, Any], *shape: Any, dtype: Any = None, device: Any = None) -> None:
        """Make the core layer, and its parameters for an input of this shape, or several; a size of None may be any."""
        object.__setattr__(self, "layer", find_layer(self.core)(**settings))
        object.__setattr__(self, "owned", {})
        if shape:
            shapes = shape if isinstance(shape[0], tuple) else (shape,)
            self.build(*[Spec([Dim() if size is None else size for size in each], "float32") for each in shapes])
            wanted = Default.dtype if dtype is None else as_torch_dtype(dtype).dtype
            if wanted != "float32" or device is not None:
                self.to(dtype=as_torch_dtype(wanted), device=device)

    def build(self, *specs: Spec) -> None:
        """Make what the layer owns."""
        for name, wanted in self.layer.parameters(*specs).items():
            ours = self.renamed.get(name, name)
            made = wanted.make(ours)
            self.owned[name] = ours
            if made.trainable:
                self.register_parameter(ours, Parameter.of_layer(made))
            elif ours in self.hidden:
                self._private[ours] = as_ours(made)
            else:
                self.register_buffer(ours, as_ours(made))

    def forward(self, *inputs: Any) -> Any:
        """The layer's function of tensors or symbols."""
        return self.run_layer(inputs, self.training)

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        check_tensors(self, inputs)
        return super().__call__(*inputs, **named)

    def run_layer(self, inputs: Any, training: bool, keeps_state: bool = True) -> Any:
        """The layer's function, with the parameters that stand in the module now."""
        kind = kind_of(inputs)
        own = {name: getattr(self, ours) for name, ours in self.owned.items()}
        values = {name: None if p is None else kind.adopt_parameter(p, inputs) for name, p in own.items()}
        result, updates = self.layer.apply(inputs, values, training)
        if keeps_state:
            for name, value in updates.items():
                kind.assign(own[name], value)
        return result

    def extra_repr(self) -> str:
        return ", ".join([f"{name}={getattr(self, name)}" for name in self.shown])


def within(fan_in: int) -> Uniform:
    """PyTorch's usual start: within 1 / sqrt(fan_in) of 0."""
    bound = fan_in**-0.5 if fan_in else 0.0
    return Uniform(-bound, bound)
