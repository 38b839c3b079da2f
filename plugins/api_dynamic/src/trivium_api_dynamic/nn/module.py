"""Module: the base of everything with parameters."""

from collections.abc import Callable
from typing import Any

from trivium import ops
from trivium.graph import Symbol
from trivium.tensor import recording, tape

from ..autograd.engine import Handle
from ..tensors import Tensor
from .hooks import Gradients, Hooks, of_arguments, of_result
from .parts import Parts
from .state import HOOKS, Stateful


class Module(Parts, Stateful):
    """The base of everything with parameters.

    Assigning a Parameter, a Module or a core Layer to an attribute registers it.  `forward` takes tensors, or the
    symbols of a graph where it is written with functions that take both.
    """

    training: bool = True

    def __init__(self) -> None:
        for name in ("_parameters", "_buffers", "_modules", "_private"):
            object.__setattr__(self, name, {})
        for name in (*RUNNING, *HOOKS):
            object.__setattr__(self, name, Hooks())
        self._temporary: set[str] = set()
        self.training = True

    # -- changing all of it ----------------------------------------------------------------------

    def apply(self, fn: Callable[["Module"], Any]) -> "Module":
        """Call `fn` with every module inside, itself last."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> "Module":
        """Let dropout drop and statistics run, or not."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        for module in self.modules():
            object.__setattr__(module, "training", mode)
        return self

    def eval(self) -> "Module":
        """`train(False)`."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> "Module":
        """Let training change the parameters, or leave them as they are."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or fill them with 0."""
        for parameter in self.parameters():
            clear_gradient(parameter, set_to_none)

    def _converted(self, convert: Callable[[Any], Any]) -> "Module":
        """Replace the contents of every parameter and buffer; the objects stay."""
        with recording(False):
            for module in self.modules():
                for table in (module._parameters, module._buffers, module._private):
                    for value in table.values():
                        if value is not None:
                            replace_contents(value, convert)
        return self

    def to(self, *args: Any, **settings: Any) -> "Module":
        """Every parameter and floating-point buffer with another dtype, or all on another device."""

        def convert(value: Tensor) -> Any:
            if value.is_floating_point():
                return value.to(*args, **settings)
            return value.to(device=value.new_zeros(0).float().to(*args, **settings).device)

        return self._converted(convert)

    def _cast(self, name: str) -> "Module":
        return self._converted(lambda value: getattr(value, name)() if value.is_floating_point() else value)

    def float(self) -> "Module":
        """Parameters as float32."""
        return self._cast("float")

    def double(self) -> "Module":
        """Parameters as float64."""
        return self._cast("double")

    def half(self) -> "Module":
        """Parameters as float16."""
        return self._cast("half")

    def bfloat16(self) -> "Module":
        """Parameters as bfloat16."""
        return self._cast("bfloat16")

    def type(self, dst_type: Any) -> "Module":
        """Every parameter and buffer with another dtype."""
        return self._converted(lambda value: value.to(dtype=dst_type))

    def cpu(self) -> "Module":
        """Parameters and buffers in host memory."""
        return self.to(device="cpu")

    def cuda(self, device: Any = None) -> "Module":
        """Parameters and buffers on a CUDA device."""
        return self.to(device="cuda" if device is None else device)

    def share_memory(self) -> "Module":
        """Parameters and buffers in memory that other processes can share."""
        for module in self.modules():
            for value in (*module._parameters.values(), *module._buffers.values(), *module._private.values()):
                if value is not None:
                    value.share()
        return self

    # -- running ---------------------------------------------------------------------------------

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """What the module computes; a subclass says it."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        if not (self._hooks or self._pre_hooks or self._backward_hooks or self._backward_pre_hooks or self._always):
            return self.forward(*inputs, **named)
        try:
            return self._hooked(inputs, named)
        except Exception:
            for hook in tuple(self._always.values()):
                hook(self, inputs, named, None)
            raise

    def _hooked(self, inputs: Any, named: Any) -> Any:
        """forward between its hooks."""
        for hook in tuple(self._pre_hooks.values()):
            changed = hook(self, inputs, named)
            if changed is not None:
                inputs, named = changed
        is_eager = tape.recording and not any([isinstance(x, Symbol) for x in inputs])
        passed = None
        if is_eager and (self._backward_hooks or self._backward_pre_hooks):
            passed = Gradients(self, self._backward_pre_hooks, self._backward_hooks)
            inputs = passed.enter(inputs)
        result = self.forward(*inputs, **named)
        for hook in (*self._hooks.values(), *self._always.values()):
            changed = hook(self, inputs, named, result)
            result = result if changed is None else changed
        return result if passed is None else passed.leave(result)

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> Handle:
        """Call `hook(module, args)` before forward; what it returns takes the place of the arguments.

        prepend:     before the hooks that are there
        with_kwargs: `hook(module, args, kwargs)`, which returns both
        """
        return self._pre_hooks.register(of_arguments(hook, with_kwargs), prepend)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> Handle:
        """Call `hook(module, args, output)` after forward; what it returns takes the place of the output.

        always_call: also where forward fails, with None for the output
        """
        table = self._always if always_call else self._hooks
        return table.register(of_result(hook, with_kwargs), prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call `hook(module, grad_input, grad_output)` when the gradients of the inputs are known.

        What it returns takes the place of grad_input.  Only tensors that are passed, or returned, by themselves or in
        a tuple have a gradient there; the others have None, as all have where no input wants a gradient.
        """
        return self._backward_hooks.register(hook, prepend)

    register_backward_hook = register_full_backward_hook

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call `hook(module, grad_output)` before gradients pass; what it returns takes the place of grad_output."""
        return self._backward_pre_hooks.register(hook, prepend)

    # -- showing ---------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What stands between the brackets."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        children = [f"({name}): {indented(repr(module))}" for name, module in self._modules.items()]
        if not children:
            return f"{self._get_name()}({extra})"
        lines = "\n  ".join([*extra.split("\n")] if extra else [])
        inside = "\n  ".join(([lines] if lines else []) + children)
        return f"{self._get_name()}(\n  {inside}\n)"

    def _get_name(self) -> str:
        return type(self).__name__


# The tables of hooks that running a module asks.
RUNNING = ("_pre_hooks", "_hooks", "_always", "_backward_hooks", "_backward_pre_hooks")


def clear_gradient(parameter: Any, set_to_none: bool) -> None:
    """Forget a gradient, or fill it with 0."""
    if parameter.requires_grad and parameter.grad is not None:
        if set_to_none:
            parameter.grad = None
        else:
            parameter.grad = ops.zeros_like(parameter.grad.detach())


def replace_contents(value: Any, convert: Callable[[Any], Any]) -> None:
    """Let a tensor hold something else, with what is remembered as its gradient."""
    detached = value.detach()
    new = convert(detached)
    if new is detached:
        return
    gradient, requires_grad = value.grad, value.requires_grad
    value.storage, value.spec, value.layout = new.storage, new.spec, new.layout
    value.is_packed, value.memory, value.base, value.edge = new.is_packed, new.memory, None, None
    if requires_grad:
        value.requires_grad_()
        if gradient is not None:
            value.grad = convert(gradient)


def indented(text: str) -> str:
    first, *rest = text.split("\n")
    return "\n".join([first, *["  " + line for line in rest]])
