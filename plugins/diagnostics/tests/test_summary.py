"""A summary of each style's networks, and what it advises."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import trivium_api_dynamic as torch
import trivium_api_prototxt as caffe
import trivium_api_static as tf
from trivium.errors import ShapeError
from trivium_diagnostics import summary
from trivium_diagnostics.commands import summary as command
from trivium_diagnostics.readers import UnreadableError

nn, functional = torch.nn, torch.nn.functional

LENET = """
name: "LeNet"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 64 dim: 1 dim: 28 dim: 28 } } }
layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 64 } } }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1" convolution_param { num_output: 20 kernel_size: 5
        weight_filler { type: "xavier" } } }
layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1" pooling_param { kernel_size: 2 stride: 2 } }
layer { name: "conv2" type: "Convolution" bottom: "pool1" top: "conv2" convolution_param { num_output: 50 kernel_size: 5
        weight_filler { type: "xavier" } } }
layer { name: "pool2" type: "Pooling" bottom: "conv2" top: "pool2" pooling_param { kernel_size: 2 stride: 2 } }
layer { name: "ip1" type: "InnerProduct" bottom: "pool2" top: "ip1" inner_product_param { num_output: 500
        weight_filler { type: "xavier" } } }
layer { name: "relu1" type: "ReLU" bottom: "ip1" top: "ip1" }
layer { name: "ip2" type: "InnerProduct" bottom: "ip1" top: "ip2" inner_product_param { num_output: 10
        weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip2" bottom: "label" top: "loss" }
layer { name: "accuracy" type: "Accuracy" bottom: "ip2" bottom: "label" top: "accuracy" include { phase: TEST } }
"""

# shape, parameters, FLOPs, (receptive field, jump) of what both styles call a layer
LENET_LINES = {
    "conv1": ((64, 20, 24, 24), 520, 64 * 20 * 24 * 24 * 51, (5, 1)),
    "pool1": ((64, 20, 12, 12), 0, 64 * 20 * 12 * 12 * 4, (6, 2)),
    "conv2": ((64, 50, 8, 8), 25_050, 64 * 50 * 8 * 8 * (2 * 500 + 1), (14, 2)),
    "pool2": ((64, 50, 4, 4), 0, 64 * 50 * 4 * 4 * 4, (16, 4)),
    "ip1": ((64, 500), 400_500, 64 * 500 * (2 * 800 + 1), (28, 0)),
    "ip2": ((64, 10), 5_010, 64 * 10 * (2 * 500 + 1), (28, 0)),
}


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.pool1 = nn.Conv2d(1, 20, 5), nn.MaxPool2d(2)
        self.conv2, self.pool2 = nn.Conv2d(20, 50, 5), nn.MaxPool2d(2)
        self.ip1, self.ip2 = nn.Linear(800, 500), nn.Linear(500, 10)

    def forward(self, x):
        x = self.pool1(self.conv1(x))
        x = self.pool2(self.conv2(x))
        return self.ip2(functional.relu(self.ip1(x.view(x.size(0), -1))))


def lenet_in_a_graph():
    images = tf.placeholder(tf.float32, [None, 1, 28, 28], "images")
    order = {"data_format": "channels_first"}
    x = tf.layers.max_pooling2d(tf.layers.conv2d(images, 20, 5, **order, name="conv1"), 2, 2, **order, name="pool1")
    x = tf.layers.max_pooling2d(tf.layers.conv2d(x, 50, 5, **order, name="conv2"), 2, 2, **order, name="pool2")
    x = tf.nn.relu(tf.layers.dense(tf.layers.flatten(x), 500, name="ip1"))
    return tf.layers.dense(x, 10, name="ip2")


def file_of(text, folder):
    path = folder / "net.prototxt"
    path.write_text(text)
    return str(path)


def told(made):
    """What is found where."""
    return {(place, one.what) for one in made.advice for place in one.where}


def of_style(style, folder):
    if style == "dynamic":
        return summary(LeNet(), (64, 1, 28, 28))
    if style == "prototxt":
        return summary(file_of(LENET, folder))
    with tf.Graph().as_default():
        return summary(lenet_in_a_graph(), batch=64)


@pytest.mark.parametrize("style", ["dynamic", "static", "prototxt"])
def test_every_style_tells_the_same_of_lenet(style, tmp_path):
    made = of_style(style, tmp_path)

    lines = {line.name: line for line in made.lines}
    for name, (shape, parameters, flops, field) in LENET_LINES.items():
        line = lines[name]
        assert (line.shapes, line.parameters, line.flops) == ((shape,), parameters, flops), name
        assert set(line.field) == {field}, name
        assert line.activation_bytes == 4 * np.prod(shape)
    assert made.parameters == 431_080
    assert made.total("parameter_bytes") == 4 * 431_080
    assert made.advice == ()


def test_a_summary_changes_nothing():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5))
    before = {name: value.numpy(force=True).copy() for name, value in net.state_dict().items()}
    torch.manual_seed(1)
    first = net[2](torch.ones(8)).numpy()

    summary(net, torch.zeros(2, 3, 8, 8))

    torch.manual_seed(1)
    assert all(np.array_equal(value.numpy(force=True), before[name]) for name, value in net.state_dict().items())
    assert isinstance(net[0].weight, nn.Parameter)
    assert net[0].weight.requires_grad
    assert first.shape == (8,)


def test_a_module_may_do_what_it_likes_with_its_tensors():
    class Free(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.scale = nn.Conv2d(3, 8, 3, padding=1), nn.Parameter(torch.ones(8))

        def forward(self, x):
            y = self.conv(x)
            y += 1.0
            y = torch.cat([y, 2 - y], 1)[:, ::2] * (self.scale * 2).view(1, -1, 1, 1)
            return {"scores": y.mean((2, 3)).softmax(1), "largest": y.max()}

    made = summary(Free(), (2, 3, 8, 8))

    assert made.parameters == 3 * 8 * 9 + 8 + 8
    assert made.lines[-1].shapes == ((),)
    assert [line.kind for line in made.lines][:3] == ["Conv2d", "add", "subtract"]


def test_a_shared_module_counts_its_parameters_once():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x):
            return self.layer(self.layer(x))

    made = summary(Twice(), (2, 4))

    assert [line.parameters for line in made.lines] == [20, 0]


def test_every_mistake_of_a_module_is_told_with_a_remedy():
    class Mistaken(nn.Module):
        def __init__(self):
            super().__init__()
            self.even, self.norm = nn.Conv2d(3, 8, 4), nn.BatchNorm2d(8)
            self.gaps, self.dead = nn.Conv2d(8, 8, 1, stride=2), nn.Conv2d(8, 8, 3)
            self.huge, self.unused = nn.Linear(8 * 15 * 15, 1000), nn.Linear(2, 2)

        def forward(self, x):
            x = self.gaps(self.norm(self.even(x)))
            self.dead(x)
            return functional.log_softmax(functional.relu(self.huge(torch.flatten(x, 1))), 1)

    made = summary(Mistaken(), (2, 3, 32, 32))

    found = told(made)
    assert {
        ("even", "an even kernel, 4x4 every 1x1"),
        ("even", "a bias before batch norm"),
        ("gaps", "a stride beyond the kernel, 1x1 every 2x2"),
        ("relu", "a ReLU right before log_softmax"),
        ("dead", "a dead branch: nobody reads what it makes"),
        ("unused.weight", "6 parameters that nothing is computed from"),
        ("huge", "a dense layer with 1,801,000 parameters"),
    } <= found
    assert all(one.why and one.remedy for one in made.advice)
    assert "holds 100% of all parameters" in next(one.why for one in made.advice if "huge" in one.where)


@pytest.mark.parametrize("layer", [
    nn.Conv2d(3, 8, 2, stride=2), nn.MaxPool2d(2), nn.Conv2d(3, 8, 3), nn.AvgPool2d(32), nn.Conv2d(3, 8, (1, 3)),
], ids=str)  # fmt: skip
def test_windows_that_tile_or_have_a_middle_are_left_in_peace(layer):
    assert not [what for _, what in told(summary(layer, (1, 3, 32, 32))) if "kernel" in what]


def test_neighbouring_channels_are_no_windows_to_advise_on():
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.LocalResponseNorm(3), nn.Conv2d(8, 8, 3))

    assert summary(net, (1, 3, 16, 16)).advice == ()


def test_a_bias_whose_result_something_else_reads_too_is_left_in_peace():
    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3)

        def forward(self, x):
            y = self.conv(x)
            return self.norm(y) + y

    assert summary(Both(), (2, 3, 8, 8)).advice == ()


def test_a_bias_before_batch_norm_is_found_in_a_graph_whose_phase_is_fed():
    with tf.Graph().as_default():
        images, phase = tf.placeholder(tf.float32, [None, 8, 8, 3]), tf.placeholder(tf.bool, [])
        x = tf.layers.conv2d(images, 4, 3, name="conv")
        scores = tf.nn.relu(tf.layers.batch_normalization(x, training=phase, name="norm"))
        loss = tf.reduce_mean(scores)
        tf.train.GradientDescentOptimizer(0.1).minimize(loss)
        made = summary(loss, batch=2)

    assert ("conv", "a bias before batch norm") in told(made)
    assert [line.name for line in made.lines][:2] == ["conv", "norm"], "nothing of the training step"


def test_averages_of_small_views_are_told():
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AvgPool2d(62), nn.Flatten(), nn.Linear(8, 4))

    [one] = summary(net, (1, 3, 64, 64)).advice

    assert one.where == ("2",)
    assert one.what == "it averages values that see 3 of the 64 elements along axis 2 of input 0"


def test_a_network_for_larger_images_is_told():
    steps = [nn.Conv2d(8, 8, 3, stride=2, padding=1) for _ in range(5)]
    net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), *steps, nn.AvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))

    assert "most of what they see is padding" in str(summary(net, (1, 3, 8, 8)).advice[-1])
    assert not summary(net, (1, 3, 32, 32)).advice


def test_a_dead_branch_of_a_training_net_is_told(tmp_path):
    dead = (
        'layer { name: "side" type: "InnerProduct" bottom: "ip1" top: "side" inner_product_param { num_output: 3 } }\n'
    )
    text = LENET.replace('layer { name: "loss"', dead + 'layer { name: "loss"')

    made = summary(file_of(text, tmp_path))

    assert told(made) == {("side", "a dead branch: nobody reads what it makes")}
    assert made.parameters == 431_080


def test_a_prototxt_net_may_be_given_and_seen_in_its_other_phase(tmp_path):
    path = file_of(LENET, tmp_path)

    assert summary(caffe.Net(path, caffe.TEST)).parameters == 431_080
    assert [line.name for line in summary(path, phase=caffe.TEST).lines][-1] == "accuracy"
    assert summary(path, batch=1).lines[0].shapes == ((1, 20, 24, 24),)


def test_all_that_a_graph_makes_of_its_placeholders_is_told():
    with tf.Graph().as_default() as graph:
        x = lenet_in_a_graph()
        tf.layers.dense(x, 3, name="more")
        made = summary(graph)

    assert made.parameters == 431_080 + 33


def test_an_unknown_size_is_asked_for():
    with tf.Graph().as_default():
        images = tf.placeholder(tf.float32, [None, None, 28, 1], "images")

        with pytest.raises(ShapeError, match=r"images: .*axis 1 is not known; give the placeholder its size"):
            summary(tf.nn.relu(images))


def test_what_is_no_network_is_refused():
    with pytest.raises(UnreadableError, match="summary: int is no network; give a module"):
        summary(3)


def test_the_command_prints_a_table_or_json(tmp_path):
    path = file_of(LENET, tmp_path)

    table = CliRunner().invoke(command, [path], catch_exceptions=False).output
    data = json.loads(CliRunner().invoke(command, [path, "--json", "--batch", "2"], catch_exceptions=False).output)

    rows = [line.split() for line in table.splitlines()]
    assert ["conv2", "Convolution", "64x50x8x8", "25,050", "205,004,800", "14", "2", "800.0", "KiB"] in rows
    assert "431,080 parameters, 1.6 MiB" in table
    assert data["parameters"] == 431_080
    assert data["lines"][0]["shapes"] == [[2, 20, 24, 24]]
    assert data["lines"][0]["field"] == [[5, 1.0], [5, 1.0]]
