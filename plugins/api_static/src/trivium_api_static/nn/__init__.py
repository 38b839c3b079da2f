"""Neural-network functions: `tf.nn`, one module for each topic."""

# ruff: noqa: F401, F403 - each module names its words in __all__

from ..arithmetic import sigmoid, tanh
from ..dropout import dropout
from . import rnn_cell
from .activation import *
from .arithmetic import *
from .convolution import *
from .cross_entropy import *
from .normalization import *
from .pooling import *
from .ranking import *
from .recurrent import *
