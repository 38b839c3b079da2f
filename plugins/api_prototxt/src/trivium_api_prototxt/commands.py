"""`trivium train` and `trivium test`: Caffe's commands.  What they need is imported when they are called."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

FILE = click.Path(dir_okay=False)


@click.command()
@click.argument("solver", type=FILE)
@click.option("--snapshot", type=FILE, help="Go on from this .solverstate.")
@click.option("--weights", help="Start from these .caffemodel files, separated by commas.")
@click.option("--device", help="Where to run, such as cpu or cuda:0.")
@click.option("--iterations", type=click.IntRange(min=0), help="Train until this iteration instead of max_iter.")
@click.option("--output", type=click.Path(file_okay=False), help="Write snapshots and the picture to this folder.")
def train(**options: Any) -> None:
    """Train the net of a SOLVER file.

    Writes snapshots (.caffemodel and .solverstate) and a picture of the loss.  Ctrl-C takes a snapshot and stops,
    a second one stops at once.
    """
    import_module("trivium_api_prototxt.train_command").run(**options)


@click.command()
@click.option("--model", type=FILE, required=True, help="The prototxt file of the net.")
@click.option("--weights", required=True, help="Its .caffemodel files, separated by commas.")
@click.option("--iterations", type=click.IntRange(min=1), default=50, show_default=True, help="How many batches.")
@click.option("--device", help="Where to run, such as cpu or cuda:0.")
def test(**options: Any) -> None:
    """Test a net: the mean of each of its outputs."""
    import_module("trivium_api_prototxt.test_command").run(**options)


def trivium_register_commands(register: Any) -> None:
    """Both commands."""
    register(train)
    register(test)
