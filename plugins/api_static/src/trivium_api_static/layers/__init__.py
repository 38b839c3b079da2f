"""Layers: classes and functions over the core's layers, one module for each topic.

`tf.layers.dense(x, 10, name="fc")` is `tf.layers.Dense(10, name="fc")(x)`, which is the core's Dense with variables
`fc/kernel` and `fc/bias`.
"""

# ruff: noqa: F401, F403 - each module names its words in __all__

from .base import Layer
from .convolution import *
from .dense import *
from .normalization import *
from .pooling import *
