"""`tf.contrib`, as far as classic programs use it: `rnn`, `seq2seq`."""

from . import rnn, seq2seq

__all__ = ["rnn", "seq2seq"]
