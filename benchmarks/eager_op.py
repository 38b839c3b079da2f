"""What one eager call costs beyond NumPy's own, on 16 elements: `python benchmarks/eager_op.py`."""

import statistics

import numpy as np
from measure import side_by_side, table

from trivium import ops
from trivium.tensor import Parameter, Tensor


def main() -> None:
    """Print the table and the cost of a recorded call."""
    a, b = np.ones(16, np.float32), np.full(16, 2.0, np.float32)
    x, y, w = Tensor.of(a), Tensor.of(b), Parameter(b, name="w")
    times = side_by_side(
        {
            "numpy add": lambda: np.add(a, b),
            "ops.add": lambda: ops.add(x, y),
            "ops.add, recorded": lambda: ops.add(x, w),
            "ops.multiply, recorded": lambda: ops.multiply(x, w),
            "x * w, recorded": lambda: x * w,
            "x * 2.0": lambda: x * 2.0,
        },
        rounds=200,
        repeat=500,
    )
    print(table(times, against="numpy add", unit=1e-6, name="us"))
    beyond = statistics.median(
        [ours - theirs for ours, theirs in zip(times["ops.multiply, recorded"], times["numpy add"], strict=True)]
    )
    print(f"\na recorded call costs {beyond * 1e6:.2f} us beyond NumPy's")


if __name__ == "__main__":
    main()
