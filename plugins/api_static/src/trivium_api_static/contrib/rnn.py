"""`tf.contrib.rnn`: where cells stood before `tf.nn.rnn_cell`."""

# ruff: noqa: F401, F403 - the same words once more

from ..nn.recurrent import static_bidirectional_rnn, static_rnn
from ..nn.rnn_cell import *
