"""Names to plugins, loaded on first use.

Listing reads metadata and imports nothing.  Asking for a thing imports the plugins that may serve it,
each in its own `try`: what one of them breaks stays its own.
"""

from __future__ import annotations

import copyreg
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import RLock
from types import FrameType
from typing import Any

from attrs import evolve, frozen

from . import discovery, settings
from .backend import Backend, Device
from .discovery import Entry
from .errors import ConfigError, DeviceError, PluginError, TriviumError, UnknownNameError, did_you_mean
from .kernel import KernelTable
from .op import OPS, Op
from .plugin import (
    INCOMPATIBLE,
    LOADED,
    PENDING,
    Plugin,
    PluginWarning,
    UnservedNameError,
    admit,
    call_registering_hooks,
    describe,
    forget_ops,
    group,
    resolve,
    stage,
)
from .registration import KINDS, HookManager, Origin, Registrar, Table

__all__ = ["Plugin", "PluginWarning", "Record", "Registry", "UnservedNameError"]

# Which groups may bring things of a kind, in the order in which they are loaded; others: trivium.plugins.
_SERVED_BY = {
    "ops": ("trivium.ops", "trivium.plugins"),
    "layers": ("trivium.layers", "trivium.plugins"),
    "losses": ("trivium.layers", "trivium.plugins"),
    "initializers": ("trivium.layers", "trivium.plugins"),
    "optimizers": ("trivium.optimizers", "trivium.plugins"),
    "minimizers": ("trivium.optimizers", "trivium.plugins"),
    "schedules": ("trivium.optimizers", "trivium.plugins"),
}


@frozen
class Record:
    """One row of the list of plugins."""

    name: str
    group: str
    distribution: str
    version: str
    target: str
    state: str
    cause: str
    remedy: str
    brings: tuple[str, ...]


class Registry:
    """Everything that is registered, and the plugins that may still register."""

    def __init__(self, discover: Callable[[], list[Entry]] = discovery.discover) -> None:
        self._discover = discover
        self._lock = RLock()
        self._tables: dict[str, Table] = {}
        self._plugins: list[Plugin] | None = None
        self._checked: int | None = None
        self._hooks = HookManager()
        self._waiting: list[tuple[KernelTable, Plugin | None]] = []
        self._notices: deque[str] = deque()

    # -- listing: imports nothing ----------------------------------------------------------------

    def installed(self) -> list[Plugin]:
        """Every plugin that is installed, with its state as it is now."""
        with self._lock:
            if self._plugins is None:
                self._plugins = group(self._discover())
            if self._checked != settings.generation():
                _check_names(self._plugins)
                for plugin in self._plugins:
                    admit(plugin)
                self._checked = settings.generation()
            return self._plugins

    def entries(self, group: str | None = None) -> list[Entry]:
        """The table of entry points, or one group of it; imports nothing."""
        found = sorted(entry for plugin in self.installed() for entry in plugin.entries)
        return [entry for entry in found if group in (None, entry.group)]

    def plugins(self) -> list[Record]:
        """A row for each entry that is installed, with its state; imports nothing."""
        rows = []
        for p in self.installed():
            brings = tuple(map(str, p.brings)) if p.state == LOADED else ()
            rows += [
                Record(e.name, e.group, e.distribution, e.version, e.target, p.state, p.cause, p.remedy, brings)
                for e in p.entries
            ]
        return sorted(rows, key=lambda row: (row.group, row.name, row.distribution))

    def refresh(self) -> None:
        """Look again for what is installed; what is loaded stays."""
        with self._lock:
            decided = {plugin.entries: plugin for plugin in self._plugins or () if plugin.state != PENDING}
            self._plugins = [decided.get(plugin.entries, plugin) for plugin in group(self._discover())]
            self._checked = None

    def table(self, kind: str) -> Table:
        """The things of a kind that are registered by now, with their origins."""
        with self._lock:
            return self._tables.setdefault(kind, Table(kind))

    def entry_names(self, kind: str) -> list[str]:
        """Names of styles or commands, told by entries and by what is registered; imports nothing."""
        return sorted({e.name for e in self.entries(f"trivium.{kind}")} | {thing.name for thing in self.table(kind)})

    def device_types(self) -> list[str]:
        """Every type of device that is installed; imports nothing."""
        told = {entry.device_type for entry in self.entries("trivium.backends")}
        return sorted(told | {thing.name for thing in self.table("devices")})

    # -- loading ---------------------------------------------------------------------------------

    def _load(self, wanted: Callable[[Entry], bool]) -> list[Plugin]:
        """Load every plugin with an entry that is wanted; return them, the refused ones too."""
        chosen = [plugin for plugin in self.installed() if any(map(wanted, plugin.entries))]
        for plugin in chosen:
            if plugin.state == PENDING:
                self._load_one(plugin)
            elif plugin.state == INCOMPATIBLE:
                self._notice(plugin)
        return chosen

    def load(self, wanted: Callable[[Entry], bool]) -> None:
        """Load every plugin with an entry that is wanted; warn of those that failed."""
        self._load(wanted)
        self._warn()

    def _load_group(self, group: str) -> list[Plugin]:
        return self._load(lambda entry: entry.group == group)

    def _load_one(self, plugin: Plugin) -> None:
        known_ops = set(OPS)
        try:
            # Outside the lock: a thread that is importing this very module may be waiting for the lock.
            brought = resolve(plugin.entry.target)
            if brought is not None:
                self._take(plugin, brought)
        except KeyboardInterrupt:
            forget_ops(plugin, known_ops)
            raise
        except BaseException as error:  # whatever a plugin raises stays its own
            with self._lock:
                if plugin.state == PENDING:
                    forget_ops(plugin, known_ops)
                    plugin.fail(error)
                    self._notice(plugin)

    def _take(self, plugin: Plugin, brought: Any) -> None:
        """Register all that a plugin brings, or nothing of it."""
        with self._lock:
            if plugin.state != PENDING or plugin.is_loading:
                return  # another thread did it, or the plugin asked for itself
            plugin.is_loading = True
            try:
                registrar = Registrar(plugin.origin, self.table)
                plugin.brings = registrar.staged
                has_hooks = stage(plugin, brought, registrar)
                self._commit(registrar, plugin)
                if has_hooks:
                    self._hooks.register(brought, name=f"{plugin.entry}: {plugin.entry.target}")
                if plugin.state == PENDING:
                    plugin.state = LOADED
            finally:
                plugin.is_loading = False

    def _commit(self, registrar: Registrar, plugin: Plugin | None = None) -> None:
        staged = registrar.staged
        self._check_kernels(registrar)
        for thing in staged:
            if thing.kind == "kernels":
                self._waiting.append((thing.value, plugin))
            elif thing.kind == "ops":
                OPS[thing.name] = thing.value
            else:
                self.table(thing.kind).add(thing)
        for backend in self.table("devices"):
            self._attach_kernels(backend.value)

    def _check_kernels(self, registrar: Registrar) -> None:
        """Refuse kernels that tie with those of their backend, or with each other."""
        backends = {thing.name: thing.value for thing in (*self.table("devices"), *registrar.of_kind("devices"))}
        tables = [thing.value for thing in registrar.of_kind("kernels")]
        for i, table in enumerate(tables):
            others = [other for other in tables[:i] if other.device_type == table.device_type]
            if table.device_type in backends:
                others += backends[table.device_type].tables
            table.check_ties([other for other in others if other is not table])

    def _attach_kernels(self, backend: Backend) -> None:
        """Give a backend the tables that wait for it; one that ties with another is refused."""
        with self._lock:
            mine = [pair for pair in self._waiting if pair[0].device_type == backend.name]
            self._waiting = [pair for pair in self._waiting if pair[0].device_type != backend.name]
            for table, plugin in mine:
                try:
                    if table not in backend.tables:
                        backend.add_kernels(table)
                except PluginError as error:
                    if plugin is None:
                        raise
                    plugin.fail(error)
                    self._notice(plugin)

    def _notice(self, plugin: Plugin) -> None:
        if not plugin.is_told:
            plugin.is_told = True
            self._notices.append(str(plugin))

    def _warn(self) -> None:
        """Say what failed: when no lock is held and nothing is half done, for a warning may be an error."""
        while self._notices:
            warnings.warn(self._notices.popleft(), PluginWarning, stacklevel=_outer_frame()[1])

    # -- finding ---------------------------------------------------------------------------------

    def find(self, kind: str, name: str) -> Any:
        """The thing of a kind (see KINDS) and a name; plugins that may bring it are loaded."""
        if kind == "devices":
            return self.find_backend(name)
        things = OPS if kind == "ops" else self.table(kind)
        asked: list[Plugin] = []
        if name not in things:
            for load in self._loads(kind, name):
                asked += load()
                self._warn()
                if name in things:
                    break
            else:
                raise self._absent(kind, name, asked)
        return OPS[name] if kind == "ops" else self.table(kind).find(name)

    def names(self, kind: str) -> list[str]:
        """Every name of a kind, once all plugins that may bring one are loaded."""
        for load in self._loads(kind, None):
            load()
        self._warn()
        return sorted(OPS) if kind == "ops" else sorted(thing.name for thing in self.table(kind))

    def _loads(self, kind: str, name: str | None) -> list[Callable[[], list[Plugin]]]:
        """What to load, step by step, until a thing is there.  Entries tell styles and commands."""
        if kind in ("apis", "commands"):
            group = f"trivium.{kind}"
            told = partial(self._load, lambda entry: entry.group == group and name in (None, entry.name))
            return [told, partial(self._load_group, "trivium.plugins")]
        return [partial(self._load_group, group) for group in _SERVED_BY.get(kind, ("trivium.plugins",))]

    def find_backend(self, type: str) -> Backend:
        """The backend of a type of device, with every kernel that plugins bring for it."""
        devices = self.table("devices")
        asked = self._load(lambda e: e.group == "trivium.backends" and e.device_type == type)
        if type not in devices and not asked:
            self._load_group("trivium.plugins")
        if type in devices:
            self._load(lambda e: e.group == "trivium.kernels" and e.device_type == type)
            self._attach_kernels(devices.find(type))
        self._warn()
        if type not in devices:
            raise self._no_device(type, asked)
        backend: Backend = devices.find(type)
        return backend

    def find_device(self, name: str) -> Device:
        """The device of a name: `cpu`, `cuda:0`, or with a part between, `opencl:PLATFORM:1`."""
        type, _, place = name.partition(":")
        backend = self.find_backend(type)
        try:
            return backend.device(_index(backend, name, place))
        except TriviumError:
            raise
        except Exception as error:
            raise DeviceError(f"device {name}: its backend failed: {describe(error)}") from error

    def _no_device(self, type: str, asked: list[Plugin]) -> TriviumError:
        for plugin in asked:
            if plugin.is_refused:
                return _chained(PluginError(f"device type {type!r}: {plugin}"), plugin)
        if asked:
            return PluginError(f"device type {type!r}: {asked[0].entry} was loaded and brought no such device")
        known = self.device_types()
        hint = did_you_mean(type, known) or (
            "" if known else "  Try `pip install trivium-backend-numpy`: it brings cpu"
        )
        return DeviceError(f"no device type named {type!r}; installed: {', '.join(known) or 'none'}.{hint}")

    def _absent(self, kind: str, name: str, asked: list[Plugin]) -> TriviumError:
        """The error for a name that nothing answers to: what exists, and who may have brought it."""
        singular = KINDS.get(kind, kind)
        refused = [plugin for plugin in asked if plugin.is_refused]
        for plugin in refused:
            if name in [e.name for e in plugin.entries] or (kind, name) in [t.key for t in plugin.brings]:
                return _chained(PluginError(f"{singular} {name!r}: {plugin}"), plugin)
        known = sorted(OPS) if kind == "ops" else self.entry_names(kind)
        text = f"no {singular} named {name!r}; known: {', '.join(known) or 'none'}.{did_you_mean(name, known)}"
        if not refused:
            return UnknownNameError(text)
        missing = "; ".join([f"{plugin.entry}, {plugin.state}: {plugin.cause}" for plugin in refused])
        return _chained(UnservedNameError(f"{text}  Not loaded: {missing}"), refused[0])

    # -- registration in code --------------------------------------------------------------------

    def register(self, kind: str, thing: Any, name: str | None = None) -> Any:
        """Register a thing from code, without an entry point; returns it, so that it may decorate."""
        registrar = Registrar(Origin(module=_calling_module()), self.table)
        with self._lock:
            registrar.stage(kind, thing, name)
            self._commit(registrar)
        return thing

    def register_plugin(self, plugin: Any, name: str | None = None) -> Any:
        """Register an object with hooks from code, such as a monitor; returns it."""
        registrar = Registrar(Origin(module=_calling_module()), self.table)
        with self._lock:
            if not call_registering_hooks(plugin, name or repr(plugin), registrar):
                raise PluginError(f"{plugin!r} has no hook; a hook is a function whose name starts with `trivium_`")
            self._commit(registrar)
            self._hooks.register(plugin, name=name)
        return plugin

    @contextmanager
    def temporary(self) -> Iterator[None]:
        """Whatever is registered inside the `with` block is forgotten after it; for tests.  Ops stay."""
        before = (self._tables, self._plugins, self._waiting, self._hooks)
        kernels = [(backend.value, list(backend.value.tables)) for backend in self.table("devices")]
        self._tables = {kind: table.copy() for kind, table in self._tables.items()}
        self._plugins = None if self._plugins is None else [evolve(plugin) for plugin in self._plugins]
        self._hooks, self._waiting = HookManager(), list(self._waiting)
        for name, plugin in before[-1].list_name_plugin():
            self._hooks.register(plugin, name=name)
        try:
            yield
        finally:
            self._tables, self._plugins, self._waiting, self._hooks = before
            self._checked = None
            for backend, tables in kernels:
                if backend.tables != tables:
                    backend.tables = tables
                    backend.forget()

    def forget_kernels(self) -> None:
        """Let every loaded backend choose its kernels anew, since what is allowed has changed."""
        for backend in self.table("devices"):
            backend.value.forget()

    # -- hooks -----------------------------------------------------------------------------------

    def call_hook(self, hook: str, **arguments: Any) -> list[Any]:
        """What each loaded plugin answers; one that raises is left out, with a warning."""
        answers = []
        for owner, function in self._implementations(hook):
            try:
                answers.append(function(**arguments))
            except Exception as error:
                self._notices.append(f"{owner}: {hook} failed: {describe(error)}; report it to its authors")
        self._warn()
        return [answer for answer in answers if answer is not None]

    def announcer(self, event: str) -> Callable[[Any], None] | None:
        """`announce(run)` for a hook of monitors, or None while nobody listens: ask once, before the loop.

        A listener that raises is warned of and not called again.
        """
        self._load_group("trivium.plugins")
        self._warn()
        listeners = self._implementations(event)
        return partial(self._announce, event, listeners) if listeners else None

    def _announce(self, event: str, listeners: list[tuple[str, Callable[..., Any]]], run: Any) -> None:
        for listener in list(listeners):
            owner, function = listener
            try:
                function(run=run)
            except Exception as error:  # a monitor must not cost the run that it watches
                listeners.remove(listener)
                self._notices.append(f"{owner}: {event} failed: {describe(error)}; it is not called again")
        self._warn()

    def _implementations(self, hook: str) -> list[tuple[str, Callable[..., Any]]]:
        """Who implements a hook, and a function that picks from all arguments those that it takes."""

        def fitted(function: Callable[..., Any], takes: tuple[str, ...]) -> Callable[..., Any]:
            return lambda **arguments: function(**{name: arguments[name] for name in takes})

        caller = getattr(self._hooks.hook, hook)
        return [(i.plugin_name, fitted(i.function, tuple(i.argnames))) for i in reversed(caller.get_hookimpls())]


def _check_names(plugins: list[Plugin]) -> None:
    """Refuse settings that name a plugin which is not installed."""
    known = sorted({name for plugin in plugins for e in plugin.entries for name in (e.name, e.distribution)})
    canonical = {discovery.canonical(name) for name in known}
    for setting in ("plugins.only", "plugins.block"):
        for found in settings.every(setting):
            for name in found.value:
                if discovery.canonical(name) not in canonical:
                    raise ConfigError(
                        f"{found.source}: no plugin named {name!r}; installed: {', '.join(known) or 'none'}."
                        f"{did_you_mean(name, known)}  Correct the name, or remove it there"
                    )


def _chained(error: TriviumError, plugin: Plugin) -> TriviumError:
    error.__cause__ = plugin.error
    return error


def _index(backend: Backend, name: str, place: str) -> int:
    """Which of a backend's devices a place means; a backend with parts between knows it by `locate`."""
    if place.isdecimal() or not place:
        return int(place or 0)
    locate = backend.locate
    if locate is None:
        raise DeviceError(f"device {name!r}: {place!r} is not a number; write for example {backend.name}:0")
    return locate(place)


def _calling_module() -> str:
    return str(_outer_frame()[0].f_globals.get("__name__", ""))


def _outer_frame() -> tuple[FrameType, int]:
    """The first frame outside core, and its `stacklevel` for a warning of our caller's."""
    frame, levels = sys._getframe(1), 1
    while frame.f_back is not None and _is_ours(str(frame.f_globals.get("__name__", ""))):
        frame, levels = frame.f_back, levels + 1
    return frame, levels


def _is_ours(module: str) -> bool:
    return module in ("trivium", "contextlib") or module.startswith("trivium.")


_registry = Registry()

entries, plugins, refresh, load = _registry.entries, _registry.plugins, _registry.refresh, _registry.load
device_types, entry_names, names, table = (
    _registry.device_types, _registry.entry_names, _registry.names, _registry.table,
)  # fmt: skip
find, find_backend, find_device = _registry.find, _registry.find_backend, _registry.find_device
register, register_plugin, temporary = _registry.register, _registry.register_plugin, _registry.temporary
announcer, call_hook, forget_kernels = _registry.announcer, _registry.call_hook, _registry.forget_kernels

find_layer = partial(find, "layers")
find_optimizer = partial(find, "optimizers")
find_minimizer = partial(find, "minimizers")
find_schedule = partial(find, "schedules")
find_pass = partial(find, "passes")
find_api = partial(find, "apis")
find_command = partial(find, "commands")

register_backend = partial(register, "devices")
register_kernels = partial(register, "kernels")
register_op = partial(register, "ops")
register_layer = partial(register, "layers")
register_loss = partial(register, "losses")
register_initializer = partial(register, "initializers")
register_optimizer = partial(register, "optimizers")
register_minimizer = partial(register, "minimizers")
register_schedule = partial(register, "schedules")
register_pass = partial(register, "passes")
register_api = partial(register, "apis")
register_command = partial(register, "commands")


def find_op(name: str) -> Op:
    """The op of this name, from core or from a plugin."""
    found: Op = find("ops", name)
    return found


def load_ops() -> None:
    """Let every plugin that brings ops define them."""
    names("ops")


def commands() -> dict[str, Any]:
    """Every command that a plugin brings, by name."""
    return {name: find_command(name) for name in names("commands")}


def origin(kind: str, name: str) -> Origin:
    """Who brought a thing."""
    find(kind, name)
    return table(kind).origin(name)


def _device_named(name: str) -> Device:
    return find_device(name)


# A device is pickled by its name: what is found under it in the other process is that process's own.
copyreg.pickle(Device, lambda device: (_device_named, (f"{device.type}:{device.index}",)))
