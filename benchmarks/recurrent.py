"""An LSTM layer over 50 steps, one thread: as one op, as loops of cells, and PyTorch: `python benchmarks/recurrent.py`.

Batch 50, 64 features, 128 units; forward, and forward with the gradients of weights and biases.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from collections.abc import Callable

import numpy as np
import torch
from measure import side_by_side, table

from trivium import ops
from trivium.autodiff import gradients
from trivium.control import scan, stack, unstacked
from trivium.graph import Graph
from trivium.program import Program
from trivium.tensor import Parameter, Tensor, recording

STEPS, BATCH, FEATURES, UNITS = 50, 50, 64, 128
RANDOM = np.random.default_rng(0)


def drawn(*shape):
    return (RANDOM.standard_normal(shape) * 0.1).astype(np.float32)


X, STATE = Tensor.of(drawn(STEPS, BATCH, FEATURES)), Tensor.of(drawn(BATCH, UNITS))
WEIGHTS = [
    Parameter(drawn(*shape)) for shape in ((4 * UNITS, FEATURES), (4 * UNITS, UNITS), (4 * UNITS,), (4 * UNITS,))
]


def one_op(x, state, input_weight, hidden_weight, *biases):
    """The input's part of all steps in one product, then `ops.lstm`."""
    sums = ops.matmul(ops.reshape(x, shape=(STEPS * BATCH, FEATURES)), ops.transpose(input_weight))
    given = ops.reshape(sums + (biases[0] + biases[1]), shape=(STEPS, BATCH, 4 * UNITS))
    return ops.lstm(given, state, state, hidden_weight)[0]


def scanned(x, state, *weights):
    """`control.scan` over `ops.lstm_cell`."""

    def step(carry, rows):
        after = ops.lstm_cell(rows[0], *carry, *weights)
        return after, after[:1]

    return scan(step, (state, state), (x,))[1][0]


def unrolled(x, state, *weights):
    """A Python loop over `ops.lstm_cell`."""
    hidden, cell, made = state, state, []
    for row in unstacked(x):
        hidden, cell = ops.lstm_cell(row, hidden, cell, *weights)
        made.append(hidden)
    return stack(made)


def eager(layer: Callable[..., Tensor]) -> tuple[Callable[[], object], Callable[[], object]]:
    """Forward alone, and with gradients, on tensors."""

    def forward():
        with recording(False):
            layer(X, STATE, *WEIGHTS)

    return forward, lambda: gradients([ops.sum(layer(X, STATE, *WEIGHTS))], WEIGHTS)


def program(layer: Callable[..., object]) -> tuple[Callable[[], object], Callable[[], object]]:
    """The same as programs."""
    graph = Graph()
    x = graph.placeholder(X.shape)
    weights = [graph.capture(w) for w in WEIGHTS]
    y = layer(x, graph.capture(STATE), *weights)
    made = Program([y]), Program(gradients([ops.sum(y)], weights))
    return tuple([lambda one=one: one.run({x: X}) for one in made])


def peer() -> tuple[Callable[[], object], Callable[[], object]]:
    """torch.nn.LSTM."""
    torch.set_num_threads(1)
    lstm, x = torch.nn.LSTM(FEATURES, UNITS), torch.tensor(X.numpy())

    def forward():
        with torch.no_grad():
            lstm(x)

    return forward, lambda: lstm(x)[0].sum().backward()


def main() -> None:
    runs = {"PyTorch": peer()}
    for layer in (one_op, unrolled, scanned):
        name = layer.__name__.replace("_", " ")
        runs |= {f"{name}, eager": eager(layer), f"{name}, program": program(layer)}
    for i, what in enumerate(("forward", "forward and gradients")):
        print(f"\n{what}")
        print(table(side_by_side({name: pair[i] for name, pair in runs.items()}, rounds=12), against="PyTorch"))


if __name__ == "__main__":
    main()
