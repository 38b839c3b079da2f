"""`trivium summary`.  What it needs is imported when it is called."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

PHASES = {"train": 0, "test": 1}


@click.command()
@click.argument("model", type=click.Path(dir_okay=False))
@click.option("--phase", type=click.Choice(list(PHASES)), default="train", show_default=True, help="Of the net.")
@click.option("--batch", type=click.IntRange(min=1), help="Examples at a time, if not as many as the file says.")
@click.option("--json", "as_json", is_flag=True, help="For a program.")
def summary(model: str, phase: str, batch: int | None, as_json: bool) -> None:
    """Show shapes, parameters, work, memory and receptive field of a prototxt net, with advice.

    Nothing is computed and no weight is made.
    """
    printing = import_module("trivium_diagnostics.printing")
    made = import_module("trivium_diagnostics").summary(model, phase=PHASES[phase], batch=batch)
    if as_json:
        import_module("trivium.cli.table").print_json(printing.as_data(made))
        return
    console = import_module("rich.console").Console()
    if console.is_terminal:
        printing.show(made, console)
    else:
        click.echo(printing.as_text(made))


def trivium_register_commands(register: Any) -> None:
    """The command."""
    register(summary)
