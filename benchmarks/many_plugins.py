"""What installed plugins cost a command and an eager call: `python benchmarks/many_plugins.py`."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MODULE = """
from pathlib import Path
from attrs import define
from trivium.layer import Layer

Path(__file__).with_suffix(".imported").touch()

@define(slots=False)
class Layer{index}(Layer):
    '''Hands on what it gets.'''

    def forward(self, x):
        return x

def trivium_register_layers(register):
    register(Layer{index})
"""
EAGER = """
import statistics, time
import numpy as np
from trivium import ops, registry
from trivium.tensor import Parameter, Tensor
if {load}:
    registry.names("layers")
a = np.ones(16, np.float32)
x, w = Tensor.of(a), Parameter(a, name="w")
def timed(function):
    start = time.perf_counter()
    for _ in range(2000):
        function()
    return (time.perf_counter() - start) / 2000
rounds = [(timed(lambda: ops.multiply(x, w)), timed(lambda: np.multiply(a, a))) for _ in range(100)]
print(statistics.median([ours - theirs for ours, theirs in rounds]) * 1e6)
"""
COMMANDS = (["plugins", "list"], ["devices"], ["doctor"])
ROUNDS = 7


def install(folder: Path, count: int) -> None:
    """Put distributions into a folder, each with a layer."""
    for index in range(count):
        (folder / f"plugin_{index}.py").write_text(MODULE.format(index=index))
        info = folder / f"many_plugin_{index}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: many-plugin-{index}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[trivium.layers]\nmany{index} = plugin_{index}\n")


def seconds(folder: Path, *arguments: str) -> float:
    """How long a command takes as a process of its own."""
    start = time.perf_counter()
    run(folder, "-m", "trivium", *arguments)
    return time.perf_counter() - start


def run(folder: Path, *arguments: str) -> str:
    """What Python prints that sees the folder's distributions, and keeps its caches there."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def main() -> None:
    """Print seconds for each command, and microseconds of an eager call with and without plugins."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        install(folder, 10)
        run(folder, "-m", "trivium", "devices")  # asked once; the answers are kept
        for command in COMMANDS:
            times = [seconds(folder, *command) for _ in range(ROUNDS)]
            median, slowest = statistics.median(times), max(times)
            print(f"ten plugins: trivium {' '.join(command):13}  {median:5.2f} s  (slowest {slowest:.2f})")
            if command != ["doctor"]:
                print(f"  plugins imported so far: {len(list(folder.glob('*.imported')))}")

    with tempfile.TemporaryDirectory() as none, tempfile.TemporaryDirectory() as many:
        install(Path(many), 50)
        alone, beside = [], []
        for _ in range(ROUNDS):
            alone.append(float(run(Path(none), "-c", EAGER.format(load=False))))
            beside.append(float(run(Path(many), "-c", EAGER.format(load=True))))
        ratio = statistics.median([b / a for a, b in zip(alone, beside, strict=True)])
        print(
            f"recorded multiply beyond NumPy's: {statistics.median(alone):.2f} us with no plugin, "
            f"{statistics.median(beside):.2f} us with fifty loaded; ratio {ratio:.3f}"
        )


if __name__ == "__main__":
    main()
