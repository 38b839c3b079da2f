"""Switches of cuDNN: accepted, so that scripts run; what kernels do is told by `trivium explain`."""

enabled = True
benchmark = False
deterministic = False
allow_tf32 = True


def is_available() -> bool:
    """Whether cuDNN itself is called: a plugin's kernels may do so, and nobody else knows."""
    return False


def version() -> None:
    """No version is told."""
