"""How many threads kernels use: the setting `num_threads`, from here."""

import os
from contextlib import ExitStack

from trivium import settings

from .axes import whole
from .errors import ArgumentValueError
from .words import word

_chosen = ExitStack()


@word(is_method=False)
def get_num_threads():
    """How many threads a kernel may use."""
    return settings.get("num_threads") or os.cpu_count() or 1


@word(is_method=False)
def set_num_threads(int):
    """Let kernels use so many threads, from now on."""
    count = whole(int, "int")
    if count < 1:
        raise ArgumentValueError("set_num_threads expects a positive integer")
    _chosen.close()
    _chosen.enter_context(settings.override(num_threads=count))
