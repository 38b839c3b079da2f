"""Trying a plugin or a device in a process of its own, so that a crash or a hang is only an answer.

`python -m trivium.cli.probe plugin DISTRIBUTION TARGET`, `... device TYPE` and `... together DISTRIBUTION TARGET
DISTRIBUTION TARGET ...` are the other side.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout, suppress
from typing import Any

import numpy as np
from attrs import define, field, frozen

from .. import registry
from ..errors import TriviumError
from ..plugin import describe

LIMIT = 3.0  # seconds


@frozen
class Probe:
    """What came of trying: `ok`, `failed`, `crashed` or `timed out`, why, and what was found."""

    state: str
    cause: str = ""
    seconds: float = 0.0
    found: dict[str, Any] = field(factory=dict)


@define
class Report:
    """What a plugin's `trivium_doctor` says about itself."""

    lines: list[dict[str, str]] = field(factory=list)

    def good(self, text: str) -> None:
        """Something is as it should be."""
        self.lines.append({"state": "ok", "text": text, "remedy": ""})

    def problem(self, text: str, remedy: str = "") -> None:
        """Something is broken or missing, and what to do about it."""
        self.lines.append({"state": "problem", "text": text, "remedy": remedy})


def probe_all(questions: Sequence[tuple[str, ...]], limit: float = LIMIT) -> list[Probe]:
    """An answer to each question, a few at a time; who gave none in time is asked once more, alone."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        probes = list(pool.map(lambda question: probe(*question, limit=limit), questions))
    return [
        probe(*question, limit=limit) if tried.state == "timed out" else tried
        for question, tried in zip(questions, probes, strict=True)
    ]


def probe(*question: str, limit: float = LIMIT) -> Probe:
    """Ask in another process; never raises for what happens there."""
    started = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        # files, not pipes: a grandchild that lives on cannot make us wait
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "trivium.cli.probe", *question],
            stdin=subprocess.DEVNULL, stdout=out, stderr=errors, env=environment, start_new_session=True,
        )  # fmt: skip
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            return Probe("timed out", f"no answer within {limit:g} s", time.monotonic() - started)
        finally:
            _end(process)
        seconds = time.monotonic() - started
        out.seek(0)
        errors.seek(0)
        return _read(out.read(), errors.read(), process.returncode, seconds)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(OSError, AttributeError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired, OSError):
        process.kill()
        process.wait(1.0)


def _read(out: bytes, errors: bytes, status: int, seconds: float) -> Probe:
    try:
        answer = json.loads(out)
        return Probe(answer["state"], answer["cause"], seconds, answer["found"])
    except (ValueError, KeyError, TypeError):
        last = (errors.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"])[-1]
        ended = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        return Probe("crashed", f"ended with {ended}: {last}", seconds)


def _answer(question: Sequence[str]) -> dict[str, Any]:
    kind, *rest = question
    try:
        return _KINDS[kind](*rest)
    except Exception as error:
        return {"state": "failed", "cause": describe(error), "found": {}}


def _try_plugin(distribution: str, target: str) -> dict[str, Any]:
    registry.load(lambda entry: (entry.distribution, entry.target) == (distribution, target))
    record = next(r for r in registry.plugins() if (r.distribution, r.target) == (distribution, target))
    report = Report()
    registry.call_hook("trivium_doctor", report=report)
    state = "ok" if record.state == "loaded" else record.state
    found = {"brings": record.brings, "report": report.lines, "remedy": record.remedy}
    return {"state": state, "cause": record.cause, "found": found}


def _try_together(*names: str) -> dict[str, Any]:
    """Load plugins that work alone; those that then fail are in another's way."""
    pairs = set(zip(names[::2], names[1::2], strict=True))
    registry.load(lambda entry: (entry.distribution, entry.target) in pairs)
    records = [record for record in registry.plugins() if (record.distribution, record.target) in pairs]
    for type in {record.name.partition(".")[0] for record in records if record.group == "trivium.kernels"}:
        with suppress(TriviumError):  # the device's own probe says it
            registry.find_backend(type)
    failed = [
        {"distribution": r.distribution, "target": r.target, "cause": r.cause, "remedy": r.remedy}
        for r in registry.plugins()
        if (r.distribution, r.target) in pairs and r.state != "loaded"
    ]
    return {"state": "ok", "cause": "", "found": {"failed": failed}}


def _try_device(type: str) -> dict[str, Any]:
    backend = registry.find_backend(type)
    found: dict[str, Any] = {"devices": [], "providers": [table.provider for table in backend.tables]}
    if reason := backend.unavailable():
        return {"state": "not available", "cause": reason, "found": found}
    for index in range(backend.count()):
        found["devices"].append(_try_one(type, index))
    broken = [f"{device['name']}: {device['cause']}" for device in found["devices"] if device["cause"]]
    if not found["devices"]:
        return {"state": "not available", "cause": "no device of this type was found", "found": found}
    return {"state": "failed" if broken else "ok", "cause": "; ".join(broken), "found": found}


def _try_one(type: str, index: int) -> dict[str, str]:
    """Send numbers to a device and get them back."""
    numbers = np.arange(6, dtype=np.float32).reshape(2, 3)
    try:
        device = registry.find_device(f"{type}:{index}")
        returned = device.download(device.upload(numbers))
    except Exception as error:
        return {"name": f"{type}:{index}", "cause": describe(error)}
    is_same = np.array_equal(numbers, returned)
    return {"name": device.name, "cause": "" if is_same else "numbers that were sent to it come back changed"}


_KINDS: dict[str, Callable[..., dict[str, Any]]] = {
    "plugin": _try_plugin,
    "device": _try_device,
    "together": _try_together,
}

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with redirect_stdout(sys.stderr):  # what a plugin prints is no answer
        answer = _answer(sys.argv[1:])
    print(json.dumps(answer, default=str))
    sys.stdout.flush()
    os._exit(0)  # threads that a plugin left behind must not keep us
