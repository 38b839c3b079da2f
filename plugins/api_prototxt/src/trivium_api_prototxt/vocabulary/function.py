"""Layers that own nothing: a function of ops."""

from collections.abc import Callable
from typing import Any

from attrs import define

from trivium.layer import Layer


@define(slots=False)
class Function(Layer):
    """A function of values as a layer."""

    function: Callable[..., Any]

    def forward(self, *inputs):
        return self.function(*inputs)
