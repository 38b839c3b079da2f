"""Function: a computation with a gradient written by hand, opaque on the tape."""

import functools
from typing import Any

from trivium.op import Call, Leaf, Op, Output
from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import recording, tape

from ..errors import ArgumentError, GradientError
from ..tensors import as_ours, refreshed
from . import anomaly


def called_back(g: Any, context: Any) -> tuple[Any, ...]:
    """The gradients of the tensors that were passed in."""
    return context.backward_of(g)


# One op for all Functions: what it computes is in its context.
OPAQUE = Op(lambda *xs, context=None: None, name="function", outputs="*", free=("xs",))
OPAQUE.gradient("xs")(called_back)


class FunctionCall(Call):
    """A Function's place on the tape."""

    __slots__ = ()

    def recall(self, name: str) -> Any:
        raise GradientError(f"{self.name}: keeps only what it saved for backward, not {name!r}")

    def release(self) -> None:
        """Forget what was saved."""
        self.settings["context"].free()


class Context:
    """What forward leaves for backward: tensors by save_for_backward, anything else as attributes."""

    def __init__(self, function: type["Function"], arguments: tuple[Any, ...]) -> None:
        self.function = function
        self.needs_input_grad = tuple([isinstance(a, CoreTensor) and refreshed(a).edge is not None for a in arguments])
        self.takes_tensor = tuple([isinstance(a, CoreTensor) for a in arguments])
        self.specs = tuple([a.spec if isinstance(a, CoreTensor) else None for a in arguments])
        self.made: tuple[bool, ...] = ()
        self.to_save: tuple[Any, ...] = ()
        self.kept: list[Any] | None = []
        self.without_gradient: set[int] = set()
        self.dirty: set[int] = set()
        self.materialize = True

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep inputs or outputs; one that is overwritten later makes backward an error."""
        for i, value in enumerate(tensors):
            if value is not None and not isinstance(value, CoreTensor):
                raise ArgumentError(
                    f"save_for_backward can only save variables, but argument {i} is of type {type(value).__name__}; "
                    "make it an attribute of ctx"
                )
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

    @property
    def saved_variables(self) -> tuple[Any, ...]:
        """saved_tensors under its older name."""
        return self.saved_tensors

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
        name = f"{self.function.__name__}Backward"
        arrived = iter(g)
        given = self.function.backward(
            self, *[as_ours(next(arrived)) if is_tensor else None for is_tensor in self.made]
        )
        given = tuple(given) if isinstance(given, (tuple, list)) else (given,)
        count = len(self.takes_tensor)
        if len(given) < count or any([x is not None for x in given[count:]]):
            raise GradientError(
                f"function {name} returned an incorrect number of gradients (expected {count}, got {len(given)})"
            )
        for i, (x, spec) in enumerate(zip(given, self.specs)):
            if x is not None and not hasattr(x, "spec"):
                raise ArgumentError(f"function {name} returned a gradient of type {type(x).__name__} at position {i}; "
                                    "expected Variable or None")  # fmt: skip
            if x is not None and spec is not None and not fits(x.spec.shape, spec.shape):
                raise GradientError(
                    f"Function {name} returned an invalid gradient at index {i} - got {list(x.spec.shape)} but "
                    f"expected shape compatible with {list(spec.shape)}"
                )
        return tuple([x for x, is_tensor in zip(given, self.takes_tensor) if is_tensor])


def fits(shape: Any, target: Any) -> bool:
    """Whether a gradient of one shape can be summed up to another."""
    extra = len(shape) - len(target)
    return extra >= 0 and all([b in (1, a) for a, b in zip(shape[extra:], target)])


class Function:
    """Subclass it with two static methods, and call `apply`.

    forward(ctx, *arguments) -> tensor or tensors
    backward(ctx, *gradients) -> a gradient, or None, for each argument

    With setup_context(ctx, arguments, result) as a third, forward is without ctx.
    """

    setup_context: Any = None

    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> Any:
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        raise NotImplementedError("You must implement the backward function to use it with autograd.Function.")

    def __call__(self, *arguments: Any) -> Any:
        raise GradientError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd "
            f"function with static forward method: {type(self).__name__}.apply(...)"
        )

    @classmethod
    def apply(cls, *arguments: Any) -> Any:
        """Run forward, and leave a call on the tape."""
        context = Context(cls, arguments)
        with recording(False):
            result = cls.forward(*arguments) if cls.setup_context else cls.forward(context, *arguments)
            if cls.setup_context:
                cls.setup_context(context, arguments, result)
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
        context.made = tuple([isinstance(out, CoreTensor) for out in outputs])
        results = [out for out in outputs if isinstance(out, CoreTensor)]
        call = FunctionCall()
        call.op, call.settings, call.hooks = OPAQUE, {"context": context}, None
        call.edges = tuple([refreshed(x).edge for x in tensors])
        call.name = f"{cls.__name__}Backward"
        call.specs = tuple([out.spec for out in results])
        if anomaly.Mode.is_on:
            call.origin = anomaly.stack_here()
        edges: dict[int, Any] = {}
        linked = iter([cls.link(context, call, i, out, tensors, edges) for i, out in enumerate(results)])
        context.keep(edges)
        return tuple([next(linked) if isinstance(out, CoreTensor) else out for out in outputs])

    @classmethod
    def link(cls, context: Context, call: Any, i: int, out: Any, inputs: list[Any], edges: dict[int, Any]) -> Any:
        """One output with its place on the tape."""
        if id(out) in context.without_gradient or out.spec.dtype.kind not in "fcV":
            return as_ours(out)
        edge = edges[id(out)] = call if len(call.specs) == 1 else Output(call, i)
        if id(out) not in context.dirty or not any([out is x for x in inputs]):
            return out.made_by(edge)
        if type(out.edge) is Leaf:
            raise GradientError("a leaf Variable that requires grad is being used in an in-place operation.")
        out.edge = edge
        return out


class _Constant(Function):
    """Results that must not be differentiated again."""

    @staticmethod
    def forward(ctx: Any, result: Any, *reasons: Any) -> Any:
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        raise GradientError("trying to differentiate twice a function that was marked with @once_differentiable")


def once_differentiable(backward: Any) -> Any:
    """Mark a backward that cannot be differentiated again: doing so is an error."""

    @functools.wraps(backward)
    def guarded(ctx: Any, *gradients: Any) -> Any:
        with recording(False):
            given = backward(ctx, *gradients)
        if not tape.recording:
            return given
        saved = [x for x in ctx.saved_tensors if x is not None] if ctx.kept else []
        reasons = [x for x in (*gradients, *saved) if isinstance(x, CoreTensor) and refreshed(x).edge is not None]
        if not reasons:
            return given
        parts = given if isinstance(given, tuple) else (given,)
        marked = tuple([_Constant.apply(x, *reasons) if isinstance(x, CoreTensor) else x for x in parts])
        return marked if isinstance(given, tuple) else marked[0]

    return guarded
