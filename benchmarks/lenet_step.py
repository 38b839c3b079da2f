"""A training step of Caffe's LeNet, batch 64, as one Program, against PyTorch eager: `python benchmarks/lenet_step.py`.

The Program once built by hand, once by `compile` from a step in PyTorch's words; beside both, the same eagerly.

Two threads both.  SGD with momentum 0.9 and weight decay 5e-4.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "2")

import numpy as np
import torch
from measure import side_by_side, table
from torch import nn

import trivium_api_dynamic as dynamic
from trivium.autodiff import gradients
from trivium.graph import Graph
from trivium.optimizer import Memory, apply_gradients
from trivium.program import Program
from trivium.randomness import seed
from trivium.registry import find_layer, find_optimizer
from trivium.tensor import Tensor

BATCH = 64
IMAGES = np.random.default_rng(0).standard_normal((BATCH, 1, 28, 28)).astype(np.float32)
LABELS = np.random.default_rng(1).integers(10, size=BATCH)


def layers() -> list:
    """Caffe's LeNet: 431,080 parameters."""
    seed(1)
    make = find_layer
    return [
        make("Convolution")(20, kernel=5),
        make("MaxPool")(2),
        make("Convolution")(50, kernel=5),
        make("MaxPool")(2),
        make("Dense")(500, flatten=1),
        make("Relu")(),
        make("Dense")(10),
    ]


def program_step():
    """One Program that trains."""
    graph = Graph()
    x = graph.placeholder(("batch", 1, 28, 28))
    labels = graph.placeholder(("batch",), "int64")
    y, net = x, layers()
    for layer in net:
        y = layer(y, training=True)
    loss = find_layer("SoftmaxCrossEntropy")()(y, labels)
    parameters = [p for layer in net for p in layer]
    grads = gradients([loss], [graph.capture(p) for p in parameters])
    optimizer = find_optimizer("SGD")(0.01, momentum=0.9, weight_decay=5e-4)
    updates = apply_gradients(optimizer, list(zip(parameters, grads, strict=True)), Memory())
    program = Program([loss], updates=updates)
    return lambda: program.run({x: IMAGES, labels: LABELS})


def eager_step():
    """The same with eager calls and a tape."""
    net, loss_layer = layers(), find_layer("SoftmaxCrossEntropy")()
    optimizer, memory = find_optimizer("SGD")(0.01, momentum=0.9, weight_decay=5e-4), Memory()
    images, labels = Tensor.of(IMAGES), Tensor.of(LABELS)

    def step() -> None:
        y = images
        for layer in net:
            y = layer(y, training=True)
        loss_layer(y, labels).backward()
        parameters = [p for layer in net for p in layer]
        apply_gradients(optimizer, [(p, p.gradient) for p in parameters], memory)
        for p in parameters:
            p.gradient = None

    return step


def module_step(is_compiled):
    """A module, its optimizer and its loss in PyTorch's words: eagerly, or compiled."""
    dynamic.manual_seed(1)
    net = network(dynamic.nn)
    optimizer = dynamic.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    images, labels = dynamic.from_numpy(IMAGES), dynamic.from_numpy(LABELS)

    def step(images, labels):
        optimizer.zero_grad()
        loss = dynamic.nn.functional.cross_entropy(net(images), labels)
        loss.backward()
        optimizer.step()
        return loss

    if is_compiled:
        step = dynamic.compile(step, fullgraph=True)
    return lambda: step(images, labels)


def network(nn):
    """LeNet as a module of either PyTorch."""
    return nn.Sequential(
        nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10),
    )  # fmt: skip


def torch_step():
    """PyTorch eager, NCHW."""
    torch.set_num_threads(2)
    net = network(nn)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    images, labels = torch.from_numpy(IMAGES), torch.from_numpy(LABELS)

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(images), labels).backward()
        optimizer.step()

    return step


def main() -> None:
    """Print the table."""
    steps = {
        "torch eager": torch_step(), "program": program_step(), "eager": eager_step(),
        "module, eager": module_step(False), "module, compiled": module_step(True),
    }  # fmt: skip
    print(table(side_by_side(steps, rounds=30, rest=0.3), against="torch eager"))


if __name__ == "__main__":
    main()
