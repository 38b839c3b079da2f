"""One training step of Caffe's LeNet as a bare sequence of NumPy kernels, against PyTorch eager in the same process.

    python benchmarks/lenet_kernels.py [--rounds 40] [--batch 64] [--threads 2]

Sides take turns, a few steps at a time: the first step of a turn is not counted, since the threads of
the other side's library still spin for a moment.  The table shows medians, and the ratio of medians.
"""

import argparse
import time
from collections import defaultdict

import numpy as np
import torch
from torch import nn

from trivium.spec import Spec
from trivium_backend_numpy import convolution, elementwise, linear_algebra, loss, pooling, reduction, update

STEPS_PER_TURN = 6
CONVOLUTION = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
POOLING = {"kernel": 2, "stride": 2, "padding": 0, "dilation": 1, "rounding": "ceil"}
LOSS = {"axis": 1, "normalization": "valid", "ignore": None}
SGD = {"rate": "outside", "nesterov": False, "dampening": 0.0}
LEARNING_RATE, MOMENTUM, WEIGHT_DECAY = 0.01, 0.9, 5e-4


class Recorder:
    """Calls kernels on buffers allocated at the first step, and keeps the time of each call."""

    def __init__(self):
        self.kernels, self.buffers, self.times = {}, {}, defaultdict(list)

    def call(self, name, prepare, *operands, **settings):
        if name not in self.kernels:
            specs = tuple(None if x is None else Spec(x.shape, x.dtype) for x in operands)
            self.kernels[name] = prepare(specs, settings)
            self.buffers[name] = self.kernels[name](*operands)
        start = time.perf_counter()
        result = self.kernels[name](*operands, out=self.buffers[name])
        self.times[name].append(time.perf_counter() - start)
        return result

    def update(self, name, value, gradient, velocity):
        if name not in self.kernels:
            specs = [Spec(value.shape, value.dtype)] * 3
            self.kernels[name] = update.PREPARED["sgd_update"](specs, SGD)
        start = time.perf_counter()
        hyper = LEARNING_RATE, MOMENTUM, WEIGHT_DECAY
        self.kernels[name](value, gradient, velocity, *hyper, out=(value, velocity))
        self.times["update"].append(time.perf_counter() - start)


def prepare_ufunc(ufunc):
    return lambda specs, settings: ufunc


class NumPyLeNet:
    def __init__(self, parameters):
        self.parameters = parameters
        self.velocities = [np.zeros_like(p) for p in parameters]
        self.recorder = Recorder()

    def step(self, images, labels):
        w1, b1, w2, b2, w3, b3, w4, b4 = self.parameters
        call = self.recorder.call
        conv, pool = convolution.PREPARED, pooling.PREPARED
        sum_of, matmul = reduction.PREPARED["sum"], linear_algebra.PREPARED["matmul"]
        add = prepare_ufunc(np.add)
        channels = {"axis": (0, 2, 3), "keepdims": False}
        rows = {"axis": 0, "keepdims": False}

        c1 = call("conv1", conv["convolution"], images, w1, b1, **CONVOLUTION)
        p1, i1 = call("pool1", pool["max_pool"], c1, **POOLING)
        c2 = call("conv2", conv["convolution"], p1, w2, b2, **CONVOLUTION)
        p2, i2 = call("pool2", pool["max_pool"], c2, **POOLING)
        flat = p2.reshape(len(p2), -1)
        h = call("fc1 bias", add, call("fc1", matmul, flat, w3.T), b3)
        r = call("relu", elementwise.PREPARED["relu"], h)
        y = call("fc2 bias", add, call("fc2", matmul, r, w4.T), b4)
        error, probabilities = call("loss", loss.PREPARED["softmax_cross_entropy"], y, labels, **LOSS)

        one = np.ones((), np.float32)
        gradient = loss.PREPARED["softmax_cross_entropy_gradient"]
        gy = call("loss gradient", gradient, one, y, probabilities, labels, **LOSS)
        gw4 = call("fc2 weight gradient", matmul, gy.T, r)
        gb4 = call("fc2 bias gradient", sum_of, gy, **rows)
        gr = call("fc2 input gradient", matmul, gy, w4)
        positive = call("relu gradient, r > 0", prepare_ufunc(np.greater), r, np.zeros((), np.float32))
        gh = call("relu gradient, where", elementwise.PREPARED["where"], positive, gr, np.zeros((), np.float32))
        gw3 = call("fc1 weight gradient", matmul, gh.T, flat)
        gb3 = call("fc1 bias gradient", sum_of, gh, **rows)
        gflat = call("fc1 input gradient", matmul, gh, w3)
        gp2 = gflat.reshape(p2.shape)
        gc2 = call("pool2 gradient", pool["max_pool_gradient"], gp2, i2, size=c2.shape[2:], **POOLING)
        weight_gradient = conv["convolution_weight_gradient"]
        gw2 = call("conv2 weight gradient", weight_gradient, p1, gc2, kernel=(5, 5), **CONVOLUTION)
        gb2 = call("conv2 bias gradient", sum_of, gc2, **channels)
        input_gradient = conv["convolution_input_gradient"]
        gp1 = call("conv2 input gradient", input_gradient, gc2, w2, size=p1.shape[2:], **CONVOLUTION)
        gc1 = call("pool1 gradient", pool["max_pool_gradient"], gp1, i1, size=c1.shape[2:], **POOLING)
        gw1 = call("conv1 weight gradient", weight_gradient, images, gc1, kernel=(5, 5), **CONVOLUTION)
        gb1 = call("conv1 bias gradient", sum_of, gc1, **channels)

        gradients = gw1, gb1, gw2, gb2, gw3, gb3, gw4, gb4
        for i, state in enumerate(zip(self.parameters, gradients, self.velocities, strict=True)):
            self.recorder.update(f"update {i}", *state)
        return error


def torch_lenet():
    return nn.Sequential(
        nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10),
    )  # fmt: skip


def torch_step(net, optimizer, images, labels):
    optimizer.zero_grad()
    error = nn.functional.cross_entropy(net(images), labels)
    error.backward()
    optimizer.step()
    return error.detach()


def turn(step, times):
    losses = []
    for i in range(STEPS_PER_TURN):
        start = time.perf_counter()
        losses.append(float(step()))
        if i:
            times.append(time.perf_counter() - start)
    return losses


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pause", type=float, default=0.02, help="seconds between turns, for spinning threads to rest")
    options = parser.parse_args()

    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    rng = np.random.default_rng(0)
    images = rng.random((options.batch, 1, 28, 28), dtype=np.float32)
    labels = rng.integers(0, 10, options.batch)
    net = torch_lenet()
    ours = NumPyLeNet([p.detach().numpy().copy() for p in net.parameters()])
    hyper = {"lr": LEARNING_RATE, "momentum": MOMENTUM, "weight_decay": WEIGHT_DECAY}
    optimizer = torch.optim.SGD(net.parameters(), **hyper)
    torch_images, torch_labels = torch.from_numpy(images), torch.from_numpy(labels)

    times = {"numpy": [], "torch": []}
    losses = {"numpy": [], "torch": []}
    for _ in range(options.rounds):
        losses["numpy"] += turn(lambda: ours.step(images, labels), times["numpy"])
        time.sleep(options.pause)
        losses["torch"] += turn(lambda: torch_step(net, optimizer, torch_images, torch_labels), times["torch"])
        time.sleep(options.pause)

    difference = max(abs(a - b) for a, b in zip(losses["numpy"][:5], losses["torch"][:5], strict=True))
    print(f"losses of the first five steps differ by at most {difference:.1e}\n")
    print(f"{'kernel':28}{'median us':>10}")
    calls = {"update": len(ours.parameters)}
    for name, taken in ours.recorder.times.items():
        print(f"{name:28}{np.median(taken) * 1e6 * calls.get(name, 1):10.0f}")
    print(f"\n{'ms per step':28}{'10%':>8}{'median':>8}{'90%':>8}")
    for side, taken in times.items():
        low, middle, high = np.percentile(taken, [10, 50, 90]) * 1e3
        print(f"{side:28}{low:8.2f}{middle:8.2f}{high:8.2f}")
    low, middle = (np.percentile(times["numpy"], q) / np.percentile(times["torch"], q) for q in (10, 50))
    print(f"{'ratio':28}{low:8.2f}{middle:8.2f}")


if __name__ == "__main__":
    main()
