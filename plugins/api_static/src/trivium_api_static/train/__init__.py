"""Training: optimizers, checkpoints, the global step."""

from .checkpoint import (
    CheckpointState,
    checkpoint_exists,
    get_checkpoint_state,
    latest_checkpoint,
    list_variables,
    load_variable,
    update_checkpoint_state,
)
from .decay import exponential_decay, inverse_time_decay, natural_exp_decay
from .optimizer import AdamOptimizer, GradientDescentOptimizer, MomentumOptimizer, Optimizer
from .saver import Saver
from .step import create_global_step, get_global_step, get_or_create_global_step, global_step

__all__ = [
    "AdamOptimizer", "CheckpointState", "GradientDescentOptimizer", "MomentumOptimizer", "Optimizer", "Saver",
    "checkpoint_exists", "create_global_step", "exponential_decay", "get_checkpoint_state", "get_global_step",
    "get_or_create_global_step", "global_step", "inverse_time_decay", "latest_checkpoint", "list_variables",
    "load_variable", "natural_exp_decay", "update_checkpoint_state",
]  # fmt: skip
