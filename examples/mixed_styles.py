"""The styles mix, and gradients go through all: `python examples/mixed_styles.py`.

1. a prototxt net as a part of a module     2. a module inside a graph     3. a solver that trains a module
Each trains on the same images; in each, the parameters of the borrowed part must move and the loss must fall.
"""

import tempfile
from pathlib import Path

import numpy as np

import trivium_api_dynamic as torch
import trivium_api_prototxt as caffe
import trivium_api_static as tf
from trivium_api_prototxt.idx import read_images_and_labels

DATA = Path(__file__).parent / "fashion_mnist"
STEPS, BATCH = 30, 50

FEATURES = """
name: "features"
layer { name: "images" type: "Input" top: "images" input_param { shape { dim: 50 dim: 1 dim: 28 dim: 28 } } }
layer { name: "conv" type: "Convolution" bottom: "images" top: "conv"
        convolution_param { num_output: 8 kernel_size: 5 stride: 2 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool" pooling_param { kernel_size: 2 stride: 2 } }
"""

AROUND_A_MODULE = """
name: "around a module"
layer { name: "images" type: "Input" top: "images" input_param { shape { dim: 50 dim: 1 dim: 28 dim: 28 } } }
layer { name: "labels" type: "Input" top: "labels" input_param { shape { dim: 50 } } }
layer { name: "classifier" type: "Classifier" bottom: "images" top: "scores" }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "scores" bottom: "labels" top: "loss" }
"""


def batches():
    """The first images of Fashion-MNIST, again and again."""
    images, labels = read_images_and_labels(DATA / "train-images-idx3-ubyte.gz", DATA / "train-labels-idx1-ubyte.gz")
    for step in range(STEPS):
        start = step * BATCH % 500
        pixels = images[start : start + BATCH, None].astype(np.float32) / 256
        yield pixels, labels[start : start + BATCH].astype(np.int64)


def small_net():
    """A module for images of 28 x 28."""
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 5, stride=2),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(288, 10),
    )


def net_of(text):
    """A Caffe net from text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.prototxt"
        path.write_text(text)
        return caffe.Net(str(path), caffe.TRAIN)


class WithCaffeFeatures(torch.nn.Module):
    """A module whose features are a prototxt net."""

    def __init__(self):
        super().__init__()
        self.features = net_of(FEATURES)
        self.scores = torch.nn.Linear(288, 10)

    def forward(self, x):
        return self.scores(torch.flatten(self.features(x), 1))


def a_net_as_a_module():
    """PyTorch's loop trains Caffe's layers."""
    torch.manual_seed(1)
    net = WithCaffeFeatures()
    weight = net.features.params["conv"][0]
    before = weight.data.copy()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    losses = []
    for images, labels in batches():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(torch.tensor(images)), torch.tensor(labels))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, before, weight.data


def a_module_in_a_graph():
    """A session trains a module."""
    torch.manual_seed(1)
    module = small_net()
    before = module[0].weight.detach().numpy().copy()
    losses = []
    with tf.Graph().as_default(), tf.Session() as session:
        images = tf.placeholder(tf.float32, [None, 1, 28, 28], "images")
        labels = tf.placeholder(tf.int64, [None], "labels")
        loss = tf.losses.sparse_softmax_cross_entropy(labels, tf.apply(module, images))
        train = tf.train.MomentumOptimizer(0.05, 0.9).minimize(loss)
        session.run(tf.global_variables_initializer())
        for pixels, numbers in batches():
            losses.append(float(session.run([loss, train], {images: pixels, labels: numbers})[0]))
    return losses, before, module[0].weight.detach().numpy()


def a_solver_drives_a_module():
    """Caffe's solver trains a module."""
    torch.manual_seed(1)
    module = small_net()
    before = module[0].weight.detach().numpy().copy()
    parameters = dict(module.named_parameters())
    caffe.register_layer_type(
        "Classifier", lambda declared: caffe.Function(module, uses=parameters), blobs=tuple(parameters)
    )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "net.prototxt").write_text(AROUND_A_MODULE)
        solver_file = Path(folder) / "solver.prototxt"
        solver_file.write_text(
            'net: "net.prototxt" base_lr: 0.05 lr_policy: "fixed" momentum: 0.9 max_iter: 30 '
            "snapshot_after_train: false"
        )
        solver = caffe.get_solver(str(solver_file))
    losses = []
    for images, labels in batches():
        solver.net.blobs["images"].data[...] = images
        solver.net.blobs["labels"].data[...] = labels
        solver.step(1)
        losses.append(float(solver.net.blobs["loss"].data))
    return losses, before, module[0].weight.detach().numpy()


def main():
    """Train in each mixture and say how far it came."""
    for name, mixture in {
        "a prototxt net as a module": a_net_as_a_module,
        "a module in a graph": a_module_in_a_graph,
        "a solver driving a module": a_solver_drives_a_module,
    }.items():
        losses, before, after = mixture()
        moved = np.abs(after - before).max()
        print(f"{name:28} loss {losses[0]:.3f} -> {losses[-1]:.3f}, its first weights moved by up to {moved:.4f}")
        assert losses[-1] < losses[0] / 2, "the loss must fall"
        assert moved > 1e-3, "gradients must reach the borrowed part"


if __name__ == "__main__":
    main()
