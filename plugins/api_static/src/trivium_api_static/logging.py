"""What runs tell while they go on: `tf.logging`, which is Python's logging under the name "trivium.static"."""

from __future__ import annotations

import logging
from typing import Any

__all__ = [
    "DEBUG", "ERROR", "FATAL", "INFO", "WARN", "debug", "error", "fatal", "get_verbosity", "info", "log",
    "set_verbosity", "warn", "warning",
]  # fmt: skip

DEBUG, INFO, WARN, ERROR, FATAL = logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL

_logger = logging.getLogger("trivium.static")

debug, info, warn, warning, error, fatal, log = (
    _logger.debug, _logger.info, _logger.warning, _logger.warning, _logger.error, _logger.critical, _logger.log,
)  # fmt: skip


def set_verbosity(level: Any) -> None:
    """Show messages of this level and above, on the error stream where nothing else was arranged."""
    _logger.setLevel(level)
    if not _logger.hasHandlers():
        shown = logging.StreamHandler()
        shown.setFormatter(logging.Formatter("%(levelname)s:trivium:%(message)s"))
        _logger.addHandler(shown)


def get_verbosity() -> int:
    """The level from which messages are shown."""
    return _logger.getEffectiveLevel()
