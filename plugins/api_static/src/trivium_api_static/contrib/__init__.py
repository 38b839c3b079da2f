"""`tf.contrib`, as far as classic programs use it: `layers`, `framework`, `slim`."""

from . import framework, layers, slim

__all__ = ["framework", "layers", "slim"]
