"""The ops: what can be computed, each with its meaning, shapes, gradients and samples in one place.

Some share their name with a Python built-in on purpose: `ops.sum`, `ops.max`, `ops.slice`.
Modules import downward only, in the order elementwise, rounding, powers, trigonometry, special, bitwise, shaping,
reduction, activation, creation, linear_algebra, decomposition, contraction, arranging, cumulative, statistics,
windowing, indexing, sorting, memory, convolution, pooling, resizing, sampling, image, normalization, local_response,
recurrent, recurrence, random, weighing, loss, regression_loss, ranking_loss, sequence_loss, update.
"""

# ruff: noqa: F403 - each module names its words in __all__

from .. import registry
from ..errors import UnknownNameError
from ..op import Op
from .activation import *
from .arranging import *
from .bitwise import *
from .contraction import *
from .convolution import *
from .creation import *
from .cumulative import *
from .decomposition import *
from .elementwise import *
from .image import *
from .indexing import *
from .linear_algebra import *
from .local_response import *
from .loss import *
from .memory import *
from .normalization import *
from .pooling import *
from .powers import *
from .random import *
from .ranking_loss import *
from .recurrence import *
from .recurrent import *
from .reduction import *
from .regression_loss import *
from .resizing import *
from .rounding import *
from .sampling import *
from .sequence_loss import *
from .shaping import *
from .sorting import *
from .special import *
from .statistics import *
from .trigonometry import *
from .update import *
from .weighing import *
from .windowing import *


def __getattr__(name: str) -> Op:
    """An op that a plugin brings."""
    if name.startswith("__"):
        raise AttributeError(name)
    try:
        return registry.find_op(name)
    except UnknownNameError as error:
        raise AttributeError(str(error)) from error
