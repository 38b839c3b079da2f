"""Schedules are the formulas of the three families, on numbers and in graphs."""

import math

import numpy as np
import pytest

from trivium.errors import ConfigError
from trivium.graph import Graph
from trivium.program import Program
from trivium.registry import find_schedule, names
from trivium_optimizers import Plateau, Threshold

# name, settings, and rates at steps counted from 0 for a first rate of 0.8
RATES = [
    ("constant", {}, {0: 0.8, 9: 0.8}),
    ("exponential", {"factor": 0.5}, {0: 0.8, 3: 0.1}),
    ("exponential", {"factor": 0.5, "steps": 4}, {2: 0.8 * 0.5**0.5, 8: 0.2}),
    ("exponential", {"factor": 0.5, "steps": 4, "staircase": True}, {3: 0.8, 4: 0.4, 11: 0.2}),
    ("natural_exponential", {"factor": 0.5, "steps": 4}, {4: 0.8 * math.exp(-0.5)}),
    ("inverse", {"factor": 0.5, "steps": 4}, {4: 0.8 / 1.5, 6: 0.8 / 1.75}),
    ("inverse", {"factor": 0.1, "power": 0.75}, {5: 0.8 * 1.5**-0.75}),
    ("multistep", {"factor": 0.5, "milestones": (2, 5)}, {1: 0.8, 2: 0.4, 4: 0.4, 5: 0.2}),
    ("piecewise", {"boundaries": (2, 5), "rates": (3.0, 2.0, 1.0)}, {2: 3.0, 3: 2.0, 5: 2.0, 6: 1.0}),
    ("polynomial", {"steps": 10}, {0: 0.8, 5: 0.4, 10: 0.0, 12: 0.0}),
    ("polynomial", {"steps": 10, "power": 0.5, "end": 0.3}, {5: 0.5 * 0.5**0.5 + 0.3, 12: 0.3}),
    ("polynomial", {"steps": 10, "cycle": True}, {0: 0.8, 5: 0.4, 15: 0.2, 20: 0.0}),
    ("sigmoid", {"factor": -0.5, "middle": 4}, {4: 0.4, 6: 0.8 / (1 + math.e)}),
    ("linear", {"steps": 4, "start": 0.25, "end": 0.75}, {0: 0.2, 2: 0.4, 7: 0.6}),
    ("cosine_wave", {"steps": 4}, {0: 0.8, 2: 0.4, 4: 0.0}),
    ("cosine_decay", {"steps": 4, "end": 0.2}, {0: 0.8, 2: 0.5, 9: 0.2}),
    ("cosine_restarts", {"steps": 3, "stretch": 2}, {0: 0.8, 3: 0.8, 6: 0.4, 9: 0.8, 21: 0.8}),
    ("cosine_restarts", {"steps": 4, "factor": 0.5}, {2: 0.4, 4: 0.4, 8: 0.2}),
    ("cyclic", {"high": 1.0, "up": 2, "down": 4}, {0: 0.8, 1: 0.9, 2: 1.0, 4: 0.9, 8: 1.0}),
    ("one_cycle", {"peak": 2.0, "end": 0.1, "steps": 10, "curve": "linear"}, {0: 0.8, 2: 2.0, 9: 0.1}),
]


@pytest.mark.parametrize(("name", "settings", "rates"), RATES)
def test_a_schedule_gives_the_rates_of_its_formula(name, settings, rates):
    schedule = find_schedule(name)

    assert {step: schedule(0.8, step, **settings) for step in rates} == pytest.approx(rates, abs=1e-12)


@pytest.mark.parametrize(("name", "settings", "rates"), [row for row in RATES if row[0] != "constant"])
def test_a_schedule_in_a_graph_gives_the_same_rates(name, settings, rates):
    graph = Graph()
    step = graph.placeholder(())
    program = Program([find_schedule(name)(0.8, step, **settings)], fed=[step])

    found = {at: program.run({step: np.float32(at)})[0].item() for at in rates}

    assert found == pytest.approx(rates, abs=2e-6)


def test_every_schedule_of_the_step_is_tested():
    assert {row[0] for row in RATES} | {"Plateau", "Threshold"} == set(names("schedules"))


def test_a_plateau_lowers_the_rate_once_patience_ends():
    plateau, rate, rates = Plateau(0.5, patience=1, least=0.2), 1.0, []

    for metric in (3.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0):
        rate = plateau.after(rate, metric)
        rates.append(rate)

    assert rates == [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.2]


def test_a_rate_is_halved_each_time_a_metric_passes_a_threshold():
    halving = Threshold((0.5, 0.9))

    assert [halving.after(1.0, metric) for metric in (0.4, 0.5, 0.6, 0.95, 0.99)] == [1.0, 0.5, 1.0, 0.5, 1.0]


def test_a_response_with_a_mode_that_does_not_exist_is_refused():
    with pytest.raises(ConfigError, match="Plateau: mode is 'least'; it may be min or max"):
        Plateau(mode="least")
