"""gradcheck and gradgradcheck: gradients beside differences of the function's own values."""

from typing import Any

import numpy as np

from trivium.errors import TriviumError

from ..creation import zeros_like
from ..errors import ArgumentValueError
from ..generator import default_generator
from ..tensors import Tensor, around, on_host
from .engine import grad


class GradcheckError(TriviumError, RuntimeError):
    """A gradient that is not the slope of its function."""


def several(values: Any) -> tuple[Any, ...]:
    return tuple(values) if isinstance(values, (tuple, list)) else (values,)


def is_tracked(value: Any) -> bool:
    return isinstance(value, Tensor) and value.requires_grad


def outputs_of(func: Any, inputs: tuple[Any, ...]) -> list[Any]:
    return [out for out in several(func(*inputs)) if isinstance(out, Tensor) and out.is_floating_point()]


def numerical(func: Any, inputs: tuple[Any, ...], at: int, eps: float) -> list[np.ndarray[Any, Any]]:
    """The slope of each output for each element of one input: (elements of the input, elements of the output)."""
    x = inputs[at]
    start = np.array(on_host(x), np.float64)
    rows = []
    for i in range(start.size):
        ends = []
        for step in (eps, -eps):
            moved = start.copy()
            moved.reshape(-1)[i] += step
            Tensor.assign(x, around(moved.astype(x.spec.dtype), x.device))
            ends.append([on_host(out).astype(np.float64).reshape(-1) for out in outputs_of(func, inputs)])
        rows.append([(after - before) / (2 * eps) for after, before in zip(*ends)])
    Tensor.assign(x, around(start.astype(x.spec.dtype), x.device))
    sizes = [out.numel() for out in outputs_of(func, inputs)]
    return [np.array([row[k] for row in rows]).reshape(start.size, size) for k, size in enumerate(sizes)]


def analytical(out: Any, inputs: list[Any]) -> list[np.ndarray[Any, Any]]:
    """The gradient of each element of an output with respect to each input: (elements of the input, of the output)."""
    columns: list[list[Any]] = [[] for _ in inputs]
    for i in range(out.numel()):
        seed = np.zeros(out.numel())
        seed[i] = 1
        seed = around(seed.reshape(tuple(out.shape)).astype(out.spec.dtype), out.device)
        for column, g, x in zip(columns, grad(out, inputs, seed, retain_graph=True, allow_unused=True), inputs):
            column.append(np.zeros(x.numel()) if g is None else on_host(g).astype(np.float64).reshape(-1))
    return [np.array(c).T.reshape(x.numel(), out.numel()) for c, x in zip(columns, inputs)]


def gradcheck(
    func: Any,
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    fast_mode: bool = False,
) -> bool:
    """Whether the gradients of a function agree with the differences of its values; the inputs should be float64."""
    inputs = several(inputs)
    tracked = [i for i, x in enumerate(inputs) if is_tracked(x)]
    if not tracked:
        raise ArgumentValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of the them have "
            "requires_grad=True."
        )
    try:
        compare(func, inputs, tracked, eps, atol, rtol, nondet_tol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def compare(
    func: Any, inputs: Any, tracked: list[int], eps: float, atol: float, rtol: float, nondet_tol: float
) -> None:
    wanted = [inputs[i] for i in tracked]
    slopes = {i: numerical(func, inputs, i, eps) for i in tracked}
    for k, out in enumerate(outputs_of(func, inputs)):
        if not out.requires_grad:
            if any([slopes[i][k].any() for i in tracked]):
                raise GradcheckError(f"Numerical gradient for function expected to be zero: output {k} has no gradient")
            continue
        found, again = analytical(out, wanted), analytical(out, wanted)
        for i, first, second in zip(tracked, found, again):
            if np.abs(first - second).max(initial=0.0) > nondet_tol:
                raise GradcheckError(
                    "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times "
                    f"gives different values: gradients of input {i}"
                )
            if not np.allclose(first, slopes[i][k], rtol=rtol, atol=atol):
                raise GradcheckError(
                    f"Jacobian mismatch for output {k} with respect to input {i},\n"
                    f"numerical:{slopes[i][k]}\nanalytical:{first}\n"
                )


def gradgradcheck(
    func: Any, inputs: Any, grad_outputs: Any = None, *, gen_non_contig_grad_outputs: bool = False, **settings: Any
) -> bool:
    """Whether the second gradients of a function agree with the differences of its first ones."""
    inputs = several(inputs)
    count = len(inputs)
    outputs = [out for out in outputs_of(func, inputs) if out.requires_grad]
    if grad_outputs is None:
        draw = default_generator.normal
        grad_outputs = [draw(out.spec.shape, out.spec.dtype, out.device).requires_grad_() for out in outputs]
    tracked = [i for i, x in enumerate(inputs) if is_tracked(x)]

    def first_gradients(*values: Any) -> Any:
        xs, seeds = values[:count], values[count:]
        outs = [out for out in outputs_of(func, xs) if out.requires_grad]
        found = grad(outs, [xs[i] for i in tracked], list(seeds), create_graph=True, allow_unused=True)
        return tuple([zeros_like(xs[i]) if g is None else g for i, g in zip(tracked, found)])

    return gradcheck(first_gradients, (*inputs, *several(grad_outputs)), **settings)
