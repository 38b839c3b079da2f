"""Layers for images: convolution, pooling, normalization, activations, losses."""

# ruff: noqa: F403 - each module names its layers in __all__

from trivium.hookspecs import hookimpl
from trivium.layer import Layer

from .activation import *
from .comparison import *
from .convolution import *
from .dense import *
from .loss import *
from .noise import *
from .normalization import *
from .pooling import *
from .shaping import *

LAYERS = [value for value in tuple(globals().values()) if isinstance(value, type) and issubclass(value, Layer)]
LAYERS.remove(Layer)

__all__ = [layer.__name__ for layer in LAYERS]


@hookimpl
def trivium_register_layers(register):
    """Let every style find these layers by name."""
    for layer in LAYERS:
        register(layer)
