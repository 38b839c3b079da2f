"""Gradients made smaller, in place."""

from trivium.clipping import global_norm, shrinking
from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import recording

from ...creation import zeros


def gradients_of(parameters):
    parameters = [parameters] if isinstance(parameters, CoreTensor) else parameters
    return [p.grad for p in parameters if p.grad is not None]


def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    """Scale all gradients down together so that their norm is at most max_norm.

    return: the norm before
    """
    with recording(False):
        gradients = gradients_of(parameters)
        if not gradients:
            return zeros(())
        total = global_norm(gradients, order=float(norm_type))
        if error_if_nonfinite and not total.isfinite().item():
            raise RuntimeError(
                f"The total norm of order {float(norm_type)} for gradients from `parameters` is non-finite, so it "
                "cannot be clipped. To disable this error and scale the gradients by the non-finite norm anyway, "
                "set `error_if_nonfinite=False`"
            )
        factor = shrinking(total, float(max_norm), epsilon=1e-6)
        for g in gradients:
            g.mul_(factor)
    return total


def clip_grad_value_(parameters, clip_value):
    """Keep every element of the gradients within clip_value of 0."""
    with recording(False):
        for g in gradients_of(parameters):
            g.clamp_(-clip_value, clip_value)
