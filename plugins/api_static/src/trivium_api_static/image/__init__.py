"""Images: (height, width, channels), or batches of them: `tf.image`, one module for each topic."""

# ruff: noqa: F403 - each module names its words in __all__

from .adjusting import *
from .conversion import *
from .cropping import *
from .resizing import *
from .turning import *
