"""Settings: what can be set, and which source set it.

In order: `override` in code, the environment, the project's `trivium.toml` or `[tool.trivium]`,
the user's configuration file, the default.  Sources are read once, at the first question.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from attrs import field, frozen

from .errors import ConfigError, did_you_mean

__all__ = [
    "SETTINGS",
    "Found",
    "Setting",
    "every",
    "get",
    "override",
    "project_file",
    "reload",
    "source_of",
    "user_file",
]


@frozen
class Setting:
    """One thing that can be set: its environment variable, its default, and how a value is read.

    read:  the value that a string or a TOML value means; ValueError where it means none
    valid: the values that it can have, in words
    """

    name: str
    variable: str
    default: Any
    read: Callable[[Any], Any]
    valid: str
    meaning: str


@frozen
class Found:
    """A value, and the source that it comes from."""

    value: Any
    source: str


@frozen
class Source:
    """A place that sets things; `values` are as they are written there."""

    name: str
    values: Mapping[str, Any] = field(factory=dict)


_FLAGS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}
_DEVICE = re.compile(r"[A-Za-z_][\w.-]*(:[^\s:,]+)*")


def _read_flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).strip().lower() not in _FLAGS:
        raise ValueError(value)
    return _FLAGS[str(value).strip().lower()]


def _read_number(least: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, (bool, float)) or int(value) < least:
            raise ValueError(value)
        return int(value)

    return read


def _read_names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple([name.strip() for name in value.split(",") if name.strip()])
    if not isinstance(value, (list, tuple)) or not all(isinstance(name, str) for name in value):
        raise ValueError(value)
    return tuple(value)


def _read_device(value: Any) -> str:
    names = _read_names(value)
    if not names or not all(_DEVICE.fullmatch(name) for name in names):
        raise ValueError(value)
    return ",".join(names)


SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("device", "TRIVIUM_DEVICE", "cpu", _read_device,
                "a device such as cpu or cuda:0, a list such as cuda,cpu that permits falling back, or auto",
                "where tensors are made and programs run"),
        Setting("strict", "TRIVIUM_STRICT", False, _read_flag, "0 or 1",
                "whether an op that a device lacks is an error rather than run on the host"),
        Setting("exact", "TRIVIUM_EXACT", False, _read_flag, "0 or 1",
                "whether only kernels and passes serve that give the bits of the reference"),
        Setting("num_threads", "TRIVIUM_NUM_THREADS", None, _read_number(1), "a whole number from 1",
                "how many threads a kernel may use"),
        Setting("seed", "TRIVIUM_SEED", None, _read_number(0), "a whole number from 0",
                "where random numbers start"),
        Setting("plugins.only", "TRIVIUM_PLUGINS", (), _read_names, "names of plugins",
                "the only plugins that are loaded"),
        Setting("plugins.block", "TRIVIUM_DISABLE_PLUGINS", (), _read_names, "names of plugins",
                "plugins that are never loaded; every source adds to them"),
        Setting("plugins.autoload", "TRIVIUM_PLUGIN_AUTOLOAD", True, _read_flag, "0 or 1",
                "whether plugins are loaded that plugins.only does not name"),
    )
}  # fmt: skip


class _State:
    """The sources as they were read, and the answers given from them."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.overrides: list[Source] = []
        self.read: list[Source] | None = None
        self.answers: dict[str, Found] = {}
        self.generation = 0

    def forget(self, *, files: bool) -> None:
        """Answer anew; `files`: read the sources again too."""
        with self.lock:
            self.answers.clear()
            self.generation += 1
            if files:
                self.read = None

    def sources(self) -> list[Source]:
        """Every source, the strongest first."""
        with self.lock:
            if self.read is None:
                self.read = [*_environment(), *_project(), *_user()]
            return [*reversed(self.overrides), *self.read]


_STATE = _State()


def get(name: str) -> Any:
    """The value of a setting."""
    return find(name).value


def source_of(name: str) -> str:
    """Which source won: a variable, a file, `override` or `default`."""
    return find(name).source


def find(name: str) -> Found:
    """The value of a setting and where it comes from."""
    found = _STATE.answers.get(name)
    if found is None:
        found = next(iter(every(name)), Found(_setting(name).default, "default"))
        _STATE.answers[name] = found
    return found


def every(name: str) -> list[Found]:
    """What each source says about a setting, the strongest first; the default is not among them."""
    setting = _setting(name)
    return [Found(_read(setting, source), source.name) for source in _STATE.sources() if setting.name in source.values]


def generation() -> int:
    """A number that changes whenever an answer may have changed."""
    return _STATE.generation


def reload() -> None:
    """Read the environment and the files again at the next question."""
    _STATE.forget(files=True)


@contextmanager
def override(**settings: Any) -> Iterator[None]:
    """Set things inside a `with` block, for every thread; `plugins.block` is written `plugins_block`."""
    source = Source("override", {name.replace("plugins_", "plugins."): value for name, value in settings.items()})
    for name in source.values:
        _read(_setting(name), source)
    _STATE.overrides.append(source)
    _STATE.forget(files=False)
    try:
        yield
    finally:
        _STATE.overrides.remove(source)
        _STATE.forget(files=False)


def _setting(name: str) -> Setting:
    if name not in SETTINGS:
        raise ConfigError(_no_setting(name))
    return SETTINGS[name]


def _no_setting(name: str) -> str:
    return f"no setting named {name!r}; settings: {', '.join(SETTINGS)}.{did_you_mean(name, SETTINGS)}"


def _read(setting: Setting, source: Source) -> Any:
    value = source.values[setting.name]
    if value is None and setting.default is None:
        return None
    try:
        return setting.read(value)
    except (ValueError, TypeError):
        named = "" if source.name == setting.variable else f"{setting.name} = "
        raise ConfigError(f"{source.name}: {named}{value!r} is not valid; {setting.name} is {setting.valid}") from None


def _environment() -> list[Source]:
    """One source for each variable that is set; an empty one counts as not set."""
    return [
        Source(setting.variable, {setting.name: os.environ[setting.variable]})
        for setting in SETTINGS.values()
        if os.environ.get(setting.variable, "").strip()
    ]


def _project() -> list[Source]:
    file = project_file()
    if file is None:
        return []
    table = _parse(file)
    if file.name == "pyproject.toml":
        table = table["tool"]["trivium"]
    return [Source(str(file), _flatten(table, file))]


def _user() -> list[Source]:
    file = user_file()
    return [Source(str(file), _flatten(_parse(file), file))] if file is not None and os.path.isfile(file) else []


def project_file() -> Path | None:
    """The nearest `trivium.toml`, or `pyproject.toml` with a `[tool.trivium]`, from here upward."""
    try:
        here = Path.cwd()
    except OSError:
        return None  # the folder that we stand in was removed
    for folder in (here, *here.parents):
        if os.path.isfile(folder / "trivium.toml"):
            return folder / "trivium.toml"
        if _configures_us(folder / "pyproject.toml"):
            return folder / "pyproject.toml"
    return None


def user_file() -> Path | None:
    """Where this user's settings are kept, whether or not the file exists; None without a home."""
    if base := os.environ.get("APPDATA" if os.name == "nt" else "XDG_CONFIG_HOME"):
        return Path(base) / "trivium" / "config.toml"
    try:
        return Path.home() / ".config" / "trivium" / "config.toml"
    except RuntimeError:
        return None


def _configures_us(file: Path) -> bool:
    try:
        mentions = "trivium" in file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    try:
        return mentions and "trivium" in _parse(file).get("tool", {})
    except ConfigError:
        # somebody else's broken file is not ours to report
        if re.search(r"^\s*\[tool\.trivium\b", file.read_text(encoding="utf-8"), re.MULTILINE):
            raise
        return False


def _parse(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: is not valid TOML: {error}; correct it or remove it") from None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}; allow reading it or remove it") from None


def _flatten(table: Any, file: Path) -> dict[str, Any]:
    """`plugins.block` for `[plugins] block`.  Other tables belong to plugins and are left to them."""
    if not isinstance(table, dict):
        raise ConfigError(f"{file}: [tool.trivium] must be a table, not {table!r}")
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key == "plugins" and isinstance(value, dict):
            values.update({f"plugins.{inner}": deeper for inner, deeper in value.items()})
        elif not isinstance(value, dict):
            values[key] = value
    for name in values:
        if name not in SETTINGS:
            raise ConfigError(f"{file}: {_no_setting(name)}")
    return values
