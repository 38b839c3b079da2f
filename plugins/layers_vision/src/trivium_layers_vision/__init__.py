"""Layers for images: convolution, pooling, normalization, activations, losses."""

from trivium.hookspecs import hookimpl

from .activation import Dropout, Flatten, Relu, Sigmoid, Softmax, Tanh
from .convolution import Convolution
from .dense import Dense
from .loss import Accuracy, SoftmaxCrossEntropy, SquaredError
from .normalization import BatchNorm, LocalResponseNorm
from .pooling import AveragePool, MaxPool

LAYERS = (
    Accuracy, AveragePool, BatchNorm, Convolution, Dense, Dropout, Flatten, LocalResponseNorm, MaxPool, Relu,
    Sigmoid, Softmax, SoftmaxCrossEntropy, SquaredError, Tanh,
)  # fmt: skip

__all__ = [layer.__name__ for layer in LAYERS]


@hookimpl
def trivium_register_layers(register):
    """Let every style find these layers by name."""
    for layer in LAYERS:
        register(layer)
