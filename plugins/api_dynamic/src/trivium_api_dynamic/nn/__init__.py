"""Networks: modules, layers, losses."""

# ruff: noqa: F401, F403 - each module names its words in __all__

from . import functional, init, utils
from .activation import *
from .containers import *
from .convolution import *
from .dropout import *
from .embedding import *
from .foreign import FunctionModule, LayerModule
from .linear import *
from .losses import *
from .module import Module
from .normalization import *
from .padding import *
from .parameter import Parameter
from .pooling import *
from .recurrent import *
from .shaping import *

__all__ = [name for name in globals() if not name.startswith("_")]
