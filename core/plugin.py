"""One plugin: whether it may be loaded, what it brings, and why it could not be loaded."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from attrs import define, field

from . import discovery, settings
from .backend import Backend
from .discovery import Entry
from .errors import PluginError, TriviumError, UnknownNameError
from .kernel import KernelTable
from .op import OPS
from .registration import KINDS, HookManager, Origin, Registrar, Thing

PENDING, LOADED, BLOCKED, FAILED, INCOMPATIBLE = "pending", "loaded", "blocked", "failed", "incompatible"


class PluginWarning(UserWarning):
    """A plugin that could not be loaded; everything else goes on without it."""


class UnservedNameError(PluginError, UnknownNameError):
    """A name that nothing answers to, while a plugin that may have brought it is not loaded."""


@define(eq=False)
class Plugin:
    """One object that entries name, and what became of it.

    brings: what it registers, or would have registered when it failed
    """

    entries: tuple[Entry, ...]
    state: str = PENDING
    cause: str = ""
    remedy: str = ""
    error: BaseException | None = None
    brings: list[Thing] = field(factory=list)
    is_loading: bool = False
    is_told: bool = False

    @property
    def entry(self) -> Entry:
        """The entry that speaks for the plugin."""
        return self.entries[0]

    @property
    def origin(self) -> Origin:
        """The stamp on what it registers."""
        return Origin(self.entry.distribution, self.entry.version, self.entry.name)

    @property
    def is_refused(self) -> bool:
        """Whether what it would bring cannot be had."""
        return self.state in (BLOCKED, FAILED, INCOMPATIBLE)

    def refuse(self, state: str, cause: str, remedy: str) -> None:
        """It is of no use, for a cause, and there is something to do about it."""
        self.state, self.cause, self.remedy = state, cause, remedy

    def fail(self, error: BaseException) -> None:
        """It raised an error when it was loaded."""
        self.refuse(FAILED, _cause(error, self), _remedy(error, self))
        self.error = error

    def is_named(self, names: Iterable[str]) -> bool:
        """Whether a list of plugins names it, by an entry or by its distribution."""
        listed = {discovery.canonical(name) for name in names}
        return any({discovery.canonical(e.name), discovery.canonical(e.distribution)} & listed for e in self.entries)

    def __str__(self) -> str:
        return f"{self.entry}: {self.state}: {self.cause}; {self.remedy}"


def group(entries: Iterable[Entry]) -> list[Plugin]:
    """Entries of one distribution that name one object are one plugin."""
    groups: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in entries:
        groups.setdefault((entry.distribution, entry.target, entry.problem), []).append(entry)
    return [Plugin(tuple(members)) for members in groups.values()]


def admit(plugin: Plugin) -> None:
    """Decide whether a plugin may be loaded: it fits this core, and nobody blocks it.  Imports nothing."""
    if plugin.state not in (PENDING, BLOCKED):
        return
    plugin.refuse(PENDING, "", "")
    distribution = plugin.entry.distribution
    if plugin.entry.problem:
        plugin.refuse(FAILED, plugin.entry.problem, f"report it to the authors of {distribution}")
    elif blocked := _blocked(plugin):
        plugin.refuse(BLOCKED, *blocked)
    elif misfit := discovery.misfit(distribution):
        plugin.refuse(INCOMPATIBLE, misfit, f"try `pip install --upgrade trivium {distribution}`")


def _blocked(plugin: Plugin) -> tuple[str, str] | None:
    name = plugin.entry.name
    for found in settings.every("plugins.block"):
        if plugin.is_named(found.value):
            return f"{found.source} blocks it", f"remove it there, or try `trivium plugins unblock {name}`"
    only = settings.find("plugins.only")
    if plugin.is_named(only.value):
        return None
    if only.value:
        return f"{only.source} names only {', '.join(only.value)}", f"add {name} there"
    if not settings.get("plugins.autoload"):
        source = settings.source_of("plugins.autoload")
        return f"{source} loads no plugin by itself", f"name {name} in TRIVIUM_PLUGINS, or change {source}"
    return None


def resolve(target: str) -> Any:
    """The object that an entry names; None while its module is still being imported further up."""
    path, _, inside = target.partition("[")[0].strip().partition(":")
    module = import_module(path)
    if getattr(getattr(module, "__spec__", None), "_initializing", False):
        return None
    return functools.reduce(getattr, inside.split(".") if inside else [], module)


def stage(plugin: Plugin, brought: Any, registrar: Registrar) -> bool:
    """Put on the stage all that an object brings; return whether it has hooks."""
    if isinstance(brought, KernelTable):
        _check_device_type(plugin, brought)
        registrar.stage("devices" if isinstance(brought, Backend) else "kernels", brought)
        return False
    if inspect.isclass(brought):
        raise PluginError(f"{plugin.entry.target} is a class; name a module, or an object made from the class")
    has_hooks = call_registering_hooks(brought, str(plugin.entry), registrar)
    ready = [entry for entry in plugin.entries if _is_ready(entry, brought)]
    for entry in ready:
        if entry.kind != "ops" and not registrar.has(entry.kind, entry.name):
            registrar.stage(entry.kind, brought, entry.name)
    if not has_hooks and not ready:
        raise PluginError(f"{plugin.entry.target} has no hook, and is no Backend and no KernelTable")
    return has_hooks


def _check_device_type(plugin: Plugin, table: KernelTable) -> None:
    for entry in plugin.entries:
        if entry.device_type != table.device_type:
            raise PluginError(
                f"entry {entry.name!r} brings the device {table.device_type!r}; name it after what it brings"
            )


def _is_ready(entry: Entry, brought: Any) -> bool:
    """Whether what an entry names is the very thing: a style, a command, a module that defines ops."""
    return entry.kind in ("apis", "ops") or (entry.kind == "commands" and callable(brought))


def call_registering_hooks(brought: Any, name: str, registrar: Registrar) -> bool:
    """Let an object register all that it brings; return whether it has hooks at all."""
    manager = HookManager()
    if not manager.has_hooks(brought):
        return False
    manager.take(brought, name)
    for kind in KINDS:
        getattr(manager.hook, f"trivium_register_{kind}")(register=registrar.taker(kind))
    manager.hook.trivium_register_extensions(register=registrar.extension)
    return True


def forget_ops(plugin: Plugin, known: set[str]) -> None:
    """Take back the ops that a plugin defined before it failed."""
    package = plugin.entry.target.partition(":")[0].partition(".")[0]
    for name in set(OPS) - known:
        if OPS[name].origin.partition(".")[0] == package:
            del OPS[name]


def _cause(error: BaseException, plugin: Plugin) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        module = plugin.entry.target.partition(":")[0]
        if module == error.name or module.startswith(f"{error.name}."):
            return f"the module {error.name!r} that its entry names does not exist"
        return f"it needs the module {error.name!r}, which is not installed"
    return describe(error)


def _remedy(error: BaseException, plugin: Plugin) -> str:
    name, distribution = plugin.entry.name, plugin.entry.distribution
    remedy = f"pip install --upgrade {distribution}"
    if isinstance(error, ModuleNotFoundError) and error.name:
        remedy = discovery.missing_module_remedy(distribution, error.name)
    return f"try `{remedy}`, or `trivium plugins block {name}` to do without it"


def describe(error: BaseException) -> str:
    """An error in one line, with the place where a stranger's code raised it."""
    text = " ".join(str(error).split()) or "no message"
    if isinstance(error, TriviumError):
        return text
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    file = frame.tb_frame.f_code.co_filename if frame is not None else "importlib"
    place = f" ({Path(file).name}:{frame.tb_lineno})" if frame is not None and "importlib" not in file else ""
    return f"{type(error).__name__}: {text}{place}"
