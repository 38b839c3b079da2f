"""Cells over whole sequences: `tf.nn.dynamic_rnn` and the like."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from ..arranging import concat, stack, transpose, unstack
from ..build import convert_to_tensor
from ..fetching import with_values
from ..operation import Tensor
from ..variable_scope import variable_scope
from . import rnn_cell

__all__ = ["bidirectional_dynamic_rnn", "dynamic_rnn", "static_bidirectional_rnn", "static_rnn"]


def dynamic_rnn(
    cell: Any, inputs: Any, sequence_length: Any = None, initial_state: Any = None, dtype: Any = None,
    parallel_iterations: int | None = None, swap_memory: bool = False, time_major: bool = False, scope: Any = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Every step of a cell.

    inputs:          (batch, steps, features), or (steps, batch, features) with time_major
    sequence_length: (batch,) how many steps each sequence has: outputs beyond are 0, the state stays
    return:          outputs (batch, steps, units), and the last state
    """
    with _scope(scope, "rnn"):
        return _walked(cell, inputs, sequence_length, initial_state, dtype, time_major, reverse=False)


def bidirectional_dynamic_rnn(
    cell_fw: Any, cell_bw: Any, inputs: Any, sequence_length: Any = None, initial_state_fw: Any = None,
    initial_state_bw: Any = None, dtype: Any = None, parallel_iterations: int | None = None, swap_memory: bool = False,
    time_major: bool = False, scope: Any = None,
) -> tuple[Any, Any]:  # fmt: skip
    """A cell from the first step to the last, and another one from each sequence's last step to the first.

    return: (outputs forward, outputs backward), (last state forward, last state backward)
    """
    given = (inputs, sequence_length)
    with _scope(scope, "bidirectional_rnn"):
        with variable_scope("fw"):
            forward = _walked(cell_fw, *given, initial_state_fw, dtype, time_major, reverse=False)
        with variable_scope("bw"):
            backward = _walked(cell_bw, *given, initial_state_bw, dtype, time_major, reverse=True)
    outputs, states = zip(forward, backward, strict=True)
    return outputs, states


def static_rnn(
    cell: Any, inputs: Sequence[Any], initial_state: Any = None, dtype: Any = None, sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:  # fmt: skip
    """Every step of a cell on a list of inputs (batch, features), one for each step.

    return: a list of outputs, and the last state
    """
    with _scope(scope, "rnn"):
        return _listed(cell, inputs, initial_state, dtype, sequence_length, reverse=False)


def static_bidirectional_rnn(
    cell_fw: Any, cell_bw: Any, inputs: Sequence[Any], initial_state_fw: Any = None, initial_state_bw: Any = None,
    dtype: Any = None, sequence_length: Any = None, scope: Any = None,
) -> tuple[list[Any], Any, Any]:  # fmt: skip
    """static_rnn in both directions: a list of outputs side by side, and both last states."""
    with _scope(scope, "bidirectional_rnn"):
        with variable_scope("fw"):
            outputs, forward = _listed(cell_fw, inputs, initial_state_fw, dtype, sequence_length, reverse=False)
        with variable_scope("bw"):
            others, backward = _listed(cell_bw, inputs, initial_state_bw, dtype, sequence_length, reverse=True)
    return [concat(pair, 1) for pair in zip(outputs, others, strict=True)], forward, backward


def _scope(scope: Any, default: str) -> AbstractContextManager[Any]:
    return variable_scope(scope if scope is not None else default)


def _listed(
    cell: Any, inputs: Sequence[Any], state: Any, dtype: Any, lengths: Any, reverse: bool
) -> tuple[list[Any], Any]:
    if not isinstance(inputs, (list, tuple)):
        raise TypeError("inputs must be a sequence")
    if not inputs:
        raise ValueError("inputs must not be empty")
    outputs, last = _walked(cell, stack(list(inputs)), lengths, state, dtype, time_major=True, reverse=reverse)
    return unstack(outputs, len(inputs)), last


def _walked(
    cell: Any, inputs: Any, lengths: Any, state: Any, dtype: Any, time_major: bool, reverse: bool
) -> tuple[Any, Any]:
    if not isinstance(cell, rnn_cell.RNNCell):
        raise TypeError(f"The argument 'cell' ({cell}) is not an RNNCell: derive its class from tf.nn.rnn_cell.RNNCell")
    x = convert_to_tensor(inputs)
    if x.spec.shape is None or x.spec.ndim < 2:
        raise ValueError(f"dynamic_rnn: inputs are {x.shape}; they need a batch and steps")
    x = x if time_major else _swapped(x)
    if state is None:
        if dtype is None:
            raise ValueError("If there is no initial_state, you must give a dtype.")
        state = cell.zero_state(x.spec.shape[1], dtype)
    lengths = None if lengths is None else convert_to_tensor(lengths)
    outputs, last = cell.over(x, state, lengths, reverse)
    return outputs if time_major else with_values(outputs, _swapped), last


def _swapped(x: Tensor) -> Tensor:
    return transpose(x, [1, 0, *range(2, x.spec.ndim)])
