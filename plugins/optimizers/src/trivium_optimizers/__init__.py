"""Optimizers of the three families, each one rule with the families' conventions as settings."""

from trivium.hookspecs import hookimpl

from .adam import Adam
from .sgd import SGD

OPTIMIZERS = (SGD, Adam)

__all__ = [optimizer.__name__ for optimizer in OPTIMIZERS]


@hookimpl
def trivium_register_optimizers(register):
    """Let every style find these optimizers by name."""
    for optimizer in OPTIMIZERS:
        register(optimizer)
