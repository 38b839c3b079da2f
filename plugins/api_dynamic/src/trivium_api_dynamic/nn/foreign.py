"""Layers of the core, and nets of other styles, as modules."""

from collections.abc import Callable
from typing import Any

from trivium import layer as core

from .module import Module
from .parameter import Parameter
from .parts import ADOPTED


class LayerModule(Module):
    """A core Layer as a module.  What it owns appears once the layer is built, at its first use."""

    def __init__(self, layer: core.Layer) -> None:
        super().__init__()
        object.__setattr__(self, "layer", layer)
        self._take_over()

    def _take_over(self) -> None:
        for name, owned in self.layer.owned.items():
            ours = self.layer.owned[name] = Parameter.of_layer(owned)
            (self._parameters if ours.trainable else self._buffers)[name] = ours

    def forward(self, *inputs: Any) -> Any:
        """The layer's function."""
        if not self.layer.is_built:
            self.layer.build(*[x.spec for x in inputs])
            self._take_over()
        return self.layer(*inputs, training=self.training)

    def _get_name(self) -> str:
        return type(self.layer).__name__


class FunctionModule(Module):
    """Anything that can be called and lists its `parameters()`, such as a net of another style, as a module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        object.__setattr__(self, "function", function)
        for number, parameter in enumerate(function.parameters()):  # type: ignore[attr-defined]
            name = parameter.name if parameter.name not in self._parameters else f"{parameter.name}.{number}"
            self._parameters[name] = Parameter.of_layer(parameter)

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """The function."""
        return self.function(*inputs, **named)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name.startswith("_") or not hasattr(self.__dict__.get("function"), name):
                raise
        return getattr(self.function, name)  # what else it can do, in its own style's words

    def _get_name(self) -> str:
        return type(self.function).__name__


def has_parameters(value: Any) -> bool:
    """Whether it can be called and lists its parameters."""
    return callable(value) and callable(getattr(value, "parameters", None))


ADOPTED.append((lambda value: isinstance(value, core.Layer), LayerModule))
ADOPTED.append((has_parameters, FunctionModule))
