"""`trivium plugins`: what is installed, and what may be loaded.  Imports no plugin."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any

import attrs
import click

from .. import registry, settings
from ..discovery import canonical
from ..errors import ConfigError, UnknownNameError, unknown_name
from ..registry import Record
from . import settings_file
from .table import print_json, print_table


@click.group("plugins")
def command() -> None:
    """List plugins; block and unblock them."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="For a program.")
def list_plugins(as_json: bool) -> None:
    """Every plugin that is installed.  `pending`: imported when what it brings is asked for."""
    records = registry.plugins()
    if as_json:
        print_json([attrs.asdict(record) for record in records])
        return
    print_table(
        ("NAME", "BRINGS", "DISTRIBUTION", "VERSION", "STATE"),
        [(r.name, r.group.removeprefix("trivium."), r.distribution, r.version, r.state) for r in records],
    )
    for r in records:
        if r.cause:
            click.echo(f"\n{r.name} ({r.distribution}): {r.state}: {r.cause}\n  {r.remedy}")


@command.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="For a program.")
def show(name: str, as_json: bool) -> None:
    """All about the plugin of an entry or of a distribution."""
    facts = [_facts(record) for record in _named(name)]
    if as_json:
        print_json(facts)
        return
    for i, about in enumerate(facts):
        click.echo("" if i == 0 else "\n", nl=False)
        for key, value in about.items():
            if value:
                click.echo(f"{key + ':':<14} {value}")


def _facts(record: Record) -> dict[str, Any]:
    facts = attrs.asdict(record)
    try:
        about: Any = metadata.metadata(record.distribution)
    except metadata.PackageNotFoundError:
        return facts
    return facts | {
        "summary": about["Summary"],
        "licence": about["License-Expression"] or about["License"],
        "requires": about.get_all("Requires-Dist") or [],
    }


@command.command("block")
@click.argument("name")
@click.option("--project", is_flag=True, help="In the project's file rather than in the user's.")
def block(name: str, project: bool) -> None:
    """Never load a plugin, named by an entry or by its distribution."""
    _named(name)
    file = _project_file() if project else _user_file()
    blocked = settings_file.blocked(file)
    if canonical(name) not in map(canonical, blocked):
        settings_file.write_blocked(file, [*blocked, name])
    click.echo(f"{name} is blocked in {file}")


@command.command("unblock")
@click.argument("name")
def unblock(name: str) -> None:
    """Take a plugin off every list of blocked ones that is kept in a file."""
    files = [file for file in (settings.user_file(), settings.project_file()) if file is not None]
    holding = [file for file in files if canonical(name) in map(canonical, settings_file.blocked(file))]
    for file in holding:
        rest = [other for other in settings_file.blocked(file) if canonical(other) != canonical(name)]
        settings_file.write_blocked(file, rest)
        click.echo(f"{name} is no longer blocked in {file}")
    settings.reload()
    for found in settings.every("plugins.block"):
        if canonical(name) in map(canonical, found.value):
            raise ConfigError(f"{found.source} still blocks {name}; change it there")
    if not holding:
        known = [other for file in files for other in settings_file.blocked(file)]
        raise unknown_name("blocked plugin", name, known)


def _named(name: str) -> list[Record]:
    records = registry.plugins()
    found = [r for r in records if canonical(name) in (canonical(r.name), canonical(r.distribution))]
    if not found:
        error: UnknownNameError = unknown_name("plugin", name, {n for r in records for n in (r.name, r.distribution)})
        raise error
    return found


def _user_file() -> Path:
    file = settings.user_file()
    if file is None:
        raise ConfigError("no home folder is known, so there is no file of yours; set HOME, or use --project")
    return file


def _project_file() -> Path:
    return settings.project_file() or Path.cwd() / "trivium.toml"
