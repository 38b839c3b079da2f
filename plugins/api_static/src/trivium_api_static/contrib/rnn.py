"""`tf.contrib.rnn`: where cells stood before `tf.nn.rnn_cell`."""

# ruff: noqa: F401, F403 - the same words once more

from ..rnn import static_bidirectional_rnn, static_rnn
from ..rnn_cell import *
