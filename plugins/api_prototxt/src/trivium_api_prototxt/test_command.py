"""What `trivium test` does."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import click
import numpy as np

from trivium import config
from trivium_api_prototxt import weights as stored
from trivium_api_prototxt.closed import Testing
from trivium_api_prototxt.messages import TEST
from trivium_api_prototxt.net import Net


def run(model: str, weights: str, iterations: int, device: str | None) -> None:
    """Test and print; errors are raised."""
    with ExitStack() as stack:
        if device:
            stack.enter_context(config.device(device))
        names = [name.strip() for name in weights.split(",")]
        if not all(names):
            raise click.UsageError(f"--weights {weights!r}: an empty name: give .caffemodel files, separated by commas")
        net = Net(model, TEST)
        given: set[str] = set()
        for name in names:
            read = stored.read(name)
            stored.copy(read, net)
            given.update(layer.name for layer in read[1].layer)
        for part in net.parts:
            if part.learned and part.name not in given:
                click.echo(f"note: {part.title} is not trained: no file of --weights has a layer of its name", err=True)
        testing = Testing(net)
        sums: dict[str, Any] = {}
        losses = {part.tops[i]: weight for part, i, weight in net.losses}
        for i in range(iterations):
            for name, value in testing.run().items():
                sums[name] = sums.get(name, 0.0) + value.astype(np.float64)
                for number in np.ravel(value):
                    click.echo(f"Batch {i}, {name} = {number:.6g}")
    if losses:
        total = sum(weight * float(np.sum(sums[name])) for name, weight in losses.items())
        click.echo(f"Loss: {total / iterations:.6g}")
    for name in sorted(sums, key=lambda name: (name not in losses, name)):
        for number in np.ravel(sums[name] / iterations):
            weight = losses.get(name, 0.0)
            share = f" (* {weight:g} = {weight * number:.6g} loss)" if weight else ""
            click.echo(f"{name} = {number:.6g}{share}")
