"""Data sets: elements one after the other, and iterators that bring them into a graph: `tf.data`."""

from .dataset import Dataset
from .files import FixedLengthRecordDataset, TextLineDataset
from .iterator import Iterator

__all__ = ["Dataset", "FixedLengthRecordDataset", "Iterator", "TextLineDataset"]
