"""One table, three styles: equal parameters, and one training step with equal losses."""

import subprocess
import sys

import numpy as np
import pytest
from attrs import evolve

import trivium_api_dynamic as torch
import trivium_api_prototxt as caffe
import trivium_api_static as tf
from trivium.initializer import Constant, Normal
from trivium_models import (
    MODELS,
    Table,
    TableError,
    dynamic,
    googlenet,
    lenet,
    loss,
    prototxt,
    resnet,
    resnet18,
    row,
    se_resnet18,
    static,
)  # fmt: skip
from trivium_models.blocks import dense, pool, rectified
from trivium_models.resnet import Block, normalized

BATCH, RATE = 2, 0.01


def miniature():
    """Every kind of row that the large networks have, with few channels."""
    block = Block(name="2a", channels=4, is_first=True, stride=2, is_bottleneck=True, plane=4, squeeze=4)
    return Table(
        "miniature",
        image=(3, 17, 17),
        scores="fc",
        start={"weight_initializer": "msra"},
        rows=[
            *normalized("conv1", "bn_conv1", filters=8, kernel=3, padding=1),
            row("conv1/relu", "Relu"),
            pool("pool1", kernel=3, stride=2),
            *block.rows(source="pool1"),
            row("fork/norm", "LocalResponseNorm"),
            *rectified("fork/3x3", "fork/relu_3x3", "fork/norm", filters=4, kernel=3, padding=1, groups=2),
            pool("fork/pool", "fork/norm", kernel=3, stride=1, padding=1),
            row("fork/output", "concatenate", "fork/relu_3x3", "fork/pool", axis=1),
            dense("middle", 5, "fork/norm", weight_initializer=Normal(0.0, 0.1), bias_initializer=Constant(0.1)),
            loss("middle/loss", "middle", weight=0.3),
            row("mean", "AveragePool", "fork/output", kernel=4, stride=1, rounding="ceil_any"),
            row("drop", "Dropout", rate=0.4),
            dense("fc", 5),
            loss("loss", "fc"),
        ],
    )


SMALL = {"lenet": lenet, "miniature": miniature}
HALF = {
    "googlenet": lambda: googlenet(classes=10, size=64),
    "resnet18": lambda: resnet18(classes=10, size=64),
    "se_resnet18": lambda: se_resnet18(classes=10, size=64),
}
FULL = {"alexnet", "vgg16", "googlenet", "resnet18", "resnet50", "se_resnet50"}


def examples(table):
    numbers = np.random.default_rng(0)
    return numbers.normal(0.0, 0.5, (BATCH, *table.image)).astype(np.float32), np.arange(BATCH) % 3


def of_dynamic(table):
    """The losses of two steps, and the parameters by name before them."""
    torch.manual_seed(1)
    net = dynamic.build(table)
    first = {name: p.detach().numpy().copy() for name, p in net.named_parameters()}
    optimizer = torch.optim.SGD(net.parameters(), lr=RATE)
    images, labels = map(torch.tensor, examples(table))
    losses = []
    for _ in range(2):
        optimizer.zero_grad()
        value = net.loss(net(images), labels)
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return losses, first


def of_static(table, data_format="channels_first"):
    images, labels = examples(table)
    images = images if data_format == "channels_first" else images.transpose(0, 2, 3, 1)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(1)
        fed = tf.placeholder(tf.float32, [None, *images.shape[1:]]), tf.placeholder(tf.int64, [None])
        net = static.build(table, fed[0], training=True, data_format=data_format)
        value = net.loss(fed[1])
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            train = tf.train.GradientDescentOptimizer(RATE).minimize(value)
        session.run(tf.global_variables_initializer())
        first = {v.op.name.replace("/", "."): session.run(v) for v in tf.trainable_variables()}
        feeds = dict(zip(fed, (images, labels)))
        losses = [float(session.run([value, train], feeds)[0]) for _ in range(2)]
    return losses, first


def of_prototxt(table, folder):
    (folder / "net.prototxt").write_text(prototxt.write(table, BATCH))
    (folder / "solver.prototxt").write_text(
        f'net: "net.prototxt" base_lr: {RATE} lr_policy: "fixed" random_seed: 1 max_iter: 2 snapshot_after_train: false'
    )
    solver = caffe.get_solver(str(folder / "solver.prototxt"))
    net = solver.net
    first = {
        f"{row_of(part.name)}.{one.parameter.name.rsplit('.', 1)[1]}": one.blob.data.copy()
        for part in net.parts
        for one in part.learned
        if one.is_learning
    }
    losses = []
    images, labels = examples(table)
    for _ in range(2):
        net.blobs["data"].data[...] = images
        net.blobs["label"].data[...] = labels
        solver.step(1)
        losses.append(sum(weight * float(net.blobs[part.tops[i]].data) for part, i, weight in net.losses))
    return losses, first


def row_of(layer):
    """conv1/7x7_s2 -> conv1.7x7_s2; Caffe's Scale belongs to the row of its BatchNorm."""
    return layer.replace("scale", "bn", 1).replace("/", ".")


@pytest.mark.parametrize("name", [*SMALL, *[pytest.param(name, marks=pytest.mark.slow) for name in HALF]])
def test_one_step_has_equal_losses_in_the_three_styles(name, tmp_path):
    table = {**SMALL, **HALF}[name]()

    (dynamic_losses, dynamic_first), (static_losses, static_first), (prototxt_losses, prototxt_first) = (
        of_dynamic(table), of_static(table), of_prototxt(table, tmp_path),
    )  # fmt: skip

    assert dynamic_first.keys() == static_first.keys() == prototxt_first.keys()
    for parameter, bits in dynamic_first.items():
        np.testing.assert_array_equal(bits, static_first[parameter], parameter)
        np.testing.assert_array_equal(bits, prototxt_first[parameter], parameter)
    assert static_losses == dynamic_losses
    assert prototxt_losses[0] == pytest.approx(dynamic_losses[0], rel=1e-7)
    assert prototxt_losses[1] == pytest.approx(dynamic_losses[1], rel=1e-3 if "resnet" in name else 1e-6)
    assert dynamic_losses[1] != dynamic_losses[0]


@pytest.mark.parametrize("name", SMALL)
def test_images_with_channels_last_give_the_same_losses(name):
    table = SMALL[name]()

    (first, second), _ = of_static(table)
    (last_first, last_second), _ = of_static(table, "channels_last")

    assert last_first == pytest.approx(first, rel=1e-5)
    assert last_second == pytest.approx(second, rel=1e-3)


def still(table):
    """The same network, with weights that begin at 0: nothing has to be drawn."""
    return evolve(
        table,
        rows=[
            evolve(one, settings={**one.settings, "weight_initializer": "zeros", "bias_initializer": "zeros"})
            if "weight_initializer" in one.settings
            else one
            for one in table.rows
        ],
    )


@pytest.mark.parametrize("name", MODELS)
def test_every_style_counts_the_same_parameters(name, tmp_path):
    table = still(MODELS[name]())
    wanted, deployed = table.parameter_count, table.deployed().parameter_count

    net = dynamic.build(table)
    assert sum(p.numel() for p in net.parameters()) == wanted
    del net
    for training, count in ((True, wanted), (False, deployed)):
        with tf.Graph().as_default():
            static.build(table, tf.placeholder(tf.float32, [None, *table.image]), training=training)
            assert sum(int(np.prod(v.shape.as_list())) for v in tf.trainable_variables()) == count
    for deploy, count in ((False, wanted), (True, deployed)):
        path = tmp_path / "net.prototxt"
        path.write_text(prototxt.write(table, deploy=deploy))
        net = caffe.Net(str(path), caffe.TEST if deploy else caffe.TRAIN)
        assert sum(one.blob.count for one in net.learning) == count
        del net


def test_a_module_says_where_its_layers_are_and_lets_them_be_replaced():
    net = dynamic.build(googlenet(classes=10, size=64))

    assert net.inception_3a.get_submodule("1x1").weight.shape == (64, 192, 1, 1)
    net.loss3.classifier = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(1024, 5))
    net.eval()

    assert net(torch.zeros(1, 3, 64, 64)).shape == (1, 5)


def test_auxiliary_scores_come_last_and_only_while_training():
    net = dynamic.build(googlenet(classes=10, size=64))
    images = torch.zeros(1, 3, 64, 64)

    scores = net(images)
    assert [tuple(one.shape) for one in scores] == [(1, 10)] * 3

    net.eval()
    assert net(images).shape == (1, 10)


def test_the_phase_of_a_graph_may_be_fed():
    table = resnet18(classes=4, size=32)
    with tf.Graph().as_default(), tf.Session() as session:
        images, phase = tf.placeholder(tf.float32, [None, 3, 32, 32]), tf.placeholder(tf.bool, [])
        scores = static.build(table, images, training=phase).scores
        session.run(tf.global_variables_initializer())
        pictures = np.random.default_rng(0).normal(size=(3, 3, 32, 32)).astype(np.float32)
        trained, tested = [session.run(scores, {images: pictures, phase: on}) for on in (True, False)]

    assert trained.shape == (3, 4)
    assert np.abs(trained - tested).max() > 1e-3, "one uses the batch's statistics, the other the running ones"


def test_caffe_has_its_own_pair_of_layers_for_batch_norm():
    text = prototxt.write(resnet(18, size=32), deploy=True)

    assert 'name: "bn2a_branch2a"\n  type: "BatchNorm"' in text
    assert 'name: "scale2a_branch2a"\n  type: "Scale"' in text
    assert 'type: "Softmax"' in text
    assert "label" not in text


def test_what_prototxt_cannot_say_is_refused():
    table = Table(
        "mine",
        image=(1, 8, 8),
        scores="conv",
        rows=[row("conv", "Convolution", filters=4, kernel=3, padding=((0, 1), (0, 1)))],
    )

    with pytest.raises(TableError, match=r"conv: pad .*: only one number for all axes is written as prototxt"):
        prototxt.write(table, deploy=True)


def test_importing_the_tables_imports_no_style():
    program = (
        "import sys, trivium_models; trivium_models.resnet18().parameter_count; "
        "print([name for name in sys.modules if name.startswith('trivium_api')])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(FULL))
def test_one_step_at_full_size_has_equal_losses(name, tmp_path):
    table = MODELS[name]()

    losses = [of_dynamic(table)[0], of_static(table)[0], of_prototxt(table, tmp_path)[0]]

    assert losses[1] == losses[0]
    assert losses[2][0] == pytest.approx(losses[0][0], rel=1e-7)
    assert losses[2][1] == pytest.approx(losses[0][1], rel=1e-5), "Caffe's batch norm rounds in two layers"
