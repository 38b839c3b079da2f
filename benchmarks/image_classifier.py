"""The image classifier of examples/ beside its twin, the same file with `import torch`.

    python benchmarks/image_classifier.py

Both start from equal weights and see the same images in the same order, with the same number of worker processes; one
thread each.  Losses, accuracies on the test images, and seconds.  A third run of ours is compiled.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import contextlib
import io
import sys
import time
import types
from pathlib import Path

import numpy as np
import torch

EXAMPLE = Path(__file__).parents[1] / "examples" / "image_classifier" / "train.py"
OURS = "import trivium_api_dynamic as torch\n"


def classifier(words: str) -> types.ModuleType:
    """The example, written in the words of one of the two."""
    text = EXAMPLE.read_text(encoding="utf-8")
    assert OURS in text
    module = types.ModuleType(f"classifier_of_{words}")
    module.__file__ = str(EXAMPLE)
    sys.modules[module.__name__] = module
    exec(compile(text.replace(OURS, f"import {words} as torch\n"), str(EXAMPLE), "exec"), module.__dict__)
    return module


def run(module: types.ModuleType, weights: dict[str, np.ndarray], order: list[int], workers: int, **options) -> dict:
    """Train for one epoch per entry of the order, and test."""
    net = module.Net()
    net.load_state_dict({name: module.torch.tensor(value) for name, value in weights.items()})
    loader = module.DataLoader(module.Clothes("train"), batch_size=4, sampler=order, num_workers=workers)
    tests = module.DataLoader(module.Clothes("t10k"), batch_size=100)
    printed, start = io.StringIO(), time.perf_counter()
    with contextlib.redirect_stdout(printed):
        module.train(net, loader, 1, every=len(order) // 16, **options)
    seconds = time.perf_counter() - start
    predicted, actual = module.predict(net, tests)
    losses = [float(line.rpartition(" ")[2]) for line in printed.getvalue().splitlines()]
    return {"losses": losses, "predicted": predicted, "accuracy": (predicted == actual).mean(), "seconds": seconds}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--images", type=int, default=6000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    twin, ours = classifier("torch"), classifier("trivium_api_dynamic")
    weights = {name: value.numpy().copy() for name, value in twin.Net().state_dict().items()}
    numbers = np.random.default_rng(0)
    order = np.concatenate([numbers.permutation(options.images) for _ in range(options.epochs)]).tolist()

    results = {
        "PyTorch": run(twin, weights, order, options.workers),
        "ours": run(ours, weights, order, options.workers),
        "ours, compiled": run(ours, weights, order, options.workers, is_compiled=True),
    }

    print(
        f"PyTorch {torch.__version__}, {len(order) // 4} steps of 4 images, {options.workers} workers, one thread each"
    )
    for name, result in results.items():
        agreed = (result["predicted"] == results["PyTorch"]["predicted"]).mean()
        print(
            f"{name:16} accuracy {result['accuracy']:.1%}, {agreed:6.1%} of predictions as PyTorch's, "
            f"{result['seconds']:6.1f} s, losses {' '.join([f'{loss:.3f}' for loss in result['losses']])}"
        )
    worst = max(abs(r["accuracy"] - results["PyTorch"]["accuracy"]) for r in results.values())
    assert worst <= 0.01, f"the accuracies differ by {worst:.1%}"


if __name__ == "__main__":
    main()
