"""`trivium models`: the networks that are known, and their prototxt.  What it needs is imported when it is called."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click


@click.command()
@click.argument("name", required=False)
@click.option("--deploy", is_flag=True, help="Without labels and losses, with probabilities as output.")
@click.option("--batch", type=click.IntRange(min=1), default=1, show_default=True, help="Images at a time.")
@click.option("--classes", type=click.IntRange(min=2), help="Classes, if not the network's own number.")
def models(name: str | None, deploy: bool, batch: int, classes: int | None) -> None:
    """List the known networks, or write the prototxt of one: `trivium models resnet18 > resnet18.prototxt`."""
    known = import_module("trivium_models").MODELS
    if name is None:
        for title, make in known.items():
            click.echo(f"{title:12} {make().parameter_count:>12,} parameters")
        return
    if name not in known:
        raise import_module("trivium.errors").unknown_name("network", name, known)
    table = known[name]() if classes is None else known[name](classes)
    click.echo(import_module("trivium_models.prototxt").write(table, batch, deploy=deploy), nl=False)


def trivium_register_commands(register: Any) -> None:
    """The command."""
    register(models)
