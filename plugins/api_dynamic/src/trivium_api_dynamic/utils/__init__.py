"""What training needs beside the network."""

from . import checkpoint, data, dlpack

__all__ = ["checkpoint", "data", "dlpack"]
