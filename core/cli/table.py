"""Tables for readers: fitted to a terminal, and never cut or coloured anywhere else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

COLOURS = {
    "loaded": "green", "works": "green", "ok": "green",
    "failed": "red", "crashed": "red", "timed out": "red", "incompatible": "red", "not available": "yellow",
    "blocked": "yellow",
}  # fmt: skip


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Rows in aligned columns; words that tell a state have a colour."""
    console = Console()
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*[Text(str(cell), style=COLOURS.get(str(cell), "")) for cell in row])
    if console.is_terminal:
        console.print(table)
    else:
        wide = Console(width=10_000)
        with wide.capture() as captured:
            wide.print(table)
        click.echo("\n".join([line.rstrip() for line in captured.get().splitlines()]))


def print_json(data: Any) -> None:
    """The same facts for a program."""
    click.echo(json.dumps(data, indent=2, default=str))
