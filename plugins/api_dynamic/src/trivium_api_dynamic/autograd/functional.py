"""Jacobians, Hessians and their products with vectors."""

from typing import Any

from ..creation import zeros, zeros_like
from ..errors import GradientError
from ..joining import stack
from ..tensors import Tensor
from .engine import grad
from .grad_mode import enable_grad

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


def several(values: Any) -> tuple[Any, ...]:
    return tuple(values) if isinstance(values, (tuple, list)) else (values,)


def like(given: Any, results: tuple[Any, ...]) -> Any:
    """Results in a tuple, unless one thing was given."""
    return results if isinstance(given, (tuple, list)) else results[0]


def prepared(inputs: Any, create_graph: bool) -> tuple[Any, ...]:
    """Inputs that gradients flow to: views of those given, or leaves that stand for them."""
    return tuple(
        [
            x.view_as(x) if create_graph and x.requires_grad else x.detach().clone().requires_grad_()
            for x in several(inputs)
        ]
    )


def finished(results: Any, create_graph: bool) -> Any:
    if isinstance(results, tuple):
        return tuple([finished(r, create_graph) for r in results])
    return results if create_graph else results.detach()


def slopes(out: Any, inputs: tuple[Any, ...], seed: Any, strict: bool, again: bool) -> list[Any]:
    """The gradient for each input; zeros where none flows, which `strict` forbids."""
    if not out.requires_grad:
        if strict:
            raise GradientError(
                "the output of the user-provided function is independent of the inputs. This is not allowed in strict "
                "mode."
            )
        return [zeros_like(x) for x in inputs]
    found = grad(out, inputs, seed, retain_graph=True, create_graph=again, allow_unused=True)
    if strict and any([g is None for g in found]):
        raise GradientError(
            "an output of the user-provided function is independent of an input. This is not allowed in strict mode."
        )
    return [zeros_like(x) if g is None else g for g, x in zip(found, inputs)]


@enable_grad
def jacobian(
    func: Any,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The slope of each element of func's results for each element of its inputs: (*output, *input)."""
    xs = prepared(inputs, create_graph)
    results = func(*xs)
    made = []
    for out in several(results):
        flat = out.reshape(-1)
        rows = [slopes(flat[i], xs, None, strict, create_graph) for i in range(flat.numel())]
        parts = []
        for k, x in enumerate(xs):
            shape = (*out.shape, *x.shape)
            parts.append(stack([row[k] for row in rows]).reshape(shape) if rows else zeros(shape, dtype=out.dtype))
        made.append(like(inputs, tuple(parts)))
    return finished(like(results, tuple(made)), create_graph)


def hessian(
    func: Any,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The second slopes of a function that returns one number."""

    def first(*xs: Any) -> Any:
        out = func(*xs)
        if not isinstance(out, Tensor) or out.numel() != 1:
            raise GradientError("The output of the function given to hessian should contain a single element")
        return like(inputs, tuple(slopes(out.reshape(()), xs, None, strict, True)))

    return jacobian(first, inputs, create_graph=create_graph, strict=strict)


@enable_grad
def vjp(func: Any, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """func's results, and the vector v times the Jacobian."""
    xs = prepared(inputs, create_graph)
    results = func(*xs)
    outs = several(results)
    seeds = several(v) if v is not None else (None,) * len(outs)
    total = [zeros_like(x) for x in xs]
    for out, seed in zip(outs, seeds):
        total = [t + g for t, g in zip(total, slopes(out, xs, seed, strict, create_graph))]
    return finished(results, create_graph), finished(like(inputs, tuple(total)), create_graph)


@enable_grad
def jvp(func: Any, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """func's results, and the Jacobian times the vector v: the gradient of a gradient that is linear in its seed."""
    xs = prepared(inputs, create_graph)
    results = func(*xs)
    outs = several(results)
    seeds = [zeros_like(out).requires_grad_() for out in outs]
    first = [zeros_like(x) for x in xs]
    for out, seed in zip(outs, seeds):
        first = [t + g for t, g in zip(first, slopes(out, xs, seed, strict, True))]
    directions = several(v) if v is not None else [zeros_like(x) + 1 for x in xs]
    tracked = [(g, d) for g, d in zip(first, directions) if g.requires_grad]
    if tracked:
        found = grad(
            [g for g, _ in tracked], seeds, [d for _, d in tracked], create_graph=create_graph, allow_unused=True
        )
    else:
        found = (None,) * len(seeds)
    products = tuple([zeros_like(out) if g is None else g for g, out in zip(found, outs)])
    return finished(results, create_graph), finished(like(results, products), create_graph)


@enable_grad
def vhp(func: Any, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """func's result, and the vector v times the Hessian."""
    xs = prepared(inputs, create_graph)
    out = func(*xs)
    first = slopes(out.reshape(()), xs, None, strict, True)
    directions = several(v) if v is not None else [zeros_like(x) + 1 for x in xs]
    tracked = [(g, d) for g, d in zip(first, directions) if g.requires_grad]
    found = (
        grad([g for g, _ in tracked], xs, [d for _, d in tracked], create_graph=create_graph, allow_unused=True)
        if tracked
        else (None,) * len(xs)
    )
    products = tuple([zeros_like(x) if g is None else g for g, x in zip(found, xs)])
    return finished(out, create_graph), finished(like(inputs, products), create_graph)


hvp = vhp  # the Hessian is symmetric
