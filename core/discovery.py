"""Which plugins are installed, told from metadata alone: nothing is imported here."""

from __future__ import annotations

import configparser
import re
import sys
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import entrypoints
from attrs import frozen

from .errors import did_you_mean

__all__ = ["GROUPS", "Entry", "core_version", "discover", "misfit", "missing_module_remedy"]

GROUPS = {
    "trivium.backends": "devices",
    "trivium.kernels": "kernels",
    "trivium.ops": "ops",
    "trivium.layers": "layers",
    "trivium.optimizers": "optimizers",
    "trivium.apis": "apis",
    "trivium.commands": "commands",
    "trivium.plugins": "anything else",
}

_UNREADABLE = (configparser.Error, UnicodeDecodeError, OSError, zipfile.BadZipFile)


@frozen(order=True)
class Entry:
    """A line of an entry-point table: the manifest of what a distribution brings.

    target:  `module` or `module:object`
    problem: why the line can never be loaded, or nothing
    """

    distribution: str
    group: str
    name: str
    version: str
    target: str
    problem: str = ""

    @property
    def kind(self) -> str:
        """What the group is called in a sentence: `layers` for `trivium.layers`."""
        return self.group.removeprefix("trivium.")

    @property
    def device_type(self) -> str:
        """The type of device that the entry of a backend or of kernels tells: `cpu` for `cpu.onednn`."""
        return self.name.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".rstrip() + f" ({self.kind} entry {self.name!r})"


def discover() -> list[Entry]:
    """Every entry of ours on `sys.path`, sorted by distribution.  The only place that looks.

    What this project ships comes first: where two bring a thing of one name, it keeps the name.
    """
    found: list[Entry] = []
    seen = set()
    for folder in dict.fromkeys([path or "." for path in sys.path]):
        for table, distribution in _tables(folder):
            name = canonical(distribution.name)
            if name not in seen:
                seen.add(name)
                found += _entries(table, distribution)
    return sorted(found, key=lambda entry: (not canonical(entry.distribution).startswith("trivium-"), entry))


def _tables(folder: str) -> Iterator[tuple[configparser.ConfigParser, entrypoints.Distribution]]:
    """Each distribution in a folder with its table; a table that cannot be read hides no other one."""
    try:
        yield from list(entrypoints.iter_files_distros(path=[folder]))
    except _UNREADABLE:
        for file in sorted(Path(folder).glob("*.*-info/entry_points.txt")):
            distribution = entrypoints.Distribution.from_name_version(file.parent.stem)
            table = entrypoints.CaseSensitiveConfigParser(delimiters=("=",))
            try:
                table.read([file])
            except _UNREADABLE as error:
                table = _unreadable(file, error)
            yield table, distribution


def _unreadable(file: Path, error: Exception) -> configparser.ConfigParser:
    """A table that says only why a plugin of ours cannot be read; empty for a stranger's."""
    table: configparser.ConfigParser = entrypoints.CaseSensitiveConfigParser(delimiters=("=",))
    if "[trivium." in file.read_bytes().decode("utf-8", "replace"):
        table["trivium.unreadable"] = {"entry_points.txt": str(error).replace("\n", " ")}
    return table


def _entries(table: configparser.ConfigParser, found: entrypoints.Distribution) -> Iterator[Entry]:
    groups = [group for group in table.sections() if group.startswith("trivium.")]
    if not groups:
        return
    about = _metadata(found.name)
    distribution = str(about["Name"] if about and about["Name"] else found.name.replace("_", "-"))
    version = str(about["Version"] if about and about["Version"] else found.version or "")
    for group in groups:
        for name, target in table.items(group, raw=True):
            yield Entry(distribution, group, name, version, target.strip(), _problem(group, name, target))


def _problem(group: str, name: str, target: str) -> str:
    if group == "trivium.unreadable":
        return f"its entry_points.txt cannot be read: {target}"
    if group not in GROUPS:
        return f"there is no group {group!r}; groups: {', '.join(GROUPS)}.{did_you_mean(group, GROUPS)}"
    try:
        entrypoints.EntryPoint.from_string(target.strip(), name)
    except entrypoints.BadEntryPoint:
        return f"{target!r} names no object; write `module` or `module:object`"
    return ""


def canonical(name: str) -> str:
    """A distribution's name as names are compared: `trivium-x` for `Trivium_X`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def core_version() -> str:
    """The version of the core that is installed; empty where it runs from a folder."""
    about = _metadata("trivium")
    return str(about["Version"]) if about else ""


def _metadata(distribution: str) -> Any:
    try:
        return metadata.metadata(distribution)
    except (metadata.PackageNotFoundError, ValueError, OSError):
        return None


def _requirements(distribution: str) -> Iterator[tuple[str, str, str]]:
    """Name, version range and marker of each requirement."""
    about = _metadata(distribution)
    for line in about.get_all("Requires-Dist") or () if about else ():
        if match := re.match(r"\s*([\w.-]+)\s*(?:\[[^\]]*\])?\s*\(?([^;)]*)\)?\s*(?:;(.*))?$", str(line)):
            yield canonical(match[1]), match[2].strip(), (match[3] or "").strip()


def misfit(distribution: str) -> str:
    """Why a distribution does not go with this core, by the range that it declares; empty where it does.

    A range with a condition on it declares nothing: installing has weighed it already.
    """
    version = core_version()
    for name, allowed, marker in _requirements(distribution):
        if name == "trivium" and not marker and version and not accepts(allowed, version):
            return f"it needs trivium{allowed}, and trivium {version} is installed"
    return ""


def missing_module_remedy(distribution: str, module: str) -> str:
    """The command that should bring a module that a plugin misses."""
    top = canonical(module.partition(".")[0])
    for name, _, marker in _requirements(distribution):
        if name == top:
            extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)", marker)
            return f"pip install '{distribution}[{extra[1]}]'" if extra else f"pip install {name}"
    return f"pip install --force-reinstall {distribution}"


def accepts(allowed: str, version: str) -> bool:
    """Whether a version lies in a range.  Pre-releases count as the release that they lead to.

    >>> accepts(">=0.1,<0.2", "0.1.7"), accepts("~=1.4", "2.0"), accepts("==0.3.*", "0.3.1"), accepts("", "7")
    (True, False, True, True)
    """
    return all(_meets(clause.strip(), _release(version)) for clause in allowed.split(",") if clause.strip())


def _meets(clause: str, version: tuple[int, ...]) -> bool:
    match = re.match(r"(===|==|!=|~=|>=|<=|>|<)\s*v?(\d+(?:\.\d+)*)(\.\*)?", clause)
    if not match:
        return True  # not a range that we know how to read: leave it to the installer
    sign, text, any_after = match.groups()
    wanted = _release(text)
    size = max(len(wanted), len(version))
    have, want = _padded(version, size), _padded(wanted, size)
    if sign in ("==", "===", "!="):
        is_equal = have[: len(wanted)] == wanted if any_after else have == want
        return is_equal is (sign != "!=")
    if sign == "~=":
        return have >= want and have[: len(wanted) - 1] == wanted[:-1]
    return {">=": have >= want, "<=": have <= want, ">": have > want, "<": have < want}[sign]


def _release(version: str) -> tuple[int, ...]:
    match = re.match(r"\d+(\.\d+)*", version)
    return tuple([int(part) for part in match[0].split(".")]) if match else ()


def _padded(release: tuple[int, ...], size: int) -> tuple[int, ...]:
    return release + (0,) * (size - len(release))
