"""What `trivium train` does."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import click
import numpy as np
from rich.console import Console

from trivium import config
from trivium_api_prototxt.curve import Curve
from trivium_api_prototxt.errors import SnapshotError
from trivium_api_prototxt.messages import SolverParameter
from trivium_api_prototxt.modes import GPUS
from trivium_api_prototxt.progress import Bar
from trivium_api_prototxt.reporting import LogLines, Reporter
from trivium_api_prototxt.solver import Solver, get_solver
from trivium_api_prototxt.solver_message import SolverFile, read_solver


def run(
    solver: str,
    snapshot: str | None = None,
    weights: str | None = None,
    device: str | None = None,
    iterations: int | None = None,
    output: str | None = None,
) -> None:
    """Train, print, write; errors are raised."""
    if snapshot and weights:
        raise click.UsageError("--snapshot and --weights both given: a snapshot has its weights; keep one")
    file = read_solver(solver)
    if iterations is not None:
        file.message.max_iter = iterations
    if weights:
        del file.message.weights[:]
        file.message.weights.append(weights)
    elif snapshot:
        del file.message.weights[:]
    console = Console()
    curve = Curve()
    with ExitStack() as stack:
        shown = stack.enter_context(Bar(console)) if console.is_terminal else LogLines(click.echo)
        stack.enter_context(config.device(_device(file, device, shown)))
        made = get_solver(file, [shown, curve])
        made.keeps_blobs = False
        made.prefix = _prefix(made.prefix, output)
        if snapshot:
            made.restore(snapshot)
        with signals(made, shown):
            made.solve()
        if not made.is_stopped and made.test_nets and made.tested_at != made.iter:
            made.test()
    _finish(made, curve, solver)


def _finish(solver: Solver, curve: Curve, path: str) -> None:
    picture = f"{solver.prefix}_loss.png"
    curve.write(picture, f"{solver.net.name or path}: {solver.type}, iteration {solver.iter}")
    click.echo(f"Loss curve: {picture}")
    if solver.is_stopped:
        state = f"{solver.prefix}_iter_{solver.iter}.solverstate"
        click.echo(f"Stopped at iteration {solver.iter}; go on with: trivium train {path} --snapshot {state}")
        return
    click.echo("Optimization Done.")
    for line in last_lines(solver.test_results or [solver.results]):
        click.echo(line)


def last_lines(results: list[Mapping[str, Any]]) -> list[str]:
    """`loss = 0.4`, `accuracy = 0.87`: what matters most comes last."""
    lines = []
    for each in results:
        names = sorted(each, key=lambda name: ("loss" not in name, name), reverse=False)
        for name in names:
            lines += [f"{name} = {number:.4g}" for number in np.ravel(each[name])]
    return lines


def _device(file: SolverFile, asked: str | None, reporter: Reporter) -> Any:
    """The device: the one asked for, the one that is set, or what solver_mode means."""
    if asked:
        return config.as_device(asked)
    is_gpu_meant = file.message.solver_mode == SolverParameter.GPU
    if not is_gpu_meant or config.source_of_device() != "default":
        return config.current_device()
    index = file.message.device_id
    device = config.choose_device(",".join([*(f"{name}:{index}" for name in GPUS), "cpu"]))
    if device.type == "cpu":
        how = "GPU" if file.message.HasField("solver_mode") else "left out, which means GPU"
        reporter.notice(f"solver_mode is {how}, and no GPU answers: running on cpu")
    return device


def _prefix(prefix: str, output: str | None) -> str:
    if output is None:
        return prefix
    try:
        os.makedirs(output, exist_ok=True)
    except OSError as error:
        raise SnapshotError(f"{output}: cannot be made: {error.strerror or error}; name another folder") from error
    return os.path.join(output, os.path.basename(prefix))


@contextmanager
def signals(solver: Solver, reporter: Reporter) -> Iterator[None]:
    """Ctrl-C: a snapshot after this iteration, then stop; a second one stops at once.  SIGHUP: a snapshot."""

    def stop(*_: Any) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        reporter.notice("stopping after this iteration, with a snapshot; Ctrl-C again stops at once")
        solver.request("stop")

    before = {signal.SIGINT: signal.signal(signal.SIGINT, stop)}
    if hasattr(signal, "SIGHUP"):
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, lambda *_: solver.request("snapshot"))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
