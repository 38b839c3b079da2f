"""The command `trivium`: subcommands of core and of plugins, each imported when it is called."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any, TextIO

import click

from .. import config, discovery, registry
from ..errors import TriviumError, UnknownNameError, did_you_mean

_OF_CORE = {
    "conformance": "Prove a device: every op, layer and optimizer against the references.",
    "devices": "Show the devices that answer, and which one is the default.",
    "doctor": "Look for what is broken or missing, and say what to do.",
    "explain": "Say how an op would run: the kernel, and why not another.",
    "new": "Write a plugin: a backend, an op, a layer or an optimizer.",
    "plugins": "List plugins; block and unblock them.",
}
_INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C ended


class Commands(click.Group):
    """Core's commands by table, plugins' commands through the registry."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Every command, whoever brings it."""
        registry.load(lambda entry: entry.group == "trivium.plugins")
        return sorted({*_OF_CORE, *registry.entry_names("commands")})

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command of a name.  Core's own ask no plugin, so that no plugin can break them."""
        if name in _OF_CORE:
            command: click.Command = import_module(f".{name}", __name__).command
            return command
        try:
            found: click.Command = registry.find_command(name)
        except UnknownNameError as error:
            known = [*_OF_CORE, *registry.entry_names("commands")]
            notes = str(error).partition("  Not loaded: ")
            text = f"no command {name!r}; commands: {', '.join(sorted(known))}.{did_you_mean(name, known)}"
            raise click.UsageError(text + notes[1] + notes[2], context) from error
        return found

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """One line each; a plugin that is not loaded yet stays so."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _one_line(name)) for name in self.list_commands(context)])


def _one_line(name: str) -> str:
    if name in _OF_CORE:
        return _OF_CORE[name]
    commands = registry.table("commands")
    if name in commands:
        command: click.Command = commands.find(name)
        return command.get_short_help_str(70)
    return f"({next(e.distribution for e in registry.entries('trivium.commands') if e.name == name)})"


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(discovery.core_version() or "of a folder", prog_name="trivium")
def commands() -> None:
    """Deep learning with a tiny core: networks in three styles, on any device that a plugin brings."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0, 1 for an error, 2 for a wrong call, 130 for Ctrl-C."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status.  An error of ours is one message and no traceback."""
    with warnings.catch_warnings():
        _show_ours_plainly()
        status = _run(arguments)
        if summary := config.fallback_summary():
            click.echo(f"note: {summary}", err=True)
    return status


def _run(arguments: Sequence[str] | None) -> int:
    try:
        result = commands.main(arguments, prog_name="trivium", standalone_mode=False)
    except click.Abort as abort:
        if isinstance(abort.__cause__, KeyboardInterrupt):
            return _INTERRUPTED
        click.echo("stopped", err=True)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (TriviumError, OSError, MemoryError) as error:
        if os.environ.get("TRIVIUM_DEBUG", "0") not in ("", "0"):
            traceback.print_exc()
        click.echo(f"{click.style('error:', fg='red', bold=True)} {_in_words(error)}", err=True)
        return 1
    return result if type(result) is int else 0


def _in_words(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return f"not enough memory: {str(error) or 'none is left'}; make the net or its batch smaller"
    if isinstance(error, OSError) and not isinstance(error, TriviumError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}; change that, or name another"
    return str(error)


def _show_ours_plainly() -> None:
    """Print warnings of core for a reader, without the line of code that caused them."""
    usual = warnings.showwarning

    def show(
        message: Warning | str, category: type[Warning], filename: str, lineno: int,
        file: TextIO | None = None, line: str | None = None,
    ) -> Any:  # fmt: skip
        if issubclass(category, (registry.PluginWarning, config.HostFallbackWarning)):
            click.echo(f"{click.style('warning:', fg='yellow')} {message}", err=True)
        else:
            usual(message, category, filename, lineno, file, line)

    warnings.showwarning = show
