"""Rows that stand together in more than one network."""

from typing import Any

from .table import Row, row


def rectified(name: str, relu: str, *inputs: str, **settings: Any) -> list[Row]:
    """A convolution and its rectifier."""
    return [row(name, "Convolution", *inputs, **settings), row(relu, "Relu", name)]


def pool(name: str, *inputs: str, kernel: int, stride: int, padding: int = 0) -> Row:
    """Max pooling that covers the whole plane: Caffe's rounding, for which these networks were drawn up."""
    rounding = "ceil" if padding else "ceil_any"
    return row(name, "MaxPool", *inputs, kernel=kernel, stride=stride, padding=padding, rounding=rounding)


def dense(name: str, units: int, *inputs: str, **settings: Any) -> Row:
    """A layer in which every unit sees all of the example."""
    return row(name, "Dense", *inputs, units=units, flatten=1, **settings)
