"""Small nets and data that the tests of nets and solvers share."""

from pathlib import Path

import numpy as np
import pytest

import trivium_api_prototxt as caffe
from trivium_api_prototxt.net_message import parse_net
from trivium_api_prototxt.state import filter_net, state_of

LAYERS = """
layer { name: "ip1" type: "InnerProduct" bottom: "data" top: "ip1"
  param { lr_mult: 1 } param { lr_mult: 2 decay_mult: 0 }
  inner_product_param { num_output: 8 weight_filler { type: "xavier" } } }
layer { name: "relu1" type: "ReLU" bottom: "ip1" top: "ip1" }
layer { name: "drop1" type: "Dropout" bottom: "ip1" top: "ip1" dropout_param { dropout_ratio: 0.4 } }
layer { name: "ip2" type: "InnerProduct" bottom: "ip1" top: "ip2"
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip2" bottom: "label" top: "accuracy" include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip2" bottom: "label" top: "loss" }
"""


def idx(array):
    """The bytes of an idx file of uint8 elements."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return header + array.astype(np.uint8).tobytes()


def data_layer(phase, batch, shuffle=False, transform="scale: 0.00390625"):
    return f"""
layer {{ name: "images" type: "IdxData" top: "data" top: "label" include {{ phase: {phase} }}
  transform_param {{ {transform} }}
  idx_data_param {{ images: "images.idx" labels: "labels.idx" batch_size: {batch} {"shuffle: true" * shuffle} }} }}"""


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    """A test runs in an empty folder, with seed 0 and without the user's data."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRIVIUM_DATA", raising=False)
    caffe.set_random_seed(0)


@pytest.fixture
def images(own_folder, tmp_path):
    """22 images of 6 x 5 pixels in three classes, in the present folder."""
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=22)
    pixels = rng.integers(256, size=(22, 6, 5)) // 2 + labels[:, None, None] * 40
    (tmp_path / "images.idx").write_bytes(idx(pixels))
    (tmp_path / "labels.idx").write_bytes(idx(labels))
    return pixels, labels


@pytest.fixture
def make_net():
    """A net from text."""

    def make(text, phase=caffe.TRAIN, **wanted):
        draft = parse_net(text, "net.prototxt")
        return caffe.Net(filter_net(draft, state_of(draft.net, phase)), **wanted)

    return make


@pytest.fixture
def make_solver(images):
    """A solver of a small net with dropout and shuffled data, with settings added to its file."""

    def make(settings="", layers=LAYERS, solver=caffe.get_solver, **words):
        data = data_layer("TRAIN", 8, shuffle=True) + data_layer("TEST", 11)
        Path("net.prototxt").write_text(f'name: "small"{data}{layers}')
        given = {"base_lr": 0.1, "lr_policy": '"fixed"', "momentum": 0.9, "weight_decay": 0.01, "random_seed": 3}
        given |= words
        lines = [f"{name}: {value}" for name, value in given.items() if value is not None]
        Path("solver.prototxt").write_text("\n".join(['net: "net.prototxt"', *lines, settings]))
        return solver("solver.prototxt")

    return make


@pytest.fixture
def bits():
    """All weights of a net as bytes."""

    def of(net):
        return [blob.data.tobytes() for blobs in net.params.values() for blob in blobs]

    return of
