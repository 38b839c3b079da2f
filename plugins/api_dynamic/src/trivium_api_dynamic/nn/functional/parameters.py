"""Parameters beside an input, and inputs that come without a batch."""

from typing import Any

from trivium import ops
from trivium.graph import Symbol
from trivium.layer import kind_of

from ...errors import SizeMismatchError


def beside(input: Any, *parameters: Any) -> list[Any]:
    """Parameters as they take part beside an input: captured where it is a symbol."""
    kind = kind_of((input,))
    return [None if p is None or isinstance(p, Symbol) else kind.adopt_parameter(p, (input,)) for p in parameters]


def per_axis(value: Any, ndim: int) -> tuple[Any, ...]:
    """A number for each of `ndim` axes."""
    if not isinstance(value, (tuple, list)):
        return (value,) * ndim
    return tuple(value) * ndim if len(value) == 1 else tuple(value)


def batched(function: Any, name: str, ndim: int, *inputs: Any) -> Any:
    """`function` of inputs (N, C, *spatial), or of inputs (C, *spatial), to which a batch of one is given."""
    axes = inputs[0].spec.ndim
    if axes == ndim + 2:
        return function(*inputs)
    if axes != ndim + 1:
        raise SizeMismatchError(
            f"Expected {ndim + 1}D (unbatched) or {ndim + 2}D (batched) input to {name}, but got input of size: "
            f"{list(inputs[0].spec.shape)}"
        )
    made = function(*[ops.expand(x, axis=0) for x in inputs])
    if isinstance(made, tuple):
        return tuple([ops.squeeze(out, axis=0) for out in made])
    return ops.squeeze(made, axis=0)
