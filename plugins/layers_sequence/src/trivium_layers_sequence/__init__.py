"""Layers of sequences: embeddings, recurrent layers and their cells."""

from trivium.hookspecs import hookimpl

from .cell import GRUCell, LSTMCell, RNNCell
from .embedding import Embedding, EmbeddingBag
from .recurrent import GRU, LSTM, RNN

LAYERS = (Embedding, EmbeddingBag, GRU, GRUCell, LSTM, LSTMCell, RNN, RNNCell)

__all__ = [layer.__name__ for layer in LAYERS]


@hookimpl
def trivium_register_layers(register):
    """Let every style find these layers by name."""
    for layer in LAYERS:
        register(layer)
