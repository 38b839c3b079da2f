"""A wrong kernel or gradient rule is noticed: one mutant of each fault and family; `make mutants` tries them all."""

import itertools
from pathlib import Path

import pytest

import trivium.ops  # noqa: F401 - defines what is spoiled
from trivium import config
from trivium.op import OPS
from trivium.testing.fault import FAULTS
from trivium.testing.mutation import (
    Mutant,
    Outcome,
    device_with,
    failing,
    mutants,
    read_verdicts,
    representatives,
    surprises,
    try_mutant,
)

OWN = [op for op in OPS.values() if op.origin.startswith("trivium.ops.")]
ALL = mutants(OWN)
KNOWN = read_verdicts(Path(__file__).with_name("survivors.toml"))
FAMILIES = {family: list(group) for family, group in itertools.groupby(
    sorted(representatives(ALL), key=lambda mutant: mutant.family), key=lambda mutant: mutant.family
)}  # fmt: skip


@pytest.fixture(scope="module")
def cpu():
    return config.as_device("cpu")


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_mutants_are_killed_but_for_those_with_a_reason(family, cpu):
    outcomes = [try_mutant(mutant, cpu) for mutant in FAMILIES[family]]

    assert not surprises(outcomes, KNOWN)


@pytest.mark.parametrize("family", FAMILIES)
def test_right_kernels_live(family, cpu):
    op = FAMILIES[family][0].op

    assert failing(op, device_with(op, cpu)) is None


def test_every_kernel_of_cpu_and_every_fault_has_mutants(cpu):
    spoiled = {mutant.op.name for mutant in ALL}

    assert spoiled == {op.name for op in OWN}
    assert {name for table in cpu.backend.tables for name in table.kernels} <= spoiled
    assert {mutant.fault.name for mutant in ALL} == set(FAULTS)
    assert min(len(list(group)) for _, group in itertools.groupby(ALL, key=lambda mutant: mutant.op)) >= 9


def test_known_survivors_exist_have_a_reason_and_are_few():
    assert KNOWN.keys() <= set(map(str, ALL))
    assert {verdict.verdict for verdict in KNOWN.values()} == {"equivalent", "accepted"}
    assert all(len(verdict.reason) > 15 for verdict in KNOWN.values())
    assert len(KNOWN) <= 0.02 * len(ALL)


def test_a_survivor_without_a_reason_and_a_reason_without_a_survivor_are_told():
    lives, dies = [str(mutant) for mutant in ALL[:2]]
    known = {dies: next(iter(KNOWN.values()))}

    told = surprises([Outcome(ALL[0], None), Outcome(ALL[1], "forward", "add-0")], known)

    assert len(told) == 2
    assert told[0].startswith(f"{lives} survives") and told[1].startswith(f"{dies} is listed")


def test_one_broken_op_fails_alone(cpu):
    device = device_with(OPS["tanh"], cpu, lambda work: FAULTS["sign"].spoil(work, "out"))

    assert failing(OPS["tanh"], device) is not None
    assert failing(OPS["sigmoid"], device) is None
    assert failing(OPS["matmul"], device) is None


def test_a_spoiled_rule_is_right_again_afterwards(cpu):
    mutant = Mutant(OPS["multiply"], FAULTS["doubled"], "x")

    assert try_mutant(mutant, cpu).killed_by == "gradient"
    assert failing(mutant.op, device_with(mutant.op, cpu), "gradient") is None
