"""Modules that hold modules."""

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trivium.tensor import Tensor as CoreTensor

from .module import Module
from .parameter import Parameter

__all__ = ["Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"]


class _Listed(Module):
    """What containers that number their modules have in common."""

    def replace(self, modules: Iterable[Any]) -> None:
        """Hold these modules instead."""
        modules = list(modules)
        self._modules.clear()
        self.extend(modules)

    def append(self, module: Any) -> Any:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Any]) -> Any:
        """Add modules at the end."""
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: Any) -> Any:
        """Add a module before the one at `index`."""
        modules = list(self)
        modules.insert(index, module)
        self.replace(modules)
        return self

    def pop(self, index: Any = -1) -> Any:
        """Take a module out."""
        module = self[index]
        del self[index]
        return module

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def __setitem__(self, index: int, module: Any) -> None:
        self.add_module(list(self._modules)[position(index, len(self))], module)

    def __delitem__(self, index: Any) -> None:
        modules = list(self)
        del modules[index if isinstance(index, slice) else position(index, len(self))]
        self.replace(modules)

    def __iadd__(self, modules: Iterable[Any]) -> Any:
        return self.extend(modules)


class Sequential(_Listed):
    """Modules one after another: Sequential(a, b), or Sequential(OrderedDict(first=a, second=b))."""

    def __init__(self, *modules: Any) -> None:
        super().__init__()
        named = modules[0].items() if len(modules) == 1 and isinstance(modules[0], OrderedDict) else enumerate(modules)
        for name, module in named:
            self.add_module(str(name), module)

    def forward(self, input: Any) -> Any:
        """The last module's result."""
        for module in self._modules.values():
            input = module(input)
        return input

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(OrderedDict(list(self._modules.items())[index]))
        return list(self._modules.values())[position(index, len(self))]

    def __add__(self, other: Any) -> "Sequential":
        if not isinstance(other, Sequential):
            raise ValueError(f"add operator supports only objects of Sequential class, but {type(other)} is given.")
        return Sequential(*self, *other)


class ModuleList(_Listed):
    """A list of modules."""

    def __init__(self, modules: Iterable[Any] | None = None) -> None:
        super().__init__()
        self.extend(modules or ())

    def __getitem__(self, index: Any) -> Any:
        modules = list(self._modules.values())
        return type(self)(modules[index]) if isinstance(index, slice) else modules[position(index, len(self))]

    def __add__(self, other: Iterable[Any]) -> "ModuleList":
        return ModuleList([*self, *other])


class ModuleDict(Module):
    """Modules by name."""

    def __init__(self, modules: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None) -> None:
        super().__init__()
        self.update(modules or ())

    def update(self, modules: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        """Add modules."""
        for name, module in dict(modules).items():
            self[name] = module

    def __getitem__(self, name: str) -> Any:
        return self._modules[name]

    def __setitem__(self, name: str, module: Any) -> None:
        self.add_module(name, module)

    def __delitem__(self, name: str) -> None:
        del self._modules[name]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def keys(self) -> Any:
        """The names."""
        return self._modules.keys()

    def values(self) -> Any:
        """The modules."""
        return self._modules.values()

    def items(self) -> Any:
        """Names and modules."""
        return self._modules.items()

    def pop(self, name: str) -> Any:
        """Take a module out."""
        return self._modules.pop(name)

    def clear(self) -> None:
        """Take all modules out."""
        self._modules.clear()


def as_parameter(value: Any) -> Any:
    """A tensor as a parameter; anything else as it is."""
    return Parameter(value) if isinstance(value, CoreTensor) and not isinstance(value, Parameter) else value


class _Parameters(Module):
    """What containers of parameters have in common; they may hold other things, too."""

    def told(self) -> Iterable[tuple[str, Any]]:
        """Names and parameters, as they are shown."""
        raise NotImplementedError

    def extra_repr(self) -> str:
        lines = []
        for name, value in self.told():
            if isinstance(value, CoreTensor):
                kind = "Parameter" if isinstance(value, Parameter) else "Tensor"
                sizes = "x".join(map(str, value.shape))
                text = f"{kind} containing: [{value.dtype} of size {sizes}]"
            else:
                text = f"Object of type: {type(value).__name__}"
            lines.append(f"  ({name}): {text}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"{self._get_name()}(\n{self.extra_repr()}\n)" if len(self) else f"{self._get_name()}()"

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        raise RuntimeError(f"{self._get_name()} should not be called.")


class ParameterList(_Parameters):
    """A list of parameters."""

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        self.extend(values or ())

    def append(self, value: Any) -> "ParameterList":
        """Add a parameter at the end."""
        self._size += 1
        self[self._size - 1] = value
        return self

    def extend(self, values: Iterable[Any]) -> "ParameterList":
        """Add parameters at the end."""
        for value in list(values):
            self.append(value)
        return self

    __iadd__ = extend

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return iter([getattr(self, str(i)) for i in range(self._size)])

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return getattr(self, str(position(index, self._size)))

    def __setitem__(self, index: int, value: Any) -> None:
        setattr(self, str(position(index, self._size)), as_parameter(value))

    def told(self) -> Iterable[tuple[str, Any]]:
        return [(str(i), value) for i, value in enumerate(self)]


class ParameterDict(_Parameters):
    """Parameters by name."""

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self._names: dict[str, None] = {}
        self.update(parameters or ())

    def update(self, parameters: Any) -> None:
        """Add parameters."""
        for name, value in dict(parameters).items():
            self[name] = value

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return getattr(self, name)

    def __setitem__(self, name: str, value: Any) -> None:
        self._names[name] = None
        setattr(self, name, as_parameter(value))

    def __delitem__(self, name: str) -> None:
        del self._names[name]
        delattr(self, name)

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def keys(self) -> Any:
        """The names."""
        return self._names.keys()

    def values(self) -> Any:
        """The parameters."""
        return [self[name] for name in self._names]

    def items(self) -> Any:
        """Names and parameters."""
        return [(name, self[name]) for name in self._names]

    told = items

    def get(self, name: str, default: Any = None) -> Any:
        """The parameter of a name, or something else where there is none."""
        return self[name] if name in self._names else default

    def pop(self, name: str) -> Any:
        """Take a parameter out."""
        value = self[name]
        del self[name]
        return value

    def clear(self) -> None:
        """Take all parameters out."""
        for name in list(self._names):
            del self[name]

    def setdefault(self, name: str, default: Any = None) -> Any:
        """The parameter of a name, which is added where there is none."""
        if name not in self._names:
            self[name] = default
        return self[name]


def position(index: Any, length: int) -> int:
    """An index counted from the front, checked."""
    index = operator.index(index)
    if not -length <= index < length:
        raise IndexError(f"index {index} is out of range")
    return index % length
