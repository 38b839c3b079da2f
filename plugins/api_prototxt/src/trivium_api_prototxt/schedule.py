"""Learning-rate policies: the rate of every iteration from the solver's message alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from trivium.errors import did_you_mean
from trivium_api_prototxt.errors import PrototxtError, in_words
from trivium_api_prototxt.places import Place


def rate(solver: Any, iteration: int) -> float:
    """The learning rate at an iteration, counted from 0; lr_mult of a parameter comes on top."""
    try:
        return float(POLICIES[solver.lr_policy](solver, iteration))
    except OverflowError as error:
        raise PrototxtError(
            f"lr_policy '{solver.lr_policy}': the rate at iteration {iteration:,} is too large for a number: "
            f"gamma is {solver.gamma:g}"
        ) from error


def fixed(solver: Any, iteration: int) -> float:
    """base_lr"""
    return solver.base_lr


def step(solver: Any, iteration: int) -> float:
    """base_lr * gamma ^ floor(iteration / stepsize)"""
    return solver.base_lr * solver.gamma ** (iteration // solver.stepsize)


def exp(solver: Any, iteration: int) -> float:
    """base_lr * gamma ^ iteration"""
    return solver.base_lr * solver.gamma**iteration


def inv(solver: Any, iteration: int) -> float:
    """base_lr * (1 + gamma * iteration) ^ -power"""
    return solver.base_lr * (1 + solver.gamma * iteration) ** -solver.power


def multistep(solver: Any, iteration: int) -> float:
    """base_lr * gamma ^ (how many stepvalue have been reached)"""
    return solver.base_lr * solver.gamma ** current_step(solver, iteration)


def poly(solver: Any, iteration: int) -> float:
    """base_lr * (1 - iteration / max_iter) ^ power"""
    if iteration > solver.max_iter:
        raise PrototxtError(
            f"lr_policy 'poly': no rate at iteration {iteration:,}: it ends at max_iter, {solver.max_iter:,}"
        )
    return solver.base_lr * (1 - iteration / solver.max_iter) ** solver.power


def sigmoid(solver: Any, iteration: int) -> float:
    """base_lr / (1 + e ^ (-gamma * (iteration - stepsize)))"""
    x = solver.gamma * (iteration - solver.stepsize)
    # e ^ -x overflows long before the rate is lost
    return solver.base_lr / (1 + math.exp(-x)) if x >= 0 else solver.base_lr * math.exp(x) / (1 + math.exp(x))


POLICIES: dict[str, Callable[[Any, int], float]] = {
    policy.__name__: policy for policy in (fixed, step, exp, inv, multistep, poly, sigmoid)
}
_HAS_GAMMA = ("step", "exp", "inv", "multistep", "sigmoid")
_HAS_STEPSIZE = ("step", "sigmoid")


def current_step(solver: Any, iteration: int) -> int:
    """How many steps down the rate has taken; a SolverState keeps it."""
    if solver.lr_policy == "step":
        return iteration // solver.stepsize
    taken, reached = 0, -1
    for value in solver.stepvalue:
        reached = max(value, reached + 1)  # one step an iteration, however the values are ordered
        taken += reached <= iteration
    return taken


def check_policy(solver: Any, place: Place) -> None:
    """Raise PrototxtError for a policy that does not exist or cannot work with the solver's numbers."""
    name, known = solver.lr_policy, list(POLICIES)
    if not name:
        raise PrototxtError(f"{place}: lr_policy is missing: choose {in_words(known)}")
    here = place.at("lr_policy")
    if name not in POLICIES:
        raise PrototxtError(f"{here}: unknown lr_policy '{name}': choose {in_words(known)}.{did_you_mean(name, known)}")
    if name in _HAS_GAMMA and not solver.gamma >= 0:
        raise PrototxtError(
            f"{place.at('gamma')}: lr_policy '{name}' needs a gamma of at least 0, not {solver.gamma:g}"
        )
    if name in _HAS_STEPSIZE and solver.stepsize <= 0:
        raise PrototxtError(f"{place.at('stepsize')}: lr_policy '{name}' needs a stepsize above 0")
    if name == "poly" and solver.max_iter <= 0:
        raise PrototxtError(f"{place.at('max_iter')}: lr_policy 'poly' needs a max_iter above 0")
