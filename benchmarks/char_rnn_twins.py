"""The char-RNN of examples/, trained by PyTorch and by two styles from equal weights.

    python benchmarks/char_rnn_twins.py [--steps 1500]

The PyTorch program is the example's own, with one word replaced: `torch` in place of `trivium_api_dynamic`.  For the
TensorFlow program, whose LSTM has one bias, the second one of PyTorch's stays what it is.
Prints the mean loss of every 100 steps, how far it is from PyTorch's, and the time of a step.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "2")

import argparse
import sys
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np

EXAMPLE = Path(__file__).parents[1] / "examples" / "char_rnn"
sys.path.insert(0, str(EXAMPLE))
SETTINGS = {"batch_size": 50, "bptt": 50, "embedding": 32, "hidden": 128, "layers": 1, "lr": 0.005, "clip": 5.0}


def program(library: str) -> ModuleType:
    """char_rnn_torch.py on PyTorch, or on what takes its place."""
    source = (EXAMPLE / "char_rnn_torch.py").read_text(encoding="utf-8").replace("trivium_api_dynamic", library)
    made = ModuleType(f"char_rnn_on_{library}")
    exec(compile(source, f"char_rnn_torch.py on {library}", "exec"), made.__dict__)
    return made


def settings(steps: int, log_interval: int = 100) -> SimpleNamespace:
    """The arguments of the programs."""
    return SimpleNamespace(steps=steps, log_interval=log_interval, **SETTINGS)


def first_weights() -> dict[str, np.ndarray]:
    """What PyTorch starts from."""
    module = program("torch")
    module.torch.manual_seed(1)
    return {name: value.numpy().copy() for name, value in new_model(module).state_dict().items()}


def new_model(module: ModuleType):
    """The program's model."""
    return module.CharRNN(len(module.CHARACTERS), SETTINGS["embedding"], SETTINGS["hidden"], SETTINGS["layers"])


def train_torch_program(
    library: str, weights: dict[str, np.ndarray], args: SimpleNamespace, has_one_bias: bool = False
) -> list[float]:
    """The losses of the PyTorch program on a library."""
    module = program(library)
    model = new_model(module)
    model.load_state_dict({name: module.torch.tensor(value) for name, value in weights.items()})
    model.rnn.bias_hh_l0.requires_grad_(not has_one_bias)
    return module.train(model, args, report=lambda line: None)


def train_tensorflow_program(weights: dict[str, np.ndarray], args: SimpleNamespace) -> list[float]:
    """The losses of the TensorFlow program; its gates stand in another order."""
    import char_rnn_tensorflow as module  # noqa: PLC0415 - not where PyTorch alone is asked for

    tf = module.tf
    with tf.Graph().as_default():
        model = module.Model(args, forget_bias=0.0)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            values = as_tensorflow(weights)
            for variable in tf.trainable_variables():
                variable.load(values[variable.op.name.rsplit("rnn/", 1)[-1]], session)
            return module.train(session, model, args, report=lambda line: None)


def as_tensorflow(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same weights under TensorFlow's names, gates i, j, f, o instead of i, f, g, o."""

    def reordered(array: np.ndarray) -> np.ndarray:
        i, f, g, o = np.split(array, 4, axis=0)
        return np.concatenate([i, g, f, o], axis=0)

    kernel = np.concatenate([weights["rnn.weight_ih_l0"], weights["rnn.weight_hh_l0"]], axis=1)
    cell = "multi_rnn_cell/cell_0/basic_lstm_cell"
    return {
        "embedding": weights["encoder.weight"],
        f"{cell}/kernel": reordered(kernel).T,
        f"{cell}/bias": reordered(weights["rnn.bias_ih_l0"] + weights["rnn.bias_hh_l0"]),
        "softmax/kernel": weights["decoder.weight"].T,
        "softmax/bias": weights["decoder.bias"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1500)
    steps = parser.parse_args().steps
    weights, args = first_weights(), settings(steps)
    pairs = {
        "PyTorch": lambda: train_torch_program("torch", weights, args),
        "dynamic style": lambda: train_torch_program("trivium_api_dynamic", weights, args),
        "PyTorch, 1 bias": lambda: train_torch_program("torch", weights, args, has_one_bias=True),
        "static style": lambda: train_tensorflow_program(weights, args),
    }
    means, seconds = {}, {}
    for name, run in pairs.items():
        start = time.perf_counter()
        losses = run()
        seconds[name] = (time.perf_counter() - start) / steps
        means[name] = np.array([np.mean(losses[at : at + 100]) for at in range(0, steps, 100)])
    print(f"{'steps':>12}" + "".join(f"{name:>17}" for name in pairs))
    for i, at in enumerate(range(0, steps, 100)):
        print(f"{at + 1:5d} - {at + 100:4d}" + "".join(f"{means[name][i]:17.4f}" for name in pairs))
    print(f"{'ms a step':>12}" + "".join(f"{seconds[name] * 1e3:17.1f}" for name in pairs))
    for name, twin in (("dynamic style", "PyTorch"), ("static style", "PyTorch, 1 bias")):
        apart = means[name] / means[twin] - 1
        print(f"{name}: furthest from {twin} {abs(apart).max():.2%}, at the end {apart[-1]:+.2%}")


if __name__ == "__main__":
    main()
