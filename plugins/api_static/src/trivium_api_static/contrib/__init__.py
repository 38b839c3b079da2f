"""`tf.contrib`, as far as classic programs use it: `layers`, `framework`, `rnn`, `seq2seq`, `slim`."""

from . import framework, layers, rnn, seq2seq, slim

__all__ = ["framework", "layers", "rnn", "seq2seq", "slim"]
