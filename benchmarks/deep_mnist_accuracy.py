"""What `examples/deep_mnist` learns, beside a PyTorch twin: `python benchmarks/deep_mnist_accuracy.py [SEEDS]`.

Both start from the same weights and see the same batches; only the masks of dropout differ.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "2")

import importlib.util
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

import trivium_api_static as tf

SOURCE = Path(__file__).parents[1] / "examples" / "deep_mnist" / "deep_mnist.py"
SPEC = importlib.util.spec_from_file_location("deep_mnist", SOURCE)
EXAMPLE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(EXAMPLE)


def batches(seed, steps):
    """The batches of one run."""
    train = EXAMPLE.Pictures("train", seed)
    return (train.next_batch(EXAMPLE.BATCH) for _ in range(steps))


def graph_run(seed, steps):
    """The weights that a session of the example starts with, its accuracy in percent, and the seconds it took."""
    test = EXAMPLE.Pictures("t10k")
    with tf.Graph().as_default():
        tf.set_random_seed(seed)
        x, y_ = tf.placeholder(tf.float32, [None, 784]), tf.placeholder(tf.float32, [None, 10])
        scores, keep_prob = EXAMPLE.deepnn(x)
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=y_, logits=scores))
        train_step = tf.train.AdamOptimizer(1e-4).minimize(loss)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            first = session.run(tf.trainable_variables())
            began = time.perf_counter()
            for images, labels in batches(seed, steps):
                session.run(train_step, {x: images, y_: labels, keep_prob: 0.5})
            taken = time.perf_counter() - began
            found = session.run(scores, {x: test.images, keep_prob: 1.0}).argmax(1)
    return first, 100 * (found == test.labels.argmax(1)).mean(), taken


def twin(first):
    """PyTorch's network with these weights: (height, width, in, out) becomes (out, in, height, width)."""
    net = nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(3136, 1024), nn.ReLU(), nn.Dropout(0.5), nn.Linear(1024, 10),
    )  # fmt: skip
    wide = first[4].reshape(7, 7, 64, 1024).transpose(3, 2, 0, 1).reshape(1024, 3136)  # channels first when flattened
    turned = [first[0].transpose(3, 2, 0, 1), first[1], first[2].transpose(3, 2, 0, 1), first[3], wide, first[5],
              first[6].T, first[7]]  # fmt: skip
    with torch.no_grad():
        for parameter, value in zip(net.parameters(), turned, strict=True):
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(value)))
    return net


def torch_run(first, seed, steps):
    """The twin's accuracy in percent, and the seconds it took."""
    torch.manual_seed(seed)
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    test, net = EXAMPLE.Pictures("t10k"), twin(first)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4)
    began = time.perf_counter()
    for images, labels in batches(seed, steps):
        optimizer.zero_grad()
        scores = net(torch.from_numpy(images).reshape(-1, 1, 28, 28))
        nn.functional.cross_entropy(scores, torch.from_numpy(labels)).backward()
        optimizer.step()
    taken = time.perf_counter() - began
    net.eval()
    with torch.no_grad():
        found = net(torch.from_numpy(test.images).reshape(-1, 1, 28, 28)).argmax(1).numpy()
    return 100 * (found == test.labels.argmax(1)).mean(), taken


def main(seeds, steps=EXAMPLE.STEPS):
    """Print a line for each seed, and the means."""
    rows = []
    for seed in range(1, seeds + 1):
        first, ours, our_time = graph_run(seed, steps)
        theirs, their_time = torch_run(first, seed, steps)
        rows.append((ours, theirs))
        print(
            f"seed {seed}: trivium {ours:.1f}% in {our_time:.0f} s, torch {theirs:.1f}% in {their_time:.0f} s",
            flush=True,
        )
    ours, theirs = np.mean(rows, 0)
    print(f"mean: trivium {ours:.2f}%, torch {theirs:.2f}%, difference {ours - theirs:+.2f}%")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
