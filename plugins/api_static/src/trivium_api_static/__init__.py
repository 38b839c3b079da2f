"""Trivium in the words of TensorFlow 1: graphs, sessions, placeholders.

import trivium_api_static as tf
"""

# ruff: noqa: F401, F403 - this is the list of names that `tf.` finds; each module names its words in __all__

from . import (
    client,
    contrib,
    data,
    debugging,
    dtypes,
    errors,
    image,
    initializers,
    layers,
    linalg,
    logging,
    losses,
    math,
    metrics,
    nn,
    test,
    train,
)
from .arithmetic import *
from .arranging import *
from .blocks import *
from .bridge import apply
from .build import *
from .casting import *
from .choosing import *
from .clipping import *
from .collection import *
from .comparison import *
from .control import *
from .conversion import *
from .creation import *
from .debugging import *
from .decoding import *
from .default import get_default_session
from .default_graph import *
from .dtypes import *
from .functional import *
from .gradient import *
from .graph import *
from .host import *
from .image import random_crop
from .linear_algebra import *
from .nn import bias_add
from .operation import Operation, Tensor
from .options import ConfigProto, GPUOptions, GraphOptions, OptimizerOptions, RunMetadata, RunOptions
from .overriding import *
from .queues import *
from .random import *
from .readers import *
from .reduction import *
from .scattering import *
from .segments import *
from .session import InteractiveSession, Session
from .sizes import *
from .slicing import *
from .template import *
from .tensor_array import *
from .tensor_shape import Dimension, TensorShape
from .variable import *
from .variable_scope import *

newaxis = None
zeros_initializer = initializers.zeros
ones_initializer = initializers.ones
constant_initializer = initializers.constant
random_uniform_initializer = initializers.random_uniform
random_normal_initializer = initializers.random_normal
truncated_normal_initializer = initializers.truncated_normal
variance_scaling_initializer = initializers.variance_scaling
orthogonal_initializer = initializers.orthogonal
glorot_uniform_initializer = initializers.glorot_uniform
glorot_normal_initializer = initializers.glorot_normal
