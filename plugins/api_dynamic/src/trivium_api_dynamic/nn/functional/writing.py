"""What `inplace` means."""

from trivium import ops
from trivium.graph import Symbol
from trivium.tensor import tape

from ...in_place import check_writable, overwritten


def applied(function, input, inplace, reads_input=True):
    """The function's result; with `inplace`, written over its input.  A symbol is never overwritten.

    reads_input: whether the gradient asks for the input, so that a copy must be kept
    """
    if not inplace or isinstance(input, Symbol):
        return function(input)
    check_writable(input)
    is_tracked = tape.recording and input.edge is not None
    return overwritten(input, function(ops.copy(input) if reads_input and is_tracked else input))
