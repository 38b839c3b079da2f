"""Images: (height, width, channels), or batches of them: `tf.image`, one module for each topic."""

# ruff: noqa: F401, F403 - each module names its words in __all__

from ..decoding import decode_bmp, decode_image, decode_jpeg, decode_png
from .adjusting import *
from .conversion import *
from .cropping import *
from .resizing import *
from .turning import *
