"""All parameters as one vector."""

from trivium.tensor import recording

from ...joining import cat
from ...shaping import narrow, reshape


def parameters_to_vector(parameters):
    """The elements of all parameters, one after another."""
    return cat([reshape(p, -1) for p in parameters])


def vector_to_parameters(vec, parameters):
    """Overwrite all parameters with the elements of a vector."""
    at = 0
    with recording(False):
        for p in parameters:
            p.copy_(reshape(narrow(vec, 0, at, p.numel()), *p.shape))
            at += p.numel()
