"""Module: parameters, buffers and modules as attributes, and a forward function."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from trivium import layer as core
from trivium import ops
from trivium.tensor import Tensor as CoreTensor
from trivium.tensor import recording

from ..autograd.engine import Handle
from ..errors import StateDictError
from ..indexing import as_value
from ..tensors import Tensor
from .parameter import Parameter


class Hooks(OrderedDict):
    """Functions in the order in which they were registered."""

    def register(self, hook: Callable[..., Any]) -> Handle:
        """Add a hook; the handle takes it away again."""
        key = object()
        self[key] = hook
        return Handle(lambda: self.pop(key, None))


class Module:
    """The base of everything with parameters.

    Assigning a Parameter, a Module or a core Layer to an attribute registers it.  `forward` takes tensors, or the
    symbols of a graph where it is written with functions that take both.  `_private` holds state that PyTorch has
    not, such as where dropout's random numbers stand: it moves with the module and is not saved.
    """

    training: bool = True

    def __init__(self) -> None:
        for name in ("_parameters", "_buffers", "_modules", "_private"):
            object.__setattr__(self, name, {})
        for name in ("_pre_hooks", "_hooks"):
            object.__setattr__(self, name, Hooks())
        self._temporary: set[str] = set()
        self.training = True

    # -- attributes ------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            value = as_module(value)
        tables = self.__dict__.get("_parameters"), self.__dict__.get("_buffers"), self.__dict__.get("_modules")
        is_part = isinstance(value, (Parameter, Module))
        if tables[0] is None:
            if is_part:
                raise AttributeError(f"cannot assign {type(value).__name__} before Module.__init__() call")
            object.__setattr__(self, name, value)
            return
        parameters, buffers, modules = tables
        if isinstance(value, Parameter) and name not in buffers:
            self._forget(name)
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            self._forget(name)
            modules[name] = value
        elif name in parameters or name in modules:
            table, kind = (parameters, "parameter") if name in parameters else (modules, "module")
            if value is not None:
                raise TypeError(
                    f"cannot assign '{type(value).__name__}' as {kind} '{name}' (Parameter, Module or None expected)"
                )
            table[name] = None
        elif name in buffers:
            if value is not None and not isinstance(value, CoreTensor):
                raise TypeError(
                    f"cannot assign '{type(value).__name__}' as buffer '{name}' (torch.Tensor or None expected)"
                )
            buffers[name] = value
        else:
            object.__setattr__(self, name, value)

    def _forget(self, name: str) -> None:
        self.__dict__.pop(name, None)
        for table in (self._parameters, self._buffers, self._modules):
            table.pop(name, None)

    def __getattr__(self, name: str) -> Any:
        for table in ("_parameters", "_buffers", "_modules", "_private"):
            if name in self.__dict__.get(table, ()):
                return self.__dict__[table][name]
        hint = "" if "_parameters" in self.__dict__ else "; call super().__init__() first"
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'{hint}")

    def __delattr__(self, name: str) -> None:
        for table in (self._parameters, self._buffers, self._modules):
            if name in table:
                del table[name]
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._parameters, *self._buffers, *self._modules})

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter."""
        _check_name(self, name)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{type(param).__name__}' object to parameter '{name}' (Parameter or None required)"
            )
        if param is not None and param.name == "parameter":
            param.name = name
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Add state that no optimizer changes."""
        _check_name(self, name)
        self._buffers[name] = tensor
        (self._temporary.discard if persistent else self._temporary.add)(name)

    def register_module(self, name: str, module: "Module | None") -> None:
        """Add a module."""
        _check_name(self, name)
        self._modules[name] = as_module(module)

    add_module = register_module

    # -- what it consists of ---------------------------------------------------------------------

    def named_modules(self, memo: set[Any] | None = None, prefix: str = "") -> Iterator[tuple[str, "Module"]]:
        """Every module inside, itself first, with its dotted path; each once."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name)

    def modules(self) -> Iterator["Module"]:
        """Every module inside, itself first; each once."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        """The modules directly inside, with their names."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator["Module"]:
        """The modules directly inside."""
        return (module for _, module in self.named_children())

    def _named(self, table: str, prefix: str, recurse: bool) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        for path, module in self.named_modules(prefix=prefix) if recurse else [(prefix, self)]:
            for name, value in getattr(module, table).items():
                if value is not None and id(value) not in seen:
                    seen.add(id(value))
                    yield f"{path}.{name}" if path else name, value

    def named_parameters(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Parameter]]:
        """Every parameter with its dotted path; a shared one once."""
        return self._named("_parameters", prefix, recurse)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Every parameter; a shared one once."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Any]]:
        """Every buffer with its dotted path."""
        return self._named("_buffers", prefix, recurse)

    def buffers(self, recurse: bool = True) -> Iterator[Any]:
        """Every buffer."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> "Module":
        """The module of a dotted path."""
        module = self
        for name in target.split(".") if target else ():
            if name not in module._modules:
                raise AttributeError(
                    f"{type(module).__name__} has no module '{name}'; it has {', '.join(module._modules)}"
                )
            module = module._modules[name]
        return module

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

    # -- state -----------------------------------------------------------------------------------

    def state_dict(
        self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> "OrderedDict[str, Any]":
        """Parameters and buffers by dotted path; detached, but the same memory."""
        state = OrderedDict() if destination is None else destination
        for name, value in self._state():
            state[prefix + name] = value if keep_vars else value.detach()
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=state, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        return state

    def _state(self) -> Iterator[tuple[str, Any]]:
        for name, value in (*self._parameters.items(), *self._buffers.items()):
            if value is not None and name not in self._temporary:
                yield name, value

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> "LoadResult":
        """Overwrite parameters and buffers; all problems are told at once."""
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        own = self.state_dict(keep_vars=True)
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        problems = []
        if strict and unexpected:
            problems.append(f"Unexpected key(s) in state_dict: {quoted(unexpected)}. ")
        if strict and missing:
            problems.append(f"Missing key(s) in state_dict: {quoted(missing)}. ")
        for name, value in state_dict.items():
            if name in own and not hasattr(value, "shape"):
                problems.append(f"{name} is a {type(value).__name__}, not a tensor. ")
            elif name in own and tuple(value.shape) != tuple(own[name].shape):
                problems.append(
                    f"size mismatch for {name}: copying a param with shape torch.Size({list(value.shape)}) from "
                    "checkpoint, "
                    f"the shape in current model is torch.Size({list(own[name].shape)})."
                )
        if problems:
            listed = "\n\t".join(problems)
            raise StateDictError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{listed}")
        with recording(False):
            for name, value in state_dict.items():
                if name in own:
                    CoreTensor.write(own[name], as_value(value, own[name]))
        return LoadResult(missing, unexpected)

    # -- running ---------------------------------------------------------------------------------

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """What the module computes; a subclass says it."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        for hook in tuple(self._pre_hooks.values()):
            changed = hook(self, inputs)
            if changed is not None:
                inputs = changed if isinstance(changed, tuple) else (changed,)
        result = self.forward(*inputs, **named)
        for hook in tuple(self._hooks.values()):
            changed = hook(self, inputs, result)
            result = result if changed is None else changed
        return result

    def register_forward_pre_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call `hook(module, inputs)` before forward; what it returns takes the place of the inputs."""
        return self._pre_hooks.register(hook)

    def register_forward_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call `hook(module, inputs, output)` after forward; what it returns takes the place of the output."""
        return self._hooks.register(hook)

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


class LoadResult(tuple):
    """The keys that were missing and those that were not expected."""

    def __new__(cls, missing: list[str], unexpected: list[str]) -> "LoadResult":
        made = super().__new__(cls, (missing, unexpected))
        made.missing_keys, made.unexpected_keys = missing, unexpected
        return made

    def __repr__(self) -> str:
        if not any(self):
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self[0]}, unexpected_keys={self[1]})"


class LayerModule(Module):
    """A core Layer as a module.  What it owns appears once the layer is built, at its first use."""

    def __init__(self, layer: core.Layer) -> None:
        super().__init__()
        object.__setattr__(self, "layer", layer)
        self._take_over()

    def _take_over(self) -> None:
        for name, owned in self.layer.owned.items():
            ours = self.layer.owned[name] = Parameter.of_layer(owned)
            (self._parameters if ours.trainable else self._buffers)[name] = ours

    def forward(self, *inputs: Any) -> Any:
        """The layer's function."""
        if not self.layer.is_built:
            self.layer.build(*[x.spec for x in inputs])
            self._take_over()
        return self.layer(*inputs, training=self.training)

    def _get_name(self) -> str:
        return type(self.layer).__name__


class FunctionModule(Module):
    """Anything that can be called and lists its `parameters()`, such as a net of another style, as a module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        object.__setattr__(self, "function", function)
        for number, parameter in enumerate(function.parameters()):  # type: ignore[attr-defined]
            name = parameter.name if parameter.name not in self._parameters else f"{parameter.name}.{number}"
            self._parameters[name] = Parameter.of_layer(parameter)

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """The function."""
        return self.function(*inputs, **named)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name.startswith("_") or not hasattr(self.__dict__.get("function"), name):
                raise
        return getattr(self.function, name)  # what else it can do, in its own style's words

    def _get_name(self) -> str:
        return type(self.function).__name__


def as_module(value: Any) -> Any:
    """A core layer, or a net of another style, as a module; anything else as it is."""
    if isinstance(value, (Module, type)):
        return value
    if isinstance(value, core.Layer):
        return LayerModule(value)
    return FunctionModule(value) if callable(value) and callable(getattr(value, "parameters", None)) else value


def _check_name(module: Module, name: str) -> None:
    if "_parameters" not in module.__dict__:
        raise AttributeError("cannot assign parameters or buffers before Module.__init__() call")
    if not isinstance(name, str) or not name or "." in name:
        raise KeyError(f"{name!r} is no name for a part of a module; it is a string without '.', and not empty")
    taken = name in module.__dict__ or hasattr(type(module), name)
    if taken and name not in (*module._parameters, *module._buffers, *module._modules):
        raise KeyError(f"attribute '{name}' already exists")


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


def quoted(names: list[str]) -> str:
    return ", ".join([f'"{name}"' for name in names])


def indented(text: str) -> str:
    first, *rest = text.split("\n")
    return "\n".join([first, *["  " + line for line in rest]])
