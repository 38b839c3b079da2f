"""Each learning-rate policy is the formula that Caffe's documentation gives."""

from __future__ import annotations

import math

import pytest

from trivium_api_prototxt.errors import PrototxtError
from trivium_api_prototxt.messages import SolverParameter
from trivium_api_prototxt.schedule import check_policy, current_step, rate
from trivium_api_prototxt.text import parse_text

INV = 'lr_policy: "inv" base_lr: 0.01 gamma: 0.0001 power: 0.75'
STEP = 'lr_policy: "step" base_lr: 1 gamma: 0.5 stepsize: 10'
MULTI = 'lr_policy: "multistep" base_lr: 1 gamma: 0.5 stepvalue: 5 stepvalue: 7'
POLY = 'lr_policy: "poly" base_lr: 0.01 power: 0.5 max_iter: 2400000'
SIGMOID = 'lr_policy: "sigmoid" base_lr: 2 gamma: 0.5 stepsize: 10'

RATES = [
    ('lr_policy: "fixed" base_lr: 0.25', 10**6, 0.25),
    (STEP, 9, 1.0),
    (STEP, 10, 0.5),
    (STEP, 29, 0.25),
    ('lr_policy: "exp" base_lr: 1 gamma: 0.5', 3, 0.125),
    (INV, 0, 0.01),
    (INV, 5000, 0.00737788),
    (INV, 10000, 0.00594604),
    (MULTI, 4, 1.0),
    (MULTI, 5, 0.5),
    (MULTI, 6, 0.5),
    (MULTI, 7, 0.25),
    (POLY, 0, 0.01),
    (POLY, 1_200_000, 0.00707107),
    (POLY, 2_400_000, 0.0),
    (SIGMOID, 10, 1.0),
    (SIGMOID, 12, 2 / (1 + math.exp(-1))),
    (SIGMOID, 8, 2 / (1 + math.exp(1))),
    (SIGMOID, 10**9, 2.0),
]


@pytest.mark.parametrize(("text", "iteration", "expected"), RATES)
def test_the_rate_follows_the_formula(text, iteration, expected):
    solver = parse_text(text, SolverParameter).message

    assert rate(solver, iteration) == pytest.approx(expected, rel=1e-6)


def test_a_sigmoid_that_never_comes_is_zero_not_an_overflow():
    solver = parse_text('lr_policy: "sigmoid" base_lr: 1 gamma: 1 stepsize: 100000', SolverParameter).message

    assert rate(solver, 0) == 0.0


def test_two_steps_at_one_iteration_are_taken_one_after_the_other():
    solver = parse_text('lr_policy: "multistep" stepvalue: 5 stepvalue: 5 stepvalue: 2', SolverParameter).message

    assert [current_step(solver, iteration) for iteration in range(4, 9)] == [0, 1, 2, 3, 3]


def test_poly_has_no_rate_after_its_end():
    solver = parse_text('lr_policy: "poly" base_lr: 1 power: 0.5 max_iter: 10', SolverParameter).message

    with pytest.raises(PrototxtError, match="'poly': no rate at iteration 11: it ends at max_iter, 10"):
        rate(solver, 11)


def test_a_rate_too_large_for_a_number_is_told():
    solver = parse_text('lr_policy: "exp" base_lr: 1 gamma: 2', SolverParameter).message

    with pytest.raises(PrototxtError, match=r"'exp': the rate at iteration 5,000 is too large .* gamma is 2"):
        rate(solver, 5000)


BAD = [
    ("", "lr_policy is missing: choose fixed, step, exp, inv, multistep, poly or sigmoid"),
    (
        'lr_policy: "stepp"',
        ":1: unknown lr_policy 'stepp': choose fixed, step, exp, inv, multistep, poly or sigmoid."
        "  Did you mean 'step'?",
    ),
    ('lr_policy: "exp"\ngamma: -1', ":2: lr_policy 'exp' needs a gamma of at least 0, not -1"),
    ('lr_policy: "exp"\ngamma: nan', ":2: lr_policy 'exp' needs a gamma of at least 0, not nan"),
    ('lr_policy: "step"\nstepsize: 0', ":2: lr_policy 'step' needs a stepsize above 0"),
    ('lr_policy: "poly"', "lr_policy 'poly' needs a max_iter above 0"),
]


@pytest.mark.parametrize(("text", "words"), BAD)
def test_a_policy_that_cannot_work_is_told(text, words):
    document = parse_text(text, SolverParameter, "s.prototxt")

    with pytest.raises(PrototxtError) as error:
        check_policy(document.message, document.place)

    assert str(error.value).startswith("s.prototxt")
    assert str(error.value).endswith(words)
