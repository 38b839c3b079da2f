"""Measure two or more functions side by side: interleaved rounds in one process, medians and spread."""

import gc
import statistics
import time
from collections.abc import Callable


def side_by_side(
    functions: dict[str, Callable[[], object]], *, rounds: int = 30, repeat: int = 1, rest: float = 0.0
) -> dict[str, list[float]]:
    """Seconds per call of each function, one figure a round.

    repeat: calls per round, for functions too quick for the clock
    rest:   seconds between two functions, for thread pools that spin before they sleep
    """
    for function in functions.values():
        for _ in range(3):
            function()
    gc.collect()
    gc.disable()
    times: dict[str, list[float]] = {name: [] for name in functions}
    try:
        for _ in range(rounds):
            for name, function in functions.items():
                if rest:
                    time.sleep(rest)
                    function()  # wakes the threads up again
                start = time.perf_counter()
                for _ in range(repeat):
                    function()
                times[name].append((time.perf_counter() - start) / repeat)
    finally:
        gc.enable()
    return times


def table(times: dict[str, list[float]], *, against: str, unit: float = 1e-3, name: str = "ms") -> str:
    """A row for each function: median, quartiles, and the median of its ratio to one of them, round by round."""
    width = max(map(len, times))
    lines = [f"{'':{width}}  {'median':>9}  {'quartiles':>19}  ratio to {against}"]
    for label, own in times.items():
        low, _, high = statistics.quantiles(own, n=4)
        ratio = statistics.median([a / b for a, b in zip(own, times[against], strict=True)])
        lines.append(
            f"{label:{width}}  {statistics.median(own) / unit:6.3f} {name}  "
            f"{low / unit:7.3f} .. {high / unit:7.3f}  {ratio:6.3f}"
        )
    return "\n".join(lines)
