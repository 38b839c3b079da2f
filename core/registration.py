"""What is registered, by kind and name, and the stage where registrations wait until all have succeeded."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pluggy
from attrs import frozen

from . import hookspecs
from .backend import Backend
from .errors import PluginError, did_you_mean, unknown_name
from .kernel import KernelTable
from .op import OPS, Op

__all__ = ["KINDS", "HookManager", "Origin", "Registrar", "Table", "Thing"]

# Kinds in the order in which they are asked for: kernels need their device.
KINDS = {
    "devices": "device type",
    "kernels": "kernel table",
    "ops": "op",
    "layers": "layer",
    "losses": "loss",
    "initializers": "initializer",
    "optimizers": "optimizer",
    "minimizers": "minimizer",
    "schedules": "schedule",
    "passes": "pass",
    "sources": "data source",
    "transforms": "transform",
    "exporters": "exporter",
    "apis": "style",
    "commands": "command",
}

_REQUIRED: dict[str, type] = {"devices": Backend, "kernels": KernelTable, "ops": Op}


@frozen
class Origin:
    """Who registered a thing: an entry of a distribution, or code that ran."""

    distribution: str = ""
    version: str = ""
    entry: str = ""
    module: str = ""

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".strip() or f"code in {self.module or 'no module'}"


@frozen
class Thing:
    """Something registered: its kind, its name, and who registered it."""

    kind: str
    name: str
    value: Any
    origin: Origin

    @property
    def key(self) -> tuple[str, str]:
        """What no two things may have in common."""
        return self.kind, self.name

    def __str__(self) -> str:
        return f"{KINDS.get(self.kind, self.kind)} {self.name!r}"


class Table:
    """The things of one kind, by name."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._things: dict[str, Thing] = {}

    def add(self, thing: Thing) -> None:
        """Keep a thing; a name that exists is refused."""
        self.check(thing)
        self._things[thing.name] = thing

    def check(self, thing: Thing) -> None:
        """Refuse a name that another thing has.  Code that runs again may define its own thing again."""
        other = self._things.get(thing.name)
        if other is not None and other.value is not thing.value and not _is_redefinition(other, thing):
            raise PluginError(f"the {thing} exists already: {other.origin} brings it; give one of them another name")

    def find(self, name: str) -> Any:
        """The thing of this name; an error lists the names that exist."""
        if name not in self._things:
            raise unknown_name(KINDS.get(self.kind, self.kind), name, self._things)
        return self._things[name].value

    def origin(self, name: str) -> Origin:
        """Who registered the thing of this name."""
        self.find(name)
        return self._things[name].origin

    def __contains__(self, name: object) -> bool:
        return name in self._things

    def __iter__(self) -> Iterator[Thing]:
        return iter(list(self._things.values()))

    def __len__(self) -> int:
        return len(self._things)

    def copy(self) -> Table:
        """A table with the same things, to add to without changing this one."""
        made = Table(self.kind)
        made._things.update(self._things)
        return made


def _is_redefinition(old: Thing, new: Thing) -> bool:
    def place(thing: Thing) -> tuple[Any, ...]:
        return (
            thing.origin,
            getattr(thing.value, "__module__", None),
            getattr(thing.value, "__qualname__", None),
        )

    return not old.origin.distribution and place(old)[2] is not None and place(old) == place(new)


class Registrar:
    """Holds what one plugin registers, stamped with its origin, until all of it has succeeded."""

    def __init__(self, origin: Origin, tables: Callable[[str], Table]) -> None:
        self.origin, self._tables = origin, tables
        self.staged: list[Thing] = []

    def stage(self, kind: str, value: Any, name: str | None = None) -> Any:
        """Put a thing on the stage; one that cannot be registered is refused here, where the mistake is."""
        _check_kind(kind, value)
        thing = Thing(kind, name or _own_name(kind, value), value, self.origin)
        twin = next((other for other in self.staged if other.key == thing.key), None)
        if twin is not None and twin.value is not value and kind != "kernels":
            raise PluginError(f"the {thing} is registered twice, as {twin.value!r} and as {value!r}")
        if kind == "ops":
            _check_op(value)
        elif kind != "kernels":
            self._tables(kind).check(thing)
        self.staged.append(thing)
        return value

    def of_kind(self, kind: str) -> list[Thing]:
        """What is staged of a kind."""
        return [thing for thing in self.staged if thing.kind == kind]

    def has(self, kind: str, name: str) -> bool:
        """Whether a thing is on the stage."""
        return any(thing.key == (kind, name) for thing in self.staged)

    def taker(self, kind: str) -> Callable[..., Any]:
        """The `register` that a hook of this kind is given; it may decorate, with or without `name=`."""

        def register(value: Any = None, *, name: str | None = None) -> Any:
            if value is None:
                return lambda decorated: self.stage(kind, decorated, name)
            return self.stage(kind, value, name)

        return register

    def extension(self, value: Any = None, *, kind: str, name: str | None = None) -> Any:
        """The `register` of things whose kind another plugin owns."""
        if value is None:
            return lambda decorated: self.stage(kind, decorated, name)
        return self.stage(kind, value, name)


def _check_kind(kind: str, value: Any) -> None:
    required = _REQUIRED.get(kind)
    if required is not None and not isinstance(value, required):
        raise PluginError(f"a {KINDS[kind]} must be a {required.__name__}, not {value!r}")
    if kind not in KINDS and "." not in kind:
        raise PluginError(
            f"no kind of thing named {kind!r}; kinds: {', '.join(KINDS)}, or a plugin's own `plugin.kind`."
            f"{did_you_mean(kind, KINDS)}"
        )


def _check_op(op: Op) -> None:
    if OPS.get(op.name, op) is not op:
        raise PluginError(f"the op {op.name!r} exists already: {OPS[op.name].origin} defines it; give it another name")


def _own_name(kind: str, value: Any) -> str:
    if kind == "kernels":
        return f"{value.device_type}.{value.provider}"
    name = value.__name__ if inspect.isclass(value) or inspect.isroutine(value) else getattr(value, "name", None)
    if not isinstance(name, str) or not name:
        raise PluginError(f"{value!r} has no name to register it under as a {KINDS.get(kind, kind)}; say name=")
    return name


class HookManager(pluggy.PluginManager):
    """pluggy with our hooks, where the name of a function is enough to make it a hook."""

    def __init__(self) -> None:
        super().__init__(hookspecs.PROJECT)
        self.add_hookspecs(hookspecs)

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> pluggy.HookimplOpts | None:
        """Options of a hook.  Nothing else of a plugin is touched: a lazy module stays lazy."""
        if not name.startswith("trivium_"):
            return None
        options = super().parse_hookimpl_opts(plugin, name)
        if options is None and inspect.isroutine(getattr(plugin, name)):
            return _PLAIN
        return options

    def take(self, plugin: Any, name: str) -> None:
        """Take a plugin's hooks; one that does not exist, or asks for more than it gets, is refused."""
        try:
            self.register(plugin, name=name)
            self.check_pending()
        except pluggy.PluginValidationError as error:
            for name in _hook_names(plugin):
                if name not in HOOKS:
                    hint = did_you_mean(name, HOOKS)
                    raise PluginError(f"there is no hook {name!r}; hooks: {', '.join(HOOKS)}.{hint}") from None
            raise PluginError(str(error).strip().splitlines()[-1].strip()) from error

    def has_hooks(self, plugin: Any) -> bool:
        """Whether an object has anything that looks like a hook."""
        return any(self.parse_hookimpl_opts(plugin, name) is not None for name in _hook_names(plugin))


def _hook_names(plugin: Any) -> list[str]:
    return [name for name in dir(plugin) if name.startswith("trivium_") and inspect.isroutine(getattr(plugin, name))]


_PLAIN: pluggy.HookimplOpts = {
    "wrapper": False, "hookwrapper": False, "optionalhook": False,
    "tryfirst": False, "trylast": False, "specname": None,
}  # fmt: skip

HOOKS = tuple([name for name in vars(hookspecs) if name.startswith("trivium_")])
