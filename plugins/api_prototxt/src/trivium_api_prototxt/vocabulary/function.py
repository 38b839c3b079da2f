"""Functions of values as layers: of ops alone, or of any style's module."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, field

from trivium.layer import Layer, ParamSpec


@define(slots=False)
class Function(Layer):
    """A function of values, and the parameters that it uses.

    uses: parameters of its own making, by name: `Function(module, uses=dict(module.named_parameters()))`
    """

    function: Callable[..., Any]
    uses: Mapping[str, Any] = field(factory=dict, kw_only=True)

    def parameters(self, *specs):
        return {name: ParamSpec(p.spec.shape, trainable=p.trainable) for name, p in self.uses.items()}

    def build(self, *specs):
        self.owned, self.is_built = dict(self.uses), True

    def forward(self, *inputs):
        return self.function(*inputs)
