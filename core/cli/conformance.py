"""`trivium conformance`: prove a device, and say for each op how it runs there."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import click

from .. import config
from ..errors import ConfigError
from ..saving import write_aside
from .table import print_table


@click.command("conformance")
@click.option("--device", help="Which one; by default the current device.")
@click.option("--op", "only", multiple=True, metavar="NAME", help="Only this op; may be given again.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write every cell and failure.")
@click.option("--markdown", "markdown_file", type=click.Path(path_type=Path), help="Write the matrix for a README.")
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Write the matrix as a page.")
@click.option("--stop", is_flag=True, help="Stop at the first failure.")
def command(
    device: str | None,
    only: tuple[str, ...],
    json_file: Path | None,
    markdown_file: Path | None,
    html_file: Path | None,
    stop: bool,
) -> None:
    """Prove a device: every registered op, layer and optimizer against the references.

    Exit status 1 where something fails that the device's profile does not announce.
    """
    try:
        import pytest  # noqa: PLC0415 - a development tool, which core does not need
    except ImportError as error:
        raise ConfigError("conformance: needs pytest, which is not installed; pip install 'trivium[test]'") from error
    from ..testing.collect import Collector  # noqa: PLC0415 - imports pytest

    place = config.as_device(device)
    collector = Collector(place.name)
    arguments = [
        "--pyargs", "trivium.testing.conformance", "--device", place.name, "-p", "no:terminal",
        "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".",
        "-W", "ignore::trivium.config.HostFallbackWarning",
    ]  # fmt: skip
    arguments += [f"--only-op={name}" for name in only] + (["-x"] if stop else [])
    start = time.perf_counter()
    status = pytest.main(arguments, plugins=[collector])
    report = collector.report
    report.seconds = time.perf_counter() - start
    for path, text in ((json_file, report.to_json), (markdown_file, report.to_markdown), (html_file, report.to_html)):
        if path is not None:
            write_aside(path, text().encode())
    _show(report)
    if report.failures or collector.errors or status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        for what in collector.errors:
            click.echo(what, err=True)
        raise click.exceptions.Exit(1)


def _show(report: Any) -> None:
    dtypes, rows = report.rows()
    worth_telling = [
        (subject, *states) for subject, states in rows if set(states) - {"works", "native", "fallback", ""}
    ]
    if worth_telling:
        print_table(("", *dtypes), worth_telling)
        click.echo()
    for failure in report.failures[:20]:
        click.echo(f"{failure.case}: {failure.check} fails\n{failure.message}\n\n{failure.reproduce}\n")
    if len(report.failures) > 20:
        click.echo(f"... and {len(report.failures) - 20} more failures; --json FILE has them all\n")
    click.echo(report.summary())
