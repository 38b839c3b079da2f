"""Opaque calls: Python functions inside a graph.  Nothing is known of them but what they say; they run as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .backend import Device
from .op import Op, Settings
from .spec import Dim, Spec
from .tensor import Tensor, recording

Function = Callable[..., Any]


def opaque(
    function: Function,
    *,
    name: str,
    results: Callable[[Sequence[Spec | None]], Sequence[Spec]],
    gradient: Callable[[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]], Sequence[Any]] | None = None,
    why: str = "it is a Python function without a gradient",
) -> Op:
    """An op that calls `function(*tensors)` when it runs; a program is cut around it.

    results:  Specs of what it returns (a tuple), from those of its operands; sizes may be unknown
    gradient: (gradients of the results, operands, results) -> gradients of the operands; on symbols it is
              given symbols, so it must be written with ops, or be an opaque call itself
    why:      the reason where there is none
    """

    def reference(*xs: Any) -> tuple[Any, ...]:
        tensors = [None if x is None else Tensor.of(x) for x in xs]
        return tuple([out.numpy() for out in _called(function, tensors)])

    made = Op(reference, name=name, outputs="*", free=("xs",))
    made.shape(lambda *specs: tuple([_unknown(spec) for spec in results(specs)]))
    made.runner = _runner_of(function)
    if gradient is None:
        made.no_gradient("xs", why)
    else:
        rule = gradient
        made.gradient("xs")(lambda g, xs, outs: tuple(rule(g, xs, outs)))
    return made


def _unknown(spec: Spec) -> Spec:
    """A Spec with every size open: only running tells what a Python function returns."""
    return Spec([Dim() for _ in spec.shape], spec.dtype) if spec.has_rank else spec


def _called(function: Function, tensors: Sequence[Any]) -> tuple[Tensor, ...]:
    with recording(False):
        result = function(*tensors)
    return tuple(result) if isinstance(result, (tuple, list)) else (result,)


def _runner_of(function: Function) -> Callable[..., Any]:
    def runner(device: Device, specs: Sequence[Spec | None], settings: Settings) -> Callable[..., Any]:
        def run(*buffers: Any, out: Any = None) -> tuple[Any, ...]:
            tensors = [
                None if b is None or spec is None else Tensor.around(b, Spec(b.shape, spec.dtype), device)
                for b, spec in zip(buffers, specs, strict=True)
            ]
            return tuple([made.buffer(packed=True) for made in _called(function, tensors)])

        return run

    return runner
