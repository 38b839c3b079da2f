"""`tf.contrib.slim`: networks in few lines."""

from __future__ import annotations

from .. import losses
from . import learning
from .framework import (
    add_arg_scope,
    arg_scope,
    get_model_variables,
    get_or_create_global_step,
    get_trainable_variables,
    get_variables,
    get_variables_to_restore,
)
from .layers import (
    avg_pool2d,
    batch_norm,
    conv2d,
    conv2d_transpose,
    convolution2d,
    dropout,
    flatten,
    fully_connected,
    l1_regularizer,
    l2_regularizer,
    linear,
    max_pool2d,
    one_hot_encoding,
    repeat,
    separable_conv2d,
    stack,
    variance_scaling_initializer,
    xavier_initializer,
)

__all__ = [
    "add_arg_scope", "arg_scope", "avg_pool2d", "batch_norm", "conv2d", "conv2d_transpose", "convolution2d", "dropout",
    "flatten", "fully_connected", "get_model_variables", "get_or_create_global_step", "get_trainable_variables",
    "get_variables", "get_variables_to_restore", "l1_regularizer", "l2_regularizer", "learning", "linear", "losses",
    "max_pool2d", "one_hot_encoding", "repeat", "separable_conv2d", "stack", "variance_scaling_initializer",
    "xavier_initializer",
]  # fmt: skip
