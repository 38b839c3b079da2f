"""Functions that are called when a module runs, and when gradients pass through it."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from trivium.tensor import Tensor as CoreTensor

from ..autograd.engine import Handle
from ..autograd.function import Function


class Hooks(OrderedDict):
    """Functions in the order in which they are called."""

    def register(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Add a hook, behind or before the others; the handle takes it away again."""
        key = object()
        self[key] = hook
        if prepend:
            self.move_to_end(key, last=False)
        return Handle(lambda: self.pop(key, None))


def of_arguments(hook: Callable[..., Any], with_kwargs: bool) -> Callable[..., Any]:
    """A hook that is called before forward: (module, args, named) -> args and named, or None."""
    if with_kwargs:
        return hook

    def called(module: Any, args: Any, named: Any) -> Any:
        changed = hook(module, args)
        return None if changed is None else (changed if isinstance(changed, tuple) else (changed,), named)

    return called


def of_result(hook: Callable[..., Any], with_kwargs: bool) -> Callable[..., Any]:
    """A hook that is called after forward: (module, args, named, result) -> another result, or None."""
    return hook if with_kwargs else lambda module, args, named, result: hook(module, args, result)


class Passing(Function):
    """Tensors as they are; their gradients are shown to `told`, which may replace them."""

    @staticmethod
    def forward(ctx: Any, told: Callable[..., Any], *tensors: Any) -> Any:
        ctx.told = told
        return tensors

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return None, *ctx.told(gradients)


def passing(told: Callable[..., Any], values: Any) -> Any:
    """The values; `told` is shown a gradient for each, None for those that are no tensors or want none."""
    places = [i for i, value in enumerate(values) if isinstance(value, CoreTensor)]
    wants = [value.edge is not None if isinstance(value, CoreTensor) else False for value in values]

    def shown(gradients: tuple[Any, ...]) -> list[Any]:
        every = [None] * len(wants)
        for i, g in zip(places, gradients):
            every[i] = g if wants[i] else None
        changed = told(tuple(every))
        return [changed[i] for i in places]

    values = list(values)
    if places:
        for i, made in zip(places, Passing.apply(shown, *[values[i] for i in places])):
            values[i] = made
    return values


class Gradients:
    """What passes through one call of a module backward."""

    def __init__(self, module: Any, before: Hooks, after: Hooks) -> None:
        self.module, self.before, self.after = module, before, after
        self.of_outputs: Any = None
        self.has_inputs = False

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, whose gradients are the last to come."""
        self.has_inputs = any([isinstance(x, CoreTensor) and x.edge is not None for x in args])
        return tuple(passing(self.arrived, args))

    def leave(self, result: Any) -> Any:
        """The result, whose gradients are the first to come."""
        if isinstance(result, CoreTensor):
            return passing(self.started, [result])[0]
        if type(result) in (tuple, list):
            return type(result)(passing(self.started, result))
        return result

    def started(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        """Show the gradients of the outputs."""
        for hook in tuple(self.before.values()):
            gradients = replaced(hook(self.module, gradients), gradients)
        self.of_outputs = gradients
        if not self.has_inputs:
            for hook in tuple(self.after.values()):
                hook(self.module, (None,), gradients)
        return gradients

    def arrived(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        """Show the gradients of the inputs, with those of the outputs."""
        for hook in tuple(self.after.values()):
            gradients = replaced(hook(self.module, gradients, self.of_outputs), gradients)
        return gradients


def replaced(given: Any, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a hook returned, or the gradients as they were."""
    if given is None:
        return gradients
    given = given if isinstance(given, tuple) else (given,)
    if len(given) != len(gradients):
        raise RuntimeError(f"backward hook returned {len(given)} gradients, {len(gradients)} were expected")
    return given
