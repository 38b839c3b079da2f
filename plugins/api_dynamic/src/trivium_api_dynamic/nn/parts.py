"""What a module consists of: parameters, buffers and modules as attributes, and the paths to them."""

from collections.abc import Callable, Iterator
from typing import Any

from trivium.tensor import Tensor as CoreTensor

from .parameter import Parameter

# What else may be assigned to an attribute as a module: (whether a value is such, how it becomes one).
ADOPTED: list[tuple[Callable[[Any], bool], Callable[[Any], Any]]] = []


def adopted(value: Any) -> Any:
    """A core layer, or a net of another style, as a module; anything else as it is."""
    if isinstance(value, (Parts, CoreTensor, type)):
        return value
    return next((make(value) for is_such, make in ADOPTED if is_such(value)), value)


class Parts:
    """The part of a module that registers its parts.

    `_private` holds state that PyTorch has not, such as where dropout's random numbers stand: it moves with the module
    and is not saved.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            value = adopted(value)
        tables = self.__dict__.get("_parameters"), self.__dict__.get("_buffers"), self.__dict__.get("_modules")
        is_part = isinstance(value, (Parameter, Parts))
        if tables[0] is None:
            if is_part:
                raise AttributeError(f"cannot assign {type(value).__name__} before Module.__init__() call")
            object.__setattr__(self, name, value)
            return
        parameters, buffers, modules = tables
        if isinstance(value, Parameter):
            self._forget(name, parameters)
            self.register_parameter(name, value)
        elif isinstance(value, Parts):
            self._forget(name, modules)
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

    def _forget(self, name: str, kept: Any) -> None:
        """Let no table but one know the name; there it keeps its place."""
        self.__dict__.pop(name, None)
        for table in (self._parameters, self._buffers, self._modules):
            if table is not kept:
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
        """Add state that no optimizer changes.

        persistent: whether it is saved
        """
        _check_name(self, name)
        if tensor is not None and not isinstance(tensor, CoreTensor):
            raise TypeError(
                f"cannot assign '{type(tensor).__name__}' object to buffer '{name}' (torch Tensor or None required)"
            )
        self._buffers[name] = tensor
        (self._temporary.discard if persistent else self._temporary.add)(name)

    def register_module(self, name: str, module: Any) -> None:
        """Add a module."""
        _check_name(self, name)
        self._modules[name] = adopted(module)

    add_module = register_module

    # -- what it consists of ---------------------------------------------------------------------

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """Every module inside, itself first, with its dotted path; each once, or wherever it stands."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self) -> Iterator[Any]:
        """Every module inside, itself first; each once."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Any]]:
        """The modules directly inside, with their names."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Any]:
        """The modules directly inside."""
        return (module for _, module in self.named_children())

    def _named(self, table: str, prefix: str, recurse: bool, remove_duplicate: bool) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for path, module in modules:
            for name, value in getattr(module, table).items():
                if value is not None and id(value) not in seen:
                    if remove_duplicate:
                        seen.add(id(value))
                    yield f"{path}.{name}" if path else name, value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Every parameter with its dotted path; a shared one once, or wherever it stands."""
        return self._named("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Every parameter; a shared one once."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """Every buffer with its dotted path."""
        return self._named("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Any]:
        """Every buffer."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Any:
        """The module of a dotted path."""
        module = self
        for name in target.split(".") if target else ():
            if name not in module._modules:
                raise AttributeError(
                    f"{type(module).__name__} has no module '{name}'; it has {', '.join(module._modules)}"
                )
            module = module._modules[name]
        return module

    def _part(self, target: str, table: str, word: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if name not in getattr(module, table):
            raise AttributeError(
                f"{type(module).__name__} has no {word} '{name}'; it has {', '.join(getattr(module, table))}"
            )
        return getattr(module, table)[name]

    def get_parameter(self, target: str) -> Any:
        """The parameter of a dotted path."""
        return self._part(target, "_parameters", "parameter")

    def get_buffer(self, target: str) -> Any:
        """The buffer of a dotted path."""
        return self._part(target, "_buffers", "buffer")


def _check_name(module: Parts, name: str) -> None:
    if "_parameters" not in module.__dict__:
        raise AttributeError("cannot assign parameters or buffers before Module.__init__() call")
    if not isinstance(name, str) or not name or "." in name:
        raise KeyError(f"{name!r} is no name for a part of a module; it is a string without '.', and not empty")
    taken = name in module.__dict__ or hasattr(type(module), name)
    if taken and name not in (*module._parameters, *module._buffers, *module._modules):
        raise KeyError(f"attribute '{name}' already exists")
