"""Python's `multiprocessing`, whose queues and pipes pass tensors on without copying them.

A tensor that is sent moves to shared memory: the sender and the receiver see what either writes.  The memory has no
name, so nothing is left behind, whatever ends the processes; the sender must live until the tensor has arrived.
"""
# ruff: noqa: F403 - the words of Python's own package, unchanged

from multiprocessing import *
from multiprocessing import __all__ as _of_python

from .sharing import get_all_sharing_strategies, get_sharing_strategy, set_sharing_strategy
from .spawning import (
    ProcessContext,
    ProcessExitedException,
    ProcessRaisedException,
    SpawnContext,
    spawn,
    start_processes,
)

__all__ = [
    *_of_python, "ProcessContext", "ProcessExitedException", "ProcessRaisedException", "SpawnContext",
    "get_all_sharing_strategies", "get_sharing_strategy", "set_sharing_strategy", "spawn", "start_processes",
]  # fmt: skip
