"""Let the conformance suite meet every mutant, and tell which live: `python run.py [--json FILE] [--processes N]`.

Exit status 1 where a survivor has no reason in survivors.toml, a listed one is killed, or a right kernel fails.
"""

import json
import os
import sys
import time
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import click

import trivium.ops  # noqa: F401 - defines what is spoiled
from trivium import config
from trivium.cli.table import print_table
from trivium.op import OPS
from trivium.saving import write_aside
from trivium.testing.mutation import Outcome, device_with, failing, mutants, read_verdicts, surprises, try_mutant

KNOWN = read_verdicts(Path(__file__).with_name("survivors.toml"))
OWN = [name for name, op in OPS.items() if op.origin.startswith("trivium.ops.")]


def meet(name: str) -> tuple[str | None, list[tuple[str | None, str]]]:
    """What is wrong with the right kernel of an op, if anything; and what became of each of its mutants, in order."""
    warnings.simplefilter("ignore")  # of overflows, which are meant
    op, cpu = OPS[name], config.as_device("cpu")
    fails = failing(op, device_with(op, cpu))
    outcomes = [try_mutant(mutant, cpu) for mutant in mutants([op])]
    return fails and f"{name}: the right kernel fails {fails}", [(o.killed_by, o.example) for o in outcomes]


def facts(outcomes: list[Outcome], seconds: float) -> dict[str, object]:
    """Everything, for a program."""
    survivors = sum([outcome.killed_by is None for outcome in outcomes])
    rows = []
    for o in outcomes:
        verdict = KNOWN.get(str(o.mutant)) if o.killed_by is None else None
        rows.append({
            "family": o.mutant.family, "op": o.mutant.op.name, "fault": o.mutant.fault.name, "part": o.mutant.part,
            "killed_by": o.killed_by, "example": o.example,
            "verdict": verdict and verdict.verdict, "reason": verdict and verdict.reason,
        })  # fmt: skip
    return {
        "mutants": len(outcomes), "killed": len(outcomes) - survivors, "survivors": survivors,
        "killed_share": round(1 - survivors / len(outcomes), 4), "seconds": round(seconds), "outcomes": rows,
    }  # fmt: skip


def show(outcomes: list[Outcome], title: str, group: str) -> None:
    """How many of each group were killed."""
    counts: Counter[tuple[str, bool]] = Counter()
    for o in outcomes:
        counts[str(getattr(o.mutant, group) if group == "family" else o.mutant.fault.name), o.killed_by is None] += 1
    names = sorted({name for name, _ in counts})
    print_table((title, "killed", "live"), [(n, str(counts[n, False]), str(counts[n, True] or "")) for n in names])


@click.command(help=__doc__)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write every mutant and its end.")
@click.option("--processes", default=os.cpu_count() or 1, show_default=True)
def main(json_file: Path | None, processes: int) -> None:
    start, outcomes, wrong = time.perf_counter(), [], []
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for name, (fails, ends) in zip(OWN, pool.map(meet, OWN), strict=True):
            wrong += [fails] if fails else []
            outcomes += [Outcome(m, *end) for m, end in zip(mutants([OPS[name]]), ends, strict=True)]
    told = facts(outcomes, time.perf_counter() - start)
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        write_aside(json_file, json.dumps(told, indent=1).encode())
    show(outcomes, "family", "family")
    show(outcomes, "fault", "fault")
    wrong += surprises(outcomes, KNOWN)
    for what in wrong:
        click.echo(what, err=True)
    click.echo(
        f"{told['mutants']} mutants, {told['killed']} killed ({told['killed_share']:.2%}), "
        f"{told['survivors']} live, each for a reason: {not wrong} ({told['seconds']} s)"
    )
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
