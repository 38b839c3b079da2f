"""`tf.math`: the functions of numbers, under one roof."""

# ruff: noqa: F401, F403

from .arithmetic import *
from .casting import *
from .choosing import argsort, searchsorted
from .comparison import *
from .linear_algebra import matmul, tensordot, trace
from .reduction import *
from .segments import *
