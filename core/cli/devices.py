"""`trivium devices`: which devices answer.  Answers are kept until something is installed or removed."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
import click

from .. import discovery, registry, settings
from ..saving import write_aside
from .probe import probe_all
from .table import print_json, print_table


@click.command("devices")
@click.option("--refresh", is_flag=True, help="Ask the devices again.")
@click.option("--json", "as_json", is_flag=True, help="For a program.")
def command(refresh: bool, as_json: bool) -> None:
    """Show the devices that answer, and which one is the default."""
    answers = find_answers(refresh=refresh)
    default, source = settings.get("device"), settings.source_of("device")
    if as_json:
        print_json({"default": default, "source": source, "types": answers})
        return
    rows = [row for type, answer in answers.items() for row in _rows(type, answer)]
    print_table(("DEVICE", "STATE", "KERNELS FROM", "NOTE"), rows)
    click.echo(f"\ndefault: {default} (from {source})")
    if not answers:
        click.echo("no backend is installed; `pip install trivium-backend-numpy` brings cpu")


def _rows(type: str, answer: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    providers = ", ".join(answer["found"].get("providers", []))
    devices = answer["found"].get("devices", [])
    if not devices:
        return [(type, answer["state"], providers, answer["cause"])]
    return [(d["name"], "failed" if d["cause"] else "works", providers, d["cause"]) for d in devices]


def find_answers(*, refresh: bool) -> dict[str, Any]:
    """What probing each type of device gave, from the cache where nothing has changed."""
    file, key = _cache_file(), _key()
    if not refresh and file is not None:
        with suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads(file.read_text(encoding="utf-8"))
            if kept["key"] == key:
                answers: dict[str, Any] = kept["answers"]
                return answers
    types = registry.device_types()
    probes = probe_all([("device", type) for type in types])
    answers = {type: attrs.asdict(probe) for type, probe in zip(types, probes)}
    if file is not None and all(probe.state in ("ok", "not available") for probe in probes):
        with suppress(OSError):  # a cache that cannot be written costs time, nothing else
            file.parent.mkdir(parents=True, exist_ok=True)
            write_aside(file, json.dumps({"key": key, "answers": answers}).encode())
    return answers


def _key() -> str:
    """Changes with whatever may change an answer."""
    facts = [
        sys.executable,
        discovery.core_version(),
        [(r.distribution, r.version, r.name, r.target, r.state == "blocked") for r in registry.plugins()],
        sorted((name, value) for name, value in os.environ.items() if name.endswith("_VISIBLE_DEVICES")),
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _cache_file() -> Path | None:
    try:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:
        return None
    return Path(base) / "trivium" / "devices.json"
