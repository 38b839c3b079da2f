"""Function: a computation with a gradient written by hand, opaque on the tape."""

from typing import Any

from trivium.op import Call, Op, Output
from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import recording, tape

from ..errors import GradientError
from ..tensors import as_ours, refreshed


def called_back(g: Any, context: Any) -> tuple[Any, ...]:
    """The gradients of the tensors that were passed in."""
    return context.backward_of(g)


# One op for all Functions: what it computes is in its context.
OPAQUE = Op(lambda *xs, context=None: None, name="function", outputs="*", free=("xs",))
OPAQUE.gradient("xs")(called_back)


class FunctionCall(Call):
    """A Function's place on the tape."""

    __slots__ = ("torch_name",)

    def recall(self, name: str) -> Any:
        raise GradientError(f"{self.torch_name}: keeps only what it saved for backward, not {name!r}")

    def release(self) -> None:
        """Forget what was saved."""
        self.settings["context"].free()


class Context:
    """What forward leaves for backward: tensors by save_for_backward, anything else as attributes."""

    def __init__(self, function: type["Function"], arguments: tuple[Any, ...]) -> None:
        self.function = function
        self.needs_input_grad = tuple([isinstance(a, CoreTensor) and refreshed(a).edge is not None for a in arguments])
        self.takes_tensor = tuple([isinstance(a, CoreTensor) for a in arguments])
        self.to_save: tuple[Any, ...] = ()
        self.kept: list[Any] | None = []
        self.without_gradient: set[int] = set()
        self.dirty: set[int] = set()
        self.materialize = True

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep inputs or outputs; one that is overwritten later makes backward an error."""
        self.to_save = tensors

    def mark_non_differentiable(self, *outputs: Any) -> None:
        """Say that no gradient flows through these outputs."""
        self.without_gradient.update([id(out) for out in outputs])

    def mark_dirty(self, *inputs: Any) -> None:
        """Say that forward has overwritten these inputs."""
        self.dirty.update([id(x) for x in inputs])

    def set_materialize_grads(self, value: bool) -> None:
        """Whether gradients that do not exist arrive as zeros; they always do."""
        self.materialize = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What save_for_backward kept."""
        if self.kept is None:
            raise GradientError(f"backward through {self.function.__name__} a second time: what it kept has been freed")
        values = []
        for value, version, edge in self.kept:
            if value is not None and value.storage.version != version:
                raise GradientError(
                    f"{self.function.__name__}: a tensor that it saved, {value.spec}, has been overwritten"
                )
            values.append(value if edge is None else value.made_by(edge))
        return tuple(values)

    def keep(self, outputs: dict[int, Any]) -> None:
        """Take over what is to be saved; an output without its edge, which would lead back here."""
        self.kept = []
        for value in self.to_save:
            edge = outputs.get(id(value))
            kept = value if edge is None else value.made_by(None)
            self.kept.append((kept, 0 if value is None else value.storage.version, edge))
        self.to_save = ()

    def free(self) -> None:
        """Forget what was saved."""
        self.kept = None

    def backward_of(self, g: tuple[Any, ...]) -> tuple[Any, ...]:
        """backward's results for the tensors among the arguments."""
        given = self.function.backward(self, *[as_ours(x) for x in g])
        given = tuple(given) if isinstance(given, (tuple, list)) else (given,)
        if len(given) < len(self.takes_tensor) or any([x is not None for x in given[len(self.takes_tensor) :]]):
            raise GradientError(
                f"function {self.function.__name__}Backward returned an incorrect number of gradients (expected "
                f"{len(self.takes_tensor)}, got {len(given)})"
            )
        return tuple([x for x, is_tensor in zip(given, self.takes_tensor) if is_tensor])


class Function:
    """Subclass it with two static methods, and call `apply`.

    forward(ctx, *arguments) -> tensor or tensors
    backward(ctx, *gradients) -> a gradient, or None, for each argument
    """

    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> Any:
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        raise NotImplementedError("You must implement the backward function to use it with autograd.Function.")

    @classmethod
    def apply(cls, *arguments: Any) -> Any:
        """Run forward, and leave a call on the tape."""
        context = Context(cls, arguments)
        with recording(False):
            result = cls.forward(context, *arguments)
        if not (tape.recording and any(context.needs_input_grad)):
            context.free()
            return result
        outputs = result if isinstance(result, tuple) else (result,)
        outputs = cls.linked(context, arguments, outputs)
        return outputs if isinstance(result, tuple) else outputs[0]

    @classmethod
    def linked(cls, context: Context, arguments: tuple[Any, ...], outputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """The outputs with their place on the tape."""
        tensors = [a for a in arguments if isinstance(a, CoreTensor)]
        call = FunctionCall()
        call.op, call.settings, call.hooks = OPAQUE, {"context": context}, None
        call.edges = tuple([refreshed(x).edge for x in tensors])
        call.torch_name = f"{cls.__name__}Backward"
        call.specs = tuple([out.spec for out in outputs])
        edges, made = {}, []
        for i, out in enumerate(outputs):
            if not isinstance(out, CoreTensor):
                raise TypeError(f"{cls.__name__}.forward: expected to return tensors, got {type(out).__name__}")
            edge = call if len(outputs) == 1 else Output(call, i)
            is_input = any([out is x for x in tensors])
            if id(out) in context.without_gradient or out.spec.dtype.kind not in "fcV":
                made.append(as_ours(out))
                continue
            edges[id(out)] = edge
            if is_input and id(out) in context.dirty:
                out.edge = edge
                made.append(out)
            else:
                made.append(out.made_by(edge))
        context.keep(edges)
        return tuple(made)


def once_differentiable(backward: Any) -> Any:
    """Mark a backward that cannot be differentiated again: its results are constants."""

    def guarded(ctx: Any, *gradients: Any) -> Any:
        with recording(False):
            return backward(ctx, *gradients)

    return guarded
