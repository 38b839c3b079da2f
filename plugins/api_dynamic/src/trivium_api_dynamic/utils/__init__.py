"""What training needs beside the network."""

from . import data

__all__ = ["data"]
