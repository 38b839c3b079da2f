"""Mistakes made on purpose, to see whether the conformance suite notices them.

A mutant is an op's kernel on the `fake` device, or a gradient rule of it, with one fault of the catalogue.  The right
kernels are those of a device whose memory is the host's, such as `cpu`; an op that has none there runs its reference.
The suite that meets a mutant is the one that every backend meets, for that op alone.
"""

from __future__ import annotations

import contextlib
import tomllib
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from ..backend import Device
from ..kernel import Refused, Run, reference_kernel
from ..op import Op
from . import (
    faults,  # noqa: F401 - fills the catalogue
    op_checks,
)
from .conformance import BackendConformance
from .fake import FakeBackend, on_buffers
from .fault import FAULTS, Fault, Work, delivered
from .profile import Profile


@frozen
class Mutant:
    """An op with a fault.

    part: the output, operand, setting or rule that is wrong; "" where it is the kernel as a whole
    """

    op: Op
    fault: Fault
    part: str

    @property
    def family(self) -> str:
        """The topic of its op."""
        return self.op.origin.rpartition(".")[2]

    def __str__(self) -> str:
        return f"{self.fault.name}: {self.op.name}" + (f"[{self.part}]" if self.part else "")


@frozen
class Outcome:
    """What became of a mutant.

    killed_by: the check that noticed it, or None
    example:   where
    """

    mutant: Mutant
    killed_by: str | None
    example: str = ""


def mutants(ops: Iterable[Op]) -> list[Mutant]:
    """Every fault in every part of these ops that it can spoil."""
    return [Mutant(op, fault, part) for op in ops for fault in FAULTS.values() for part in fault.parts(op)]


def representatives(found: Iterable[Mutant]) -> list[Mutant]:
    """One mutant of each fault and family, in turn of another op."""
    groups: dict[tuple[str, str], list[Mutant]] = {}
    for mutant in found:
        groups.setdefault((mutant.family, mutant.fault.name), []).append(mutant)
    return [group[i % len(group)] for i, group in enumerate(groups.values())]


# -- a device with a mutant --------------------------------------------------------------------------


def device_with(op: Op, source: Device, spoil: Callable[[Work], Run] | None = None, **traits: Any) -> Device:
    """A fake device on which one op has the kernel that it has on `source`, spoiled or not."""
    backend = FakeBackend()
    replace_kernel(backend, op, source, spoil, **traits)
    return backend.device()


def replace_kernel(
    backend: FakeBackend, op: Op, source: Device, spoil: Callable[[Work], Run] | None, **traits: Any
) -> None:
    """Give an op of a fake backend the kernel that it has on `source`, spoiled or not."""
    candidates = source.backend.candidates(op)
    declared = {
        "strided": bool(candidates) and candidates[0].strided,
        "in_place": (candidates or backend.kernels[op.name])[0].in_place,
    } | traits
    memory: dict[Any, Any] = {}

    def prepare(specs: Any, settings: Any) -> Run:
        right = right_kernel(op, source, specs, settings)
        if spoil is not None:
            right = spoil(Work(op, specs, settings, right, partial(right_kernel, op, source), memory))
        return on_buffers(right, op, strided=declared["strided"])

    backend.kernels[op.name].clear()
    backend.kernel(op.name, prepared=True, **declared)(prepare)


def right_kernel(op: Op, source: Device, specs: Any, settings: Any) -> Run:
    """What runs a call on `source`, on NumPy arrays: `(*arrays, out=None) -> tuple of arrays`."""
    for kernel in source.backend.candidates(op):
        made = kernel.prepare(specs, settings)
        if not isinstance(made, Refused):
            return _returning_tuples(made, op)
    run = _returning_tuples(reference_kernel(op, specs, settings), op)
    return lambda *arrays, out=None: delivered(run(*arrays), out)


def _returning_tuples(run: Run, op: Op) -> Run:
    def run_to_tuple(*arrays: Any, out: Any = None) -> tuple[Any, ...]:
        if op.has_one_output:
            return (run(*arrays, out=None if out is None else out[0]),)
        made: tuple[Any, ...] = run(*arrays, out=out)
        return made

    return run_to_tuple


@contextlib.contextmanager
def spoiled_rule(op: Op, name: str, wrong: Callable[[Any], Any]) -> Iterator[None]:
    """Inside the `with` block, the gradient rule for one input gives what `wrong` makes of the gradient."""
    right = op.gradient_rules[name]
    position = right.wrt.index(name)

    def spoiled(value: Any) -> Any:
        return None if value is None else wrong(op_checks.dense(value))

    def rule(*g: Any, **asked: Any) -> Any:
        given = right.function(*g, **asked)
        if op.is_variadic:
            return tuple(map(spoiled, given))
        if len(right.wrt) == 1:
            return spoiled(given)
        return tuple([spoiled(value) if i == position else value for i, value in enumerate(given)])

    op.gradient_rules.update(dict.fromkeys(right.wrt, evolve(right, function=rule)))
    op_checks.forget_slopes(op)
    try:
        yield
    finally:
        op.gradient_rules.update(dict.fromkeys(right.wrt, right))
        op_checks.forget_slopes(op)


# -- what the suite says of it -----------------------------------------------------------------------


def failing(op: Op, device: Device, first: str = "forward", profile: Profile | None = None) -> tuple[str, str] | None:
    """The first check of an op on a device that fails, and its example; `first` is the check to begin with."""
    suite, promise = BackendConformance(), profile or Profile()
    suite.only = (op.name,)  # type: ignore[misc]
    for check in sorted(suite.checks(), key=lambda check: check != first):
        for row, run in suite.runs(check, promise, device):
            if row.name == op.name:
                try:
                    run()
                except Exception:
                    return check, str(row)
    return None


def try_mutant(mutant: Mutant, source: Device) -> Outcome:
    """Let the suite meet a mutant."""
    fault, part = mutant.fault, mutant.part
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # wrong kernels divide by 0
        if fault.is_rule:
            with spoiled_rule(mutant.op, part, fault.spoil):
                found = failing(mutant.op, device_with(mutant.op, source), fault.check)
        else:
            device = device_with(mutant.op, source, lambda work: fault.spoil(work, part), **fault.traits)
            found = failing(mutant.op, device, fault.check)
    return Outcome(mutant, *found) if found else Outcome(mutant, None)


# -- survivors ---------------------------------------------------------------------------------------


@frozen
class Verdict:
    """Why a survivor is no harm: "equivalent", since it computes the same, or "accepted"; and the reason."""

    verdict: str
    reason: str


def read_verdicts(file: Path) -> Mapping[str, Verdict]:
    """The survivors that are known, by the mutant's name: rows of a verdict, a reason, and mutants by fault."""
    rows = tomllib.loads(file.read_text(encoding="utf-8"))["survivors"]
    return {
        f"{fault}: {name}": Verdict(row["verdict"], row["reason"])
        for row in rows
        for fault, names in row["mutants"].items()
        for name in names
    }


def surprises(outcomes: Iterable[Outcome], known: Mapping[str, Verdict]) -> list[str]:
    """Survivors that are not known, and known ones that were killed."""
    told = []
    for outcome in outcomes:
        name = str(outcome.mutant)
        if outcome.killed_by is None and name not in known:
            told.append(f"{name} survives, and no reason is listed: {outcome.mutant.fault.about}")
        elif outcome.killed_by is not None and name in known:
            told.append(f"{name} is listed as {known[name].verdict}, but {outcome.killed_by} kills it; unlist it")
    return told
