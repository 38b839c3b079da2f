"""Gradients made smaller, in place."""

from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import recording

from ...creation import zeros
from ...reduction import norm
from ...shaping import stack


def gradients_of(parameters):
    parameters = [parameters] if isinstance(parameters, CoreTensor) else parameters
    return [p.grad for p in parameters if p.grad is not None]


def clip_grad_norm_(parameters, max_norm, norm_type=2.0):
    """Scale all gradients down together so that their norm is at most max_norm.

    return: the norm before
    """
    with recording(False):
        gradients = gradients_of(parameters)
        if not gradients:
            return zeros(())
        total = norm(stack([norm(g, float(norm_type)) for g in gradients]), float(norm_type))
        factor = (max_norm / (total + 1e-6)).clamp(max=1.0)
        for g in gradients:
            g.mul_(factor)
    return total


def clip_grad_value_(parameters, clip_value):
    """Keep every element of the gradients within clip_value of 0."""
    with recording(False):
        for g in gradients_of(parameters):
            g.clamp_(-clip_value, clip_value)
