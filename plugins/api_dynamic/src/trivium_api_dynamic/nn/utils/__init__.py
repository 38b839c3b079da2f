"""Clipping, parameters as one vector, weights computed from others, and sequences of different lengths."""

from . import rnn
from .clipping import clip_grad_norm_, clip_grad_value_
from .spectral_norm import remove_spectral_norm, spectral_norm
from .vector import parameters_to_vector, vector_to_parameters
from .weight_norm import remove_weight_norm, weight_norm

__all__ = [
    "clip_grad_norm_", "clip_grad_value_", "parameters_to_vector", "remove_spectral_norm", "remove_weight_norm",
    "rnn", "spectral_norm", "vector_to_parameters", "weight_norm",
]  # fmt: skip
