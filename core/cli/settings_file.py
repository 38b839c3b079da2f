"""Changing one list in a TOML file, and leaving everything else in it as its owner wrote it."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..saving import write_aside


def blocked(file: Path) -> list[str]:
    """The plugins that a file blocks; none where there is no file."""
    if not file.is_file():
        return []
    found = _table(_parse(file, file.read_text(encoding="utf-8")), file).get("block", [])
    return found.split(",") if isinstance(found, str) else list(found)


def write_blocked(file: Path, names: list[str]) -> None:
    """Set the list, in one step: the file is never half written."""
    old = file.read_text(encoding="utf-8") if file.is_file() else ""
    header = "[tool.trivium.plugins]" if file.name == "pyproject.toml" else "[plugins]"
    new = _with_list(old, header, f"block = {json.dumps(names)}")
    if _table(_parse(file, new), file).get("block") != names:
        raise ConfigError(
            f"{file}: cannot be changed safely; write yourself, under {header}: block = {json.dumps(names)}"
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    write_aside(file, new.encode())


def _with_list(text: str, header: str, line: str) -> str:
    section = re.search(rf"^{re.escape(header)}[^\n]*\n?", text, re.MULTILINE)
    if section is None:
        gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        return f"{text}{gap}{header}\n{line}\n"
    next_header = re.search(r"^\[", text[section.end() :], re.MULTILINE)
    end = section.end() + next_header.start() if next_header else len(text)
    body = text[section.end() : end]
    changed, count = re.subn(
        r"^block\s*=\s*(\[[^\]]*\]|\"[^\"\n]*\")", lambda _: line, body, count=1, flags=re.MULTILINE
    )
    before = text[: section.end()] if text[: section.end()].endswith("\n") else text[: section.end()] + "\n"
    return before + (changed if count else f"{line}\n{body}") + text[end:]


def _parse(file: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: is not valid TOML: {error}; correct it first") from None


def _table(parsed: dict[str, Any], file: Path) -> dict[str, Any]:
    ours = parsed.get("tool", {}).get("trivium", {}) if file.name == "pyproject.toml" else parsed
    table: dict[str, Any] = ours.get("plugins", {})
    return table
