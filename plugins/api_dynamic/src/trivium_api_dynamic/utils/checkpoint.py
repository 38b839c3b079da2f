"""checkpoint: compute a part of a network again on the way back, instead of keeping what it needs for its gradient."""

from typing import Any

from trivium import autodiff
from trivium.op import Leaf, Output
from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import recording, tape

from ..autograd.function import OPAQUE, FunctionCall
from ..errors import ArgumentValueError, GradientError
from ..generator import default_generator
from ..tensors import as_ours, refreshed


def call_of(edge: Any) -> Any:
    return edge.call if type(edge) is Output else edge


def leaves_behind(outputs: list[Any], edges: list[Any]) -> list[Any]:
    """The leaves that outputs depend on otherwise than through some edges: what a function knows by itself."""
    stop = {call_of(edge) for edge in edges}
    seen, found = set(stop), []
    waiting = [call_of(out.edge) for out in outputs if out.edge is not None]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if type(node) is Leaf:
            found.append(node)
        else:
            waiting += [call_of(edge) for edge in node.edges if edge is not None]
    return found


class Again:
    """What the way back needs: the function, its arguments, and where the random numbers stood."""

    def __init__(
        self, function: Any, args: tuple[Any, ...], settings: dict[str, Any], preserve_rng_state: bool
    ) -> None:
        self.function, self.args, self.settings = function, args, settings
        self.state = default_generator.get_state() if preserve_rng_state else None
        self.versions = [(a, a.storage.version) for a in args if isinstance(a, CoreTensor)]
        self.edges: list[Any] = []

    def run(self) -> Any:
        return self.function(*self.args, **self.settings)

    def backward_of(self, g: tuple[Any, ...]) -> tuple[Any, ...]:
        """The gradients at the edges, after the function has been run a second time."""
        if any([value.storage.version != version for value, version in self.versions]):
            raise GradientError("checkpoint: an argument has been overwritten since; the function cannot be run again")
        before = default_generator.get_state()
        if self.state is not None:
            default_generator.set_state(self.state)
        with recording(True):
            outputs = tensors_of(self.run())
        if self.state is not None:
            default_generator.set_state(before)
        if len(outputs) != len(g):
            raise GradientError(
                "checkpoint: the function returned another number of tensors when it was run again: "
                f"{len(outputs)}, not {len(g)}"
            )
        pairs = [(out, as_ours(seed)) for out, seed in zip(outputs, g) if refreshed(out).edge is not None]
        found = autodiff.backprop([out for out, _ in pairs], [seed for _, seed in pairs], self.edges, through=False)
        return tuple([found.pop(autodiff.slot(edge), None) for edge in self.edges])

    def free(self) -> None:
        """It keeps no results."""


def tensors_of(result: Any) -> list[Any]:
    parts = result if isinstance(result, (tuple, list)) else (result,)
    return [part for part in parts if isinstance(part, CoreTensor) and part.spec.dtype.kind in "fcV"]


def checkpoint(
    function: Any,
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    context_fn: Any = None,
    determinism_check: str = "default",
    debug: bool = False,
    **settings: Any,
) -> Any:
    """function(*args), of which nothing is kept for the gradient: it is run again when that is wanted.

    preserve_rng_state: draw the same random numbers the second time
    """
    again = Again(function, args, settings, preserve_rng_state)
    result = again.run()
    outputs = tensors_of(result)
    if not tape.recording or not any([refreshed(out).edge is not None for out in outputs]):
        return result
    given = [refreshed(a).edge for a in args if isinstance(a, CoreTensor) and refreshed(a).edge is not None]
    again.edges = [*dict.fromkeys(given), *leaves_behind(outputs, given)]
    call = FunctionCall()
    call.op, call.settings, call.hooks = OPAQUE, {"context": again}, None
    call.edges, call.name = tuple(again.edges), "CheckpointFunctionBackward"
    call.specs = tuple([out.spec for out in outputs])
    linked = {id(out): out.made_by(call if len(outputs) == 1 else Output(call, i)) for i, out in enumerate(outputs)}
    if not isinstance(result, (tuple, list)):
        return linked[id(result)]
    return type(result)([linked.get(id(part), part) for part in result])


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **settings: Any
) -> Any:
    """Modules one after another, in so many checkpointed segments; the last one keeps what it needs."""
    functions = list(functions.children()) if hasattr(functions, "children") else list(functions)
    if not 1 <= segments <= max(len(functions), 1):
        raise ArgumentValueError(f"checkpoint_sequential: segments={segments} of {len(functions)} functions")
    size = len(functions) // segments

    def chain(part: list[Any]) -> Any:
        def run(x: Any) -> Any:
            for function in part:
                x = function(x)
            return x

        return run

    for k in range(segments - 1):
        input = checkpoint(chain(functions[k * size : (k + 1) * size]), input, **settings)
    return chain(functions[(segments - 1) * size :])(input)
