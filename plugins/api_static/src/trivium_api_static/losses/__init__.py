"""Losses that reduce to one number and are remembered in the collection `losses`."""

# ruff: noqa: F403 - each module names its words in __all__

from .classification import *
from .collection import *
from .regression import *
from .weighing import *
