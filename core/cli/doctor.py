"""`trivium doctor`: what is broken or missing, and what to do.  Nothing that it finds can break it."""

from __future__ import annotations

import os
import platform
from itertools import chain
from typing import Any

import attrs
import click
import numpy as np

from .. import discovery, registry, settings
from ..errors import TriviumError, did_you_mean
from .probe import LIMIT, Probe, probe_all
from .table import print_json, print_table

_VARIABLES = {setting.variable for setting in settings.SETTINGS.values()} | {"TRIVIUM_DEBUG", "TRIVIUM_DATA"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="For a program.")
def command(as_json: bool) -> None:
    """Look for what is broken or missing, and say what to do."""
    problems: list[dict[str, str]] = []
    facts = {
        "trivium": discovery.core_version() or "of a folder",
        "python": platform.python_version(),
        "platform": platform.platform(),
        "numpy": np.__version__,
        "settings": _settings(problems),
        "plugins": _plugins(problems),
        "devices": _devices(problems),
        "problems": problems,
    }
    if as_json:
        print_json(facts)
    else:
        _print(facts)


def _settings(problems: list[dict[str, str]]) -> list[dict[str, Any]]:
    rows = []
    for name in settings.SETTINGS:
        try:
            rows.append({"name": name, "value": settings.get(name), "source": settings.source_of(name)})
        except TriviumError as error:
            problems.append({"problem": str(error), "remedy": ""})
    for variable in os.environ:
        if variable.startswith("TRIVIUM_") and variable not in _VARIABLES:
            if hint := did_you_mean(variable, _VARIABLES):
                problems.append({"problem": f"{variable} is set and means nothing.{hint}", "remedy": ""})
    return rows


def _plugins(problems: list[dict[str, str]]) -> list[dict[str, Any]]:
    try:
        records = registry.plugins()
    except TriviumError as error:
        problems.append({"problem": str(error), "remedy": ""})
        return []
    targets = list(dict.fromkeys([(r.distribution, r.target) for r in records if r.state == "pending"]))
    probes = dict(zip(targets, probe_all([("plugin", *target) for target in targets])))
    sound = [target for target, tried in probes.items() if tried.state == "ok"]
    [together] = probe_all([("together", *chain.from_iterable(sound))], limit=2 * LIMIT)
    if together.state != "ok":
        remedy = "block one after the other with `trivium plugins block` to find which"
        problems.append({"problem": f"plugins, all together: {together.state}: {together.cause}", "remedy": remedy})
    for failed in together.found.get("failed", ()):
        target = (failed["distribution"], failed["target"])
        probes[target] = Probe("failed", failed["cause"], found={"remedy": failed["remedy"]})
    rows = []
    for record in records:
        tried = probes.get((record.distribution, record.target), Probe(record.state, record.cause))
        of = {"distribution": record.distribution, "version": record.version}
        rows.append({"name": record.name, "group": record.group, **of, **attrs.asdict(tried)})
    for record in records:
        tried = probes.pop((record.distribution, record.target), Probe(record.state, record.cause))
        problems += _problems_of(f"{record.distribution} {record.version}", tried, record.remedy)
    return rows


def _problems_of(plugin: str, tried: Probe, remedy: str) -> list[dict[str, str]]:
    found = [
        {"problem": f"{plugin}: {line['text']}", "remedy": line["remedy"]}
        for line in tried.found.get("report", ())
        if line["state"] == "problem"
    ]
    if tried.state in ("failed", "crashed", "timed out", "incompatible"):
        remedy = tried.found.get("remedy") or remedy or f"update it, or `trivium plugins block {plugin.split()[0]}`"
        found.append({"problem": f"{plugin}: {tried.state}: {tried.cause}", "remedy": remedy})
    return found


def _devices(problems: list[dict[str, str]]) -> list[dict[str, Any]]:
    try:
        types = registry.device_types()
    except TriviumError:
        return []  # said already
    if not types:
        remedy = "pip install trivium-backend-numpy brings cpu"
        problems.append({"problem": "no backend is installed, so nothing can be computed", "remedy": remedy})
    rows = []
    for type, tried in zip(types, probe_all([("device", type) for type in types])):
        rows.append({"type": type, **attrs.asdict(tried)})
        if tried.state in ("crashed", "timed out"):
            problems.append({"problem": f"device {type}: {tried.state}: {tried.cause}", "remedy": "see its backend"})
    return rows


def _print(facts: dict[str, Any]) -> None:
    click.echo(f"trivium {facts['trivium']}, Python {facts['python']}, NumPy {facts['numpy']}, {facts['platform']}\n")
    print_table(("SETTING", "VALUE", "FROM"), [(s["name"], s["value"], s["source"]) for s in facts["settings"]])
    click.echo()
    print_table(
        ("PLUGIN", "BRINGS", "DISTRIBUTION", "STATE", "SECONDS"),
        [
            (
                p["name"],
                p["group"].removeprefix("trivium."),
                f"{p['distribution']} {p['version']}",
                p["state"],
                f"{p['seconds']:.1f}",
            )
            for p in facts["plugins"]
        ],
    )
    click.echo()
    print_table(("DEVICE", "STATE", "NOTE"), [(d["type"], d["state"], d["cause"]) for d in facts["devices"]])
    click.echo()
    for problem in facts["problems"]:
        click.echo(f"problem: {problem['problem']}")
        if problem["remedy"]:
            click.echo(f"         {problem['remedy']}")
    click.echo(f"{len(facts['problems']) or 'no'} problem{'s' * (len(facts['problems']) != 1)}")
