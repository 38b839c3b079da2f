"""One network, three styles, equal numbers: `python examples/three_styles.py`.

LeNet is trained for 20 steps, plain, with dropout and with batch norm, from equal weights: with TensorFlow 1's
words, with PyTorch's and with Caffe's.  All use one convention of momentum, and channels before height and width;
then every loss and every parameter is equal bit for bit.  In a second table each style has its own order of axes
and its own optimizer's convention.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "2")  # sums are split by threads: the same number in all three
os.environ.setdefault("OPENBLAS_NUM_THREADS", "2")

import sys
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import trivium_api_dynamic as torch
import trivium_api_prototxt as caffe
import trivium_api_static as tf
from trivium_api_prototxt.idx import read_images_and_labels

STEPS, BATCH, RATE, MOMENTUM = 20, 64, 0.01, 0.9
DATA = Path(__file__).parent / "fashion_mnist"
VARIANTS = ("plain", "dropout", "batch norm")
SHAPES = {
    "conv1.weight": (20, 1, 5, 5), "conv1.bias": (20,), "conv2.weight": (50, 20, 5, 5), "conv2.bias": (50,),
    "ip1.weight": (500, 800), "ip1.bias": (500,), "ip2.weight": (10, 500), "ip2.bias": (10,),
}  # fmt: skip


def batches():
    """The same images and labels for every style."""
    images, labels = read_images_and_labels(DATA / "train-images-idx3-ubyte.gz", DATA / "train-labels-idx1-ubyte.gz")
    for start in range(0, STEPS * BATCH, BATCH):
        pixels = images[start : start + BATCH, None].astype(np.float32) / 256
        yield pixels, labels[start : start + BATCH].astype(np.int64)


def first_weights(variant):
    """What all three start from.  Biases that batch norm takes away again are left out."""
    numbers = np.random.default_rng(1)
    weights = {
        name: numbers.normal(0.0, 1 / np.sqrt(np.prod(shape[1:])), shape).astype(np.float32)
        if len(shape) > 1
        else np.zeros(shape, np.float32)
        for name, shape in SHAPES.items()
    }
    if variant == "batch norm":
        del weights["conv1.bias"], weights["conv2.bias"]
    return weights


# -- PyTorch's words ---------------------------------------------------------------------------------


class LeNet(torch.nn.Module):
    """Caffe's LeNet as a module."""

    def __init__(self, variant):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, 20, 5, bias=variant != "batch norm")
        self.conv2 = torch.nn.Conv2d(20, 50, 5, bias=variant != "batch norm")
        self.pool = torch.nn.MaxPool2d(2)
        self.norm = torch.nn.BatchNorm2d(50, affine=False) if variant == "batch norm" else torch.nn.Sequential()
        self.ip1 = torch.nn.Linear(800, 500)
        self.dropout = torch.nn.Dropout(0.5) if variant == "dropout" else torch.nn.Sequential()
        self.ip2 = torch.nn.Linear(500, 10)

    def forward(self, x):
        x = self.pool(self.conv1(x))
        x = self.pool(self.norm(self.conv2(x)))
        x = torch.relu(self.ip1(torch.flatten(x, 1)))
        return self.ip2(self.dropout(x))


def train_dynamic(variant, weights):
    """`backward` and `optimizer.step`."""
    torch.manual_seed(1)
    net = LeNet(variant)
    net.load_state_dict({name: torch.tensor(array) for name, array in weights.items()}, strict=False)
    optimizer = torch.optim.SGD(net.parameters(), lr=RATE, momentum=MOMENTUM)
    losses = []
    for images, labels in batches():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(torch.tensor(images)), torch.tensor(labels))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    after = net.state_dict()
    return losses, {name: after[name].cpu().numpy() for name in weights}


# -- TensorFlow 1's words ----------------------------------------------------------------------------


def train_static(variant, weights, channels_last=False):
    """`Session.run`."""
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        order = "channels_last" if channels_last else "channels_first"
        shape = [None, 28, 28, 1] if channels_last else [None, 1, 28, 28]
        images, labels = tf.placeholder(tf.float32, shape, "images"), tf.placeholder(tf.int64, [None], "labels")
        x = tf.layers.conv2d(images, 20, 5, data_format=order, use_bias=variant != "batch norm", name="conv1")
        x = tf.layers.max_pooling2d(x, 2, 2, data_format=order)
        x = tf.layers.conv2d(x, 50, 5, data_format=order, use_bias=variant != "batch norm", name="conv2")
        if variant == "batch norm":
            axis = 3 if channels_last else 1
            x = tf.layers.batch_normalization(x, axis, epsilon=1e-5, center=False, scale=False, training=True)
        x = tf.layers.max_pooling2d(x, 2, 2, data_format=order)
        if channels_last:
            x = tf.transpose(x, [0, 3, 1, 2])  # so that the features stand in the order of the other styles
        x = tf.layers.dense(tf.layers.flatten(x), 500, tf.nn.relu, name="ip1")
        if variant == "dropout":
            x = tf.layers.dropout(x, 0.5, training=True)
        scores = tf.layers.dense(x, 10, name="ip2")
        loss = tf.losses.sparse_softmax_cross_entropy(labels, scores)
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            train = tf.train.MomentumOptimizer(RATE, MOMENTUM).minimize(loss)
        variables = {variable.op.name: variable for variable in tf.trainable_variables()}
        losses = []
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for name, array in weights.items():
                variables[static_name(name)].load(static_order(array), session)
            for pictures, numbers in batches():
                fed = pictures.transpose(0, 2, 3, 1) if channels_last else pictures
                _, value = session.run([train, loss], {images: fed, labels: numbers})
                losses.append(float(value))
            after = {name: session.run(variables[static_name(name)]) for name in weights}
    return losses, {name: core_order(array) for name, array in after.items()}


def static_name(name):
    """conv1.weight -> conv1/kernel"""
    return name.replace(".weight", "/kernel").replace(".bias", "/bias")


def static_order(array):
    """Filters as (height, width, in, out), matrices as (in, out)."""
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T


def core_order(array):
    """The other way round."""
    return array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T


# -- Caffe's words -----------------------------------------------------------------------------------

NET = """
name: "LeNet"
layer {{ name: "images" type: "Input" top: "images" input_param {{ shape {{ dim: {batch} dim: 1 dim: 28 dim: 28 }} }} }}
layer {{ name: "labels" type: "Input" top: "labels" input_param {{ shape {{ dim: {batch} }} }} }}
layer {{ name: "conv1" type: "Convolution" bottom: "images" top: "conv1"
        convolution_param {{ num_output: 20 kernel_size: 5 {bias} weight_filler {{ type: "xavier" }} }} }}
layer {{ name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1" pooling_param {{ kernel_size: 2 stride: 2 }} }}
layer {{ name: "conv2" type: "Convolution" bottom: "pool1" top: "conv2"
        convolution_param {{ num_output: 50 kernel_size: 5 {bias} weight_filler {{ type: "xavier" }} }} }}
{norm}
layer {{ name: "pool2" type: "Pooling" bottom: "conv2" top: "pool2" pooling_param {{ kernel_size: 2 stride: 2 }} }}
layer {{ name: "ip1" type: "InnerProduct" bottom: "pool2" top: "ip1"
        inner_product_param {{ num_output: 500 weight_filler {{ type: "xavier" }} }} }}
layer {{ name: "relu1" type: "ReLU" bottom: "ip1" top: "ip1" }}
{dropout}
layer {{ name: "ip2" type: "InnerProduct" bottom: "ip1" top: "ip2"
        inner_product_param {{ num_output: 10 weight_filler {{ type: "xavier" }} }} }}
layer {{ name: "loss" type: "SoftmaxWithLoss" bottom: "ip2" bottom: "labels" top: "loss" }}
"""
NORM = """
layer { name: "norm" type: "BatchNorm" bottom: "conv2" top: "conv2" batch_norm_param { eps: 1e-5 } }
"""
DROPOUT = 'layer { name: "drop1" type: "Dropout" bottom: "ip1" top: "ip1" }'
SOLVER = """
net: "net.prototxt" base_lr: {rate} lr_policy: "fixed" momentum: {momentum} random_seed: 1 max_iter: {steps}
snapshot_after_train: false {form}
"""


def train_prototxt(variant, weights, form="momentum_rate: OUTSIDE"):
    """`solver.step`."""
    net_text = NET.format(
        batch=BATCH,
        norm=NORM if variant == "batch norm" else "",
        bias="bias_term: false" if variant == "batch norm" else "",
        dropout=DROPOUT if variant == "dropout" else "",
    )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "net.prototxt").write_text(net_text)
        solver_file = Path(folder) / "solver.prototxt"
        solver_file.write_text(SOLVER.format(rate=RATE, momentum=MOMENTUM, steps=STEPS, form=form))
        solver = caffe.get_solver(str(solver_file))
    net = solver.net
    for name, array in weights.items():
        layer, part = name.split(".")
        net.params[layer][part == "bias"].data[...] = array
    losses = []
    for images, labels in batches():
        net.blobs["images"].data[...] = images
        net.blobs["labels"].data[...] = labels
        solver.step(1)
        losses.append(float(net.blobs["loss"].data))
    after = {name: np.array(net.params[name.split(".")[0]][name.endswith("bias")].data) for name in weights}
    return losses, after


# -- the tables --------------------------------------------------------------------------------------


def compare(title, runs, tolerance):
    """Print one table; return whether the styles agree."""
    (static, of_static), (dynamic, of_dynamic), (prototxt, of_prototxt) = runs
    table = Table(title=title, min_width=60)
    for column in ("step", "static", "dynamic", "prototxt"):
        table.add_column(column, justify="right")
    for i, row in enumerate(zip(static, dynamic, prototxt, strict=True), 1):
        if i in (1, 2, 5, 10, 15, STEPS):
            table.add_row(str(i), *[f"{loss:.9g}" for loss in row])
    losses = np.array([static, dynamic, prototxt])
    worst = [
        max(np.abs(other[name] - of_dynamic[name]).max() / np.abs(of_dynamic[name]).max() for name in of_dynamic)
        for other in (of_static, of_prototxt)
    ]
    off = max(np.abs(losses - losses[1]).max() / np.abs(losses).max(), *worst)
    table.caption = "losses and parameters equal bit for bit" if off == 0 else f"largest relative difference {off:.1e}"
    Console(width=100).print(table)
    return off <= tolerance


def main():
    """Exit status 1 unless the styles agree."""
    agree = True
    for variant in VARIANTS:
        weights = first_weights(variant)
        runs = (train_static(variant, weights), train_dynamic(variant, weights), train_prototxt(variant, weights))
        agree &= compare(f"LeNet, {variant}: one convention", runs, 0.0)
    for variant in VARIANTS:
        weights = first_weights(variant)
        runs = (
            train_static(variant, weights, channels_last=True),
            train_dynamic(variant, weights),
            train_prototxt(variant, weights, form=""),
        )
        agree &= compare(f"LeNet, {variant}: each style's own layout and optimizer", runs, 1e-5)
    sys.exit(0 if agree else 1)


if __name__ == "__main__":
    main()
