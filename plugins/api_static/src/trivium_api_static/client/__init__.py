"""What TensorFlow keeps under `tensorflow.python.client`."""

from . import timeline

__all__ = ["timeline"]
