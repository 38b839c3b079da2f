"""Optimizers and learning-rate schedules of the three families, each one rule with their conventions as settings."""

from trivium.hookspecs import hookimpl

from .adadelta import Adadelta
from .adagrad import Adagrad
from .adam import Adam
from .adamax import Adamax
from .asgd import ASGD
from .ftrl import Ftrl
from .lbfgs import LBFGS
from .response import RESPONSES, Plateau, Threshold
from .rmsprop import RMSprop
from .rprop import Rprop
from .schedule import SCHEDULES
from .sgd import SGD

OPTIMIZERS = (SGD, Adam, Adamax, Adagrad, Adadelta, RMSprop, Ftrl, Rprop, ASGD)

__all__ = [*[optimizer.__name__ for optimizer in OPTIMIZERS], "LBFGS", "Plateau", "Threshold"]


@hookimpl
def trivium_register_optimizers(register):
    """Let every style find these optimizers by name."""
    for optimizer in OPTIMIZERS:
        register(optimizer)


@hookimpl
def trivium_register_minimizers(register):
    """Let every style find what asks for the loss several times in one step."""
    register(LBFGS)


@hookimpl
def trivium_register_schedules(register):
    """Let every style find these schedules by name."""
    for schedule in (*SCHEDULES, *RESPONSES):
        register(schedule)
