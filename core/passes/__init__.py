"""Passes: a Block in, a Block out, one idea each.  Programs run them in this order, and `prune` before and after."""

from .block import Block, Pass
from .prune import prune
from .state import order_state
from .transposes import cancel_transposes

PASSES: dict[str, Pass] = {
    "order_state": order_state,
    "cancel_transposes": cancel_transposes,
}

__all__ = ["PASSES", "Block", "Pass", "cancel_transposes", "order_state", "prune"]
